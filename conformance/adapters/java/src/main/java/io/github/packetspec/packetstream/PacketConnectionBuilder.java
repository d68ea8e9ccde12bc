package io.github.packetspec.packetstream;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The settings of a connection. A builder opens one connection, and belongs to it afterwards.
 */
public final class PacketConnectionBuilder {
    String name = "unnamed";
    Handler handler;
    Dialect dialect = Dialect.MAIN;
    long graceNanos = Duration.ofMillis(10).toNanos();
    int maxHandlers = 64;
    int maxPayload = 16 << 20;
    long maxHeld = 16 << 20;
    Consumer<byte[]> tick = octets -> {};
    Executor executor;
    private BiConsumer<PacketConnection, Throwable> errors = PacketConnectionBuilder::log;
    private boolean used;

    PacketConnectionBuilder() {}

    /** Starts a thread for each task at once, or uses one that is idle. Shared, because idle threads are worth sharing. */
    private static final class SharedThreads {
        static final Executor EXECUTOR = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "packetstream");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Names the connection, for messages.
     *
     * @param value the name
     * @return this builder
     */
    public PacketConnectionBuilder name(String value) {
        name = Objects.requireNonNull(value);
        return this;
    }

    /**
     * Sets the handler of the peer's requests. By default there is none, and every request is refused.
     *
     * @param value the handler
     * @return this builder
     */
    public PacketConnectionBuilder handler(Handler value) {
        handler = value;
        return this;
    }

    /**
     * Sets the dialect; by default the main dialect.
     *
     * @param value the dialect, the same as the peer's
     * @return this builder
     */
    public PacketConnectionBuilder dialect(Dialect value) {
        dialect = Objects.requireNonNull(value);
        return this;
    }

    /**
     * Sets the packet_grace: how long the sender waits for more packets before it flushes; by default 10 ms.
     *
     * @param value the time; zero to flush as soon as no more packets are queued
     * @return this builder
     */
    public PacketConnectionBuilder grace(Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException("grace is " + value + ": it must be at least 0");
        }
        graceNanos = value.toNanos();
        return this;
    }

    /**
     * Sets how many handlers run at a time, waiting ones included; by default 64. Further requests wait.
     *
     * @param value the number, at least 2
     * @return this builder
     */
    public PacketConnectionBuilder maxHandlers(int value) {
        maxHandlers = atLeast("maxHandlers", value, 2);
        return this;
    }

    /**
     * Sets the longest payload to receive; by default 16 MiB. A packet with a longer one is malformed.
     *
     * @param value the number of octets, at least 1 MiB, so that any peer may count on that much
     * @return this builder
     */
    public PacketConnectionBuilder maxPayload(int value) {
        maxPayload = atLeast("maxPayload", value, 1 << 20);
        return this;
    }

    /**
     * Sets how much memory the connection may hold for a peer that is slow; by default 16 MiB.
     *
     * <p>It counts the peer's requests that wait for a handler, together with the responses that wait to be sent. Above
     * it the connection pauses reading, and with that much in responses alone, no more requests get to the handler.
     * While local requests are pending it reads on, so that their answers arrive. It ends the peer's stream if the
     * requests without a handler take four times as much.
     *
     * <p>Local requests that wait to be sent count on their own: above it {@link PacketConnection#request(Request)}
     * waits.
     *
     * @param value the number of bytes, at least 1 MiB
     * @return this builder
     */
    public PacketConnectionBuilder maxHeld(int value) {
        maxHeld = atLeast("maxHeld", value, 1 << 20);
        return this;
    }

    /**
     * Sets a function to call with an octet or more for each packet, when it was received and before it is sent. It is
     * called by two threads.
     *
     * @param value the function
     * @return this builder
     */
    public PacketConnectionBuilder tick(Consumer<byte[]> value) {
        tick = Objects.requireNonNull(value);
        return this;
    }

    /**
     * Writes an octet to the standard error for each packet that is received or sent.
     *
     * @return this builder
     */
    public PacketConnectionBuilder tickToStandardError() {
        return tick(octets -> System.err.write(octets, 0, octets.length));
    }

    /**
     * Sets a function to call with what a handler or a tick throws. By default it is logged, by
     * {@link System#getLogger}. In any case, the connection continues.
     *
     * @param value the function
     * @return this builder
     */
    public PacketConnectionBuilder errors(BiConsumer<PacketConnection, Throwable> value) {
        errors = Objects.requireNonNull(value);
        return this;
    }

    /**
     * Sets who runs the threads of the connection; by default a pool of daemon threads that all connections share.
     *
     * @param value an executor that starts every task at once, in another thread, as a cached thread pool does; with
     *     fewer threads connections wait for each other
     * @return this builder
     */
    public PacketConnectionBuilder executor(Executor value) {
        executor = Objects.requireNonNull(value);
        return this;
    }

    /**
     * Opens the connection on a socket channel in blocking mode, which it closes when both streams have ended.
     *
     * @param socket the channel
     * @return the connection
     */
    public PacketConnection open(SocketChannel socket) {
        AtomicInteger directions = new AtomicInteger(2);
        return open(
                Streams.input(socket, new Streams.Half(directions, socket::shutdownInput, socket)),
                Streams.output(socket, new Streams.Half(directions, socket::shutdownOutput, socket)));
    }

    /**
     * Opens the connection on two channels in blocking mode, such as those of named pipes. It closes each at the end of
     * its stream.
     *
     * @param in the peer's stream
     * @param out the local stream
     * @return the connection
     */
    public PacketConnection open(ReadableByteChannel in, WritableByteChannel out) {
        return open(Streams.input(in, in), Streams.output(out, out));
    }

    /**
     * Opens the connection on two streams, and closes each at its end.
     *
     * <p>{@link PacketConnection#close} relies on their close methods, which must return at once, and end a read or a
     * write that another thread waits in. A {@link java.io.FileInputStream} of a pipe does not: use
     * {@link java.nio.channels.FileChannel#open}. To close a stream of a {@link java.net.Socket} closes both directions:
     * use a {@link SocketChannel}. A {@link java.io.BufferedOutputStream} writes when it is closed, and may wait.
     *
     * @param in the peer's stream
     * @param out the local stream
     * @return the connection
     */
    public PacketConnection open(InputStream in, OutputStream out) {
        Objects.requireNonNull(in, "in");
        Objects.requireNonNull(out, "out");
        if (used) {
            throw new IllegalStateException("a builder opens one connection");
        }
        used = true;
        if (executor == null) {
            executor = SharedThreads.EXECUTOR;
        }
        PacketConnection connection = new PacketConnection(this, in, out);
        connection.start();
        return connection;
    }

    /** Reports an error of the local user's code to whom it concerns. */
    void report(PacketConnection connection, Throwable error) {
        try {
            errors.accept(connection, error);
        } catch (RuntimeException | Error e) {
            // The error of an error handler has nowhere to go.
        }
    }

    private static void log(PacketConnection connection, Throwable error) {
        System.getLogger(PacketConnection.class.getName()).log(System.Logger.Level.WARNING, connection.toString(), error);
    }

    private static int atLeast(String name, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " is " + value + ": it must be at least " + least);
        }
        return value;
    }
}
