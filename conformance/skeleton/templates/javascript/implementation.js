// TODO: call your implementation in this file. Nothing else has to change.
//
// Everything here is unsupported at first, and packetspec skips the scenarios that need it.
// Begin with encode, and run: packetspec test --run ENC-1 -- node adapter.js

import { AdapterError } from "./protocol.js";

/** @type {import("./protocol.js").Implementation} */
export const implementation = {
  name: "my implementation", // TODO: how reports name it
  release: "0.1",

  // TODO: what your implementation has, of: equal, string, grace, tick, decode-response, decode-flags,
  // invalid-reply, negative, big-integers, channels, end-reason.
  abilities: [],

  /** Returns the octets of a packet. Throws invalid for a value that the implementation refuses. */
  encode(packet) {
    throw new AdapterError("unsupported", "TODO: encode");
  },

  /** Returns the first packet, and how many octets it took. Throws incomplete or malformed. */
  decode(octets) {
    throw new AdapterError("unsupported", "TODO: decode");
  },

  /** Returns whether the implementation compares two packets as equal: the ability equal. */
  equal(a, b) {
    throw new AdapterError("unsupported", "TODO: equal");
  },

  /** Returns the text form of a packet: the ability string. */
  text(packet) {
    throw new AdapterError("unsupported", "TODO: text");
  },

  /**
   * Starts a connection over two streams, which it owns unless this fails. A handler that rejects is a
   * failure of the request. An error of send, EPIPE, is normal: the peer no longer reads.
   */
  async open(recv, send, handler, options) {
    throw new AdapterError("unsupported", "TODO: open");
  },
};
