package io.github.packetspec.packetstream;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A connection of the packet stream protocol over two streams: requests go out, and a {@link Handler} answers those that
 * come in.
 *
 * <pre>{@code
 * try (PacketConnection connection = PacketConnection.builder()
 *         .handler((c, request) -> Reply.text("you asked for " + request.type()))
 *         .open(SocketChannel.open(address))) {
 *     Response<byte[]> response = connection.ask(Request.of(7, "hello".getBytes(UTF_8)));
 *     connection.shutdownAndWait();
 * }
 * }</pre>
 *
 * <p>All methods may be called by several threads at a time, and by handlers. A connection has two threads, each until
 * its stream ends, and one for each handler that runs. It closes the stream that it reads when the peer's stream has
 * ended, and the one that it writes when it has sent its own end.
 *
 * <p>A connection serves channel 0, and refuses the peer's requests on others.
 */
public final class PacketConnection implements AutoCloseable {
    private static final byte[] RECEIVED = {'<'};
    private static final byte[] SENT = {'>'};

    /** Announces, in the later dialect, that its sender will send no more requests. */
    private static final Packet END_OF_REQUESTS =
            new Packet(true, BigInteger.ZERO, BigInteger.ONE, BigInteger.ZERO, BigInteger.ZERO, new byte[0]);

    private final PacketConnectionBuilder settings;
    private final InputStream in;
    private final OutputStream out;

    /**
     * Guards all that follows, with the sender and the responder. A thread that holds it uses no stream, and calls no
     * code of the local user.
     */
    private final ReentrantLock lock = new ReentrantLock();

    /** Signals whatever somebody may wait for, other than an answer: see where it is awaited. */
    private final Condition changed = lock.newCondition();
    private final Sender sender;
    private final Responder responder;
    private final Map<Call.CallId, Call<?>> pending = new HashMap<>();
    private BigInteger lastTag;
    private boolean shutDown;
    private boolean announced; // END_OF_REQUESTS was sent
    private StreamEnd end; // of the peer's stream, null until then
    private boolean peerAnnounced; // of the thread that receives alone, without the lock

    PacketConnection(PacketConnectionBuilder settings, InputStream in, OutputStream out) {
        this.settings = settings;
        this.in = in;
        this.out = out;
        lastTag = settings.dialect == Dialect.LATER ? BigInteger.ONE : BigInteger.ZERO;
        sender = new Sender(out, lock, changed, () -> tick(SENT), settings);
        responder = new Responder(lock, changed, sender, settings, this::handle, this::finishIfDrained);
    }

    /** Starts the threads, or closes the streams if that fails. */
    void start() {
        try {
            settings.executor.execute(sender);
            settings.executor.execute(this::receive);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /**
     * Begins to describe a connection.
     *
     * @return the settings, all at their defaults
     */
    public static PacketConnectionBuilder builder() {
        return new PacketConnectionBuilder();
    }

    /**
     * Submits a request, without waiting for its answer. If the peer does not read, and the requests that wait to be sent
     * take more than {@link PacketConnectionBuilder#maxHeld}, it waits until there is room.
     *
     * @param request the request
     * @return the call, which waits for the answer
     * @throws ConnectionClosedException if the connection is shut down
     * @throws InterruptedException if this thread was interrupted; nothing was submitted
     */
    public Call<byte[]> request(Request request) throws ConnectionClosedException, InterruptedException {
        return request(request, (flags, payload) -> payload);
    }

    /**
     * Submits a request whose answer is to be decoded, like {@link #request(Request)}.
     *
     * @param <T> the type of a decoded payload
     * @param request the request
     * @param decoder decodes the payload of an ok response
     * @return the call, which waits for the answer
     * @throws ConnectionClosedException if the connection is shut down
     * @throws InterruptedException if this thread was interrupted; nothing was submitted
     */
    public <T> Call<T> request(Request request, ResponseDecoder<T> decoder)
            throws ConnectionClosedException, InterruptedException {
        lock.lock();
        try {
            while (!shutDown && sender.held(Sender.Kind.REQUEST) > settings.maxHeld) {
                changed.await();
            }
            if (shutDown) {
                throw new ConnectionClosedException();
            }
            BigInteger tag = lastTag.add(BigInteger.ONE);
            Call.CallId id = new Call.CallId(request.channel(), tag);
            Call<T> call = new Call<>(this, id, decoder);
            sender.add(Sender.Kind.REQUEST, request.packet(tag));
            pending.put(id, call);
            lastTag = tag;
            changed.signalAll(); // a receiver that paused goes on
            return call;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Reports whether {@link #request(Request)} has to wait for room.
     *
     * @return whether it would wait now
     */
    public boolean isCongested() {
        lock.lock();
        try {
            return !shutDown && sender.held(Sender.Kind.REQUEST) > settings.maxHeld;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Submits a request, and waits for its answer.
     *
     * @param request the request
     * @return the response, ok or not
     * @throws ConnectionClosedException if the connection is shut down
     * @throws RequestCancelledException if the peer's stream ended before the answer
     * @throws InterruptedException if this thread was interrupted; the request may go on
     */
    public Response<byte[]> ask(Request request)
            throws ConnectionClosedException, RequestCancelledException, InterruptedException {
        try {
            return request(request).await();
        } catch (ExecutionException e) {
            throw new AssertionError("there is no decoder", e);
        }
    }

    /**
     * Shuts the connection down, and returns at once. New local requests are refused. What was accepted or submitted
     * before goes on: requests are sent, handlers finish, their answers are sent, and then the local stream ends.
     * Answers to pending requests arrive until the peer's stream ends.
     */
    public void shutdown() {
        lock.lock();
        try {
            shutDown = true;
            finishIfDrained();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Shuts the connection down, and waits until the local stream has ended and no local request is pending. Do not call
     * it in a handler: it would wait for itself.
     *
     * @throws InterruptedException if this thread was interrupted; the shutdown goes on
     */
    public void shutdownAndWait() throws InterruptedException {
        shutdown();
        lock.lock();
        try {
            while (!sender.hasEnded() || !pending.isEmpty()) {
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the peer's stream has ended.
     *
     * @return how it ended
     * @throws InterruptedException if this thread was interrupted
     */
    public StreamEnd join() throws InterruptedException {
        lock.lock();
        try {
            while (end == null) {
                changed.await();
            }
            return end;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes both streams at once, in any state: requests that are pending are cancelled, and answers that are due are
     * not sent. To end a connection in order, call {@link #shutdownAndWait()} before.
     *
     * <p>Handlers that run go on, but their replies are dropped.
     */
    @Override
    public void close() {
        endReceiving(new StreamEnd(StreamEnd.Reason.CLOSED, "this side closed the connection"));
        lock.lock();
        try {
            responder.clear();
            sender.abort();
        } finally {
            lock.unlock();
        }
        Streams.close(in);
        Streams.close(out);
    }

    @Override
    public String toString() {
        return "PacketConnection(" + settings.name + ")";
    }

    /** Gives up a request, if it is pending. */
    void cancel(Call.CallId id) {
        lock.lock();
        try {
            Call<?> call = pending.remove(id);
            if (call != null) {
                call.cancelled("the local user gave it up");
                finishIfDrained();
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void receive() {
        StreamEnd ended;
        try {
            ended = receiveUntilEnd();
        } catch (EOFException e) {
            ended = new StreamEnd(StreamEnd.Reason.CUT, e.getMessage());
        } catch (MalformedPacketException e) {
            ended = new StreamEnd(StreamEnd.Reason.MALFORMED, e.getMessage());
        } catch (IOException | RuntimeException | Error e) {
            ended = new StreamEnd(StreamEnd.Reason.CUT, "reading failed: " + e);
        }
        endReceiving(ended);
        Streams.close(in);
    }

    private StreamEnd receiveUntilEnd() throws IOException {
        PacketReader reader = new PacketReader(in, settings.maxPayload);
        StreamEnd ended = null;
        while (ended == null) {
            awaitRoom();
            Packet packet = reader.read();
            if (packet == null) {
                return new StreamEnd(StreamEnd.Reason.CUT, "the octets stopped without EOF");
            }
            tick(RECEIVED);
            if (!packet.isRequest()) {
                receiveResponse(packet);
            } else if (packet.channel().signum() == 0 && packet.type().signum() == 0) {
                ended = receiveEnd(packet);
            } else {
                receiveRequest(packet);
            }
            if (ended == null) {
                ended = overload();
            }
        }
        return ended;
    }

    /**
     * Pauses while too much is held for the peer. While local requests are pending it does not, because their answers
     * may be all that the handlers, or the peer, wait for: two peers that both paused would wait forever.
     */
    private void awaitRoom() {
        lock.lock();
        try {
            while (end == null && pending.isEmpty()
                    && unhandled() + sender.held(Sender.Kind.ANSWER) > settings.maxHeld) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns the end that the stream comes to if the peer's requests take four times too much, or null. */
    private StreamEnd overload() {
        lock.lock();
        try {
            String detail = "the peer sends more requests than it lets this side answer";
            return unhandled() / 4 <= settings.maxHeld ? null : new StreamEnd(StreamEnd.Reason.OVERLOADED, detail);
        } finally {
            lock.unlock();
        }
    }

    /** Returns what the requests take that no handler has got, the refusals of such requests included, in bytes. */
    private long unhandled() {
        return responder.held() + sender.held(Sender.Kind.REFUSAL);
    }

    private void receiveResponse(Packet packet) {
        lock.lock();
        try {
            Call<?> call = pending.remove(new Call.CallId(packet.channel(), packet.tag()));
            if (call != null) {
                call.answer(packet);
                finishIfDrained();
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Receives a request on channel 0 with wire type 0. Returns the end of the stream, or null. */
    private StreamEnd receiveEnd(Packet packet) {
        if (packet.equals(Packet.EOF)) {
            return new StreamEnd(StreamEnd.Reason.EOF, "the peer ended its stream");
        } else if (settings.dialect == Dialect.LATER && packet.equals(END_OF_REQUESTS)) {
            peerAnnounced = true;
            return null;
        }
        return new StreamEnd(StreamEnd.Reason.MALFORMED, "a malformed EOF packet: " + packet);
    }

    private void receiveRequest(Packet packet) {
        boolean startWorker = false;
        lock.lock();
        try {
            String refusal = refusal(packet);
            if (sender.isFinished()) {
                return; // no answer can follow EOF
            } else if (refusal != null) {
                sender.add(Sender.Kind.REFUSAL, Reply.failure(refusal).packet(packet));
            } else {
                startWorker = responder.accept(packet);
            }
        } finally {
            lock.unlock();
        }
        if (startWorker) {
            responder.startWorker();
        }
    }

    private String refusal(Packet packet) {
        if (shutDown && settings.dialect == Dialect.MAIN) {
            return "the connection is shut down";
        } else if (peerAnnounced) {
            return "a request after the end of requests";
        } else if (packet.channel().signum() != 0) {
            return "unknown channel " + packet.channel();
        } else if (settings.handler == null) {
            return "there is no handler";
        } else if (responder.hasInFlight(packet.tag())) {
            return "a request with tag " + packet.tag() + " is in flight";
        }
        return null;
    }

    private Reply handle(Request request) {
        try {
            Reply reply = settings.handler.handle(this, request);
            if (reply != null) {
                return reply;
            }
            settings.report(this, new NullPointerException("the handler returned null"));
        } catch (Throwable e) { // an Error too must not leave the peer without an answer
            settings.report(this, e);
        }
        return Reply.failure(BigInteger.ZERO, new byte[0]);
    }

    /** Ends the local stream if the connection is shut down and has nothing left to do. Hold the lock. */
    private void finishIfDrained() {
        if (!shutDown || sender.isFinished()) {
            return;
        }
        if (settings.dialect == Dialect.LATER && !announced) {
            if (!pending.isEmpty()) {
                return;
            }
            sender.add(Sender.Kind.END, END_OF_REQUESTS);
            announced = true;
        }
        if (responder.isIdle()) {
            sender.finish();
        }
    }

    /** Ends the peer's stream: cancels what is pending, and shuts the connection down. Only the first end counts. */
    private void endReceiving(StreamEnd ended) {
        lock.lock();
        try {
            if (end != null) {
                return;
            }
            end = ended;
            List<Call<?>> calls = List.copyOf(pending.values());
            pending.clear();
            calls.forEach(call -> call.cancelled("the peer's stream ended before the answer: " + ended.detail()));
            shutDown = true;
            finishIfDrained();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void tick(byte[] octets) {
        try {
            settings.tick.accept(octets);
        } catch (RuntimeException | Error e) {
            settings.report(this, e);
        }
    }
}
