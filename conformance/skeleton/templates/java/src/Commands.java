import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** Carries out commands on an implementation. Those that may wait have a thread each. */
final class Commands {
    private static final Set<String> MAY_WAIT = Set.of("open", "request", "wait", "do", "shutdown", "join", "close");
    private static final HexFormat HEX = HexFormat.of();

    private final Protocol.Implementation implementation;
    private final Consumer<String> write;
    private final Map<String, Subject> subjects = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });

    /** Replies are written by a function, one whole line at a time. */
    Commands(Protocol.Implementation implementation, Consumer<String> write) {
        this.implementation = implementation;
        this.write = write;
    }

    /** The fields of a command, or of a part of one. Null counts as absent. */
    private record Fields(Map<?, ?> map) {
        static Fields of(Object value) {
            if (value instanceof Map<?, ?> map) {
                return new Fields(map);
            }
            throw new Protocol.AdapterException(Protocol.Kind.INVALID, "an object is needed");
        }

        <T> T get(String name, Class<T> type, T absent) {
            Object value = map.get(name);
            if (value == null && absent != null) {
                return absent;
            }
            if (!type.isInstance(value)) {
                throw new Protocol.AdapterException(Protocol.Kind.INVALID, "the field " + name + " is missing or wrong");
            }
            return type.cast(value);
        }

        String text(String name) {
            return get(name, String.class, null);
        }

        boolean truth(String name) {
            return get(name, Boolean.class, false);
        }

        BigInteger integer(String name) {
            return new BigInteger(get(name, String.class, "0"));
        }

        byte[] octets(String name) {
            return HEX.parseHex(get(name, String.class, ""));
        }

        Protocol.Packet packet(String name) {
            Fields packet = of(map.get(name));
            BigInteger rqType = packet.map.get("rq_type") == null ? null : packet.integer("rq_type");
            return new Protocol.Packet(
                    packet.truth("is_request"), packet.integer("channel"), packet.integer("tag"), packet.integer("flags"), rqType,
                    packet.octets("payload"));
        }
    }

    /** Carries out the command of a line, now or in a thread of its own. */
    void serve(String line) {
        Fields command;
        try {
            command = Fields.of(Json.parse(line));
        } catch (RuntimeException e) {
            reply(new Json.Num(0), error(Protocol.Kind.INVALID, "the line is not a command: " + e.getMessage()));
            return;
        }
        if (MAY_WAIT.contains(command.get("op", String.class, ""))) {
            threads.execute(() -> answer(command));
        } else {
            answer(command);
        }
    }

    private void answer(Fields command) {
        Map<String, Object> fields;
        try {
            fields = execute(command);
        } catch (Throwable thrown) { // whatever the implementation throws is a reply too
            Throwable cause = thrown instanceof ExecutionException && thrown.getCause() != null ? thrown.getCause() : thrown;
            fields = cause instanceof Protocol.AdapterException e ? error(e.kind, e.getMessage()) : error(Protocol.Kind.INTERNAL, cause.toString());
        }
        reply(command.map().get("id"), fields);
    }

    private static Map<String, Object> error(Protocol.Kind kind, String message) {
        return fields("error", fields("kind", kind.name().toLowerCase(Locale.ROOT), "message", String.valueOf(message)));
    }

    private void reply(Object id, Map<String, Object> fields) {
        Map<String, Object> all = fields("id", id);
        all.putAll(fields);
        String line = Json.write(all) + "\n";
        synchronized (write) {
            write.accept(line);
        }
    }

    /** Returns a map of names and values. */
    private static Map<String, Object> fields(Object... pairs) {
        Map<String, Object> all = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            all.put((String) pairs[i], pairs[i + 1]);
        }
        return all;
    }

    private Subject subject(Fields c) {
        Subject subject = subjects.get(c.text("conn"));
        if (subject == null) {
            throw new Protocol.AdapterException(Protocol.Kind.INVALID, "no connection " + c.text("conn") + " is open");
        }
        return subject;
    }

    private Map<String, Object> execute(Fields c) throws Exception {
        switch (c.get("op", String.class, "")) {
            case "hello":
                return fields(
                        "version", new Json.Num(1), "name", implementation.name(), "release", implementation.release(),
                        "language", "Java", "supports", implementation.abilities());
            case "encode":
                return fields("bytes", HEX.formatHex(implementation.encode(c.packet("packet"))));
            case "decode":
                Protocol.Decoded decoded = implementation.decode(c.octets("bytes"));
                return fields("packet", toJson(decoded.packet()), "consumed", new Json.Num(decoded.consumed()));
            case "equal":
                return fields("equal", implementation.equal(c.packet("a"), c.packet("b")));
            case "string":
                return fields("string", implementation.text(c.packet("packet")));
            case "open":
                open(c);
                return fields();
            case "request":
                subject(c).keepCall(c.text("call"), submit(c));
                return fields();
            case "wait":
                Protocol.Call call = subject(c).takeCall(c.text("call"));
                if (call == null) {
                    throw new Protocol.AdapterException(Protocol.Kind.INVALID, "no request " + c.text("call") + " was submitted");
                }
                return toJson(call.await());
            case "do":
                return toJson(submit(c).await());
            case "release":
                subject(c).release(c.text("gate"));
                return fields();
            case "seen":
                return fields("calls", subject(c).seen());
            case "ticks":
                return fields("ticks", subject(c).ticks());
            case "shutdown":
                subject(c).connection.get().shutdown(c.truth("block"));
                return fields();
            case "join":
                String ended = subject(c).connection.get().join();
                return ended == null ? fields() : fields("ended", ended);
            case "close":
                Subject subject = subject(c);
                subjects.remove(c.text("conn"));
                subject.close();
                return fields();
            default:
                return error(Protocol.Kind.UNSUPPORTED, "there is no command " + c.get("op", String.class, ""));
        }
    }

    /**
     * Opens both pipes, the receiving one first, and starts a connection. They are channels, because closing a
     * channel ends a read that another thread waits in, and closing a FileInputStream does not.
     */
    private void open(Fields c) throws Exception {
        Subject subject = new Subject();
        String tick = c.get("tick", String.class, "none");
        Double grace = c.map().get("grace") instanceof Json.Num seconds ? Double.valueOf(seconds.text()) : null;
        Protocol.Options options = new Protocol.Options(
                grace, tick.equals("record") ? subject::recordTick : null, tick.equals("stderr"), (String) c.map().get("name"));
        InputStream recv = Channels.newInputStream(FileChannel.open(Path.of(c.text("recv")), StandardOpenOption.READ));
        OutputStream send = null;
        try {
            send = Channels.newOutputStream(FileChannel.open(Path.of(c.text("send")), StandardOpenOption.WRITE));
            Protocol.Handler handler = c.truth("handler") ? subject::handle : null;
            Protocol.Connection connection = implementation.open(recv, send, handler, options);
            subjects.put(c.text("conn"), subject);
            subject.connection.complete(connection);
        } catch (Throwable thrown) {
            subject.connection.completeExceptionally(thrown);
            recv.close();
            if (send != null) {
                send.close();
            }
            throw thrown;
        }
    }

    private Protocol.Call submit(Fields c) throws Exception {
        BiFunction<BigInteger, byte[], byte[]> decode;
        String name = c.get("decode", String.class, "");
        switch (name) {
            case "":
                decode = null;
                break;
            case "reverse":
                decode = (flags, payload) -> Subject.reversed(payload);
                break;
            case "raise":
                decode = (flags, payload) -> {
                    throw new Protocol.AdapterException(Protocol.Kind.DECODE, "the request asks for this failure");
                };
                break;
            case "flags":
                decode = (flags, payload) -> flags.toString().getBytes(StandardCharsets.UTF_8);
                break;
            default:
                throw new Protocol.AdapterException(Protocol.Kind.INVALID, "there is no decoder " + name);
        }
        return subject(c).connection.get().request(new Protocol.Request(
                c.integer("rq_type"), c.integer("flags"), c.integer("channel"), c.octets("payload"), decode));
    }

    private static Map<String, Object> toJson(Protocol.Packet packet) {
        Map<String, Object> all = fields(
                "is_request", packet.isRequest(), "channel", packet.channel().toString(), "tag", packet.tag().toString(),
                "flags", packet.flags().toString(), "payload", HEX.formatHex(packet.payload()));
        if (packet.isRequest()) {
            all.put("rq_type", packet.rqType().toString());
        }
        return all;
    }

    private static Map<String, Object> toJson(Protocol.Response response) {
        return fields("ok", response.ok(), "flags", response.flags().toString(), "payload", HEX.formatHex(response.payload()));
    }
}
