package io.github.packetspec.packetstream;

import java.math.BigInteger;
import java.util.Objects;

/**
 * A request: what a local user sends, and what a {@link Handler} receives.
 *
 * @param type the requested type, 0 or more
 * @param flags the flags, 0 or more
 * @param payload the payload, possibly empty
 * @param channel the channel, 0 or more; a connection serves channel 0 alone, but may request on any
 */
public record Request(BigInteger type, BigInteger flags, byte[] payload, BigInteger channel) {
    /**
     * Makes a request.
     *
     * @param type the requested type
     * @param flags the flags
     * @param payload the payload
     * @param channel the channel
     * @throws IllegalArgumentException if an integer is negative
     */
    public Request {
        Packet.requireNatural("type", type);
        Packet.requireNatural("flags", flags);
        Objects.requireNonNull(payload, "payload");
        Packet.requireNatural("channel", channel);
    }

    /**
     * Makes a request on channel 0, with flags 0.
     *
     * @param type the requested type, 0 or more
     * @param payload the payload, possibly empty
     * @return the request
     */
    public static Request of(long type, byte... payload) {
        return new Request(BigInteger.valueOf(type), BigInteger.ZERO, payload, BigInteger.ZERO);
    }

    /**
     * Returns this request with other flags.
     *
     * @param other the flags, 0 or more
     * @return a new request
     */
    public Request withFlags(long other) {
        return new Request(type, BigInteger.valueOf(other), payload, channel);
    }

    /**
     * Returns this request on another channel.
     *
     * @param other the channel, 0 or more
     * @return a new request
     */
    public Request withChannel(long other) {
        return new Request(type, flags, payload, BigInteger.valueOf(other));
    }

    /** Makes the request that a packet carries. Its wire type is above 0. */
    static Request of(Packet packet) {
        return new Request(
                packet.type().subtract(BigInteger.ONE), packet.flags(), packet.payload(), packet.channel());
    }

    /** Makes the packet that carries this request. */
    Packet packet(BigInteger tag) {
        return new Packet(true, channel, tag, flags, type.add(BigInteger.ONE), payload);
    }
}
