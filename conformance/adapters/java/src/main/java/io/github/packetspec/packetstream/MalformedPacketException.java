package io.github.packetspec.packetstream;

import java.io.IOException;

/** Thrown when octets are no packet, or one that the reader does not accept. */
public final class MalformedPacketException extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedPacketException(String message) {
        super(message);
    }
}
