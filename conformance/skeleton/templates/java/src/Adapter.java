import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * An adapter for packetspec: it reads commands, and carries them out on the implementation. The calls of the
 * implementation are in MyImplementation; everything else is complete.
 */
public final class Adapter {
    private Adapter() {}

    public static void main(String[] arguments) throws IOException {
        PrintStream replies = System.out;
        System.setOut(System.err); // what the implementation prints must not mix with the replies
        Commands commands = new Commands(new MyImplementation(), line -> {
            byte[] octets = line.getBytes(StandardCharsets.UTF_8);
            replies.write(octets, 0, octets.length);
            replies.flush();
        });
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            commands.serve(line);
        }
        Runtime.getRuntime().halt(0); // whatever still runs
    }
}
