import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/**
 * TODO: call your implementation in this file. Nothing else has to change.
 *
 * <p>Everything here is unsupported at first, and packetspec skips the scenarios that need it. Begin with
 * encode, build, and run: packetspec test --run ENC-1 -- java -cp classes Adapter
 */
final class MyImplementation implements Protocol.Implementation {
    private static Protocol.AdapterException todo(String what) {
        return new Protocol.AdapterException(Protocol.Kind.UNSUPPORTED, "TODO: " + what);
    }

    @Override
    public String name() {
        return "my implementation"; // TODO: how reports name it
    }

    @Override
    public String release() {
        return "0.1";
    }

    @Override
    public List<String> abilities() {
        // TODO: what your implementation has, of: equal, string, grace, tick, decode-response, decode-flags,
        // invalid-reply, negative, big-integers, channels, end-reason.
        return List.of();
    }

    @Override
    public byte[] encode(Protocol.Packet packet) {
        throw todo("encode");
    }

    @Override
    public Protocol.Decoded decode(byte[] octets) {
        throw todo("decode");
    }

    @Override
    public boolean equal(Protocol.Packet a, Protocol.Packet b) {
        throw todo("equal");
    }

    @Override
    public String text(Protocol.Packet packet) {
        throw todo("text");
    }

    @Override
    public Protocol.Connection open(InputStream recv, OutputStream send, Protocol.Handler handler, Protocol.Options options) {
        throw todo("open: return an object with the methods of Connection");
    }
}
