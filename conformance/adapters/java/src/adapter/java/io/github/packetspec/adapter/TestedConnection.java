package io.github.packetspec.adapter;

import io.github.packetspec.packetstream.Call;
import io.github.packetspec.packetstream.Dialect;
import io.github.packetspec.packetstream.PacketConnection;
import io.github.packetspec.packetstream.PacketConnectionBuilder;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A connection under test, with what the adapter keeps for it. */
final class TestedConnection {
    private final StandardHandler handler = new StandardHandler();
    private final Map<String, Call<byte[]>> calls = new HashMap<>();
    private final List<Object> ticks = new ArrayList<>();
    private final PacketConnection connection;

    /** Opens the connection that a command describes. */
    TestedConnection(Command open, Dialect dialect) throws AdapterException, IOException {
        PacketConnectionBuilder builder = PacketConnection.builder()
                .dialect(dialect)
                .name(open.get("name", String.class, open.string("conn")))
                .errors((connection, error) -> {}); // many scenarios have handlers that throw
        if (open.bool("handler")) {
            builder.handler(handler);
        }
        Number grace = open.get("grace", Number.class, null);
        if (grace != null) {
            builder.grace(Duration.ofNanos((long) (grace.doubleValue() * 1e9)));
        }
        switch (open.get("tick", String.class, "none")) {
            case "record" -> builder.tick(this::recordTick);
            case "stderr" -> builder.tickToStandardError();
            default -> {}
        }
        String socket = open.get("socket", String.class, null);
        connection = socket == null
                ? openPipes(builder, Path.of(open.string("recv")), Path.of(open.string("send")))
                : builder.open(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    }

    private static PacketConnection openPipes(PacketConnectionBuilder builder, Path recv, Path send) throws IOException {
        FileChannel in = openPipe(recv, StandardOpenOption.READ);
        try {
            return builder.open(in, openPipe(send, StandardOpenOption.WRITE)); // on failure, open closes both
        } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    /**
     * Opens a named pipe, as a channel: closing one ends a read or a write that another thread waits in.
     *
     * <p>To open one end waits until the other is open. The runner has opened it, but if it has given up meanwhile, the
     * wait is without end. To open both ends waits for nothing, and then one end can be opened alone.
     */
    private static FileChannel openPipe(Path path, StandardOpenOption end) throws IOException {
        FileChannel both = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            return FileChannel.open(path, end);
        } finally {
            both.close();
        }
    }

    PacketConnection connection() {
        return connection;
    }

    StandardHandler handler() {
        return handler;
    }

    void close() {
        handler.close();
        connection.close();
    }

    synchronized void addCall(String name, Call<byte[]> call) {
        calls.put(name, call);
    }

    /** Reports whether waiting for a call takes no time. */
    synchronized boolean isDone(String name) {
        Call<byte[]> call = calls.get(name);
        return call == null || call.isDone();
    }

    /** Returns a call, once: nobody waits for one a second time. */
    synchronized Call<byte[]> takeCall(String name) throws AdapterException {
        Call<byte[]> call = calls.remove(name);
        if (call == null) {
            throw new AdapterException("internal", "no call is named " + name);
        }
        return call;
    }

    synchronized List<Object> ticks() {
        return List.copyOf(ticks);
    }

    private synchronized void recordTick(byte[] octets) {
        ticks.add(Command.hex(octets));
    }
}
