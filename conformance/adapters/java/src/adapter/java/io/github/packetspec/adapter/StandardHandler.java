package io.github.packetspec.adapter;

import io.github.packetspec.packetstream.Handler;
import io.github.packetspec.packetstream.PacketConnection;
import io.github.packetspec.packetstream.Reply;
import io.github.packetspec.packetstream.Request;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The standard handler of the adapter protocol, for one connection, with what it received and its gates. */
final class StandardHandler implements Handler {
    /** The longest answer of type 8. The suite asks for 1 MiB at most. */
    private static final int MAX_ANSWER = 16 << 20;

    private final List<Request> seen = new ArrayList<>();
    private final Set<String> released = new HashSet<>();
    private boolean closed;

    @Override
    public Reply handle(PacketConnection connection, Request request) throws Exception {
        synchronized (this) {
            seen.add(request);
        }
        byte[] payload = request.payload();
        int type = request.type().bitLength() < Integer.SIZE ? request.type().intValue() : -1;
        return switch (type) {
            case 0 -> Reply.nothing();
            case 1 -> Reply.flags(request.flags());
            case 2 -> Reply.octets(payload);
            case 3 -> Reply.text(text(payload));
            case 4 -> Reply.of(request.flags(), payload);
            case 5 -> throw new Exception(new String(payload, StandardCharsets.UTF_8));
            case 6 -> {
                awaitGate(new String(payload, StandardCharsets.UTF_8));
                yield Reply.octets(payload);
            }
            case 7 -> Reply.of(0x11, reversed(payload));
            case 8 -> Reply.octets(pattern(new String(payload, StandardCharsets.UTF_8)));
            case 9 -> Reply.octets(connection.ask(Request.of(2, payload)).payload());
            case 10 -> Reply.convert(switch (new String(payload, StandardCharsets.UTF_8)) {
                case "float" -> 1.5;
                case "list3" -> List.of(1, payload, 2);
                case "int-str" -> Map.entry(1, "text");
                case "negative" -> -1;
                default -> throw new IllegalArgumentException("no such result");
            });
            default -> throw new IllegalArgumentException("unknown type " + request.type());
        };
    }

    /** Returns the requests that the handler received, in order. */
    synchronized List<Request> seen() {
        return List.copyOf(seen);
    }

    /** Releases a gate, now and for later requests. */
    synchronized void release(String gate) {
        released.add(gate);
        notifyAll();
    }

    /** Lets the handlers that wait at gates return. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    static byte[] reversed(byte[] octets) {
        byte[] reversed = new byte[octets.length];
        for (int i = 0; i < octets.length; i++) {
            reversed[i] = octets[octets.length - 1 - i];
        }
        return reversed;
    }

    private synchronized void awaitGate(String gate) throws InterruptedException {
        while (!closed && !released.contains(gate)) {
            wait();
        }
    }

    private static byte[] pattern(String length) {
        int n = Integer.parseInt(length);
        if (n < 0 || n > MAX_ANSWER) {
            throw new IllegalArgumentException("cannot answer with " + n + " octets");
        }
        byte[] octets = new byte[n];
        for (int i = 0; i < n; i++) {
            octets[i] = (byte) (i % 251);
        }
        return octets;
    }

    /** Decodes UTF-8, and surrogates too, which the decoder of the library refuses. */
    private static String text(byte[] octets) {
        StringBuilder text = new StringBuilder(octets.length);
        for (int i = 0; i < octets.length; ) {
            int lead = octets[i++] & 0xff;
            int more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
            if (more < 0 || i + more > octets.length) {
                throw new IllegalArgumentException("the payload is not UTF-8");
            }
            int point = more == 0 ? lead : lead & 0x3f >> more;
            for (int end = i + more; i < end; i++) {
                if ((octets[i] & 0xc0) != 0x80) {
                    throw new IllegalArgumentException("the payload is not UTF-8");
                }
                point = point << 6 | octets[i] & 0x3f;
            }
            if (more == 2 && point < 0x800 || more == 3 && point < 0x10000 || point > Character.MAX_CODE_POINT) {
                throw new IllegalArgumentException("the payload is not UTF-8");
            }
            text.appendCodePoint(point);
        }
        return text.toString();
    }
}
