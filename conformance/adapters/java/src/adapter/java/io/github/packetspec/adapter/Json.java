package io.github.packetspec.adapter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads and writes JSON: objects are maps, arrays lists, numbers {@link Double} or {@link Long}, and the rest what one
 * expects.
 */
final class Json {
    private static final int MAX_DEPTH = 64;

    private final String text;
    private int next;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /**
     * Reads a value.
     *
     * @throws IllegalArgumentException if the text is not JSON
     */
    static Object read(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.skipBlanks();
        if (json.next < text.length()) {
            throw json.error("the end");
        }
        return value;
    }

    /** Writes a value. All that it writes is ASCII. */
    static String write(Object value) {
        StringBuilder out = new StringBuilder(64);
        write(out, value);
        return out.toString();
    }

    private Object value() {
        skipBlanks();
        char c = peek();
        return switch (c) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> word("true", Boolean.TRUE);
            case 'f' -> word("false", Boolean.FALSE);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        enter();
        while (!leave('}', object.isEmpty())) {
            skipBlanks();
            String name = string();
            skipBlanks();
            expect(':');
            object.put(name, value());
        }
        return object;
    }

    private List<Object> array() {
        List<Object> array = new ArrayList<>();
        enter();
        while (!leave(']', array.isEmpty())) {
            array.add(value());
        }
        return array;
    }

    private void enter() {
        next++;
        if (++depth > MAX_DEPTH) {
            throw error("at most " + MAX_DEPTH + " levels");
        }
    }

    /** Reads the end of an object or an array, or the comma before its next element. */
    private boolean leave(char end, boolean first) {
        skipBlanks();
        if (peek() == end) {
            next++;
            depth--;
            return true;
        }
        if (!first) {
            expect(',');
        }
        return false;
    }

    private String string() {
        expect('"');
        int start = next;
        while (peek() != '"' && peek() != '\\') { // most strings have no escapes
            next++;
        }
        if (peek() == '"') {
            return text.substring(start, next++);
        }
        StringBuilder string = new StringBuilder(text.substring(start, next));
        for (char c = take(); c != '"'; c = take()) {
            string.append(c == '\\' ? escape() : c);
        }
        return string.toString();
    }

    private char escape() {
        char c = take();
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                if (next + 4 > text.length()) {
                    throw error("four digits");
                }
                next += 4;
                yield (char) Integer.parseInt(text.substring(next - 4, next), 16);
            }
            default -> throw error("an escape");
        };
    }

    private Object number() {
        int start = next;
        while (next < text.length() && "+-.0123456789Ee".indexOf(text.charAt(next)) >= 0) {
            next++;
        }
        String digits = text.substring(start, next);
        try {
            return Long.valueOf(digits);
        } catch (NumberFormatException notLong) {
            try {
                return Double.valueOf(digits);
            } catch (NumberFormatException e) {
                throw error("a value");
            }
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, next)) {
            throw error(word);
        }
        next += word.length();
        return value;
    }

    private void skipBlanks() {
        while (next < text.length() && " \t\r\n".indexOf(text.charAt(next)) >= 0) {
            next++;
        }
    }

    private char peek() {
        if (next == text.length()) {
            throw error("more");
        }
        return text.charAt(next);
    }

    private char take() {
        char c = peek();
        next++;
        return c;
    }

    private void expect(char c) {
        if (take() != c) {
            next--;
            throw error("'" + c + "'");
        }
    }

    private IllegalArgumentException error(String expected) {
        return new IllegalArgumentException("JSON, at character " + next + ": expected " + expected);
    }

    private static void write(StringBuilder out, Object value) {
        if (value instanceof String string) {
            writeString(out, string);
        } else if (value instanceof Map<?, ?> object) {
            out.append('{');
            String separator = "";
            for (Map.Entry<?, ?> field : object.entrySet()) {
                out.append(separator);
                writeString(out, (String) field.getKey());
                out.append(':');
                write(out, field.getValue());
                separator = ",";
            }
            out.append('}');
        } else if (value instanceof List<?> array) {
            out.append('[');
            String separator = "";
            for (Object element : array) {
                out.append(separator);
                write(out, element);
                separator = ",";
            }
            out.append(']');
        } else {
            out.append(value); // a number, a boolean or null
        }
    }

    private static void writeString(StringBuilder out, String string) {
        out.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20 || c > 0x7e) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
