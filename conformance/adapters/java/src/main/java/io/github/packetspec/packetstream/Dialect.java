package io.github.packetspec.packetstream;

/** The dialects of the protocol. Both peers must speak the same. */
public enum Dialect {
    /** The dialect of all releases of {@code cs.packetstream} but the last. */
    MAIN,
    /** The dialect of release 20240630: a peer announces that it will send no more requests before it ends its stream. */
    LATER
}
