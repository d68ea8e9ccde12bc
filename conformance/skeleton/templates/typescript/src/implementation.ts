// TODO: call your implementation in this file. Nothing else has to change.
//
// Everything here is unsupported at first, and packetspec skips the scenarios that need it.
// Begin with encode, build, and run: packetspec test --run ENC-1 -- node dist/adapter.js

import type { Readable, Writable } from "node:stream";
import {
  AdapterError,
  type Connection,
  type Handler,
  type Implementation,
  type Options,
  type Packet,
} from "./protocol.ts";

export const implementation: Implementation = {
  name: "my implementation", // TODO: how reports name it
  release: "0.1",

  // TODO: what your implementation has, of: equal, string, grace, tick, decode-response, decode-flags,
  // invalid-reply, negative, big-integers, channels, end-reason.
  abilities: [],

  /** Returns the octets of a packet. Throws invalid for a value that the implementation refuses. */
  encode(_packet: Packet): Buffer {
    throw new AdapterError("unsupported", "TODO: encode");
  },

  /** Returns the first packet, and how many octets it took. Throws incomplete or malformed. */
  decode(_octets: Buffer): { packet: Packet; consumed: number } {
    throw new AdapterError("unsupported", "TODO: decode");
  },

  /** Returns whether the implementation compares two packets as equal: the ability equal. */
  equal(_a: Packet, _b: Packet): boolean {
    throw new AdapterError("unsupported", "TODO: equal");
  },

  /** Returns the text form of a packet: the ability string. */
  text(_packet: Packet): string {
    throw new AdapterError("unsupported", "TODO: text");
  },

  /**
   * Starts a connection over two streams, which it owns unless this fails. A handler that rejects is a
   * failure of the request. An error of send, EPIPE, is normal: the peer no longer reads.
   */
  async open(_recv: Readable, _send: Writable, _handler: Handler | undefined, _options: Options): Promise<Connection> {
    throw new AdapterError("unsupported", "TODO: open");
  },
};
