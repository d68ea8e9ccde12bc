// One connection of the implementation, with the standard handler and what commands need beside it.

import { AdapterError } from "./protocol.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * What a handler of type 10 returns: results of no valid form.
 * @type {Record<string, unknown>}
 */
const INVALID_RESULTS = { float: 1.5, list3: [1n, 2n, 3n], "int-str": [1n, "text"], negative: -1n };

/** @type {Record<string, import("./protocol.js").Decoder>} */
const DECODERS = {
  reverse: (_flags, payload) => Buffer.from(payload).reverse(),
  raise: () => {
    throw new AdapterError("decode", "the request asks for a decoder that fails");
  },
  flags: (flags) => Buffer.from(String(flags)),
};

/**
 * A command, or a part of one.
 * @typedef {Record<string, any>} Fields
 */

export class Subject {
  /** @type {Fields[]} */
  seen = [];
  /** @type {string[]} */
  ticks = [];
  /** @type {Map<string, import("./protocol.js").Call>} */
  calls = new Map();
  /** @type {Promise<import("./protocol.js").Connection>} */
  connection;
  /** @type {(connection: import("./protocol.js").Connection) => void} */
  #opened = () => {};
  /** @type {(reason: unknown) => void} */
  #failed = () => {};
  /** @type {Map<string, Gate>} */
  #gates = new Map();
  #closed = false;

  constructor() {
    this.connection = new Promise((resolve, reject) => {
      this.#opened = resolve;
      this.#failed = reject;
    });
    this.connection.catch(() => {}); // whoever awaits it sees the reason
  }

  /** @param {import("./protocol.js").Connection} connection */
  opened(connection) {
    this.#opened(connection);
  }

  /** @param {unknown} reason */
  failed(reason) {
    this.#failed(reason);
  }

  /**
   * Returns a gate. It stays open once it is released, or the connection is closed.
   * @param {string} name
   */
  gate(name) {
    let gate = this.#gates.get(name);
    if (!gate) {
      gate = new Gate();
      this.#gates.set(name, gate);
    }
    if (this.#closed) gate.release();
    return gate;
  }

  /**
   * Does what the standard handler does.
   * @type {import("./protocol.js").Handler}
   */
  async handle(rqType, flags, payload) {
    this.seen.push({ rq_type: String(rqType), flags: String(flags), payload: payload.toString("hex") });
    switch (rqType) {
      case 0n:
        return undefined;
      case 1n:
        return flags;
      case 2n:
        return payload;
      case 3n:
        return text(payload);
      case 4n:
        return [flags, payload];
      case 6n:
        await this.gate(payload.toString()).released;
        return payload;
      case 7n:
        return [0x11n, Buffer.from(payload).reverse()];
      case 8n:
        return large(payload.toString());
      case 9n: {
        const connection = await this.connection; // a request may come before it is open
        const call = await connection.request({ rqType: 2n, flags: 0n, payload, channel: 0n, decode: undefined });
        return (await call.wait()).payload;
      }
      case 10n:
        return INVALID_RESULTS[payload.toString()];
    }
    throw new Error(payload.toString()); // 5, and every other type
  }

  /** @param {Fields} command */
  async submit(command) {
    const decode = command.decode === undefined ? undefined : DECODERS[command.decode];
    if (command.decode !== undefined && !decode)
      throw new AdapterError("invalid", `there is no decoder ${command.decode}`);
    const request = {
      rqType: BigInt(command.rq_type),
      flags: BigInt(command.flags ?? 0),
      payload: Buffer.from(command.payload ?? "", "hex"),
      channel: BigInt(command.channel ?? 0),
      decode,
    };
    return (await this.connection).request(request);
  }

  async close() {
    this.#closed = true;
    for (const gate of this.#gates.values()) gate.release();
    (await this.connection).close();
  }
}

class Gate {
  /** @type {() => void} */
  release = () => {};
  /** @type {Promise<void>} */
  released;

  constructor() {
    this.released = new Promise((resolve) => (this.release = resolve));
  }
}

/**
 * Returns text. Texts of this language can have lone surrogates, which UTF-8 proper does not.
 * @param {Buffer} payload
 */
function text(payload) {
  let all = "";
  let from = 0;
  for (let at = 0; at + 2 < payload.length;) {
    const [first, second, third] = [payload[at], payload[at + 1], payload[at + 2]];
    if (first !== 0xed || (second & 0xe0) !== 0xa0 || (third & 0xc0) !== 0x80) {
      at++;
      continue;
    }
    all +=
      utf8.decode(payload.subarray(from, at)) + String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f));
    at += 3;
    from = at;
  }
  return all + utf8.decode(payload.subarray(from));
}

const MOST = 64 << 20; // octets of type 8

/** @param {string} digits */
function large(digits) {
  const size = /^\d{1,9}$/.test(digits) ? Number(digits) : Infinity;
  if (size > MOST) throw new Error(`${digits} is not a size`);
  const octets = Buffer.alloc(size);
  for (let i = 0; i < size; i++) octets[i] = i % 251;
  return octets;
}
