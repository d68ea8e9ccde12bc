package io.github.packetspec.adapter;

import io.github.packetspec.packetstream.Packet;
import io.github.packetspec.packetstream.Request;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/** A JSON object of the adapter protocol: a command, or a packet in one. */
record Command(Map<?, ?> fields) {
    private static final HexFormat HEX = HexFormat.of();
    private static final byte[] NO_OCTETS = {};

    /** Reads a command from a line. */
    static Command read(String line) throws AdapterException {
        if (Json.read(line) instanceof Map<?, ?> fields) {
            return new Command(fields);
        }
        throw new AdapterException("invalid", "a command is an object");
    }

    /** Returns a field that must be there. */
    <T> T get(String name, Class<T> type) throws AdapterException {
        T value = get(name, type, null);
        if (value == null) {
            throw new AdapterException("invalid", "the field " + name + " is missing");
        }
        return value;
    }

    /** Returns a field, or the default if it is absent. */
    <T> T get(String name, Class<T> type, T absent) throws AdapterException {
        Object value = fields.get(name);
        if (value == null) {
            return absent;
        } else if (!type.isInstance(value)) {
            throw new AdapterException("invalid", "the field " + name + " is no " + type.getSimpleName());
        }
        return type.cast(value);
    }

    String string(String name) throws AdapterException {
        return get(name, String.class);
    }

    byte[] octets(String name) throws AdapterException {
        return HEX.parseHex(string(name));
    }

    boolean bool(String name) throws AdapterException {
        return get(name, Boolean.class);
    }

    /** Returns the packet in a field. */
    Packet packet(String name) throws AdapterException {
        Command packet = new Command(get(name, Map.class));
        return new Packet(
                packet.bool("is_request"),
                packet.integer("channel"),
                packet.integer("tag"),
                packet.integer("flags"),
                packet.integer("rq_type"),
                packet.octets("payload"));
    }

    /** Returns the request that the fields of the command describe. */
    Request request() throws AdapterException {
        byte[] payload = fields.get("payload") == null ? NO_OCTETS : octets("payload");
        return new Request(integer("rq_type"), integer("flags"), payload, integer("channel"));
    }

    /** Writes a packet as the adapter protocol does. */
    static Map<String, Object> write(Packet packet) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("is_request", packet.isRequest());
        fields.put("channel", packet.channel().toString());
        fields.put("tag", packet.tag().toString());
        fields.put("flags", packet.flags().toString());
        if (packet.isRequest()) {
            fields.put("rq_type", packet.type().toString());
        }
        fields.put("payload", hex(packet.payload()));
        return fields;
    }

    /** Writes a request as the command seen shows it. */
    static Map<String, Object> write(Request request) {
        Map<String, Object> fields = new HashMap<>();
        fields.put("rq_type", request.type().toString());
        fields.put("flags", request.flags().toString());
        fields.put("payload", hex(request.payload()));
        return fields;
    }

    static String hex(byte[] octets) {
        return HEX.formatHex(octets);
    }

    /** Returns an integer; absent, it is 0. */
    private BigInteger integer(String name) throws AdapterException {
        return new BigInteger(get(name, String.class, "0"));
    }
}
