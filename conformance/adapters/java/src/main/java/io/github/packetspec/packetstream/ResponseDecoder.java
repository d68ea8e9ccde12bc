package io.github.packetspec.packetstream;

import java.math.BigInteger;

/**
 * Decodes the payload of an ok response. It is not called for a failure.
 *
 * @param <T> the type of a decoded payload
 */
@FunctionalInterface
public interface ResponseDecoder<T> {
    /**
     * Decodes a payload, once per response, in the first thread that waits for it.
     *
     * @param flags the flags of the response
     * @param payload the payload of the response
     * @return the value
     * @throws Exception if the payload cannot be decoded; {@link Call#await()} throws it, wrapped
     */
    T decode(BigInteger flags, byte[] payload) throws Exception;
}
