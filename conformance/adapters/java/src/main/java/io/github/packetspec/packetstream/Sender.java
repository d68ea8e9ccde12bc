package io.github.packetspec.packetstream;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Writes the local stream: queued packets, in order, by a thread of its own.
 *
 * <p>It shares the lock of its connection. Hold that lock to call any method but {@link #run}.
 */
final class Sender implements Runnable {
    /** What a queued packet costs beside its payload, roughly, in bytes. */
    static final int OVERHEAD = 256;

    private static final int BUFFER = 16 << 10;

    private final OutputStream out;
    private final ReentrantLock lock;
    private final Condition changed; // of the connection
    private final Condition queued;
    private final Runnable tick;
    private final PacketConnectionBuilder settings;

    private final ArrayDeque<Queued> queue = new ArrayDeque<>();
    private final EnumMap<Kind, Long> held = new EnumMap<>(Kind.class);
    private boolean finished; // EOF is queued, or nothing can be sent any more
    private boolean ended; // the stream is closed, or about to be

    private final byte[] buffer = new byte[BUFFER]; // of the thread alone, without the lock
    private int buffered;
    private boolean pausing;
    private long flushAt; // while pausing, in System.nanoTime

    Sender(OutputStream out, ReentrantLock lock, Condition changed, Runnable tick, PacketConnectionBuilder settings) {
        this.out = out;
        this.lock = lock;
        this.changed = changed;
        this.queued = lock.newCondition();
        this.tick = tick;
        this.settings = settings;
    }

    /** What a queued packet is for. */
    enum Kind {
        /** A local request. */
        REQUEST,
        /** The response to a request that was accepted. */
        ANSWER,
        /** The response to one that was not. */
        REFUSAL,
        /** An announcement of the end. */
        END
    }

    private record Queued(Kind kind, Packet packet) {}

    /** Returns what a packet takes while it is queued, in bytes. */
    static long cost(Packet packet) {
        return OVERHEAD + (long) packet.payload().length;
    }

    /** Queues a packet. After EOF it is dropped. */
    void add(Kind kind, Packet packet) {
        if (finished) {
            return;
        }
        queue.add(new Queued(kind, packet));
        held.merge(kind, cost(packet), Long::sum);
        queued.signal();
    }

    /** Queues EOF, once. */
    void finish() {
        add(Kind.END, Packet.EOF);
        finished = true;
    }

    /** Ends the local stream at once, without EOF. What is queued is lost. */
    void abort() {
        finished = true;
        ended = true;
        queue.clear();
        held.clear();
        queued.signal();
        changed.signalAll();
    }

    /** Reports whether EOF was queued, or nothing can be sent any more. */
    boolean isFinished() {
        return finished;
    }

    /** Reports whether nothing is sent any more: EOF was sent, or the peer closed its end. */
    boolean hasEnded() {
        return ended;
    }

    /** Returns what the queued packets of a kind take, in bytes. */
    long held(Kind kind) {
        return held.getOrDefault(kind, 0L);
    }

    @Override
    public void run() {
        try {
            Packet packet;
            do {
                packet = next();
                if (packet != null) {
                    tick.run();
                    write(packet);
                }
            } while (packet != null && packet != Packet.EOF);
            flush();
        } catch (IOException | RuntimeException | Error e) {
            // The peer closed its end, or the connection was closed: the end of this stream is all that follows.
        } finally {
            lock.lock();
            try {
                abort();
            } finally {
                lock.unlock();
            }
            Streams.close(out);
        }
    }

    /** Waits for a packet. Flushes while none is queued, after the grace. Returns null if the stream was aborted. */
    private Packet next() throws IOException {
        lock.lock();
        try {
            while (true) {
                Queued next = queue.poll();
                if (next != null) {
                    held.merge(next.kind(), -cost(next.packet()), Long::sum);
                    if (held(next.kind()) <= settings.maxHeld) { // those who wait need that
                        changed.signalAll();
                    }
                    return next.packet();
                } else if (ended) {
                    return null;
                } else if (buffered == 0) {
                    queued.awaitUninterruptibly();
                } else if (!pause()) {
                    lock.unlock();
                    try {
                        flush();
                    } finally {
                        lock.lock();
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for a packet, but not longer than the grace after the first pause since the last flush: packets that keep
     * coming must not put that off. Returns whether there is still time.
     */
    private boolean pause() {
        long now = System.nanoTime();
        if (!pausing) {
            pausing = true;
            flushAt = now + settings.graceNanos;
        }
        if (flushAt - now <= 0) {
            return false;
        }
        try {
            return queued.awaitNanos(flushAt - now) > 0;
        } catch (InterruptedException e) {
            return false;
        }
    }

    private void write(Packet packet) throws IOException {
        append(packet.encodeHead());
        append(packet.payload());
    }

    private void append(byte[] octets) throws IOException {
        if (octets.length > BUFFER - buffered) {
            flush();
        }
        if (octets.length > BUFFER) {
            out.write(octets, 0, octets.length);
        } else {
            System.arraycopy(octets, 0, buffer, buffered, octets.length);
            buffered += octets.length;
        }
    }

    private void flush() throws IOException {
        out.write(buffer, 0, buffered);
        out.flush();
        buffered = 0;
        pausing = false;
    }
}
