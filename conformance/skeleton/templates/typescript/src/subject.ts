// One connection of the implementation, with the standard handler and what commands need beside it.

import { AdapterError, type Call, type Connection, type Decoder, type Request, type Result } from "./protocol.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a handler of type 10 returns: results of no valid form. */
const INVALID_RESULTS: Record<string, unknown> = {
  float: 1.5,
  list3: [1n, 2n, 3n],
  "int-str": [1n, "text"],
  negative: -1n,
};

const DECODERS: Record<string, Decoder> = {
  reverse: (_flags, payload) => Buffer.from(payload).reverse(),
  raise: () => {
    throw new AdapterError("decode", "the request asks for a decoder that fails");
  },
  flags: (flags) => Buffer.from(String(flags)),
};

/** A command, or a part of one. */
export type Fields = Record<string, any>;

export class Subject {
  readonly seen: Fields[] = [];
  readonly ticks: string[] = [];
  readonly calls = new Map<string, Call>();
  readonly connection: Promise<Connection>;
  #opened!: (connection: Connection) => void;
  #failed!: (reason: unknown) => void;
  readonly #gates = new Map<string, Gate>();
  #closed = false;

  constructor() {
    this.connection = new Promise((resolve, reject) => {
      this.#opened = resolve;
      this.#failed = reject;
    });
    this.connection.catch(() => {}); // whoever awaits it sees the reason
  }

  opened(connection: Connection): void {
    this.#opened(connection);
  }

  failed(reason: unknown): void {
    this.#failed(reason);
  }

  /** Returns a gate. It stays open once it is released, or the connection is closed. */
  gate(name: string): Gate {
    let gate = this.#gates.get(name);
    if (!gate) {
      gate = new Gate();
      this.#gates.set(name, gate);
    }
    if (this.#closed) gate.release();
    return gate;
  }

  /** Does what the standard handler does. */
  async handle(rqType: bigint, flags: bigint, payload: Buffer): Promise<Result> {
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

  async submit(command: Fields): Promise<Call> {
    const decode = command.decode === undefined ? undefined : DECODERS[command.decode];
    if (command.decode !== undefined && !decode)
      throw new AdapterError("invalid", `there is no decoder ${command.decode}`);
    const request: Request = {
      rqType: BigInt(command.rq_type),
      flags: BigInt(command.flags ?? 0),
      payload: Buffer.from(command.payload ?? "", "hex"),
      channel: BigInt(command.channel ?? 0),
      decode,
    };
    return (await this.connection).request(request);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const gate of this.#gates.values()) gate.release();
    (await this.connection).close();
  }
}

class Gate {
  release!: () => void;
  readonly released: Promise<void>;

  constructor() {
    this.released = new Promise((resolve) => (this.release = resolve));
  }
}

/** Returns text. Texts of this language can have lone surrogates, which UTF-8 proper does not. */
function text(payload: Buffer): string {
  let all = "";
  let from = 0;
  for (let at = 0; at + 2 < payload.length;) {
    const [first, second, third] = [payload[at]!, payload[at + 1]!, payload[at + 2]!];
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

function large(digits: string): Buffer {
  const size = /^\d{1,9}$/.test(digits) ? Number(digits) : Infinity;
  if (size > MOST) throw new Error(`${digits} is not a size`);
  const octets = Buffer.alloc(size);
  for (let i = 0; i < size; i++) octets[i] = i % 251;
  return octets;
}
