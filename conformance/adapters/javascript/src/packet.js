import { PacketStreamError } from './error.js';
import { putInteger, unsigned } from './integer.js';
import { PacketReader } from './reader.js';

/** Writes a packet as octets. */
export function encode({ isRequest, channel = 0n, tag, flags = 0n, type, payload = Buffer.alloc(0) }) {
  const fields = [];
  channel = unsigned('channel', channel);
  putInteger(fields, unsigned('tag', tag));
  putInteger(fields, (unsigned('flags', flags) << 2n) | (isRequest ? 2n : 0n) | (channel ? 1n : 0n));
  if (channel) putInteger(fields, channel);
  if (isRequest) putInteger(fields, unsigned('type', type));
  const length = [];
  putInteger(length, BigInt(fields.length + payload.length));
  return Buffer.concat([Buffer.from(length), Buffer.from(fields), payload]);
}

/** Reads the first packet of octets, and says how many octets it took. */
export function decode(octets) {
  const reader = new PacketReader();
  for (const packet of reader.read(octets)) return { packet, consumed: reader.consumed };
  throw new PacketStreamError('incomplete', 'the octets stop inside a packet');
}

/** Reports whether two packets are equal (EQ-1, EQ-2). */
export function equal(a, b) {
  return (
    a.isRequest === b.isRequest &&
    a.channel === b.channel &&
    a.tag === b.tag &&
    a.flags === b.flags &&
    (!a.isRequest || a.type === b.type) &&
    Buffer.compare(a.payload, b.payload) === 0
  );
}

const escapes = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };

/** Returns octets as Python writes a bytes literal. */
function bytesLiteral(octets) {
  const text = Buffer.from(octets).toString('latin1');
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escape = (c) => escapes[c] ?? (c === "'" ? "\\'" : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const special = quote === "'" ? /[^ -&(-[\]-~]/g : /[^ -[\]-~]/g;
  return `b${quote}${text.replace(special, escape)}${quote}`;
}

/** Returns the diagnostic text of a packet (TXT-1). */
export function describe({ isRequest, channel, tag, flags, payload }) {
  const more = payload.length > 16 ? '...' : '';
  const shown = bytesLiteral(payload.subarray(0, 16)) + more;
  const hex = flags.toString(16).padStart(2, '0');
  return `Packet(is_request=${isRequest ? 'True' : 'False'},channel=${channel},tag=${tag},flags=0x${hex},payload=${shown})`;
}
