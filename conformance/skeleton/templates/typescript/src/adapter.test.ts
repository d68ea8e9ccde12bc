// Tests of the protocol's side, with an implementation that does as little as possible.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Commands, packetFromJSON, packetToJSON } from "./commands.ts";
import { implementation } from "./implementation.ts";
import {
  AdapterError,
  type Connection,
  type Handler,
  type Implementation,
  type Options,
  type Request,
} from "./protocol.ts";
import type { Fields } from "./subject.ts";

/** An implementation whose peer answers each request with itself. */
class Fake {
  handler: Handler | undefined;
  options: Options | undefined;
  ended: (how: string) => void = () => {};

  readonly implementation: Implementation = {
    ...implementation,
    decode: () => ({
      packet: { isRequest: true, channel: 5n, tag: 300n, flags: 7n, rqType: 2n, payload: Buffer.from("hello") },
      consumed: 11,
    }),
    open: async (recv, send, handler, options): Promise<Connection> => {
      this.handler = handler;
      this.options = options;
      const end = new Promise<string>((resolve) => (this.ended = resolve));
      return {
        request: async (request: Request) => ({
          wait: async () => {
            if (request.rqType === 99n) throw new AdapterError("cancelled", "the peer's stream has ended");
            const payload = request.decode ? request.decode(request.flags, request.payload) : request.payload;
            return { ok: true, flags: request.flags, payload };
          },
        }),
        shutdown: async () => this.ended("eof"),
        join: () => end,
        close: () => {
          recv.destroy();
          send.destroy();
        },
      };
    },
  };
}

/** Sends commands to an adapter, and returns their replies without the ids. */
class Runner {
  #ids = 0;
  readonly #replies = new Map<number, Fields>();
  readonly #commands: Commands;

  constructor(tested: Implementation) {
    this.#commands = new Commands(tested, (line) => {
      assert.match(line, /^[^\n]*\n$/);
      const { id, ...reply } = JSON.parse(line);
      assert(!this.#replies.has(id));
      this.#replies.set(id, reply);
    });
  }

  async do(op: string, fields: Fields = {}): Promise<Fields> {
    const id = ++this.#ids;
    await this.#commands.answer(JSON.stringify({ id, op, ...fields }));
    return this.#replies.get(id)!;
  }

  async kind(op: string, fields: Fields = {}): Promise<string> {
    return (await this.do(op, fields)).error.kind;
  }

  async open(t: TestContext, fields: Fields = {}): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "adapter-"));
    const [recv, send] = [join(folder, "recv"), join(folder, "send")];
    execFileSync("mkfifo", [recv, send]);
    const ends = [recv, send].map((path) => openSync(path, constants.O_RDWR | constants.O_NONBLOCK)); // as the runner's ends
    t.after(async () => {
      await this.do("close", { conn: "c" });
      ends.forEach((end) => closeSync(end));
      rmSync(folder, { recursive: true });
    });
    assert.deepEqual(await this.do("open", { conn: "c", recv, send, handler: true, ...fields }), {});
  }
}

test("a TODO is unsupported", async () => {
  const runner = new Runner(implementation);
  const hello = await runner.do("hello", { version: 1 });
  assert.equal(hello.version, 1);
  assert(hello.name);
  assert.equal(await runner.kind("nosuch"), "unsupported");
  assert.equal(await runner.kind("join", { conn: "c" }), "invalid");
});

test("packets keep their values", async () => {
  const request = { is_request: true, channel: "5", tag: "300", flags: "7", rq_type: "2", payload: "68656c6c6f" };
  const response = { is_request: false, channel: "0", tag: String(2n ** 70n), flags: "1", payload: "" };
  for (const fields of [request, response]) assert.deepEqual(packetToJSON(packetFromJSON(fields)), fields);
  assert.deepEqual(await new Runner(new Fake().implementation).do("decode", { bytes: "0a" }), {
    packet: request,
    consumed: 11,
  });
});

test("requests", async (t) => {
  const runner = new Runner(new Fake().implementation);
  await runner.open(t);
  const of = (fields: Fields) => ({ conn: "c", rq_type: "2", ...fields });
  assert.deepEqual(await runner.do("request", of({ call: "a", flags: "7", payload: "6869" })), {});
  assert.deepEqual(await runner.do("wait", { conn: "c", call: "a" }), { ok: true, flags: "7", payload: "6869" });
  assert.deepEqual(await runner.do("do", of({})), { ok: true, flags: "0", payload: "" });
  assert.equal((await runner.do("do", of({ payload: "6869", decode: "reverse" }))).payload, "6968");
  assert.equal(await runner.kind("do", of({ decode: "raise" })), "decode");
  assert.equal(await runner.kind("do", of({ rq_type: "99" })), "cancelled");
  assert.equal(await runner.kind("wait", { conn: "c", call: "b" }), "invalid");
});

test("commands that wait delay no other", async (t) => {
  const runner = new Runner(new Fake().implementation);
  await runner.open(t);
  const joins = [runner.do("join", { conn: "c" }), runner.do("join", { conn: "c" })];
  assert.deepEqual(await runner.do("shutdown", { conn: "c", block: true }), {});
  for (const joined of joins) assert.deepEqual(await joined, { ended: "eof" });
});

test("the standard handler", async (t) => {
  const fake = new Fake();
  const runner = new Runner(fake.implementation);
  await runner.open(t);
  const handle = (rqType: bigint, payload: string | Uint8Array) =>
    fake.handler!(rqType, 7n, Buffer.from(payload as string));
  assert.equal(await handle(0n, "x"), undefined);
  assert.equal(await handle(1n, "x"), 7n);
  assert.deepEqual(await handle(2n, Uint8Array.of(0xff)), Buffer.of(0xff));
  assert.equal(await handle(3n, "é"), "é");
  assert.equal(await handle(3n, Uint8Array.of(0x61, 0xed, 0xa0, 0x80, 0x62)), "a\ud800b");
  assert.deepEqual(await handle(4n, "x"), [7n, Buffer.from("x")]);
  assert.deepEqual(await handle(7n, "ab"), [0x11n, Buffer.from("ba")]);
  assert.deepEqual(await handle(8n, "252"), Buffer.from([...Array(252).keys()].map((i) => i % 251)));
  assert.deepEqual(await handle(9n, "hi"), Buffer.from("hi"));
  assert.equal(await handle(10n, "negative"), -1n);
  await assert.rejects(handle(5n, "no"), /no/);
  await assert.rejects(handle(11n, ""));
  await assert.rejects(handle(3n, Uint8Array.of(0xff)));
  await assert.rejects(handle(8n, "x"));
  const { calls } = await runner.do("seen", { conn: "c" });
  assert.equal(calls.length, 14);
  assert.deepEqual(calls[2], { rq_type: "2", flags: "7", payload: "ff" });
});

test("gates", async (t) => {
  const fake = new Fake();
  const runner = new Runner(fake.implementation);
  await runner.open(t);
  const hold = (gate: string) => fake.handler!(6n, 0n, Buffer.from(gate));
  await runner.do("release", { conn: "c", gate: "early" });
  await hold("early");
  await hold("early"); // it stays open
  const held = [hold("g"), hold("g"), hold("never")];
  await runner.do("release", { conn: "c", gate: "g" });
  assert.deepEqual(await held[0], Buffer.from("g"));
  await held[1];
  await runner.do("close", { conn: "c" }); // lets the third go
  await held[2];
});

test("ticks and the grace", async (t) => {
  const fake = new Fake();
  const runner = new Runner(fake.implementation);
  await runner.open(t, { tick: "record", grace: 0.05 });
  assert.equal(fake.options?.grace, 0.05);
  fake.options?.tick?.(Buffer.of(0, 1));
  assert.deepEqual(await runner.do("ticks", { conn: "c" }), { ticks: ["0001"] });
});
