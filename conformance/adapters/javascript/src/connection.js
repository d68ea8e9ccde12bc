import { PacketStreamError } from './error.js';
import { PacketReader } from './reader.js';
import { Requester } from './requester.js';
import { Responder } from './responder.js';
import { Sender } from './sender.js';

/** Returns a number option, or its default if it is absent. */
function option(name, value, otherwise, least, most = Infinity) {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    throw new PacketStreamError('invalid', `${name} must be a number from ${least} to ${most}, not ${String(value)}`);
  }
  return value;
}

/** Writes the octets of a tick to the standard error (TCK-3). */
function tickToStderr(octets) {
  process.stderr.write(octets);
}

/** A Connection speaks the protocol over a readable and a writable stream. index.d.ts documents it. */
export class Connection {
  #input;
  #output;
  #tick;
  #maxHeld;
  #reader;
  #sender;
  #requester;
  #responder;
  #isShut = false;
  #end = null; // how the peer's stream ended
  #ended;
  #resolveEnded;
  #listeners;
  #undrained = []; // resolvers of those who wait for less to be queued

  constructor({ input, output, handler, tick, ...numbers }) {
    const packetGrace = option('packetGrace', numbers.packetGrace, 0.01, 0, 3600);
    const maxHandlers = option('maxHandlers', numbers.maxHandlers, 1024, 1);
    const maxPayload = option('maxPayload', numbers.maxPayload, 16 << 20, 1);
    this.#maxHeld = option('maxHeld', numbers.maxHeld, 64 << 20, 1);
    this.#input = input;
    this.#output = output;
    this.#tick = tick === true ? tickToStderr : tick || null;
    this.#reader = new PacketReader({ maxPayload });
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    const progress = () => this.#balance();
    this.#sender = new Sender(output, { packetGrace, tick: this.#tick, progress });
    const send = (packet) => this.#sender.queue(packet);
    this.#requester = new Requester(send);
    this.#responder = new Responder({
      handler: handler && ((request) => handler(request, this)),
      maxHandlers,
      send,
      mayStart: () => this.#sender.bytes <= this.#maxHeld,
      progress,
    });
    this.#listeners = {
      data: (piece) => this.#receive(piece),
      end: () => this.#endStream('cut'),
      close: () => this.#endStream('cut'),
    };
    for (const [event, listener] of Object.entries(this.#listeners)) input.on(event, listener);
    input.on('error', () => this.#endStream('cut'));
  }

  submit(query) {
    if (this.#isShut || this.#sender.isDone) {
      throw new PacketStreamError('closed', 'the connection is shut down, or the peer reads no more');
    }
    const response = this.#requester.submit(query);
    this.#balance(); // the input must not stay paused while a request is pending
    return response;
  }

  async request(query) {
    return this.submit(query);
  }

  async drained() {
    if (this.#sender.bytes > this.#maxHeld) await new Promise((resolve) => this.#undrained.push(resolve));
  }

  async shutdown({ block = true } = {}) {
    this.#shut();
    if (block) await Promise.all([this.#sender.done, this.#requester.idle()]);
  }

  join() {
    return this.#ended;
  }

  destroy() {
    this.#responder.discard();
    this.#sender.destroy(); // before the end of the stream could make it send EOF
    this.#endStream('destroyed');
    this.#input.destroy();
  }

  #receive(piece) {
    try {
      for (const packet of this.#reader.read(piece)) {
        this.#tick?.(Buffer.from('<'));
        this.#dispatch(packet);
        if (this.#end) return;
      }
    } catch (error) {
      if (error?.code !== 'malformed') throw error; // the user's tick threw
      this.#endStream('malformed');
    }
    this.#balance();
  }

  #dispatch(packet) {
    if (!packet.isRequest) {
      this.#requester.answer(packet);
    } else if (packet.channel === 0n && packet.type === 0n) {
      // A malformed EOF packet ends the stream in every state (MEO-4, MEO-5).
      const isEOF = packet.tag === 0n && packet.flags === 0n && packet.payload.length === 0;
      this.#endStream(isEOF ? 'eof' : 'malformed');
    } else {
      this.#responder.take(packet, this.#isShut);
    }
  }

  /**
   * Does what may be due after any change: sends EOF, starts handlers, pauses or resumes the input.
   *
   * The input pauses while too much is held, but not while local requests are pending: their
   * answers may follow what is held, and the handlers that wait for them would then never return.
   */
  #balance() {
    if (this.#sender.bytes <= this.#maxHeld) for (const resolve of this.#undrained.splice(0)) resolve();
    this.#responder.start();
    if (this.#isShut && this.#responder.inFlight === 0) this.#sender.end();
    if (this.#end) return this.#close();
    const held = this.#responder.bytes + this.#sender.bytes;
    const isPending = this.#requester.pending > 0;
    if (isPending && held > 4 * this.#maxHeld) this.#endStream('overload');
    else if (held > this.#maxHeld && !isPending) this.#input.pause();
    else if (this.#input.isPaused()) this.#input.resume();
  }

  #shut() {
    if (this.#isShut) return;
    this.#isShut = true;
    this.#sender.hurry();
    this.#balance();
  }

  /** Ends the peer's stream, and with it the connection. The first reason counts. */
  #endStream(reason) {
    if (this.#end) return;
    this.#end = reason;
    for (const [event, listener] of Object.entries(this.#listeners)) this.#input.off(event, listener);
    this.#reader = null; // a payload that was arriving
    this.#requester.cancel();
    this.#resolveEnded(reason);
    this.#shut();
    this.#balance();
  }

  /** Closes the input once the peer's stream has ended; a socket only when both streams have. */
  #close() {
    if (this.#input !== this.#output || this.#sender.isDone) this.#input.destroy();
    else this.#input.resume(); // what comes is discarded (EOS-5)
  }
}
