import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Tests of the protocol's side, with an implementation that does as little as possible. */
public final class AdapterTest {
    private static int failures;

    /** A test, which has a name and throws. */
    private interface Test {
        void run() throws Exception;
    }

    private static void test(String name, Test test) {
        try {
            test.run();
            System.out.println("ok    " + name);
        } catch (Throwable thrown) {
            failures++;
            System.out.println("FAIL  " + name);
            thrown.printStackTrace(System.out);
        }
    }

    private static void same(Object got, Object expected) {
        if (!Objects.deepEquals(got, expected)) {
            throw new AssertionError("got " + got + ", expected " + expected);
        }
    }

    private static void fails(Test test) throws Exception {
        try {
            test.run();
        } catch (Exception e) {
            return;
        }
        throw new AssertionError("expected an exception");
    }

    /** An implementation whose peer answers each request with itself. */
    private static final class Fake implements Protocol.Implementation {
        private final MyImplementation todo = new MyImplementation();
        Protocol.Handler handler;
        Protocol.Options options;

        @Override
        public String name() {
            return "fake";
        }

        @Override
        public String release() {
            return "1";
        }

        @Override
        public java.util.List<String> abilities() {
            return java.util.List.of("equal");
        }

        @Override
        public byte[] encode(Protocol.Packet packet) {
            return packet.payload();
        }

        @Override
        public Protocol.Decoded decode(byte[] octets) {
            byte[] hello = "hello".getBytes(StandardCharsets.UTF_8);
            return new Protocol.Decoded(new Protocol.Packet(true, big(5), big(300), big(7), big(2), hello), 11);
        }

        @Override
        public boolean equal(Protocol.Packet a, Protocol.Packet b) {
            return a.tag().equals(b.tag());
        }

        @Override
        public String text(Protocol.Packet packet) {
            return todo.text(packet);
        }

        @Override
        public Protocol.Connection open(InputStream recv, OutputStream send, Protocol.Handler handler, Protocol.Options options) {
            this.handler = handler;
            this.options = options;
            CompletableFuture<String> ended = new CompletableFuture<>();
            return new Protocol.Connection() {
                @Override
                public Protocol.Call request(Protocol.Request request) {
                    return () -> {
                        if (request.rqType().equals(big(99))) {
                            throw new Protocol.AdapterException(Protocol.Kind.CANCELLED, "the peer's stream has ended");
                        }
                        byte[] payload = request.payload();
                        return new Protocol.Response(
                                true, request.flags(), request.decode() == null ? payload : request.decode().apply(request.flags(), payload));
                    };
                }

                @Override
                public void shutdown(boolean block) {
                    ended.complete("eof");
                }

                @Override
                public String join() throws Exception {
                    return ended.get();
                }

                @Override
                public void close() throws IOException {
                    recv.close();
                    send.close();
                }
            };
        }
    }

    private static BigInteger big(long value) {
        return BigInteger.valueOf(value);
    }

    /** Sends commands to an adapter, and receives its replies. */
    private static final class Runner {
        private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
        private final Map<String, Map<?, ?>> earlier = new HashMap<>();
        private final Commands commands;
        private int ids;

        Runner(Protocol.Implementation implementation) {
            commands = new Commands(implementation, lines::add);
        }

        /** Sends a command with fields, which are JSON without the braces. */
        int send(String op, String fields) {
            commands.serve("{\"id\":" + ++ids + ",\"op\":\"" + op + "\"" + (fields.isEmpty() ? "" : "," + fields) + "}");
            return ids;
        }

        /** Returns a reply as JSON without the braces and the id, or the kind of its error. */
        String outcome(int id) throws InterruptedException {
            while (!earlier.containsKey(Integer.toString(id))) {
                String line = Objects.requireNonNull(lines.poll(30, TimeUnit.SECONDS), "no reply came");
                Map<?, ?> reply = (Map<?, ?>) Json.parse(line);
                earlier.put(((Json.Num) reply.get("id")).text(), reply);
            }
            Map<?, ?> reply = earlier.remove(Integer.toString(id));
            if (reply.get("error") instanceof Map<?, ?> error) {
                return (String) error.get("kind");
            }
            reply.remove("id");
            String text = Json.write(reply);
            return text.substring(1, text.length() - 1);
        }

        String exec(String op, String fields) throws InterruptedException {
            return outcome(send(op, fields));
        }

        void open(String more) throws Exception {
            Path folder = Files.createTempDirectory("adapter");
            String recv = folder.resolve("recv").toString();
            String send = folder.resolve("send").toString();
            same(new ProcessBuilder("mkfifo", recv, send).start().waitFor(), 0);
            RandomAccessFile[] ends = {new RandomAccessFile(recv, "rw"), new RandomAccessFile(send, "rw")}; // as the runner's
            String paths = "\"conn\":\"c\",\"recv\":\"" + recv + "\",\"send\":\"" + send + "\",\"handler\":true" + more;
            same(exec("open", paths), "");
            for (RandomAccessFile end : ends) {
                end.close();
            }
            Files.delete(Path.of(recv));
            Files.delete(Path.of(send));
            Files.delete(folder);
        }
    }

    public static void main(String[] arguments) {
        test("json", AdapterTest::json);
        test("a TODO is unsupported", AdapterTest::todo);
        test("packets keep their values", AdapterTest::packets);
        test("requests", AdapterTest::requests);
        test("commands that wait delay no other", AdapterTest::waits);
        test("the standard handler", AdapterTest::handler);
        test("gates", AdapterTest::gates);
        System.exit(failures == 0 ? 0 : 1);
    }

    private static void json() throws Exception {
        for (String text : new String[] {"{\"a\":[1,-2.5e3,null,true,{}],\"b\":\"\\\"\\\\\\u0001\"}", "[]", "\"é\""}) {
            same(Json.write(Json.parse(text)), text);
        }
        same(Json.parse(" \"\\u00e9\\ud83d\\ude00\\n\\/\" "), "é😀\n/");
        for (String text : new String[] {"", "{", "{\"a\"}", "[1,]", "{} x", "\"a", "\"\\x\"", "tru", "\"\\u12\"", "[".repeat(100)}) {
            fails(() -> Json.parse(text));
        }
    }

    private static void todo() throws Exception {
        Runner runner = new Runner(new MyImplementation());
        same(runner.exec("hello", "\"version\":1"),
                "\"version\":1,\"name\":\"my implementation\",\"release\":\"0.1\",\"language\":\"Java\",\"supports\":[]");
        same(runner.exec("nosuch", ""), "unsupported");
        same(runner.exec("decode", "\"bytes\":\"0a\""), "unsupported");
        same(runner.exec("join", "\"conn\":\"c\""), "invalid");
    }

    private static void packets() throws Exception {
        Runner runner = new Runner(new Fake());
        String packet = "{\"is_request\":true,\"channel\":\"5\",\"tag\":\"300\",\"flags\":\"7\",\"payload\":\"68656c6c6f\",\"rq_type\":\"2\"}";
        same(runner.exec("decode", "\"bytes\":\"0A\""), "\"packet\":" + packet + ",\"consumed\":11");
        same(runner.exec("encode", "\"packet\":" + packet), "\"bytes\":\"68656c6c6f\"");
        same(runner.exec("equal", "\"a\":" + packet + ",\"b\":" + packet), "\"equal\":true");
    }

    private static void requests() throws Exception {
        Runner runner = new Runner(new Fake());
        runner.open("");
        same(runner.exec("request", "\"conn\":\"c\",\"call\":\"a\",\"rq_type\":\"2\",\"flags\":\"7\",\"payload\":\"6869\""), "");
        same(runner.exec("wait", "\"conn\":\"c\",\"call\":\"a\""), "\"ok\":true,\"flags\":\"7\",\"payload\":\"6869\"");
        same(runner.exec("do", "\"conn\":\"c\",\"rq_type\":\"2\""), "\"ok\":true,\"flags\":\"0\",\"payload\":\"\"");
        same(runner.exec("do", "\"conn\":\"c\",\"rq_type\":\"2\",\"payload\":\"6869\",\"decode\":\"reverse\""),
                "\"ok\":true,\"flags\":\"0\",\"payload\":\"6968\"");
        same(runner.exec("do", "\"conn\":\"c\",\"rq_type\":\"2\",\"decode\":\"raise\""), "decode");
        same(runner.exec("do", "\"conn\":\"c\",\"rq_type\":\"99\""), "cancelled");
        same(runner.exec("wait", "\"conn\":\"c\",\"call\":\"b\""), "invalid");
        same(runner.exec("close", "\"conn\":\"c\""), "");
        same(runner.exec("do", "\"conn\":\"c\",\"rq_type\":\"2\""), "invalid");
    }

    private static void waits() throws Exception {
        Runner runner = new Runner(new Fake());
        runner.open("");
        int first = runner.send("join", "\"conn\":\"c\"");
        int second = runner.send("join", "\"conn\":\"c\"");
        same(runner.exec("shutdown", "\"conn\":\"c\",\"block\":true"), "");
        same(runner.outcome(first), "\"ended\":\"eof\"");
        same(runner.outcome(second), "\"ended\":\"eof\"");
        runner.exec("close", "\"conn\":\"c\"");
    }

    private static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void handler() throws Exception {
        Fake fake = new Fake();
        Runner runner = new Runner(fake);
        runner.open(",\"tick\":\"record\",\"grace\":0.05");
        Protocol.Handler h = fake.handler;
        BigInteger seven = big(7);
        same(h.handle(big(0), seven, octets("x")), null);
        same(h.handle(big(1), seven, octets("x")), seven);
        same(h.handle(big(2), seven, octets("\u00ff")), octets("\u00ff"));
        same(h.handle(big(3), seven, octets("\u00c3\u00a9")), "é");
        same(h.handle(big(3), seven, octets("a\u00ed\u00a0\u0080b")), "a\ud800b");
        same(((Protocol.FlagsAndBytes) h.handle(big(4), seven, octets("x"))).flags(), seven);
        same(((Protocol.FlagsAndBytes) h.handle(big(7), seven, octets("ab"))).payload(), octets("ba"));
        same(((byte[]) h.handle(big(8), seven, octets("252")))[251], (byte) 0);
        same(h.handle(big(9), seven, octets("hi")), octets("hi"));
        same(h.handle(big(10), seven, octets("float")), new Protocol.InvalidResult("float"));
        for (Object[] bad : new Object[][] {{5, "no"}, {11, ""}, {3, "\u00ff"}, {8, "x"}, {8, "-1"}}) {
            fails(() -> h.handle(big((Integer) bad[0]), seven, octets((String) bad[1])));
        }
        same(runner.exec("seen", "\"conn\":\"c\"").split("rq_type").length, 16);
        same(fake.options.grace(), 0.05);
        fake.options.tick().accept(new byte[] {0, 1});
        same(runner.exec("ticks", "\"conn\":\"c\""), "\"ticks\":[\"0001\"]");
        runner.exec("close", "\"conn\":\"c\"");
    }

    private static void gates() throws Exception {
        Fake fake = new Fake();
        Runner runner = new Runner(fake);
        runner.open("");
        runner.exec("release", "\"conn\":\"c\",\"gate\":\"early\"");
        same(fake.handler.handle(big(6), big(0), octets("early")), octets("early"));
        same(fake.handler.handle(big(6), big(0), octets("early")), octets("early")); // it stays open
        CompletableFuture<?>[] held = Arrays.stream(new String[] {"g", "g", "never"}).map(gate -> {
            CompletableFuture<Object> returned = new CompletableFuture<>();
            new Thread(() -> {
                try {
                    returned.complete(fake.handler.handle(big(6), big(0), octets(gate)));
                } catch (Exception e) {
                    returned.completeExceptionally(e);
                }
            }).start();
            return returned;
        }).toArray(CompletableFuture<?>[]::new);
        runner.exec("release", "\"conn\":\"c\",\"gate\":\"g\"");
        same(held[0].get(30, TimeUnit.SECONDS), octets("g"));
        same(held[1].get(30, TimeUnit.SECONDS), octets("g"));
        runner.exec("close", "\"conn\":\"c\""); // lets the third go
        same(held[2].get(30, TimeUnit.SECONDS), octets("never"));
    }
}
