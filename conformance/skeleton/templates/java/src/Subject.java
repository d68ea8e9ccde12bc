import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** One connection of the implementation, with the standard handler and what commands need beside it. */
final class Subject {
    /** How many octets type 8 returns at most. */
    private static final int MOST = 64 << 20;

    /** The connection, once it is open: a handler may ask for it sooner. */
    final CompletableFuture<Protocol.Connection> connection = new CompletableFuture<>();

    // The monitor of this object guards what follows.
    private final List<Object> seen = new ArrayList<>();
    private final List<Object> ticks = new ArrayList<>();
    private final Map<String, Protocol.Call> calls = new HashMap<>();
    private final Set<String> released = new HashSet<>();
    private boolean closed;

    synchronized List<Object> seen() {
        return List.copyOf(seen);
    }

    synchronized List<Object> ticks() {
        return List.copyOf(ticks);
    }

    synchronized void recordTick(byte[] octets) {
        ticks.add(HexFormat.of().formatHex(octets));
    }

    synchronized void keepCall(String name, Protocol.Call call) {
        calls.put(name, call);
    }

    synchronized Protocol.Call takeCall(String name) {
        return calls.remove(name);
    }

    /** Releases a gate, which stays open. */
    synchronized void release(String gate) {
        released.add(gate);
        notifyAll();
    }

    /** Waits until a gate is released, or the connection is closed. */
    private synchronized void hold(String gate) throws InterruptedException {
        while (!closed && !released.contains(gate)) {
            wait();
        }
    }

    void close() throws Exception {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        connection.get().close();
    }

    /** Does what the standard handler does. */
    Object handle(BigInteger rqType, BigInteger flags, byte[] payload) throws Exception {
        synchronized (this) {
            seen.add(Map.of(
                    "rq_type", rqType.toString(), "flags", flags.toString(), "payload", HexFormat.of().formatHex(payload)));
        }
        String text = new String(payload, StandardCharsets.UTF_8);
        switch (rqType.bitLength() > 16 ? -1 : rqType.intValue()) {
            case 0:
                return null;
            case 1:
                return flags;
            case 2:
                return payload;
            case 3:
                return decode(payload);
            case 4:
                return new Protocol.FlagsAndBytes(flags, payload);
            case 6:
                hold(text);
                return payload;
            case 7:
                return new Protocol.FlagsAndBytes(BigInteger.valueOf(0x11), reversed(payload));
            case 8:
                return large(text);
            case 9:
                Protocol.Request request = new Protocol.Request(BigInteger.TWO, BigInteger.ZERO, BigInteger.ZERO, payload, null);
                return connection.get().request(request).await().payload();
            case 10:
                return new Protocol.InvalidResult(text);
            default:
                throw new IllegalArgumentException(text); // 5, and every other type
        }
    }

    static byte[] reversed(byte[] octets) {
        byte[] reversed = new byte[octets.length];
        for (int i = 0; i < octets.length; i++) {
            reversed[i] = octets[octets.length - 1 - i];
        }
        return reversed;
    }

    private static byte[] large(String digits) {
        int size = Integer.parseInt(digits);
        if (size < 0 || size > MOST) {
            throw new IllegalArgumentException(digits + " is not a size from 0 to " + MOST);
        }
        byte[] octets = new byte[size];
        for (int i = 0; i < size; i++) {
            octets[i] = (byte) (i % 251);
        }
        return octets;
    }

    /** Returns text. Texts of this language can have lone surrogates, which UTF-8 proper does not. */
    private static String decode(byte[] payload) throws CharacterCodingException {
        StringBuilder all = new StringBuilder();
        int from = 0;
        for (int at = 0; at + 2 < payload.length; ) {
            if (payload[at] != (byte) 0xed || (payload[at + 1] & 0xe0) != 0xa0 || (payload[at + 2] & 0xc0) != 0x80) {
                at++;
                continue;
            }
            all.append(utf8(payload, from, at));
            all.append((char) (0xd000 | (payload[at + 1] & 0x3f) << 6 | payload[at + 2] & 0x3f));
            at += 3;
            from = at;
        }
        return all.append(utf8(payload, from, payload.length)).toString();
    }

    private static String utf8(byte[] octets, int from, int to) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets, from, to - from)).toString();
    }
}
