package io.github.packetspec.packetstream;

import static io.github.packetspec.packetstream.Tests.equal;
import static io.github.packetspec.packetstream.Tests.fails;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Tests the codec. */
final class PacketTest {
    private static final Packet EXAMPLE = packet(true, 5, 300, 7, 2, "hello");

    private PacketTest() {}

    static void encodesTheExampleOfTheSpecification() throws Exception {
        equal(HexFormat.of().formatHex(EXAMPLE.encode()), "0a822c1f050268656c6c6f");
        equal(Packet.decode(EXAMPLE.encode()), EXAMPLE);
        equal(EXAMPLE.toString(), "Packet(is_request=True,channel=5,tag=300,flags=0x07,payload=b'hello')");
    }

    static void readsBackWhatItWrites() throws Exception {
        Random random = new Random(1);
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        List<Packet> packets = random.ints(500, 0, 1 << 20).mapToObj(seed -> random(new Random(seed))).toList();
        for (Packet packet : packets) {
            stream.writeBytes(packet.encode());
        }
        for (int piece : new int[] {1, 7, 1 << 20}) {
            PacketReader reader = new PacketReader(inPieces(stream.toByteArray(), piece), 1 << 20);
            for (Packet packet : packets) {
                Packet read = reader.read();
                equal(read, packet);
                equal(read.hashCode(), packet.hashCode());
            }
            equal(reader.consumed(), (long) stream.size());
            equal(reader.read() == null, true);
        }
    }

    static void readsOverlongIntegers() throws Exception {
        equal(Packet.decode(octets("0b 8080822c 801f 8005 8002 68")), packet(true, 5, 300, 7, 2, "h"));
    }

    static void distinguishesIncompleteFromMalformed() throws Exception {
        for (String octets : List.of("", "81", "05", "0501", "05010203", "81808080808080808080808000 01 02 03")) {
            fails(EOFException.class, () -> Packet.decode(octets(octets)));
        }
        for (String octets : List.of("00", "0101", "020102", "02 0101", "02 8181", "03 010281", "030103 05")) {
            fails(MalformedPacketException.class, () -> Packet.decode(octets(octets)));
        }
        fails(MalformedPacketException.class, () -> Packet.decode(octets("ff".repeat(200))));
    }

    static void limitsThePayloadAndNotTheBody() throws Exception {
        Packet largest = packet(true, 1L << 60, 1L << 60, 1L << 60, 1, "x".repeat(1 << 20));
        PacketReader reader = new PacketReader(new ByteArrayInputStream(largest.encode()), 1 << 20);
        equal(reader.read(), largest);
        PacketReader strict = new PacketReader(new ByteArrayInputStream(largest.encode()), (1 << 20) - 1);
        fails(MalformedPacketException.class, strict::read);
    }

    static void reservesNoMemoryForADeclaredLength() throws Exception {
        byte[] octets = octets("87ffffff7f 01 02 03 61"); // 2^31 - 1
        fails(EOFException.class, () -> new PacketReader(inPieces(octets, 1), Integer.MAX_VALUE).read());
    }

    static void ignoresTheTypeOfAResponse() {
        equal(packet(false, 0, 1, 1, 2, "a"), packet(false, 0, 1, 1, 3, "a"));
        equal(packet(true, 0, 1, 1, 2, "a").equals(packet(true, 0, 1, 1, 3, "a")), false);
        equal(packet(true, 0, 1, 1, 2, "a").equals(packet(false, 0, 1, 1, 2, "a")), false);
    }

    static void refusesNegativeIntegers() throws Exception {
        fails(IllegalArgumentException.class, () -> packet(true, 0, -1, 0, 1, ""));
        fails(IllegalArgumentException.class, () -> Request.of(-1));
        fails(IllegalArgumentException.class, () -> Request.of(1).withFlags(-1));
        fails(IllegalArgumentException.class, () -> Request.of(1).withChannel(-1));
        fails(IllegalArgumentException.class, () -> Reply.flags(-1));
    }

    static void writesLoneSurrogatesAsReferences() {
        equal(new String(Utf8.encode("a\ud800b"), StandardCharsets.UTF_8), "a&#55296;b");
        equal(new String(Utf8.encode("\ud83d\ude00\ude00"), StandardCharsets.UTF_8), "\ud83d\ude00&#56832;");
    }

    static void convertsFiveResults() throws Exception {
        Packet request = packet(true, 0, 1, 0, 1, "");
        equal(Reply.convert(null).packet(request), packet(false, 0, 1, 1, 0, ""));
        equal(Reply.convert(2).packet(request), packet(false, 0, 1, 5, 0, ""));
        equal(Reply.convert("t").packet(request), packet(false, 0, 1, 1, 0, "t"));
        equal(Reply.convert(new byte[] {'o'}).packet(request), packet(false, 0, 1, 1, 0, "o"));
        equal(Reply.convert(Map.entry(2L, new byte[] {'o'})).packet(request), packet(false, 0, 1, 5, 0, "o"));
        for (Object other : List.of(1.5, -1, List.of(1, 2, 3), Map.entry(1, "text"))) {
            fails(IllegalArgumentException.class, () -> Reply.convert(other));
        }
    }

    private static Packet random(Random random) {
        byte[] payload = new byte[random.nextInt(10) == 0 ? random.nextInt(40_000) : random.nextInt(20)];
        random.nextBytes(payload);
        return new Packet(
                random.nextBoolean(), integer(random), integer(random), integer(random), BigInteger.ONE, payload);
    }

    private static BigInteger integer(Random random) {
        return new BigInteger(random.nextInt(200), random);
    }

    private static Packet packet(boolean isRequest, long channel, long tag, long flags, long type, String payload) {
        return new Packet(
                isRequest,
                BigInteger.valueOf(channel),
                BigInteger.valueOf(tag),
                BigInteger.valueOf(flags),
                BigInteger.valueOf(type),
                payload.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] octets(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static InputStream inPieces(byte[] octets, int size) {
        return new ByteArrayInputStream(octets) {
            @Override
            public synchronized int read(byte[] to, int from, int length) {
                return super.read(to, from, Math.min(size, length));
            }
        };
    }
}
