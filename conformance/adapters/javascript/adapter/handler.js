// The standard handler and the response decoders of the adapter protocol.
import { CommandError } from './values.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Returns octets as text. JavaScript's texts can contain lone surrogates, so their three octets
 * are read too: `ed` begins no other character there.
 */
function decodeText(octets) {
  const latin1 = Buffer.from(octets).toString('latin1');
  return latin1
    .split(/(\xed[\xa0-\xbf][\x80-\xbf])/)
    .map((part, i) => {
      if (i % 2 === 0) return utf8.decode(Buffer.from(part, 'latin1'));
      return String.fromCharCode(0xd000 | ((part.charCodeAt(1) & 0x3f) << 6) | (part.charCodeAt(2) & 0x3f));
    })
    .join('');
}

const invalidResults = new Map([
  ['float', 1.5],
  ['list3', [1, 2, 3]],
  ['int-str', [1, 'text']],
  ['negative', -1],
]);

function manyOctets(digits) {
  const length = Number(digits);
  if (!/^[0-9]+$/.test(digits) || length > 64 << 20) throw new Error('the payload is no length up to 64 MiB');
  const octets = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) octets[i] = i % 251;
  return octets;
}

/** The handlers by type. gate returns a promise for the name of a gate. */
export function standardHandlers(gate) {
  const text = (payload) => Buffer.from(payload).toString();
  return {
    0: () => undefined,
    1: ({ flags }) => flags,
    2: ({ payload }) => payload,
    3: ({ payload }) => decodeText(payload),
    4: ({ flags, payload }) => [flags, payload],
    5: ({ payload }) => {
      throw new Error(text(payload));
    },
    6: async ({ payload }) => {
      await gate(text(payload));
      return payload;
    },
    7: ({ payload }) => [0x11, Buffer.from(payload).reverse()],
    8: ({ payload }) => manyOctets(text(payload)),
    9: async ({ payload }, connection) => (await connection.request({ type: 2, payload })).payload,
    10: ({ payload }) => {
      if (!invalidResults.has(text(payload))) throw new Error('no such invalid result');
      return invalidResults.get(text(payload));
    },
  };
}

export const decoders = {
  reverse: (flags, payload) => Buffer.from(payload).reverse(),
  raise: () => {
    throw new CommandError('decode', 'the decoder fails');
  },
  flags: (flags) => Buffer.from(String(flags)),
};
