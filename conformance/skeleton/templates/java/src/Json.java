import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A small reader and writer of JSON, for lines of commands and replies. Values are maps, lists, strings,
 * {@link Num}bers, booleans and null.
 */
final class Json {
    /** A number, which keeps its text: nothing is rounded. */
    record Num(String text) {
        Num(long value) {
            this(Long.toString(value));
        }
    }

    /** How deep values may be nested: commands need three levels. */
    private static final int DEEPEST = 64;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /** Parses one value. Throws IllegalArgumentException, which says what is wrong, and where. */
    static Object parse(String text) {
        Json reader = new Json(text);
        Object value = reader.value();
        reader.space();
        if (reader.at < text.length()) {
            throw reader.expected("the end of the line");
        }
        return value;
    }

    private IllegalArgumentException expected(String what) {
        return new IllegalArgumentException("expected " + what + " at character " + at);
    }

    private int peek() {
        return at < text.length() ? text.charAt(at) : -1;
    }

    private void space() {
        while (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\n') {
            at++;
        }
    }

    /** Skips a word if it comes next. */
    private boolean skip(String word) {
        boolean comes = text.startsWith(word, at);
        if (comes) {
            at += word.length();
        }
        return comes;
    }

    private Object value() {
        space();
        int c = peek();
        if (c == '{' || c == '[') {
            if (depth++ == DEEPEST) {
                throw expected("fewer levels");
            }
            at++;
            Object value = c == '{' ? object() : array();
            depth--;
            return value;
        }
        if (c == '"') {
            return string();
        }
        if (c == '-' || c >= '0' && c <= '9') {
            int start = at;
            while (peek() >= 0 && "-+.eE0123456789".indexOf(peek()) >= 0) {
                at++;
            }
            return new Num(text.substring(start, at));
        }
        if (skip("null")) {
            return null;
        }
        if (skip("true")) {
            return true;
        }
        if (skip("false")) {
            return false;
        }
        throw expected("a value");
    }

    private Map<String, Object> object() {
        Map<String, Object> fields = new LinkedHashMap<>();
        space();
        if (skip("}")) {
            return fields;
        }
        do {
            space();
            if (peek() != '"') {
                throw expected("the name of a field");
            }
            String name = string();
            space();
            if (!skip(":")) {
                throw expected("a colon");
            }
            fields.put(name, value());
            space();
        } while (skip(","));
        if (!skip("}")) {
            throw expected("a comma or a brace");
        }
        return fields;
    }

    private List<Object> array() {
        List<Object> values = new ArrayList<>();
        space();
        if (skip("]")) {
            return values;
        }
        do {
            values.add(value());
            space();
        } while (skip(","));
        if (!skip("]")) {
            throw expected("a comma or a bracket");
        }
        return values;
    }

    private String string() {
        StringBuilder all = new StringBuilder();
        for (at++; peek() != '"'; ) {
            int c = peek();
            at++;
            if (c < 0) {
                throw expected("the end of a string");
            }
            all.append(c == '\\' ? escape() : (char) c);
        }
        at++;
        return all.toString();
    }

    /** Reads what follows a backslash. */
    private char escape() {
        int c = peek();
        at++;
        int plain = "\"\\/bfnrt".indexOf(c);
        if (c >= 0 && plain >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(plain);
        }
        if (c != 'u' || at + 4 > text.length()) {
            throw expected("an escape");
        }
        try {
            return (char) Integer.parseInt(text, at, at += 4, 16);
        } catch (NumberFormatException e) {
            throw expected("four hex digits");
        }
    }

    /** Returns a value as JSON, on one line. */
    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> fields) {
            String between = "{";
            for (Map.Entry<?, ?> field : fields.entrySet()) {
                out.append(between);
                quote((String) field.getKey(), out);
                out.append(':');
                write(field.getValue(), out);
                between = ",";
            }
            out.append(fields.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> values) {
            String between = "[";
            for (Object item : values) {
                out.append(between);
                write(item, out);
                between = ",";
            }
            out.append(values.isEmpty() ? "[]" : "]");
        } else if (value instanceof String string) {
            quote(string, out);
        } else if (value instanceof Num number) {
            out.append(number.text());
        } else {
            out.append(value); // null, true or false
        }
    }

    private static void quote(String string, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) { // a lone surrogate has no UTF-8
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
