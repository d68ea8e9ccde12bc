package io.github.packetspec.adapter;

import io.github.packetspec.packetstream.Call;
import io.github.packetspec.packetstream.ConnectionClosedException;
import io.github.packetspec.packetstream.Dialect;
import io.github.packetspec.packetstream.MalformedPacketException;
import io.github.packetspec.packetstream.PacketConnection;
import io.github.packetspec.packetstream.PacketReader;
import io.github.packetspec.packetstream.Request;
import io.github.packetspec.packetstream.RequestCancelledException;
import io.github.packetspec.packetstream.Response;
import io.github.packetspec.packetstream.ResponseDecoder;
import io.github.packetspec.packetstream.StreamEnd;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Lets the conformance suite drive the package {@code io.github.packetspec.packetstream}: it reads commands from the
 * standard input, and writes replies to the standard output.
 */
public final class Adapter {
    private static final List<String> ABILITIES = List.of(
            "equal", "string", "grace", "tick", "decode-response", "decode-flags", "invalid-reply", "negative",
            "big-integers", "channels", "end-reason");

    private final Dialect dialect;
    private final List<String> abilities = new ArrayList<>(ABILITIES);
    private final OutputStream replies;
    private final Map<String, TestedConnection> connections = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "command");
        thread.setDaemon(true);
        return thread;
    });

    private Adapter(List<String> arguments, OutputStream replies) {
        this.dialect = arguments.contains("--later-dialect") ? Dialect.LATER : Dialect.MAIN;
        this.replies = replies;
        if (arguments.contains("--sockets")) {
            abilities.add("sockets"); // the runner then opens no pipes
        }
    }

    /**
     * Serves commands until the standard input ends, and then ends the process, whatever still runs.
     *
     * @param arguments nothing, or {@code --later-dialect}, or {@code --sockets} for connections over sockets in place of pipes
     * @throws IOException if the standard input or output fails
     */
    public static void main(String[] arguments) throws IOException {
        OutputStream replies = new FileOutputStream(FileDescriptor.out);
        System.setOut(System.err); // the standard output is for replies alone
        Adapter adapter = new Adapter(List.of(arguments), replies);
        warmUp();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 16);
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            adapter.serve(line);
        }
        System.exit(0);
    }

    /**
     * Lets two connections talk, so that the classes are loaded before the reply to hello, for which the runner waits
     * longest. On a busy machine the first connection would be so slow that it seems to hang.
     */
    private static void warmUp() throws IOException {
        Pipe there = Pipe.open();
        Pipe back = Pipe.open();
        PacketConnection a = PacketConnection.builder().grace(Duration.ZERO).open(back.source(), there.sink());
        PacketConnection b = PacketConnection.builder().grace(Duration.ZERO).handler(new StandardHandler())
                .open(there.source(), back.sink());
        try (a; b) {
            a.ask(Request.of(3, new byte[] {'x'}));
            a.shutdownAndWait();
            b.join();
        } catch (InterruptedException e) {
            throw new InterruptedIOException();
        }
    }

    /** Serves a command: at once, or in a thread of its own if it may take long. */
    private void serve(String line) {
        Object id = 0;
        try {
            Command command = Command.read(line);
            id = command.get("id", Number.class);
            String op = command.string("op");
            if (mayTakeLong(op, command)) {
                Object waiting = id;
                threads.execute(() -> serve(waiting, op, command));
            } else {
                serve(id, op, command);
            }
        } catch (AdapterException | IllegalArgumentException e) {
            reply(id, error(e));
        }
    }

    /**
     * Reports whether a command needs a thread. Few do: the Java VM lets whoever starts a thread wait until that runs,
     * and on a busy machine all further commands with it.
     */
    private boolean mayTakeLong(String op, Command command) throws AdapterException {
        return switch (op) {
            case "do", "join", "close" -> true;
            case "shutdown" -> command.bool("block");
            case "request" -> connection(command).connection().isCongested();
            case "wait" -> !connection(command).isDone(command.string("call"));
            default -> false;
        };
    }

    private void serve(Object id, String op, Command command) {
        Map<String, Object> reply;
        try {
            reply = run(op, command);
        } catch (Throwable e) { // an Error too needs a reply
            reply = error(e);
        }
        reply(id, reply);
    }

    private static Map<String, Object> error(Throwable error) {
        return Map.of("error", Map.of("kind", kind(error), "message", String.valueOf(error.getMessage())));
    }

    private static String kind(Throwable error) {
        if (error instanceof AdapterException e) {
            return e.kind();
        } else if (error instanceof IllegalArgumentException) {
            return "invalid";
        } else if (error instanceof ConnectionClosedException) {
            return "closed";
        } else if (error instanceof RequestCancelledException) {
            return "cancelled";
        } else if (error instanceof ExecutionException) {
            return "decode";
        } else if (error instanceof EOFException) {
            return "incomplete";
        } else if (error instanceof MalformedPacketException) {
            return "malformed";
        }
        return "internal";
    }

    private void reply(Object id, Map<String, Object> fields) {
        String rest = Json.write(fields);
        String line = "{\"id\":" + id + (fields.isEmpty() ? "" : ",") + rest.substring(1) + "\n";
        byte[] bytes = line.getBytes(StandardCharsets.ISO_8859_1); // Json writes ASCII
        synchronized (replies) {
            try {
                replies.write(bytes);
            } catch (IOException e) {
                Runtime.getRuntime().halt(1); // the runner is gone
            }
        }
    }

    /** Does what a command asks for, and returns the fields of the reply. */
    private Map<String, Object> run(String op, Command command) throws Exception {
        switch (op) {
            case "hello" -> {
                return Map.of(
                        "version", 1,
                        "name", "packetstream for Java",
                        "release", "1.0.0",
                        "language", "Java " + Runtime.version().feature(),
                        "supports", abilities);
            }
            case "encode" -> {
                return Map.of("bytes", Command.hex(command.packet("packet").encode()));
            }
            case "decode" -> {
                PacketReader reader = new PacketReader(command.octets("bytes"));
                var packet = reader.read();
                if (packet == null) {
                    throw new EOFException("there are no octets");
                }
                return Map.of("packet", Command.write(packet), "consumed", reader.consumed());
            }
            case "equal" -> {
                return Map.of("equal", command.packet("a").equals(command.packet("b")));
            }
            case "string" -> {
                return Map.of("string", command.packet("packet").toString());
            }
            case "open" -> {
                connections.put(command.string("conn"), new TestedConnection(command, dialect));
                return Map.of();
            }
            case "close" -> {
                TestedConnection connection = connection(command);
                connections.remove(command.string("conn"));
                connection.close();
                return Map.of();
            }
            case "request", "wait", "do", "release", "seen", "ticks", "shutdown", "join" -> {
                return runOn(connection(command), op, command);
            }
            default -> throw new AdapterException("unsupported", "the adapter knows no such command");
        }
    }

    private TestedConnection connection(Command command) throws AdapterException {
        TestedConnection connection = connections.get(command.get("conn", String.class, ""));
        if (connection == null) {
            throw new AdapterException("invalid", "no such connection is open");
        }
        return connection;
    }

    private static Map<String, Object> runOn(TestedConnection tested, String op, Command command) throws Exception {
        switch (op) {
            case "request" -> tested.addCall(command.string("call"), request(tested, command));
            case "wait" -> {
                return response(tested.takeCall(command.string("call")));
            }
            case "do" -> {
                return response(request(tested, command));
            }
            case "release" -> tested.handler().release(command.string("gate"));
            case "seen" -> {
                return Map.of("calls", tested.handler().seen().stream().map(Command::write).toList());
            }
            case "ticks" -> {
                return Map.of("ticks", tested.ticks());
            }
            case "shutdown" -> {
                if (command.bool("block")) {
                    tested.connection().shutdownAndWait();
                } else {
                    tested.connection().shutdown();
                }
            }
            case "join" -> {
                return Map.of("ended", ended(tested.connection().join()));
            }
            default -> throw new AdapterException("unsupported", "the adapter does not know this command");
        }
        return Map.of();
    }

    private static Call<byte[]> request(TestedConnection tested, Command command) throws Exception {
        String decoder = command.get("decode", String.class, null);
        if (decoder == null) {
            return tested.connection().request(command.request());
        }
        ResponseDecoder<byte[]> decode = switch (decoder) {
            case "reverse" -> (flags, payload) -> StandardHandler.reversed(payload);
            case "flags" -> (flags, payload) -> flags.toString().getBytes(StandardCharsets.US_ASCII);
            case "raise" -> (flags, payload) -> {
                throw new IllegalStateException("the decoder raises");
            };
            default -> throw new AdapterException("unsupported", "the adapter knows no such decoder");
        };
        return tested.connection().request(command.request(), decode);
    }

    private static Map<String, Object> response(Call<byte[]> call) throws Exception {
        Response<byte[]> response = call.await();
        return Map.of(
                "ok", response.ok(),
                "flags", response.flags().toString(),
                "payload", Command.hex(response.ok() ? response.value() : response.payload()));
    }

    private static String ended(StreamEnd end) {
        return switch (end.reason()) {
            case EOF -> "eof";
            case CUT, CLOSED -> "cut";
            case MALFORMED, OVERLOADED -> "malformed";
        };
    }
}
