package io.github.packetspec.packetstream;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Streams over channels.
 *
 * <p>The streams of {@link java.nio.channels.Channels} would do for files. On a socket channel in Java 17 they share a
 * lock, so a thread that waits in a read keeps another from writing.
 */
final class Streams {
    private Streams() {}

    /** Closes a stream. What it could not write is lost anyway. */
    static void close(Closeable stream) {
        try {
            stream.close();
        } catch (IOException | RuntimeException e) {
            // Nobody is left who could do anything about it.
        }
    }

    /** Makes a stream that reads a channel. Closing it does what the second argument does. */
    static InputStream input(ReadableByteChannel channel, Closeable close) {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] octet = new byte[1];
                return read(octet, 0, 1) < 0 ? -1 : octet[0] & 0xff;
            }

            @Override
            public int read(byte[] to, int from, int length) throws IOException {
                return channel.read(ByteBuffer.wrap(to, from, length));
            }

            @Override
            public void close() throws IOException {
                close.close();
            }
        };
    }

    /** Makes a stream that writes to a channel. Closing it does what the second argument does. */
    static OutputStream output(WritableByteChannel channel, Closeable close) {
        return new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                write(new byte[] {(byte) octet}, 0, 1);
            }

            @Override
            public void write(byte[] octets, int from, int length) throws IOException {
                for (int sent = 0; sent < length; ) {
                    sent += channel.write(ByteBuffer.wrap(octets, from + sent, Math.min(length - sent, PIECE)));
                }
            }

            @Override
            public void close() throws IOException {
                close.close();
            }
        };
    }

    /**
     * Closes one direction of a socket, and the socket with the second direction. A second close returns when the first
     * is done.
     */
    static final class Half implements Closeable {
        private final AtomicInteger open;
        private final Closeable direction;
        private final Closeable socket;
        private boolean closed;

        Half(AtomicInteger open, Closeable direction, Closeable socket) {
            this.open = open;
            this.direction = direction;
            this.socket = socket;
        }

        @Override
        public synchronized void close() throws IOException {
            if (closed) {
                return;
            }
            closed = true;
            Streams.close(direction); // fails if the peer has reset the connection
            if (open.decrementAndGet() == 0) {
                socket.close();
            }
        }
    }

    /**
     * How many bytes a channel gets at a time. Java copies each piece into memory outside the heap, and keeps that
     * memory for each thread: large pieces would cost it many times over.
     */
    private static final int PIECE = 16 << 10;
}
