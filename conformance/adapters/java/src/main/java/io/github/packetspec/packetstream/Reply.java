package io.github.packetspec.packetstream;

import java.math.BigInteger;
import java.util.Map;
import java.util.Objects;

/** What a {@link Handler} answers: the result of a request, or a failure that the handler words itself. */
public final class Reply {
    private static final byte[] EMPTY = new byte[0];
    private static final Reply NOTHING = new Reply(true, BigInteger.ZERO, EMPTY);

    private final boolean ok;
    private final BigInteger flags;
    private final byte[] payload;

    private Reply(boolean ok, BigInteger flags, byte[] payload) {
        this.ok = ok;
        this.flags = Packet.requireNatural("flags", flags);
        this.payload = Objects.requireNonNull(payload, "payload");
    }

    /**
     * Returns the result with flags 0 and an empty payload.
     *
     * @return the reply
     */
    public static Reply nothing() {
        return NOTHING;
    }

    /**
     * Returns a result with flags and an empty payload.
     *
     * @param flags the flags, 0 or more
     * @return the reply
     */
    public static Reply flags(BigInteger flags) {
        return new Reply(true, flags, EMPTY);
    }

    /**
     * Returns a result with flags and an empty payload.
     *
     * @param flags the flags, 0 or more
     * @return the reply
     */
    public static Reply flags(long flags) {
        return flags(BigInteger.valueOf(flags));
    }

    /**
     * Returns a result with flags 0.
     *
     * @param payload the payload
     * @return the reply
     */
    public static Reply octets(byte[] payload) {
        return new Reply(true, BigInteger.ZERO, payload);
    }

    /**
     * Returns a result with flags 0 and a text in UTF-8. UTF-8 cannot express a lone surrogate, so one is written as an
     * XML character reference: U+D800 as {@code &#55296;}.
     *
     * @param text the text
     * @return the reply
     */
    public static Reply text(String text) {
        return octets(Utf8.encode(text));
    }

    /**
     * Returns a result with flags and a payload.
     *
     * @param flags the flags, 0 or more
     * @param payload the payload
     * @return the reply
     */
    public static Reply of(BigInteger flags, byte[] payload) {
        return new Reply(true, flags, payload);
    }

    /**
     * Returns a result with flags and a payload.
     *
     * @param flags the flags, 0 or more
     * @param payload the payload
     * @return the reply
     */
    public static Reply of(long flags, byte[] payload) {
        return of(BigInteger.valueOf(flags), payload);
    }

    /**
     * Converts a value whose type is known at run time only, such as the result of a script. It may be null for nothing,
     * an integer for flags, an array of bytes, a text, or a {@link Map.Entry} of an integer and an array of bytes.
     *
     * @param result the value
     * @return the reply
     * @throws IllegalArgumentException if the value is anything else, or an integer is negative
     */
    public static Reply convert(Object result) {
        if (result == null) {
            return nothing();
        } else if (result instanceof byte[] payload) {
            return octets(payload);
        } else if (result instanceof String text) {
            return text(text);
        } else if (result instanceof Map.Entry<?, ?> pair && pair.getValue() instanceof byte[] payload) {
            return of(integer(pair.getKey()), payload);
        }
        return flags(integer(result));
    }

    /**
     * Returns a failure. A handler that throws is answered by a failure too, with flags 0 and an empty payload.
     *
     * @param flags the flags, 0 or more
     * @param payload the payload
     * @return the reply
     */
    public static Reply failure(BigInteger flags, byte[] payload) {
        return new Reply(false, flags, payload);
    }

    /**
     * Returns a failure with flags 0 and a text in UTF-8.
     *
     * @param text the text
     * @return the reply
     */
    public static Reply failure(String text) {
        return failure(BigInteger.ZERO, Utf8.encode(text));
    }

    private static BigInteger integer(Object value) {
        if (value instanceof BigInteger big) {
            return big;
        } else if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return BigInteger.valueOf(((Number) value).longValue());
        }
        throw new IllegalArgumentException("the handler's result is no nothing, flags, octets, text, or flags and octets");
    }

    /** Makes the packet that carries this reply to a request. */
    Packet packet(Packet request) {
        BigInteger wireFlags = flags.shiftLeft(1).or(ok ? BigInteger.ONE : BigInteger.ZERO);
        return new Packet(false, request.channel(), request.tag(), wireFlags, BigInteger.ZERO, payload);
    }
}
