package io.github.packetspec.packetstream;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.function.Function;

/**
 * Passes the peer's requests to the handler, and the handler's replies to the sender.
 *
 * <p>It shares the lock of its connection. Hold that lock to call the methods that say so, and no other.
 */
final class Responder {
    private final Lock lock;
    private final Condition changed; // of the connection
    private final Sender sender;
    private final PacketConnectionBuilder settings;
    private final Function<Request, Reply> handler;
    private final Runnable answered; // with the lock

    private final Set<BigInteger> inFlight = new HashSet<>(); // the tags; all are on channel 0
    private final ArrayDeque<Packet> waiting = new ArrayDeque<>();
    private long held; // by what is waiting
    private int workers;

    /**
     * Makes a responder.
     *
     * @param handler calls the local user's handler, and returns a reply whatever that throws
     * @param answered is called, with the lock, when a response was queued; its request is no longer in flight
     */
    Responder(
            Lock lock,
            Condition changed,
            Sender sender,
            PacketConnectionBuilder settings,
            Function<Request, Reply> handler,
            Runnable answered) {
        this.lock = lock;
        this.changed = changed;
        this.sender = sender;
        this.settings = settings;
        this.handler = handler;
        this.answered = answered;
    }

    /** Reports whether a request with this tag is in flight. Hold the lock. */
    boolean hasInFlight(BigInteger tag) {
        return inFlight.contains(tag);
    }

    /** Reports whether every accepted request was answered. Hold the lock. */
    boolean isIdle() {
        return inFlight.isEmpty();
    }

    /** Returns what the requests take that wait for a handler, in bytes. Hold the lock. */
    long held() {
        return held;
    }

    /**
     * Accepts a request. Hold the lock.
     *
     * @return whether {@link #startWorker} must be called, without the lock
     */
    boolean accept(Packet request) {
        inFlight.add(request.tag());
        waiting.add(request);
        held += Sender.cost(request);
        if (workers == settings.maxHandlers) {
            return false;
        }
        workers++;
        return true;
    }

    /** Forgets the requests that wait for a handler. Hold the lock. */
    void clear() {
        waiting.clear();
        held = 0;
    }

    /** Starts a thread that handles requests until none waits. */
    void startWorker() {
        try {
            settings.executor.execute(this::work);
        } catch (RuntimeException | OutOfMemoryError e) { // no thread is available
            lock.lock();
            try {
                workers--;
                while (workers == 0 && !waiting.isEmpty()) {
                    respond(next(), Reply.failure("no thread could be started"));
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private void work() {
        lock.lock();
        try {
            while (true) {
                while (sender.held(Sender.Kind.ANSWER) > settings.maxHeld) {
                    changed.awaitUninterruptibly(); // or a few octets of requests become any number of answers
                }
                Packet request = next();
                if (request == null) {
                    break;
                }
                Reply reply;
                lock.unlock();
                try {
                    reply = handler.apply(Request.of(request));
                } finally {
                    lock.lock();
                }
                respond(request, reply);
            }
            workers--;
        } finally {
            lock.unlock();
        }
    }

    private Packet next() {
        Packet request = waiting.poll();
        if (request != null) {
            held -= Sender.cost(request);
        }
        return request;
    }

    private void respond(Packet request, Reply reply) {
        inFlight.remove(request.tag());
        sender.add(Sender.Kind.ANSWER, reply.packet(request));
        answered.run();
    }
}
