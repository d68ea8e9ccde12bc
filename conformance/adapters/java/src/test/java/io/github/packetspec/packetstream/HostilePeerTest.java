package io.github.packetspec.packetstream;

import static io.github.packetspec.packetstream.Tests.equal;
import static io.github.packetspec.packetstream.Tests.fails;

import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.util.HexFormat;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;

/** Tests a connection whose peer sends any octets, stops reading, or stops writing. */
final class HostilePeerTest {
    private static final int MIB = 1 << 20;

    private HostilePeerTest() {}

    /** A connection, and the peer's ends of its pipes. */
    private record Tested(PacketConnection connection, OutputStream send, Pipe.SourceChannel receive)
            implements AutoCloseable {
        static Tested of(PacketConnectionBuilder settings) throws IOException {
            Pipe in = Pipe.open();
            Pipe out = Pipe.open();
            return new Tested(
                    settings.open(in.source(), out.sink()), Channels.newOutputStream(in.sink()), out.source());
        }

        void sendRequest(int tag, byte[] payload) throws IOException {
            send.write(Request.of(1, payload).packet(BigInteger.valueOf(tag)).encode());
        }

        PacketReader reader() {
            return new PacketReader(Channels.newInputStream(receive), 16 * MIB);
        }

        @Override
        public void close() throws IOException {
            connection.close();
            send.close();
            receive.close();
        }
    }

    static void reportsHowTheStreamEnded() throws Exception {
        equal(endAfter("03000200").reason(), StreamEnd.Reason.EOF);
        equal(endAfter("").reason(), StreamEnd.Reason.CUT);
        equal(endAfter("81").reason(), StreamEnd.Reason.CUT);
        equal(endAfter("05010203").reason(), StreamEnd.Reason.CUT);
        equal(endAfter("00").reason(), StreamEnd.Reason.MALFORMED);
        equal(endAfter("03010200").reason(), StreamEnd.Reason.MALFORMED); // the end of requests, of the later dialect
        equal(endAfter("c0808080808080800001020361").reason(), StreamEnd.Reason.MALFORMED); // 2^62 octets
        equal(endAfter("ff".repeat(1000)).reason(), StreamEnd.Reason.MALFORMED);
    }

    private static StreamEnd endAfter(String hex) throws Exception {
        try (Tested tested = Tested.of(ConnectionTest.settings())) {
            Call<byte[]> call = tested.connection().request(Request.of(1));
            tested.send().write(HexFormat.of().parseHex(hex));
            tested.send().close();
            fails(RequestCancelledException.class, call::await);
            fails(ConnectionClosedException.class, () -> tested.connection().request(Request.of(1)));
            PacketReader reader = tested.reader();
            equal(reader.read().isRequest(), true);
            equal(reader.read(), Packet.EOF);
            equal(reader.read() == null, true);
            return tested.connection().join();
        }
    }

    static void closesWhileItReadsAndWritesAndHandles() throws Exception {
        CountDownLatch started = new CountDownLatch(2);
        CountDownLatch gate = new CountDownLatch(1);
        Tested tested = Tested.of(ConnectionTest.settings().handler((c, request) -> {
            started.countDown();
            gate.await();
            return Reply.nothing();
        }));
        Call<byte[]> call = tested.connection().request(Request.of(1, new byte[4 * MIB])); // fills the pipe
        tested.sendRequest(1, new byte[0]);
        tested.sendRequest(2, new byte[0]);
        started.await();
        FutureTask<Object> shutdown = new FutureTask<>(() -> {
            tested.connection().shutdownAndWait();
            return "returned";
        });
        new Thread(shutdown).start();
        tested.connection().close();
        fails(RequestCancelledException.class, call::await);
        equal(tested.connection().join().reason(), StreamEnd.Reason.CLOSED);
        equal(shutdown.get(), "returned");
        gate.countDown();
        tested.connection().close(); // a second time
        tested.close();
    }

    static void pausesWhileThePeerReadsNoAnswers() throws Exception {
        AtomicInteger handled = new AtomicInteger();
        PacketConnectionBuilder settings = ConnectionTest.settings().maxHeld(MIB).handler((c, request) -> {
            handled.incrementAndGet();
            return Reply.octets(new byte[MIB / 4]);
        });
        int requests = 600;
        try (Tested tested = Tested.of(settings)) {
            FutureTask<Object> sending = new FutureTask<>(() -> {
                for (int tag = 0; tag < requests; tag++) {
                    tested.sendRequest(tag, new byte[100]);
                }
                return "sent";
            });
            new Thread(sending).start();
            PacketReader reader = tested.reader();
            for (int tag = 0; tag < requests; tag++) {
                Packet response = reader.read();
                if (response.payload().length != MIB / 4) {
                    throw new AssertionError(response + " after " + tag + ": " + tested.connection().join());
                }
                int ahead = handled.get() - tag;
                if (ahead > 100) { // 64 handlers may run while it pauses
                    throw new AssertionError(ahead + " answers are held");
                }
            }
            equal(sending.get(), "sent");
        }
    }

    static void endsAPeerThatFloodsWhileRequestsArePending() throws Exception {
        PacketConnectionBuilder settings = ConnectionTest.settings().maxHeld(MIB)
                .handler((c, request) -> Reply.octets(new byte[MIB / 4]));
        try (Tested tested = Tested.of(settings)) {
            Call<byte[]> call = tested.connection().request(Request.of(1));
            FutureTask<Object> sending = new FutureTask<>(() -> {
                for (int tag = 0; true; tag++) {
                    tested.sendRequest(tag, new byte[100]);
                }
            });
            new Thread(sending).start();
            equal(tested.connection().join().reason(), StreamEnd.Reason.OVERLOADED);
            fails(RequestCancelledException.class, call::await);
            fails(ExecutionException.class, sending::get);
        }
    }

    static void makesLocalRequestsWaitForRoom() throws Exception {
        try (Tested tested = Tested.of(ConnectionTest.settings().maxHeld(MIB))) {
            AtomicInteger submitted = new AtomicInteger();
            FutureTask<Object> requesting = new FutureTask<>(() -> {
                for (int i = 0; i < 40; i++) {
                    tested.connection().request(Request.of(1, new byte[MIB / 4]));
                    submitted.incrementAndGet();
                }
                return "submitted";
            });
            new Thread(requesting).start();
            while (!tested.connection().isCongested()) {
                Thread.yield();
            }
            PacketReader reader = tested.reader();
            for (int i = 0; i < 40; i++) {
                equal(reader.read().payload().length, MIB / 4);
                if (submitted.get() - i > 10) {
                    throw new AssertionError(submitted.get() - i + " requests are held");
                }
            }
            equal(requesting.get(), "submitted");
        }
    }

    static void goesOnReceivingFromAPeerThatClosedItsReceivingEnd() throws Exception {
        try (Tested tested = Tested.of(ConnectionTest.settings())) {
            Call<byte[]> call = tested.connection().request(Request.of(1));
            equal(tested.reader().read().isRequest(), true);
            tested.receive().close();
            FutureTask<Object> shutdown = new FutureTask<>(() -> {
                tested.connection().shutdownAndWait();
                return "returned";
            });
            new Thread(shutdown).start();
            tested.send().write(new byte[] {3, 1, 4, 'x'});
            equal(ConnectionTest.text(call.await()), "x");
            equal(shutdown.get(), "returned");
        }
    }
}
