package io.github.packetspec.packetstream;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;

/** Writes integers as BSUInts: seven bits an octet, the most significant first, the high bit set on all but the last. */
final class Bsuint {
    private Bsuint() {}

    /** Appends the shortest form of a value of 0 or more. */
    static void write(ByteArrayOutputStream out, BigInteger value) {
        int bits = value.bitLength();
        if (bits < Long.SIZE) {
            long rest = value.longValue();
            for (int shift = Math.max(bits - 1, 0) / 7 * 7; shift > 0; shift -= 7) {
                out.write(0x80 | (int) (rest >>> shift) & 0x7f);
            }
            out.write((int) rest & 0x7f);
            return;
        }
        for (int shift = (bits - 1) / 7 * 7; shift > 0; shift -= 7) {
            out.write(0x80 | value.shiftRight(shift).intValue() & 0x7f);
        }
        out.write(value.intValue() & 0x7f);
    }
}
