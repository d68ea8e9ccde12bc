package io.github.packetspec.packetstream;

import java.io.IOException;

/** Thrown when a request is made on a connection that is shut down; nothing of it is sent. */
public final class ConnectionClosedException extends IOException {
    private static final long serialVersionUID = 1L;

    ConnectionClosedException() {
        super("the connection is shut down");
    }
}
