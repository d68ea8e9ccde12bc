package io.github.packetspec.packetstream;

/**
 * Answers the peer's requests. A connection calls its handler from several threads at a time.
 *
 * <p>A handler may send requests to the peer on the same connection and wait for their answers. It must not wait for a
 * shutdown, which waits for the handler.
 */
@FunctionalInterface
public interface Handler {
    /**
     * Answers a request.
     *
     * @param connection the connection on which the request came
     * @param request the request
     * @return the reply; null is answered by a failure
     * @throws Exception to answer by a failure with an empty payload; the connection continues
     */
    Reply handle(PacketConnection connection, Request request) throws Exception;
}
