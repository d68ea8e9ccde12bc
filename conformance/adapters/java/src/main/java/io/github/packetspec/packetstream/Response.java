package io.github.packetspec.packetstream;

import java.math.BigInteger;

/**
 * The response to a request.
 *
 * @param <T> the type of a decoded payload
 * @param ok whether the request succeeded
 * @param flags the flags that the peer's handler chose
 * @param payload the payload as it came
 * @param value what the {@link ResponseDecoder} made of the payload; without a decoder the payload; null if not ok
 */
public record Response<T>(boolean ok, BigInteger flags, byte[] payload, T value) {}
