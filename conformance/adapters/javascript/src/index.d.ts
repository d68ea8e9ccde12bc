/**
 * The packet stream protocol for Node. `features/SPEC.md` of packetspec specifies it; ids such as
 * BID-3 name its requirements.
 */
import type { Readable, Writable } from 'node:stream';
import type { Socket, TcpSocketConnectOpts, IpcSocketConnectOpts } from 'node:net';

/**
 * An integer of the protocol. The library takes both types and returns bigints, because packets
 * hold integers above 2^53. A number must be a safe integer.
 */
export type Integer = number | bigint;

/** What the library throws, and rejects with. */
export class PacketStreamError extends Error {
  readonly name: 'PacketStreamError';
  /**
   * - `invalid`: a value is out of its range
   * - `closed`: the connection is shut down, or the peer reads no more
   * - `cancelled`: the peer's stream ended before the answer
   * - `incomplete`: the octets stop inside a packet
   * - `malformed`: the octets are no packet, or one with an integer of more than 1024 bits
   */
  readonly code: 'invalid' | 'closed' | 'cancelled' | 'incomplete' | 'malformed';
}

/**
 * The fields of one packet as they are on the wire: the type of a request is one more than the
 * requested type, and the flags of a response include the ok bit.
 */
export interface Packet {
  isRequest: boolean;
  channel: bigint;
  tag: bigint;
  flags: bigint;
  /** Of a request only. */
  type?: bigint;
  payload: Uint8Array;
}

/** A packet to write. Absent flags and an absent channel are 0, and an absent payload is empty. */
export interface PacketInit {
  isRequest: boolean;
  channel?: Integer;
  tag: Integer;
  flags?: Integer;
  type?: Integer;
  payload?: Uint8Array;
}

/** Writes a packet as octets. Throws `invalid`. */
export function encode(packet: PacketInit): Buffer;

/** Reads the first packet, and says how many octets it took. Throws `incomplete` or `malformed`. */
export function decode(octets: Uint8Array): { packet: Packet; consumed: number };

/** Reports whether two packets are equal (EQ-1, EQ-2). */
export function equal(a: Packet, b: Packet): boolean;

/** Returns the diagnostic text of a packet (TXT-1). */
export function describe(packet: Packet): string;

/** Reads packets from a stream that comes in pieces. */
export class PacketReader {
  constructor(options?: { maxPayload?: number });
  /** How many octets the packets so far took. */
  readonly consumed: number;
  /** Yields the packets that a piece completes. Throws `malformed`, and can read no more then. */
  read(piece: Uint8Array): Generator<Packet, void, void>;
}

/** What a handler receives. */
export interface Request {
  /** The requested type, one less than on the wire. */
  type: bigint;
  flags: bigint;
  payload: Buffer;
}

/**
 * What a handler returns: nothing, flags, octets, text, or flags and octets. Any other value is
 * answered by a failure (HND-7).
 */
export type Result = void | null | undefined | Integer | Uint8Array | string | [flags: Integer, payload: Uint8Array];

/**
 * Answers one request. If it throws or rejects, a failure response goes out, whose payload is the
 * error's message. Handlers run at the same time, begin in the order in which the requests arrived,
 * and may request on the connection. One must not wait for a blocking shutdown of its own
 * connection, which would wait for it.
 */
export type Handler = (request: Request, connection: Connection) => Result | Promise<Result>;

/** Makes a value of an ok response. If it throws, the request's promise rejects with that error. */
export type Decoder<T> = (flags: bigint, payload: Buffer) => T | Promise<T>;

/** What the local user requests. */
export interface Query {
  /** 0 or more. */
  type: Integer;
  flags?: Integer;
  channel?: Integer;
  /** A string is sent as UTF-8. */
  payload?: Uint8Array | string;
}

/** The answer to a request. `flags` are without the ok bit. */
export interface Response<T = Buffer> {
  ok: boolean;
  flags: bigint;
  /** What the decoder made of it, if the response is ok and there is a decoder. */
  payload: T;
}

export interface ConnectionOptions {
  /** Receives the peer's stream. May be the same stream as output: a socket. */
  input: Readable;
  output: Writable;
  /** Without a handler, every request is refused. */
  handler?: Handler | null | false;
  /**
   * Is called at least once for each packet received or sent, with at least one octet. It must not
   * throw. `true` writes the octets to the standard error.
   */
  tick?: ((octets: Uint8Array) => void) | boolean | null;
  /** How long to wait for further packets before they are sent, in seconds: 0 to 3600; 0.01 if absent. */
  packetGrace?: number;
  /** How many handlers run at once; 1024 if absent. Fewer than 64 break BID-3. */
  maxHandlers?: number;
  /** The longest payload that is received, in octets; 16 MiB if absent. A longer one is malformed (BAD-4). */
  maxPayload?: number;
  /**
   * How many bytes the connection holds: requests that are not answered, and packets that are not
   * sent; 64 MiB if absent. Above it no further handler starts, and the input pauses. While local
   * requests are pending it does not pause, because their answers may come next; at four times as
   * much the peer's stream ends, for the reason `overload`.
   */
  maxHeld?: number;
}

/**
 * How the peer's stream ended: by EOF, without it or inside a packet, by malformed octets, by more
 * than the connection may hold, or by destroy.
 */
export type End = 'eof' | 'cut' | 'malformed' | 'overload' | 'destroyed';

/**
 * Speaks the protocol over two streams, which it owns: it ends the output after EOF, and destroys
 * both when both have ended.
 */
export class Connection {
  constructor(options: ConnectionOptions);

  /**
   * Submits a request, and returns the promise of its response. Throws `invalid` or `closed` if
   * the request is refused; nothing is sent then. The promise rejects with `cancelled` or with
   * what the decoder threw; nobody has to await it.
   */
  submit<T>(query: Query & { decode: Decoder<T> }): Promise<Response<T | Buffer>>;
  submit(query: Query): Promise<Response>;

  /** Does the same as submit, but rejects where that throws. */
  request<T>(query: Query & { decode: Decoder<T> }): Promise<Response<T | Buffer>>;
  request(query: Query): Promise<Response>;

  /** Resolves when at most maxHeld bytes wait to be sent. Await it before each of many requests. */
  drained(): Promise<void>;

  /**
   * Ends the local stream: accepted requests are answered, EOF is sent, and new local requests
   * are refused. With block, which is the default, the promise resolves once EOF is sent and no
   * local request is pending. May be called again.
   */
  shutdown(options?: { block?: boolean }): Promise<void>;

  /** Resolves when the peer's stream has ended. */
  join(): Promise<End>;

  /** Ends both streams at once, without EOF. Pending requests are cancelled. */
  destroy(): void;
}

/**
 * Opens two named pipes, the one to receive from first, without blocking a thread of libuv's pool.
 * If nobody reads `send` yet, it waits for that until the signal aborts it.
 */
export function openPipes(
  recv: string,
  send: string,
  options?: { signal?: AbortSignal },
): Promise<{ input: Socket; output: Socket }>;

/** Connects to a socket, by its path or by the options of net.connect. */
export function connectSocket(
  target: string | TcpSocketConnectOpts | IpcSocketConnectOpts,
): Promise<{ input: Socket; output: Socket }>;
