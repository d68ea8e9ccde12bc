// What the tests of connections share: a peer that writes and expects octets.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, connectSocket, PacketReader } from '../src/index.js';

/** A promise with its functions. */
export class Gate {
  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
}

/** A Peer is the other end of one connection, without its rules. */
export class Peer {
  #input = new PassThrough();
  #output = new PassThrough();
  #received = [];
  #reader = new PacketReader();

  constructor(options = {}) {
    this.connection = new Connection({ input: this.#input, output: this.#output, packetGrace: 0, ...options });
  }

  send(hex) {
    this.#input.write(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  }

  end(hex = '') {
    this.#input.end(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  }

  closeReceiving() {
    this.#output.destroy();
  }

  get isInputPaused() {
    return this.#input.isPaused();
  }

  get isInputDestroyed() {
    return this.#input.destroyed;
  }

  /** Returns the next packet, or null at the end of the stream. */
  async receive() {
    while (this.#received.length === 0) {
      const piece = this.#output.read();
      if (piece) this.#received.push(...this.#reader.read(piece));
      else if (this.#output.readableEnded || this.#output.destroyed) return null;
      else await Promise.race([once(this.#output, 'readable'), once(this.#output, 'end')]);
    }
    return this.#received.shift();
  }
}

/** Returns two connections that are connected to each other by streams in memory. */
export function connectedPair(a, b) {
  const ab = new PassThrough();
  const ba = new PassThrough();
  return [
    new Connection({ input: ba, output: ab, packetGrace: 0, ...a }),
    new Connection({ input: ab, output: ba, packetGrace: 0, ...b }),
  ];
}

/** Returns two connections over a Unix-domain socket. */
export async function socketPair(a, b) {
  const dir = mkdtempSync(join(tmpdir(), 'ps'));
  const server = createServer({ allowHalfOpen: true }).listen(join(dir, 's'));
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const streams = await connectSocket(join(dir, 's'));
  const [socket] = await accepted;
  server.close();
  rmSync(dir, { recursive: true });
  return [
    new Connection({ ...streams, packetGrace: 0, ...a }),
    new Connection({ input: socket, output: socket, packetGrace: 0, ...b }),
  ];
}
