import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, describe, encode, equal, PacketReader } from '../src/index.js';

const hello = { isRequest: true, channel: 5n, tag: 300n, flags: 7n, type: 2n, payload: Buffer.from('hello') };
const hex = (text) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const error = (code) => ({ name: 'PacketStreamError', code });

const vectors = [
  ['0a 82 2c 1f 05 02 68 65 6c 6c 6f', hello],
  ['03 00 02 00', { isRequest: true, tag: 0, type: 0 }],
  ['03 01 85 2c', { isRequest: false, tag: 1, flags: 0xab }],
  ['05 ff ff 7f 04 00', { isRequest: false, tag: 2097151, flags: 1, payload: Buffer.from([0]) }],
  ['0a 9f ff ff ff ff ff ff ff 7f 00', { isRequest: false, tag: 2n ** 61n - 1n }],
  ['10 81 80 80 80 80 80 80 80 80 80 80 80 80 80 00 00', { isRequest: false, tag: 2n ** 98n }],
];

test('packets are written as specified, and read back', () => {
  for (const [octets, packet] of vectors) {
    const written = encode(packet);
    assert.equal(written.toString('hex'), octets.replaceAll(' ', ''));
    const { packet: read, consumed } = decode(Buffer.concat([written, hex('ff ff')]));
    assert.equal(consumed, written.length);
    assert.deepEqual(encode(read), written);
    for (let cut = 0; cut < written.length; cut++) {
      assert.throws(() => decode(written.subarray(0, cut)), error('incomplete'));
    }
  }
});

test('values that no packet holds are refused', () => {
  const packet = { isRequest: true, tag: 1, type: 1 };
  for (const value of [-1, -1n, 1.5, NaN, 2 ** 53, '1', null, 2n ** 1024n]) {
    assert.throws(() => encode({ ...packet, tag: value }), error('invalid'));
  }
});

test('overlong integers are read, and channel 0 that is written', () => {
  const { packet, consumed } = decode(hex('80 80 0d 80 80 80 80 80 01 80 03 80 00 80 01 21 ff'));
  assert.equal(consumed, 16);
  assert.deepEqual(packet, { isRequest: true, channel: 0n, tag: 1n, flags: 0n, type: 1n, payload: Buffer.from('!') });
  const zeros = Buffer.alloc(100000, 0x80);
  assert.equal(decode(Buffer.concat([zeros, hex('02 01 04')])).packet.tag, 1n);
});

test('bodies too short for their fields are malformed', () => {
  for (const octets of ['00', '01 01', '02 01 01', '02 01 02', '02 01 80', '03 01 03 05']) {
    assert.throws(() => decode(hex(octets)), error('malformed'));
  }
});

test('integers above the bound are refused before they end', () => {
  const reader = new PacketReader();
  assert.throws(() => [...reader.read(Buffer.concat([hex('ff ff 7f'), Buffer.alloc(200, 0xff)]))], error('malformed'));
});

test('a reader reads the same packets however the stream is split', () => {
  const packets = [hello, { ...hello, payload: Buffer.alloc(100000, 7) }, { ...hello, tag: 1n }];
  const stream = Buffer.concat(packets.map(encode));
  for (const size of [1, 2, 3, 1000, 65536, stream.length]) {
    const reader = new PacketReader();
    const read = [];
    for (let at = 0; at < stream.length; at += size) read.push(...reader.read(stream.subarray(at, at + size)));
    assert.deepEqual(read, packets);
    assert.equal(reader.consumed, stream.length);
  }
});

test('a payload keeps no piece of the stream alive', () => {
  const [packet] = new PacketReader().read(encode(hello));
  assert.equal(packet.payload.buffer.byteLength, 5);
});

test('equality ignores the type of a response only', () => {
  assert(equal(hello, { ...hello }));
  assert(!equal(hello, { ...hello, type: 3n }));
  assert(!equal(hello, { ...hello, isRequest: false }));
  assert(equal({ ...hello, isRequest: false }, { ...hello, isRequest: false, type: 3n }));
  for (const field of ['channel', 'tag', 'flags']) assert(!equal(hello, { ...hello, [field]: 1n }));
  assert(!equal(hello, { ...hello, payload: Buffer.from('jello') }));
});

test('texts are Python literals', () => {
  for (const [payload, literal] of [
    ['hello', "b'hello'"],
    ['', "b''"],
    ["it's", `b"it's"`],
    [`'"`, String.raw`b'\'"'`],
    ['\\\t\n\r\0\x7f\xff', String.raw`b'\\\t\n\r\x00\x7f\xff'`],
    ['0123456789abcdef', "b'0123456789abcdef'"],
    ['0123456789abcdefg', "b'0123456789abcdef'..."],
  ]) {
    const text = `Packet(is_request=True,channel=5,tag=300,flags=0x07,payload=${literal})`;
    assert.equal(describe({ ...hello, payload: Buffer.from(payload, 'latin1') }), text);
  }
});
