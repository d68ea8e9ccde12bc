import { unsigned } from './integer.js';

/** Returns a text as UTF-8. A lone surrogate becomes a character reference (HND-10). */
export function encodeText(text) {
  return Buffer.from(text.replace(/\p{Surrogate}/gu, (c) => `&#${c.charCodeAt(0)};`));
}

/**
 * Returns the flags and payload for what a handler returned. Throws PacketStreamError for any
 * value that is not one of the five results (HND-7).
 */
export function fromResult(result) {
  const empty = Buffer.alloc(0);
  if (result === undefined || result === null) return { flags: 0n, payload: empty };
  if (typeof result === 'string') return { flags: 0n, payload: encodeText(result) };
  if (result instanceof Uint8Array) return { flags: 0n, payload: result };
  if (Array.isArray(result) && result.length === 2 && result[1] instanceof Uint8Array) {
    return { flags: unsigned('flags', result[0]), payload: result[1] };
  }
  return { flags: unsigned('the result', result), payload: empty };
}

/** Returns the text of whatever a handler threw. */
export function errorText(error) {
  try {
    return encodeText(String(error instanceof Error ? error.message : error));
  } catch {
    return Buffer.alloc(0); // its conversion to a text throws in its turn
  }
}
