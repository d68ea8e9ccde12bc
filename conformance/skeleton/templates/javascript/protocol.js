// What the adapter and the implementation pass to each other.

/**
 * The kinds of errors in replies; the adapter guide says when each is right:
 * unsupported: the implementation cannot do this, or the adapter does not call it yet;
 * invalid: the implementation refuses a value, such as a negative type or a channel;
 * closed: the connection is shut down;
 * cancelled: the peer's stream ended before the answer;
 * decode: the response decoder failed;
 * incomplete: the octets are the beginning of a packet, and stop too soon;
 * malformed: the octets are refused for any other reason;
 * internal: anything else.
 * @typedef {"unsupported" | "invalid" | "closed" | "cancelled" | "decode" | "incomplete" | "malformed" | "internal"} Kind
 */

/** The reply to a command is an error of this kind. */
export class AdapterError extends Error {
  /**
   * @param {Kind} kind
   * @param {string} message
   */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/**
 * A packet with the values on the wire. A response has no type.
 * @typedef {object} Packet
 * @property {boolean} isRequest
 * @property {bigint} channel
 * @property {bigint} tag
 * @property {bigint} flags
 * @property {bigint | undefined} rqType
 * @property {Buffer} payload
 */

/**
 * Returns the decoded payload of a response, or throws.
 * @callback Decoder
 * @param {bigint} flags
 * @param {Buffer} payload
 * @returns {Buffer}
 */

/**
 * A request of the local user. Its type is one less than on the wire.
 * @typedef {object} Request
 * @property {bigint} rqType
 * @property {bigint} flags
 * @property {Buffer} payload
 * @property {bigint} channel
 * @property {Decoder | undefined} decode
 */

/**
 * The peer's answer. Its flags are without the ok bit.
 * @typedef {object} Response
 * @property {boolean} ok
 * @property {bigint} flags
 * @property {Buffer} payload
 */

/**
 * Nothing, flags, octets, text, or flags and octets; unknown stands for the results of no valid form.
 * @typedef {undefined | bigint | Buffer | string | [bigint, Buffer] | unknown} Result
 */

/**
 * Gets the type (one less than on the wire), the flags and the payload of a request.
 * @callback Handler
 * @param {bigint} rqType
 * @param {bigint} flags
 * @param {Buffer} payload
 * @returns {Promise<Result>}
 */

/**
 * How a connection is opened.
 * @typedef {object} Options
 * @property {number | undefined} grace in seconds; undefined: the implementation's default
 * @property {((octets: Buffer) => void) | undefined} tick called with each tick; undefined: ticks are not recorded
 * @property {boolean} tickStderr ticks go to the standard error
 * @property {string | undefined} name
 */

/**
 * A request that was submitted. `wait` rejects with cancelled if the peer's stream ends first, or with decode.
 * @typedef {object} Call
 * @property {() => Promise<Response>} wait
 */

/**
 * A connection of the implementation.
 * @typedef {object} Connection
 * @property {(request: Request) => Promise<Call>} request submits, without waiting for the answer; rejects with
 *   closed or invalid if it is refused
 * @property {(block: boolean) => Promise<void>} shutdown resolves when the implementation's call has returned
 * @property {() => Promise<string | undefined>} join waits for the end of the peer's stream, and resolves to eof, cut
 *   or malformed, or undefined if unknown
 * @property {() => void} close abandons the connection in any state, without waiting, and destroys both streams
 */

/**
 * The implementation under test.
 * @typedef {object} Implementation
 * @property {string} name
 * @property {string} release
 * @property {string[]} abilities
 * @property {(packet: Packet) => Buffer} encode
 * @property {(octets: Buffer) => { packet: Packet, consumed: number }} decode
 * @property {(a: Packet, b: Packet) => boolean} equal
 * @property {(packet: Packet) => string} text
 * @property {(recv: import("node:stream").Readable, send: import("node:stream").Writable, handler: Handler | undefined,
 *   options: Options) => Promise<Connection>} open
 */
