package io.github.packetspec.packetstream;

import java.math.BigInteger;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * A request that was submitted, and its answer to come.
 *
 * <p>All methods may be called by several threads at a time.
 *
 * @param <T> the type of a decoded payload
 */
public final class Call<T> {
    private final PacketConnection connection;
    private final CallId id;
    private final ResponseDecoder<T> decoder;
    private Packet packet; // the response, until it is decoded
    private Response<T> response;
    private Throwable failure; // of the decoder
    private String cancelled; // the reason
    private volatile boolean done; // read without the monitor, which a decoder may hold for long

    Call(PacketConnection connection, CallId id, ResponseDecoder<T> decoder) {
        this.connection = connection;
        this.id = id;
        this.decoder = decoder;
    }

    /** The channel and tag of a request. */
    record CallId(BigInteger channel, BigInteger tag) {}

    /**
     * Reports whether the request was answered or cancelled, so that waiting for it returns at once.
     *
     * @return whether it was
     */
    public boolean isDone() {
        return done;
    }

    /**
     * Waits for the answer.
     *
     * @return the response, ok or not
     * @throws RequestCancelledException if the peer's stream ended before the answer, or the request was given up
     * @throws ExecutionException if the decoder threw an exception, which is the cause
     * @throws InterruptedException if this thread was interrupted; the request goes on
     */
    public synchronized Response<T> await()
            throws RequestCancelledException, ExecutionException, InterruptedException {
        while (!done) {
            wait();
        }
        return result();
    }

    /**
     * Waits for the answer for a limited time.
     *
     * @param timeout how long to wait
     * @return the response, ok or not
     * @throws TimeoutException if no answer came in this time; the request goes on
     * @throws RequestCancelledException if the peer's stream ended before the answer, or the request was given up
     * @throws ExecutionException if the decoder threw an exception, which is the cause
     * @throws InterruptedException if this thread was interrupted; the request goes on
     */
    public synchronized Response<T> await(Duration timeout)
            throws TimeoutException, RequestCancelledException, ExecutionException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!done) {
            long rest = deadline - System.nanoTime();
            if (rest <= 0) {
                throw new TimeoutException("no answer came within " + timeout);
            }
            wait(rest / 1_000_000, (int) (rest % 1_000_000));
        }
        return result();
    }

    /**
     * Gives the request up: those who wait for its answer get a {@link RequestCancelledException}, and the answer is
     * ignored when it comes. The peer does not learn of it. A request that is done stays as it is.
     */
    public void cancel() {
        connection.cancel(id);
    }

    synchronized void answer(Packet answer) {
        packet = answer;
        done = true;
        notifyAll();
    }

    synchronized void cancelled(String reason) {
        cancelled = reason;
        done = true;
        notifyAll();
    }

    private Response<T> result() throws RequestCancelledException, ExecutionException {
        if (packet != null) {
            decode();
        }
        if (cancelled != null) {
            throw new RequestCancelledException(cancelled);
        } else if (failure != null) {
            throw new ExecutionException(failure);
        }
        return response;
    }

    private void decode() {
        boolean ok = packet.flags().testBit(0);
        BigInteger flags = packet.flags().shiftRight(1);
        byte[] payload = packet.payload();
        packet = null;
        try {
            response = new Response<>(ok, flags, payload, ok ? decoder.decode(flags, payload) : null);
        } catch (Throwable e) { // an Error too goes to whoever waits
            failure = e;
        }
    }
}
