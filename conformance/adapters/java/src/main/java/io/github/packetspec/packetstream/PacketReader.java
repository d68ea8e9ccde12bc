package io.github.packetspec.packetstream;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.util.Arrays;

/**
 * Reads packets from a stream of octets.
 *
 * <p>A reader holds a buffer of fixed size, and at most the packet that it reads. It reserves memory for a payload as
 * the octets arrive, whatever length the packet declares. It is not for use by several threads at a time.
 */
public final class PacketReader {
    /** How many bits an integer may have, leading zeros aside. A longer one is malformed. */
    public static final int MAX_INTEGER_BITS = 1022;

    private static final int BUFFER = 16 << 10;
    private static final int MAX_ARRAY = Integer.MAX_VALUE - 8;
    private static final long ANY_LENGTH = Long.MAX_VALUE;

    private final InputStream in;
    private final byte[] buffer;
    private final long maxPayload;
    private int next;
    private int limit;

    /** How many octets were taken from the buffer before the octet at index 0. */
    private long before;

    /** The octets of the current packet's body that were not read yet; the length itself is outside any body. */
    private long rest;

    /**
     * Makes a reader of a stream.
     *
     * @param in the stream; the reader may read ahead
     * @param maxPayload the longest payload, in octets; a packet with a longer one is malformed
     */
    public PacketReader(InputStream in, int maxPayload) {
        this.in = in;
        this.buffer = new byte[BUFFER];
        this.maxPayload = maxPayload;
    }

    /**
     * Makes a reader of an array.
     *
     * @param octets the array, which may hold several packets
     */
    public PacketReader(byte[] octets) {
        this.in = InputStream.nullInputStream();
        this.buffer = octets;
        this.limit = octets.length;
        this.maxPayload = ANY_LENGTH;
    }

    /**
     * Returns how many octets the packets took that were read.
     *
     * @return the number of octets, without those that were only read ahead
     */
    public long consumed() {
        return before + next;
    }

    /**
     * Reads the next packet.
     *
     * @return the packet, or null if the stream ends before its first octet
     * @throws EOFException if the stream ends inside the packet
     * @throws MalformedPacketException if the octets are no packet, or the payload is too long
     * @throws IOException if reading fails
     */
    public Packet read() throws IOException {
        if (next == limit && !fill()) {
            return null;
        }
        rest = ANY_LENGTH;
        BigInteger length = readInteger("length");
        // No stream has 2^63 octets: reading so long a body only ends by one of the other conditions.
        rest = length.bitLength() < Long.SIZE ? length.longValue() : ANY_LENGTH;
        BigInteger tag = readInteger("tag");
        BigInteger word = readInteger("word");
        boolean isRequest = word.testBit(1);
        BigInteger channel = word.testBit(0) ? readInteger("channel") : BigInteger.ZERO;
        BigInteger type = isRequest ? readInteger("type") : BigInteger.ZERO;
        return new Packet(isRequest, channel, tag, word.shiftRight(2), type, readPayload());
    }

    /** Reads a packet from an array, which cannot fail in any other way. */
    Packet readFully() throws EOFException, MalformedPacketException {
        try {
            Packet packet = read();
            if (packet == null) {
                throw new EOFException("there are no octets");
            }
            return packet;
        } catch (EOFException | MalformedPacketException e) {
            throw e;
        } catch (IOException e) {
            throw new AssertionError("an array cannot fail", e);
        }
    }

    private BigInteger readInteger(String name) throws IOException {
        int octet;
        do { // leading zeros of an overlong form, of any number
            octet = readOctet(name);
        } while (octet == 0x80);
        long value = octet & 0x7f;
        int bits = 7;
        while (octet >= 0x80 && bits < 63) {
            octet = readOctet(name);
            value = value << 7 | octet & 0x7f;
            bits += 7;
        }
        if (octet < 0x80) {
            return BigInteger.valueOf(value);
        }
        BigInteger big = BigInteger.valueOf(value);
        while (octet >= 0x80) {
            if (bits >= MAX_INTEGER_BITS) {
                throw new MalformedPacketException("the " + name + " has more than " + MAX_INTEGER_BITS + " bits");
            }
            octet = readOctet(name);
            big = big.shiftLeft(7).or(BigInteger.valueOf(octet & 0x7f));
            bits += 7;
        }
        return big;
    }

    private int readOctet(String name) throws IOException {
        if (rest == 0) {
            throw new MalformedPacketException("the body ends before or inside the " + name);
        }
        if (next == limit && !fill()) {
            throw new EOFException("the octets stop inside the " + name);
        }
        if (rest != ANY_LENGTH) {
            rest--;
        }
        return buffer[next++] & 0xff;
    }

    private byte[] readPayload() throws IOException {
        if (rest > maxPayload) {
            throw new MalformedPacketException("the payload has more than " + maxPayload + " octets");
        }
        byte[] payload = new byte[(int) Math.min(rest, BUFFER)];
        int filled = 0;
        while (filled < rest) {
            if (filled == payload.length) {
                payload = Arrays.copyOf(payload, (int) Math.min(Math.min(rest, 2L * filled), MAX_ARRAY));
            }
            int n = readSome(payload, filled);
            if (n < 0) {
                throw new EOFException("the octets stop inside the payload");
            }
            filled += n;
        }
        return payload;
    }

    /** Reads at least one octet into an array, without a detour through the buffer if that is empty. */
    private int readSome(byte[] to, int from) throws IOException {
        int room = to.length - from;
        if (next == limit && room < BUFFER && !fill()) {
            return -1;
        }
        if (next < limit) {
            int n = Math.min(room, limit - next);
            System.arraycopy(buffer, next, to, from, n);
            next += n;
            return n;
        }
        int n = in.read(to, from, Math.min(room, BUFFER));
        before += Math.max(n, 0);
        return n;
    }

    private boolean fill() throws IOException {
        before += limit;
        next = 0;
        limit = 0;
        int n = in.read(buffer, 0, buffer.length);
        limit = Math.max(n, 0);
        return n > 0;
    }
}
