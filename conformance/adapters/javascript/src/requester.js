import { PacketStreamError } from './error.js';
import { unsigned } from './integer.js';

const key = (channel, tag) => `${channel}/${tag}`;

/** Returns the payload of a query as octets. */
function toOctets(payload) {
  if (payload === undefined) return Buffer.alloc(0);
  if (typeof payload === 'string') return Buffer.from(payload);
  if (payload instanceof Uint8Array) return payload;
  throw new PacketStreamError('invalid', 'the payload must be a Uint8Array or a string');
}

/** A Requester keeps the pending requests of the local user. */
export class Requester {
  #pending = new Map();
  #lastTag = 0n;
  #send;
  #idle = []; // resolvers of those who wait until nothing is pending

  constructor(send) {
    this.#send = send;
  }

  get pending() {
    return this.#pending.size;
  }

  /** Submits a request, and returns the promise of its response. */
  submit({ type, flags = 0n, channel = 0n, payload, decode }) {
    const packet = {
      isRequest: true,
      channel: unsigned('channel', channel),
      tag: this.#lastTag + 1n,
      flags: unsigned('flags', flags),
      type: unsigned('type', type) + 1n,
      payload: toOctets(payload),
    };
    if (decode !== undefined && typeof decode !== 'function') {
      throw new PacketStreamError('invalid', 'decode must be a function');
    }
    unsigned('type', packet.type);
    this.#lastTag = packet.tag; // a refused request uses no tag (TAG-1)
    const response = new Promise((resolve, reject) => {
      this.#pending.set(key(packet.channel, packet.tag), { resolve, reject, decode });
    });
    response.catch(() => {}); // a response that nobody awaits is no unhandled rejection
    this.#send(packet);
    return response;
  }

  /** Passes a response to its request. One that matches none is ignored (RSP-5, RSP-6). */
  answer({ channel, tag, flags, payload }) {
    const id = key(channel, tag);
    const call = this.#pending.get(id);
    if (!call) return;
    this.#pending.delete(id);
    const response = { ok: (flags & 1n) === 1n, flags: flags >> 1n, payload };
    if (response.ok && call.decode) call.resolve(decoded(call.decode, response));
    else call.resolve(response);
    this.#checkIdle();
  }

  /** Cancels every pending request. */
  cancel() {
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of calls) {
      reject(new PacketStreamError('cancelled', "the peer's stream ended before the answer"));
    }
    this.#checkIdle();
  }

  /** Resolves when nothing is pending. */
  async idle() {
    if (this.pending > 0) await new Promise((resolve) => this.#idle.push(resolve));
  }

  #checkIdle() {
    if (this.pending === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** Returns the response with what the decoder makes of its payload. */
async function decoded(decode, response) {
  return { ...response, payload: await decode(response.flags, response.payload) };
}
