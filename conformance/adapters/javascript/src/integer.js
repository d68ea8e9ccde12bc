import { PacketStreamError } from './error.js';

/**
 * How many bits an integer of a packet may have. BigInt has no bound of its own, and a peer must
 * not make this process calculate with megabytes (INT-5).
 */
export const MAX_BITS = 1024;

const limit = 1n << BigInt(MAX_BITS);

/** Returns an integer of the API, a number or a bigint, as a bigint of 0 or more. */
export function unsigned(name, value) {
  if (typeof value === 'number' && Number.isSafeInteger(value)) value = BigInt(value);
  if (typeof value !== 'bigint') {
    throw new PacketStreamError('invalid', `${name} must be a bigint or a safe integer, not ${String(value)}`);
  }
  if (value < 0n || value >= limit) {
    throw new PacketStreamError('invalid', `${name} must be at least 0 and have at most ${MAX_BITS} bits`);
  }
  return value;
}

/** Appends the shortest BSUInt of a bigint to an array of octets. */
export function putInteger(octets, value) {
  const groups = [];
  while (value > 0x7fffffffn) {
    groups.push(Number(value & 0x7fn));
    value >>= 7n;
  }
  let small = Number(value);
  do {
    groups.push(small & 0x7f);
    small >>>= 7;
  } while (small > 0);
  for (let i = groups.length - 1; i > 0; i--) octets.push(groups[i] | 0x80);
  octets.push(groups[0]);
}
