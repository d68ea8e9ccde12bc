package io.github.packetspec.packetstream;

import java.nio.charset.StandardCharsets;

/** Encodes texts, lone surrogates included. */
final class Utf8 {
    private Utf8() {}

    static byte[] encode(String text) {
        if (text.chars().noneMatch(c -> Character.isSurrogate((char) c))) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        StringBuilder expressible = new StringBuilder(text.length());
        text.codePoints().forEach(point -> {
            if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                expressible.append("&#").append(point).append(';');
            } else {
                expressible.appendCodePoint(point);
            }
        });
        return expressible.toString().getBytes(StandardCharsets.UTF_8);
    }
}
