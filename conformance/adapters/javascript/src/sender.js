import { encode } from './packet.js';

const EOF = { isRequest: true, tag: 0n, type: 0n };

/**
 * A Sender gathers packets, writes them to the output, and ends it by EOF. One write is under way
 * at a time; what is queued meanwhile leaves with the next.
 */
export class Sender {
  /** Resolves when the output has ended, or can take no more. */
  done;
  /** Whether nothing more can be sent. */
  isDone = false;
  #output;
  #grace; // ms
  #tick;
  #progress;
  #queue = [];
  #queued = 0; // bytes
  #writing = 0; // bytes
  #ending = false;
  #timer = null;
  #immediate = null;
  #resolve;

  /** progress is called whenever fewer bytes wait than before. */
  constructor(output, { packetGrace, tick, progress }) {
    this.#output = output;
    this.#grace = packetGrace * 1000;
    this.#tick = tick;
    this.#progress = progress;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    // The peer has closed its receiving end, or the user the stream.
    output.on('error', () => this.#finish());
    output.on('close', () => this.#finish());
  }

  /** How many bytes wait to be sent. */
  get bytes() {
    return this.#queued + this.#writing;
  }

  /** Queues a packet. Nothing happens if no more can be sent. */
  queue(packet) {
    if (this.isDone || this.#ending) return;
    const octets = encode(packet);
    this.#queue.push(octets);
    this.#queued += octets.length;
    this.#schedule();
  }

  /** Sends EOF after what is queued. Nothing may be queued afterwards. */
  end() {
    if (this.isDone || this.#ending) return;
    this.queue(EOF);
    this.#ending = true;
    this.hurry();
  }

  /** Ends a pause for packet_grace early. */
  hurry() {
    if (this.#timer) this.#flush();
  }

  /** Ends the output at once. */
  destroy() {
    this.#output.destroy();
    this.#finish();
  }

  #schedule() {
    if (this.#timer || this.#immediate || this.#writing > 0 || this.#queue.length === 0) return;
    if (this.#grace > 0 && !this.#ending) {
      const end = performance.now() + this.#grace;
      const wait = () => {
        const left = end - performance.now(); // a timer may fire a little early
        if (left > 0) this.#timer = setTimeout(wait, Math.ceil(left));
        else this.#flush();
      };
      this.#timer = setTimeout(wait, this.#grace);
    } else {
      this.#immediate = setImmediate(() => this.#flush());
    }
  }

  #flush() {
    this.#unschedule();
    if (this.isDone || this.#writing > 0) return;
    const octets = Buffer.concat(this.#queue);
    if (this.#tick) for (let i = 0; i < this.#queue.length; i++) this.#tick(Buffer.from('>'));
    const last = this.#ending;
    this.#queue = [];
    this.#queued = 0;
    this.#writing = octets.length;
    this.#output.write(octets, (error) => {
      this.#writing = 0;
      if (error || this.isDone) return this.#finish();
      if (last) {
        this.#output.end();
        this.#finish();
      } else {
        this.#schedule();
        this.#progress();
      }
    });
  }

  #unschedule() {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = this.#immediate = null;
  }

  #finish() {
    if (this.isDone) return;
    this.isDone = true;
    this.#unschedule();
    this.#queue = [];
    this.#queued = this.#writing = 0;
    if (!this.#ending) this.#output.destroy(); // nobody reads it
    this.#resolve();
    this.#progress();
  }
}
