// The skeleton's file implementation.js with its TODOs done, for the implementation in JavaScript.

import { AdapterError } from "./protocol.js";
import { Connection, decode, describe, encode, equal } from "PACKETSTREAM";

const KINDS = ["invalid", "closed", "cancelled", "incomplete", "malformed"];

/** Throws an error of the implementation as one of the adapter. */
function rethrow(error) {
  if (error instanceof AdapterError) throw error;
  const kind = KINDS.find((name) => String(error.code).toLowerCase().includes(name));
  throw new AdapterError(kind ?? "internal", error.message);
}

/** Returns what a function returns, or throws its error as one of the adapter. */
function calling(f) {
  try {
    return f();
  } catch (error) {
    rethrow(error);
  }
}

const native = ({ rqType, ...packet }) => ({ ...packet, type: rqType });
const fromNative = ({ type, ...packet }) => ({ ...packet, rqType: type });

/** @type {import("./protocol.js").Implementation} */
export const implementation = {
  name: "packetstream",
  release: "0.1",
  abilities: [
    "equal",
    "string",
    "grace",
    "tick",
    "decode-response",
    "decode-flags",
    "invalid-reply",
    "negative",
    "big-integers",
    "channels",
    "end-reason",
  ],

  encode: (packet) => calling(() => encode(native(packet))),

  decode(octets) {
    const { packet, consumed } = calling(() => decode(octets));
    return { packet: fromNative(packet), consumed };
  },

  equal: (a, b) => equal(native(a), native(b)),

  text: (packet) => describe(native(packet)),

  async open(recv, send, handler, options) {
    const connection = new Connection({
      input: recv,
      output: send,
      packetGrace: options.grace,
      tick: options.tickStderr || (options.tick && ((octets) => options.tick(Buffer.from(octets)))),
      handler: handler && (({ type, flags, payload }) => handler(type, flags, payload)),
    });
    return {
      async request({ rqType, decode, ...request }) {
        const response = calling(() => connection.submit({ ...request, type: rqType, ...(decode ? { decode } : {}) }));
        response.catch(() => {}); // it may be waited for later
        return { wait: () => response.catch(rethrow) };
      },
      shutdown: (block) => connection.shutdown({ block }),
      async join() {
        const end = await connection.join();
        return ["eof", "cut", "malformed"].includes(end) ? end : undefined;
      },
      close: () => connection.destroy(),
    };
  },
};
