package io.github.packetspec.adapter;

import io.github.packetspec.packetstream.Call;
import io.github.packetspec.packetstream.Dialect;
import io.github.packetspec.packetstream.PacketConnection;
import io.github.packetspec.packetstream.PacketConnectionBuilder;
import java.io.IOException;
import java.nio.channels.FileChannel;
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
        // A channel, because closing one ends a read or a write that another thread waits in.
        FileChannel in = FileChannel.open(Path.of(open.string("recv")), StandardOpenOption.READ);
        try {
            FileChannel out = FileChannel.open(Path.of(open.string("send")), StandardOpenOption.WRITE);
            connection = builder.open(in, out); // closes both if it fails
        } catch (IOException | AdapterException | RuntimeException e) {
            in.close();
            throw e;
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
