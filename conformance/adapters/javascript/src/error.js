/**
 * What this library throws, and rejects with. `code` is one of `invalid`, `closed`, `cancelled`,
 * `incomplete` and `malformed`.
 */
export class PacketStreamError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'PacketStreamError';
    this.code = code;
  }
}
