// The values of the adapter protocol, and its errors.
import { PacketStreamError } from '../src/index.js';

/** A CommandError is an error to reply with. */
export class CommandError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/** Returns the kind of error that a reply gives for whatever was thrown. */
export function errorKind(error) {
  if (error instanceof CommandError) return error.kind;
  return error instanceof PacketStreamError ? error.code : 'internal';
}

export function readInteger(text) {
  if (typeof text !== 'string' || !/^-?[0-9]+$/.test(text)) {
    throw new CommandError('invalid', `${JSON.stringify(text)} is no integer in decimal digits`);
  }
  return BigInt(text);
}

export function readOctets(hex) {
  const octets = typeof hex === 'string' ? Buffer.from(hex, 'hex') : null; // stops at the first other character
  if (!octets || octets.length * 2 !== hex.length) throw new CommandError('invalid', 'octets must be hex digits');
  return octets;
}

export function readPacket({ is_request, channel, tag, flags, rq_type, payload }) {
  const packet = {
    isRequest: is_request,
    channel: readInteger(channel),
    tag: readInteger(tag),
    flags: readInteger(flags),
    payload: readOctets(payload),
  };
  if (rq_type !== undefined) packet.type = readInteger(rq_type);
  return packet;
}

export const hex = (octets) => Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex');

export function writePacket({ isRequest, channel, tag, flags, type, payload }) {
  const packet = {
    is_request: isRequest,
    channel: String(channel),
    tag: String(tag),
    flags: String(flags),
    payload: hex(payload),
  };
  if (isRequest) packet.rq_type = String(type);
  return packet;
}
