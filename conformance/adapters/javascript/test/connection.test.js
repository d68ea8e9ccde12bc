import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { Connection, openPipes } from '../src/index.js';
import { connectedPair, Gate, Peer, socketPair } from './peer.js';

const error = (code) => ({ name: 'PacketStreamError', code });
const text = (response) => response.payload.toString();
const EOF = { isRequest: true, channel: 0n, tag: 0n, flags: 0n, type: 0n, payload: Buffer.alloc(0) };

test('requests are answered in both directions, nested too', async () => {
  const handler = async ({ type, payload }, connection) =>
    type === 9n ? (await connection.request({ type: 2, payload })).payload : payload;
  const [a, b] = connectedPair({ handler }, { handler });
  assert.equal(text(await a.request({ type: 2, payload: 'hi' })), 'hi');
  assert.equal(text(await b.request({ type: 9, payload: Buffer.from('nested') })), 'nested');
  const nested = Array.from({ length: 200 }, (_, i) => a.request({ type: 9, payload: String(i) }));
  assert.deepEqual((await Promise.all(nested)).map(text), Array.from(nested.keys(), String));
  await a.shutdown();
  assert.deepEqual(await Promise.all([a.join(), b.join()]), ['eof', 'eof']);
  await assert.rejects(b.request({ type: 1 }), error('closed'));
  assert.throws(() => a.submit({ type: 1 }), error('closed'));
});

test('each of the five results has its response, and any other a failure', async () => {
  const results = [undefined, null, 5, 5n, Buffer.from('b'), new Uint8Array([98]), 'é', 'a\ud800b😀', [6, Buffer.from('b')]];
  const invalid = [1.5, -1, -1n, [1, 'text'], [1, 2, 3], [1.5, Buffer.from('b')], {}, true, Symbol('s'), NaN, 2n ** 1024n];
  const all = [...results, ...invalid];
  const [a] = connectedPair({}, { handler: ({ flags }) => all[flags] });
  const responses = await Promise.all(all.map((_, flags) => a.request({ type: 1, flags })));
  const got = responses.map(({ ok, flags, payload }) => `${ok} ${flags} ${payload}`);
  assert.deepEqual(got.slice(0, results.length), [
    'true 0 ', 'true 0 ', 'true 5 ', 'true 5 ', 'true 0 b', 'true 0 b', 'true 0 é', 'true 0 a&#55296;b😀', 'true 6 b',
  ]); // prettier-ignore
  for (const response of responses.slice(results.length)) assert.equal(response.ok, false);
  a.destroy();
});

test('a handler that fails in any way is answered by a failure', async () => {
  const handlers = {
    1: () => { throw new Error('why'); },
    2: () => Promise.reject(new Error('later')),
    3: () => { throw { toString() { throw new Error('again'); } }; },
    4: () => { throw undefined; },
  }; // prettier-ignore
  const [a] = connectedPair({}, { handler: (request) => handlers[request.type]() });
  const responses = await Promise.all([1, 2, 3, 4].map((type) => a.request({ type })));
  assert.deepEqual(responses.map((r) => `${r.ok} ${text(r)}`), ['false why', 'false later', 'false ', 'false undefined']); // prettier-ignore
  a.destroy();
});

test('values out of range are refused, and use no tag', async () => {
  const peer = new Peer();
  const bad = [{}, { type: -1 }, { type: 1, flags: -1n }, { type: 1, channel: -1 }, { type: 1.5 }, { type: 2n ** 1024n - 1n },
    { type: 1, payload: 5 }, { type: 1, decode: 5 }]; // prettier-ignore
  for (const query of bad) assert.throws(() => peer.connection.submit(query), error('invalid'));
  peer.connection.submit({ type: 1, channel: 7 });
  const { tag, channel, type } = await peer.receive();
  assert.deepEqual([tag, channel, type], [1n, 7n, 2n]);
  for (const options of [{ packetGrace: -1 }, { packetGrace: 'x' }, { maxHandlers: 0 }, { maxHeld: NaN }]) {
    assert.throws(() => new Connection({ input: null, output: null, ...options }), error('invalid'));
  }
});

test('responses come in any order, only the first counts, and others are ignored', async () => {
  const peer = new Peer();
  const calls = [1, 2].map((type) => peer.connection.submit({ type }));
  peer.send('03 07 04 78 03 02 04 62 03 02 04 78 05 01 05 07 78 78 03 01 00 61');
  assert.deepEqual((await Promise.all(calls)).map((r) => `${r.ok} ${text(r)}`), ['false a', 'true b']);
});

test('the end of the stream cancels, is reported, and is answered by EOF', async () => {
  for (const [octets, reason] of [
    ['03 00 02 00', 'eof'],
    ['05 80 00 03 00 00', 'eof'],
    ['', 'cut'],
    ['05 01', 'cut'],
    ['03 01 02 00', 'malformed'],
    ['04 00 02 00 21', 'malformed'],
    ['00', 'malformed'],
  ]) {
    const peer = new Peer();
    const call = peer.connection.submit({ type: 1 });
    peer.end(octets);
    await assert.rejects(call, error('cancelled'));
    assert.equal(await peer.connection.join(), reason);
    assert.equal((await peer.receive()).tag, 1n);
    assert.deepEqual(await peer.receive(), EOF);
    assert.equal(await peer.receive(), null);
    assert(peer.isInputDestroyed);
  }
});

test('answers come before EOF, and refusals name their reason', async () => {
  const gate = new Gate();
  const peer = new Peer({ handler: () => gate.opened });
  const refusal = async () => {
    const { tag, channel, flags, payload } = await peer.receive();
    return `${channel}/${tag} ${flags} ${payload}`;
  };
  peer.send('04 09 03 07 01');
  assert.equal(await refusal(), '7/9 0 channel 7 is not served');
  peer.send('03 01 02 04 03 01 02 04');
  assert.equal(await refusal(), '0/1 0 a request with this tag is in flight');
  const stopped = peer.connection.shutdown();
  peer.send('03 02 02 04');
  assert.equal(await refusal(), '0/2 0 the connection is shut down');
  gate.open('done');
  assert.equal(await refusal(), '0/1 1 done');
  assert.deepEqual(await peer.receive(), EOF);
  assert.equal(await peer.receive(), null);
  await stopped;
});

test('a shutdown returns, and calls are still answered, when the peer reads no more', async () => {
  const peer = new Peer();
  const call = peer.connection.submit({ type: 1 });
  await peer.receive();
  peer.closeReceiving();
  const stopped = peer.connection.shutdown();
  peer.send('03 01 04 61');
  assert.equal(text(await call), 'a');
  await stopped;
  peer.end();
  assert.equal(await peer.connection.join(), 'cut');
});

test('destroy ends everything in any state', async () => {
  const gate = new Gate();
  const peer = new Peer({ handler: () => gate.opened, packetGrace: 10 });
  peer.send('03 01 02 04');
  const call = peer.connection.submit({ type: 1 });
  const stopped = peer.connection.shutdown();
  const joined = peer.connection.join();
  peer.connection.destroy();
  await assert.rejects(call, error('cancelled'));
  assert.equal(await joined, 'destroyed');
  await stopped;
  gate.open();
  peer.connection.destroy();
});

test('a decoder replaces the payload or fails', async () => {
  const [a] = connectedPair({}, { handler: ({ type, payload }) => { if (type) return [3, payload]; throw new Error('no'); } }); // prettier-ignore
  const decode = async (flags, payload) => `${flags} ${payload}`;
  assert.equal((await a.request({ type: 1, payload: 'x', decode })).payload, '3 x');
  assert.equal(text(await a.request({ type: 0, decode })), 'no');
  const failure = new RangeError('bad');
  await assert.rejects(a.request({ type: 1, decode: () => Promise.reject(failure) }), (e) => e === failure);
  a.destroy();
});

test('a payload above the limit is malformed', async () => {
  const peer = new Peer({ handler: ({ payload }) => payload, maxPayload: 4 });
  peer.send('07 01 02 02 66 6f 75 72');
  assert.equal(text(await peer.receive()), 'four');
  peer.send('08 01 02 02');
  assert.equal(await peer.connection.join(), 'malformed');
});

test('too much held pauses the input, unless calls are pending', async () => {
  const gate = new Gate();
  const peer = new Peer({ handler: () => gate.opened, maxHeld: 1000 });
  const request = (tag) => `04 ${Buffer.from([0x81, tag]).toString('hex')} 02 02`;
  for (let tag = 0; tag < 5; tag++) peer.send(request(tag));
  await turn();
  assert(peer.isInputPaused);
  const call = peer.connection.submit({ type: 1 });
  assert(!peer.isInputPaused);
  peer.send('02 01 04');
  await call;
  const second = peer.connection.submit({ type: 1 });
  for (let tag = 5; tag < 20; tag++) peer.send(request(tag));
  await assert.rejects(second, error('cancelled'));
  assert.equal(await peer.connection.join(), 'overload');
  gate.open();
});

test('no more handlers run at once than allowed, and begin in order', async () => {
  const gate = new Gate();
  const begun = [];
  const [a] = connectedPair({}, { maxHandlers: 3, handler: ({ flags }) => { begun.push(flags); return gate.opened; } }); // prettier-ignore
  const calls = Array.from({ length: 3000 }, (_, flags) => a.submit({ type: 1, flags }));
  await turn();
  await turn();
  assert.deepEqual(begun, [0n, 1n, 2n]);
  gate.open();
  await Promise.all(calls);
  assert.deepEqual(begun, Array.from(calls.keys(), BigInt));
  a.destroy();
});

test('drained resolves when less is queued', async () => {
  const peer = new Peer({ maxHeld: 100000 });
  for (let i = 0; i < 20; i++) peer.connection.submit({ type: 1, payload: Buffer.alloc(10000) });
  const drained = peer.connection.drained();
  for (let i = 0; i < 20; i++) assert.equal((await peer.receive()).tag, BigInt(i + 1));
  await drained;
  peer.connection.destroy();
});

test('ticks count packets', async () => {
  let ticks = 0;
  const peer = new Peer({ handler: () => {}, tick: (octets) => (ticks += octets.length) });
  peer.end('03 01 02 02 03 02 02 02 03 00 02 00');
  while (await peer.receive());
  assert(ticks >= 6);
});

test('a grace gathers packets until it is over or the connection shuts down', async () => {
  const peer = new Peer({ packetGrace: 3600 });
  const call = peer.connection.submit({ type: 1 });
  await turn();
  peer.connection.shutdown({ block: false });
  assert.equal((await peer.receive()).tag, 1n);
  assert.deepEqual(await peer.receive(), EOF);
  peer.end();
  await assert.rejects(call, error('cancelled'));
});

test('one socket carries both streams', async () => {
  const big = Buffer.alloc(3 << 20, 1);
  const [a, b] = await socketPair({}, { handler: () => big });
  assert.deepEqual((await a.request({ type: 1 })).payload, big);
  await b.shutdown();
  assert.deepEqual(await Promise.all([a.join(), b.join()]), ['eof', 'eof']);
  await a.shutdown();
});

test('twenty connections over named pipes wait without a thread each', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ps'));
  const path = (name) => join(dir, name);
  const connections = [];
  for (let i = 0; i < 20; i++) {
    execFileSync('mkfifo', [path(`a${i}`), path(`b${i}`)]);
    const handler = ({ payload }) => payload;
    const ends = await Promise.all([openPipes(path(`a${i}`), path(`b${i}`)), openPipes(path(`b${i}`), path(`a${i}`))]);
    connections.push(...ends.map((streams) => new Connection({ ...streams, handler, packetGrace: 0 })));
  }
  const responses = await Promise.all(connections.map((c, i) => c.request({ type: 1, payload: String(i) })));
  assert.deepEqual(responses.map(text), Array.from(connections.keys(), String));
  await Promise.all(connections.map((c) => c.shutdown()));
  rmSync(dir, { recursive: true });
});

test('the wait for a reader of a pipe can be aborted', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ps'));
  execFileSync('mkfifo', [join(dir, 'a'), join(dir, 'b')]);
  const abort = new AbortController();
  const opening = openPipes(join(dir, 'a'), join(dir, 'b'), { signal: abort.signal });
  await turn();
  abort.abort();
  await assert.rejects(opening, { name: 'AbortError' });
  rmSync(dir, { recursive: true });
});
