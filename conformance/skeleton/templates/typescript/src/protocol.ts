// What the adapter and the implementation pass to each other.

import type { Readable, Writable } from "node:stream";

/** The kinds of errors in replies; the adapter guide says when each is right. */
export type Kind =
  | "unsupported" // the implementation cannot do this, or the adapter does not call it yet
  | "invalid" // the implementation refuses a value, such as a negative type or a channel
  | "closed" // the connection is shut down
  | "cancelled" // the peer's stream ended before the answer
  | "decode" // the response decoder failed
  | "incomplete" // the octets are the beginning of a packet, and stop too soon
  | "malformed" // the octets are refused for any other reason
  | "internal"; // anything else

/** The reply to a command is an error of this kind. */
export class AdapterError extends Error {
  readonly kind: Kind;

  constructor(kind: Kind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A packet with the values on the wire. A response has no type. */
export interface Packet {
  isRequest: boolean;
  channel: bigint;
  tag: bigint;
  flags: bigint;
  rqType: bigint | undefined;
  payload: Buffer;
}

/** Returns the decoded payload of a response, or throws. */
export type Decoder = (flags: bigint, payload: Buffer) => Buffer;

/** A request of the local user. Its type is one less than on the wire. */
export interface Request {
  rqType: bigint;
  flags: bigint;
  payload: Buffer;
  channel: bigint;
  decode: Decoder | undefined;
}

/** The peer's answer. Its flags are without the ok bit. */
export interface Response {
  ok: boolean;
  flags: bigint;
  payload: Buffer;
}

/** Nothing, flags, octets, text, or flags and octets; unknown stands for the results of no valid form. */
export type Result = undefined | bigint | Buffer | string | [bigint, Buffer] | unknown;

/** Gets the type (one less than on the wire), the flags and the payload of a request. */
export type Handler = (rqType: bigint, flags: bigint, payload: Buffer) => Promise<Result>;

/** How a connection is opened. */
export interface Options {
  grace: number | undefined; // seconds; undefined: the implementation's default
  tick: ((octets: Buffer) => void) | undefined; // called with each tick; undefined: ticks are not recorded
  tickStderr: boolean; // ticks go to the standard error
  name: string | undefined;
}

/** A request that was submitted. */
export interface Call {
  /** Waits for the answer. Rejects with cancelled if the peer's stream ends first, or with decode. */
  wait(): Promise<Response>;
}

/** A connection of the implementation. */
export interface Connection {
  /** Submits a request, without waiting for its answer. Rejects with closed or invalid if it is refused. */
  request(request: Request): Promise<Call>;
  /** Resolves when the implementation's call has returned. */
  shutdown(block: boolean): Promise<void>;
  /** Waits for the end of the peer's stream. Resolves to eof, cut or malformed, or undefined if unknown. */
  join(): Promise<string | undefined>;
  /** Abandons the connection in any state, without waiting, and destroys both streams. */
  close(): void;
}

/** The implementation under test. */
export interface Implementation {
  name: string;
  release: string;
  abilities: string[];
  encode(packet: Packet): Buffer;
  decode(octets: Buffer): { packet: Packet; consumed: number };
  equal(a: Packet, b: Packet): boolean;
  text(packet: Packet): string;
  open(recv: Readable, send: Writable, handler: Handler | undefined, options: Options): Promise<Connection>;
}
