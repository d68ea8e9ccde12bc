/**
 * The packet stream protocol: requests and responses in both directions at once, multiplexed by tag, over a pair of
 * byte streams.
 *
 * <p>{@link io.github.packetspec.packetstream.PacketConnection} is the whole protocol; start there.
 * {@link io.github.packetspec.packetstream.Packet} is the codec alone, for programs that only encode and decode.
 *
 * <p>The protocol's integers have no upper bound, so they are {@link java.math.BigInteger} values here. Methods that
 * make them also accept a {@code long}. An integer that is read may have up to
 * {@value io.github.packetspec.packetstream.PacketReader#MAX_INTEGER_BITS} bits; a longer one is malformed.
 *
 * <p>Arrays of bytes are not copied, neither on their way in nor out: leave an array unchanged once it is a payload.
 */
package io.github.packetspec.packetstream;
