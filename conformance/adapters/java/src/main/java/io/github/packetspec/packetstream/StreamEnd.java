package io.github.packetspec.packetstream;

/**
 * How the peer's stream ended.
 *
 * @param reason the kind of end
 * @param detail what happened, for people
 */
public record StreamEnd(Reason reason, String detail) {
    /** The kinds of ends. */
    public enum Reason {
        /** The peer said that its stream ends. */
        EOF,
        /** The octets stopped without that, or inside a packet, or reading failed. */
        CUT,
        /** What came was not a packet, or was a malformed end. */
        MALFORMED,
        /** The peer sent far more than it let this side answer; see {@link PacketConnectionBuilder#maxHeld}. */
        OVERLOADED,
        /** This side closed the connection before the peer's stream ended. */
        CLOSED
    }
}
