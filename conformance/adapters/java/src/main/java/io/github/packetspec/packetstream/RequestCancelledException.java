package io.github.packetspec.packetstream;

import java.io.IOException;

/** Thrown to those who wait for an answer if the peer's stream ended before it, or the request was given up. */
public final class RequestCancelledException extends IOException {
    private static final long serialVersionUID = 1L;

    RequestCancelledException(String message) {
        super(message);
    }
}
