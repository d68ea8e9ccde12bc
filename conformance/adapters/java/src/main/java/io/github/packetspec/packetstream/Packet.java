package io.github.packetspec.packetstream;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Objects;

/**
 * A packet as it is on the wire.
 *
 * <p>A connection makes and reads packets itself; use this class to encode or decode without one. The fields are those
 * of the wire: the type of a request is the requested type plus one, and the flags of a response hold the ok bit.
 *
 * @param isRequest whether the packet is a request; any other packet is a response
 * @param channel the channel, 0 or more
 * @param tag the tag, 0 or more
 * @param flags the flags, 0 or more
 * @param type the wire type of a request, 0 or more; a response has none, and is written without one
 * @param payload the payload, possibly empty
 */
public record Packet(
        boolean isRequest, BigInteger channel, BigInteger tag, BigInteger flags, BigInteger type, byte[] payload) {

    /** The packet that ends a stream. */
    static final Packet EOF =
            new Packet(true, BigInteger.ZERO, BigInteger.ZERO, BigInteger.ZERO, BigInteger.ZERO, new byte[0]);

    private static final int TEXT_OCTETS = 16;

    /**
     * Makes a packet.
     *
     * @param isRequest whether the packet is a request
     * @param channel the channel
     * @param tag the tag
     * @param flags the flags
     * @param type the wire type of a request, 0 for a response
     * @param payload the payload
     * @throws IllegalArgumentException if an integer is negative
     */
    public Packet {
        requireNatural("channel", channel);
        requireNatural("tag", tag);
        requireNatural("flags", flags);
        requireNatural("type", type);
        Objects.requireNonNull(payload, "payload");
    }

    /**
     * Reads the first packet of an array, which may hold more.
     *
     * @param octets the array
     * @return the packet; {@link PacketReader} also says how many octets a packet took
     * @throws EOFException if the octets stop inside the packet
     * @throws MalformedPacketException if the octets are no packet
     */
    public static Packet decode(byte[] octets) throws EOFException, MalformedPacketException {
        return new PacketReader(octets).readFully();
    }

    /**
     * Encodes this packet.
     *
     * @return the octets on the wire, the length included
     */
    public byte[] encode() {
        byte[] head = encodeHead();
        byte[] octets = Arrays.copyOf(head, head.length + payload.length);
        System.arraycopy(payload, 0, octets, head.length, payload.length);
        return octets;
    }

    /** Encodes everything before the payload: the length and the fields. */
    byte[] encodeHead() {
        ByteArrayOutputStream fields = new ByteArrayOutputStream(16);
        Bsuint.write(fields, tag);
        int bits = (isRequest ? 2 : 0) | (channel.signum() != 0 ? 1 : 0);
        Bsuint.write(fields, flags.shiftLeft(2).or(BigInteger.valueOf(bits)));
        if (channel.signum() != 0) {
            Bsuint.write(fields, channel);
        }
        if (isRequest) {
            Bsuint.write(fields, type);
        }
        ByteArrayOutputStream head = new ByteArrayOutputStream(24);
        Bsuint.write(head, BigInteger.valueOf((long) fields.size() + payload.length));
        head.writeBytes(fields.toByteArray());
        return head.toByteArray();
    }

    /** Reports whether two packets are equal. The type counts for requests alone. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Packet p
                && isRequest == p.isRequest
                && channel.equals(p.channel)
                && tag.equals(p.tag)
                && flags.equals(p.flags)
                && (!isRequest || type.equals(p.type))
                && Arrays.equals(payload, p.payload);
    }

    @Override
    public int hashCode() {
        return Objects.hash(isRequest, channel, tag, flags, isRequest ? type : null, Arrays.hashCode(payload));
    }

    /** Returns a text for logs. It shows at most 16 octets of the payload, as a literal of Python. */
    @Override
    public String toString() {
        byte[] shown = payload.length > TEXT_OCTETS ? Arrays.copyOf(payload, TEXT_OCTETS) : payload;
        return "Packet(is_request=" + (isRequest ? "True" : "False")
                + ",channel=" + channel
                + ",tag=" + tag
                + ",flags=0x" + (flags.bitLength() <= 4 ? "0" : "") + flags.toString(16)
                + ",payload=" + literal(shown) + (payload.length > TEXT_OCTETS ? "..." : "") + ")";
    }

    private static String literal(byte[] octets) {
        boolean apostrophe = false;
        boolean quotationMark = false;
        for (byte octet : octets) {
            apostrophe |= octet == '\'';
            quotationMark |= octet == '"';
        }
        char quote = apostrophe && !quotationMark ? '"' : '\'';
        StringBuilder text = new StringBuilder("b").append(quote);
        for (byte octet : octets) {
            switch (octet) {
                case '\t' -> text.append("\\t");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\\' -> text.append("\\\\");
                default -> {
                    if (octet == quote) {
                        text.append('\\').append(quote);
                    } else if (octet < 0x20 || octet == 0x7f) {
                        text.append(String.format("\\x%02x", octet & 0xff));
                    } else {
                        text.append((char) octet);
                    }
                }
            }
        }
        return text.append(quote).toString();
    }

    /** Returns a value if it is 0 or more. */
    static BigInteger requireNatural(String name, BigInteger value) {
        if (value.signum() < 0) {
            throw new IllegalArgumentException(name + " is " + value + ": it must be at least 0");
        }
        return value;
    }
}
