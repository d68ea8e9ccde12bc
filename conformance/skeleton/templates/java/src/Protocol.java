import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** What the adapter and the implementation pass to each other. */
final class Protocol {
    private Protocol() {}

    /** The kind of an error in a reply; the adapter guide says when each is right. */
    enum Kind {
        /** The implementation cannot do this, or the adapter does not call it yet. */
        UNSUPPORTED,
        /** The implementation refuses a value, such as a negative type or a channel. */
        INVALID,
        /** The connection is shut down. */
        CLOSED,
        /** The peer's stream ended before the answer. */
        CANCELLED,
        /** The response decoder failed. */
        DECODE,
        /** The octets are the beginning of a packet, and stop too soon. */
        INCOMPLETE,
        /** The octets are refused for any other reason. */
        MALFORMED,
        /** Anything else. */
        INTERNAL
    }

    /** The reply to a command is an error. */
    static final class AdapterException extends RuntimeException {
        private static final long serialVersionUID = 1;

        final Kind kind;

        AdapterException(Kind kind, String message) {
            super(message);
            this.kind = kind;
        }
    }

    /** A packet with the values on the wire. A response has the type null. */
    record Packet(boolean isRequest, BigInteger channel, BigInteger tag, BigInteger flags, BigInteger rqType, byte[] payload) {}

    /** A packet, and how many octets it took. */
    record Decoded(Packet packet, int consumed) {}

    /** A request of the local user. Its type is one less than on the wire. The decoder may be null. */
    record Request(
            BigInteger rqType, BigInteger flags, BigInteger channel, byte[] payload, BiFunction<BigInteger, byte[], byte[]> decode) {}

    /** The peer's answer. Its flags are without the ok bit. */
    record Response(boolean ok, BigInteger flags, byte[] payload) {}

    /** Flags and octets, as a handler's result. */
    record FlagsAndBytes(BigInteger flags, byte[] payload) {}

    /** A result of no valid form, only with the ability invalid-reply: its name in the adapter guide. */
    record InvalidResult(String name) {}

    /** How a connection is opened. A grace of null is the implementation's default, in seconds; a tick of null is none. */
    record Options(Double grace, Consumer<byte[]> tick, boolean tickStderr, String name) {}

    /** A request handler. It may wait, so each call needs a thread of its own. */
    interface Handler {
        /**
         * Gets the type (one less than on the wire), the flags and the payload of a request. Returns null, a
         * BigInteger, byte[], a String, FlagsAndBytes or InvalidResult. An exception is the failure of the request.
         */
        Object handle(BigInteger rqType, BigInteger flags, byte[] payload) throws Exception;
    }

    /** A request that was submitted. */
    interface Call {
        /** Waits for the answer: CANCELLED if the peer's stream ends first, DECODE if the decoder fails. */
        Response await() throws Exception;
    }

    /** A connection of the implementation. Several threads call its methods, which may block, except close. */
    interface Connection {
        /** Submits a request, without waiting for its answer: CLOSED or INVALID if it is refused. */
        Call request(Request request) throws Exception;

        /** Returns when the implementation's call returns. */
        void shutdown(boolean block) throws Exception;

        /** Waits for the end of the peer's stream. Returns eof, cut or malformed, or null if unknown. */
        String join() throws Exception;

        /** Abandons the connection in any state, without waiting. Threads blocked on the pipes end soon. */
        void close() throws Exception;
    }

    /** The implementation under test. */
    interface Implementation {
        String name();

        String release();

        List<String> abilities();

        /** Returns the octets of a packet: INVALID for a value that the implementation refuses. */
        byte[] encode(Packet packet) throws Exception;

        /** Returns the first packet, and how many octets it took: INCOMPLETE or MALFORMED. */
        Decoded decode(byte[] octets) throws Exception;

        /** Compares two packets: the ability equal. */
        boolean equal(Packet a, Packet b) throws Exception;

        /** Returns the text form of a packet: the ability string. */
        String text(Packet packet) throws Exception;

        /** Starts a connection, which owns both streams unless this throws. A handler of null means none. */
        Connection open(InputStream recv, OutputStream send, Handler handler, Options options) throws Exception;
    }
}
