import { PacketStreamError } from './error.js';
import { MAX_BITS } from './integer.js';

const malformed = (message) => new PacketStreamError('malformed', message);

/**
 * A PacketReader reads packets from a stream that comes in pieces. The grammar is written once, as
 * a generator that yields whenever it needs another piece. It keeps no octets but those of the
 * payload that is arriving.
 */
export class PacketReader {
  /** How many octets the packets so far took. */
  consumed = 0;
  #piece = Buffer.alloc(0);
  #at = 0;
  #left = Infinity; // octets of the body that follow
  #maxPayload;
  #packet;

  constructor({ maxPayload = Infinity } = {}) {
    this.#maxPayload = maxPayload;
    this.#packet = this.#readPacket();
  }

  /** Yields the packets that a piece completes. Throws PacketStreamError if one is malformed. */
  *read(piece) {
    this.#piece = piece;
    this.#at = 0;
    for (;;) {
      const { done, value } = this.#packet.next();
      if (!done) break;
      this.#packet = this.#readPacket();
      yield value;
    }
    this.#piece = Buffer.alloc(0);
  }

  *#readPacket() {
    this.#left = Infinity;
    const length = yield* this.#readInteger();
    this.#left = Number(length); // above 2^53 not exact, and never counted down to 0
    const tag = yield* this.#readInteger();
    const word = yield* this.#readInteger();
    const channel = word & 1n ? yield* this.#readInteger() : 0n;
    const isRequest = (word & 2n) !== 0n;
    const packet = { isRequest, channel, tag, flags: word >> 2n };
    if (isRequest) packet.type = yield* this.#readInteger();
    packet.payload = yield* this.#readPayload();
    return packet;
  }

  *#readInteger() {
    let value = 0n;
    let low = 0; // the groups since value was last extended
    let bits = 0;
    for (;;) {
      if (this.#left === 0) throw malformed('a body is too short for its fields');
      while (this.#at === this.#piece.length) yield;
      const octet = this.#piece[this.#at++];
      this.consumed++;
      this.#left--;
      low = (low << 7) | (octet & 0x7f);
      bits += 7;
      if (bits === 28 || octet < 0x80) {
        if (low > 0 || value > 0n) value = (value << BigInt(bits)) | BigInt(low);
        if (value >> BigInt(MAX_BITS)) throw malformed(`an integer has more than ${MAX_BITS} bits`);
        low = bits = 0;
      }
      if (octet < 0x80) return value;
    }
  }

  *#readPayload() {
    const length = this.#left;
    if (length > this.#maxPayload) throw malformed(`a payload is longer than ${this.#maxPayload} octets`);
    let payload = Buffer.alloc(0);
    let have = 0;
    while (have < length) {
      while (this.#at === this.#piece.length) yield;
      const part = this.#piece.subarray(this.#at, this.#at + length - have);
      if (have + part.length > payload.length) {
        // The length is the peer's word, so the buffer at most doubles what has come (BAD-4).
        const larger = Buffer.allocUnsafeSlow(Math.min(length, 2 * (have + part.length)));
        payload.copy(larger, 0, 0, have);
        payload = larger;
      }
      payload.set(part, have);
      have += part.length;
      this.#at += part.length;
      this.consumed += part.length;
    }
    return payload;
  }
}
