package io.github.packetspec.packetstream;

import static io.github.packetspec.packetstream.Tests.equal;
import static io.github.packetspec.packetstream.Tests.fails;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;

/** Tests two connections with each other. */
final class ConnectionTest {
    private ConnectionTest() {}

    /** Two connections, joined by pipes. */
    record Pair(PacketConnection a, PacketConnection b) implements AutoCloseable {
        static Pair of(Handler forA, Handler forB) throws IOException {
            return of(settings().handler(forA), settings().handler(forB));
        }

        static Pair of(PacketConnectionBuilder forA, PacketConnectionBuilder forB) throws IOException {
            Pipe toA = Pipe.open();
            Pipe toB = Pipe.open();
            return new Pair(forA.open(toA.source(), toB.sink()), forB.open(toB.source(), toA.sink()));
        }

        @Override
        public void close() {
            a.close();
            b.close();
        }
    }

    static PacketConnectionBuilder settings() {
        return PacketConnection.builder().grace(Duration.ZERO).errors((connection, error) -> {});
    }

    private static Reply echo(PacketConnection connection, Request request) {
        return Reply.of(request.flags(), request.payload());
    }

    static void answersInBothDirections() throws Exception {
        try (Pair pair = Pair.of(ConnectionTest::echo, (c, request) -> Reply.text("type " + request.type()))) {
            equal(text(pair.a().ask(Request.of(7))), "type 7");
            Response<byte[]> response = pair.b().ask(Request.of(1, octets("hi")).withFlags(1L << 40));
            equal(text(response), "hi");
            equal(response.flags(), BigInteger.ONE.shiftLeft(40));
            pair.a().shutdownAndWait();
            pair.b().shutdownAndWait();
            equal(pair.a().join().reason(), StreamEnd.Reason.EOF);
            equal(pair.b().join().reason(), StreamEnd.Reason.EOF);
            fails(ConnectionClosedException.class, () -> pair.a().request(Request.of(1)));
        }
    }

    static void letsManyHandlersRequestAndWait() throws Exception {
        Handler asking = (c, request) -> Reply.octets(c.ask(Request.of(1, request.payload())).payload());
        CountDownLatch all = new CountDownLatch(64);
        Handler together = (c, request) -> {
            all.countDown();
            all.await();
            return Reply.octets(request.payload());
        };
        try (Pair pair = Pair.of(together, asking)) {
            List<Call<byte[]>> calls = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                calls.add(pair.a().request(Request.of(1, octets("" + i))));
            }
            for (int i = 0; i < 64; i++) {
                equal(text(calls.get(i).await()), "" + i);
            }
        }
    }

    static void failsWhatAHandlerThrows() throws Exception {
        BlockingQueue<Throwable> errors = new LinkedBlockingQueue<>();
        PacketConnectionBuilder failing = settings().errors((c, error) -> errors.add(error)).handler((c, request) ->
                switch (request.type().intValue()) {
                    case 1 -> throw new IOException("broken");
                    case 2 -> throw new StackOverflowError();
                    case 3 -> null;
                    default -> Reply.failure("no");
                });
        try (Pair pair = Pair.of(settings(), failing)) {
            for (int type = 1; type <= 3; type++) {
                equal(pair.a().ask(Request.of(type)).ok(), false);
            }
            equal(text(pair.a().ask(Request.of(4))), "no");
            equal(errors.take().getMessage(), "broken");
            equal(errors.size(), 2);
            equal(text(pair.b().ask(Request.of(1))), "there is no handler");
            equal(text(pair.a().ask(Request.of(1).withChannel(9))), "unknown channel 9");
        }
    }

    static void decodesInTheThreadThatWaits() throws Exception {
        try (Pair pair = Pair.of(settings(), settings().handler(ConnectionTest::echo))) {
            Thread here = Thread.currentThread();
            Call<Integer> call = pair.a().request(Request.of(1, octets("12")), (flags, payload) -> {
                equal(Thread.currentThread(), here);
                return Integer.valueOf(new String(payload, UTF_8));
            });
            equal(call.await().value(), 12);
            Call<Integer> bad = pair.a().request(Request.of(1, octets("x")), (f, p) -> Integer.valueOf("x"));
            for (int i = 0; i < 2; i++) {
                equal(fails(ExecutionException.class, bad::await).getCause() instanceof NumberFormatException, true);
            }
        }
    }

    static void givesUpACall() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        Handler waiting = (c, request) -> {
            gate.await();
            return Reply.text("late");
        };
        try (Pair pair = Pair.of(settings(), settings().handler(waiting))) {
            Call<byte[]> call = pair.a().request(Request.of(1));
            fails(TimeoutException.class, () -> call.await(Duration.ofMillis(1)));
            call.cancel();
            fails(RequestCancelledException.class, call::await);
            Call<byte[]> second = pair.a().request(Request.of(1));
            gate.countDown();
            equal(text(second.await()), "late");
            pair.a().shutdownAndWait();
        }
    }

    static void answersWhatItAcceptedBeforeAShutdown() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        Handler waiting = (c, request) -> {
            started.countDown();
            gate.await();
            return Reply.text("done");
        };
        try (Pair pair = Pair.of(settings(), settings().handler(waiting))) {
            Call<byte[]> accepted = pair.a().request(Request.of(1));
            started.await();
            pair.b().shutdown();
            equal(pair.a().ask(Request.of(1)).ok(), false); // refused, since the first is not answered yet
            equal(accepted.isDone(), false);
            gate.countDown();
            equal(text(accepted.await()), "done");
            pair.b().shutdownAndWait();
            equal(pair.a().join().reason(), StreamEnd.Reason.EOF);
        }
    }

    static void endsBothStreamsOfASocketSeparately() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel near = SocketChannel.open(server.getLocalAddress());
            SocketChannel far = server.accept();
            CountDownLatch gate = new CountDownLatch(1);
            Handler waiting = (c, request) -> {
                gate.await();
                return Reply.octets(request.payload());
            };
            try (PacketConnection a = settings().open(near); PacketConnection b = settings().handler(waiting).open(far)) {
                Call<byte[]> call = a.request(Request.of(1, octets("late")));
                a.shutdown(); // the answer comes after the end of this stream
                equal(b.join().reason(), StreamEnd.Reason.EOF);
                gate.countDown();
                equal(text(call.await()), "late");
                equal(a.join().reason(), StreamEnd.Reason.EOF);
                a.shutdownAndWait();
                b.shutdownAndWait();
            }
            equal(near.isOpen(), false);
            equal(far.isOpen(), false);
        }
    }

    static void announcesTheEndOfRequestsInTheLaterDialect() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        Handler waiting = (c, request) -> {
            gate.await();
            return Reply.nothing();
        };
        try (Pair pair = Pair.of(
                settings().dialect(Dialect.LATER).handler(ConnectionTest::echo),
                settings().dialect(Dialect.LATER).handler(waiting))) {
            Call<byte[]> call = pair.a().request(Request.of(1));
            pair.a().shutdown();
            equal(text(pair.b().ask(Request.of(1, octets("still served")))), "still served");
            gate.countDown();
            equal(call.await().ok(), true);
            equal(pair.b().join().reason(), StreamEnd.Reason.EOF);
            pair.b().shutdownAndWait();
        }
    }

    /** Closes either end while requests, some of them nested, go both ways. Whoever waits must get an answer or an error. */
    static void closesAtAnyMoment() throws Exception {
        Handler nested = (c, request) -> request.payload().length == 0
                ? Reply.nothing()
                : Reply.octets(c.ask(Request.of(1, Arrays.copyOf(request.payload(), request.payload().length - 1))).payload());
        for (int round = 0; round < 100; round++) {
            try (Pair pair = Pair.of(nested, nested)) {
                PacketConnection closing = round % 2 == 0 ? pair.a() : pair.b();
                CountDownLatch answers = new CountDownLatch(round);
                List<FutureTask<Object>> users = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    PacketConnection connection = i % 2 == 0 ? pair.a() : pair.b();
                    FutureTask<Object> user = new FutureTask<>(() -> {
                        for (int n = 0; true; n++) {
                            connection.ask(Request.of(1, new byte[n % 7]));
                            answers.countDown();
                        }
                    });
                    users.add(user);
                    new Thread(user).start();
                }
                answers.await();
                closing.close();
                for (FutureTask<Object> user : users) {
                    equal(fails(ExecutionException.class, user::get).getCause() instanceof IOException, true);
                }
                pair.a().shutdownAndWait();
                pair.b().shutdownAndWait();
            }
        }
    }

    static void ticksForEachPacket() throws Exception {
        BlockingQueue<String> ticks = new LinkedBlockingQueue<>();
        PacketConnectionBuilder ticking = settings().tick(octets -> {
            ticks.add(new String(octets, UTF_8));
            throw new IllegalStateException("a tick that fails harms nobody");
        });
        try (Pair pair = Pair.of(ticking, settings().handler(ConnectionTest::echo))) {
            pair.a().ask(Request.of(1));
            equal(List.of(ticks.take(), ticks.take()), List.of(">", "<"));
        }
    }

    static String text(Response<byte[]> response) {
        return new String(response.payload(), UTF_8);
    }

    static byte[] octets(String text) {
        return text.getBytes(UTF_8);
    }
}
