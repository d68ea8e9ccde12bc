// Commands and replies: the protocol's side of the adapter.

import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { AdapterError } from "./protocol.js";
import { Subject } from "./subject.js";

/**
 * @param {import("./subject.js").Fields} fields
 * @returns {import("./protocol.js").Packet}
 */
export function packetFromJSON(fields) {
  return {
    isRequest: fields.is_request,
    channel: BigInt(fields.channel),
    tag: BigInt(fields.tag),
    flags: BigInt(fields.flags),
    rqType: fields.rq_type === undefined ? undefined : BigInt(fields.rq_type),
    payload: Buffer.from(fields.payload, "hex"),
  };
}

/**
 * @param {import("./protocol.js").Packet} packet
 * @returns {import("./subject.js").Fields}
 */
export function packetToJSON(packet) {
  return {
    is_request: packet.isRequest,
    channel: String(packet.channel),
    tag: String(packet.tag),
    flags: String(packet.flags),
    ...(packet.isRequest ? { rq_type: String(packet.rqType) } : {}),
    payload: packet.payload.toString("hex"),
  };
}

/** @param {import("./protocol.js").Response} response */
function answerToJSON(response) {
  return { ok: response.ok, flags: String(response.flags), payload: response.payload.toString("hex") };
}

/** How long the runner may take to open its end of a pipe, and how often that is tried, in ms. */
const PATIENCE = 10_000;
const PAUSE = 5;

/**
 * Opens both pipes, the receiving one first, as streams of the event loop: no read takes a thread. The streams
 * begin once both are open, because before a writer has opened a pipe, its reader sees the end of the octets.
 * @param {string} recv
 * @param {string} send
 * @returns {Promise<[Socket, Socket]>}
 */
async function openPipes(recv, send) {
  const from = openSync(recv, constants.O_RDONLY | constants.O_NONBLOCK);
  let to = -1;
  try {
    to = await openForWriting(send);
    return [stream({ fd: from, readable: true, writable: false }), stream({ fd: to, readable: false, writable: true })];
  } catch (error) {
    closeSync(from);
    if (to >= 0) closeSync(to);
    throw error;
  }
}

/**
 * Opens a pipe without blocking the event loop until somebody reads it.
 * @param {string} path
 */
async function openForWriting(path) {
  for (const began = Date.now(); ; await setTimeout(PAUSE)) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENXIO" || Date.now() - began > PATIENCE) throw error;
    }
  }
}

/** @param {{ fd: number, readable: boolean, writable: boolean }} options */
function stream(options) {
  const opened = new Socket(options);
  opened.on("error", () => {}); // EPIPE is normal; the implementation has a listener of its own for what matters
  return opened;
}

/** Carries out commands on an implementation. */
export class Commands {
  #implementation;
  #write;
  /** @type {Map<string, Subject>} */
  #subjects = new Map();

  /**
   * @param {import("./protocol.js").Implementation} implementation
   * @param {(line: string) => void} write
   */
  constructor(implementation, write) {
    this.#implementation = implementation;
    this.#write = write;
  }

  /**
   * Carries out the command of a line, and writes its reply. Never rejects.
   * @param {string} line
   */
  async answer(line) {
    let id = 0;
    /** @type {import("./subject.js").Fields} */
    let reply;
    try {
      const command = JSON.parse(line);
      id = command.id;
      reply = await this.#do(command);
    } catch (error) {
      const kind = error instanceof AdapterError ? error.kind : "internal";
      reply = { error: { kind, message: error instanceof Error ? error.message : String(error) } };
    }
    this.#write(JSON.stringify({ id, ...reply }) + "\n");
  }

  /** @param {import("./subject.js").Fields} command */
  #subject(command) {
    const subject = this.#subjects.get(command.conn);
    if (!subject) throw new AdapterError("invalid", `no connection ${command.conn} is open`);
    return subject;
  }

  /**
   * @param {import("./subject.js").Fields} command
   * @returns {Promise<import("./subject.js").Fields>}
   */
  async #do(command) {
    const subject = () => this.#subject(command);
    switch (command.op) {
      case "hello": {
        const { name, release, abilities } = this.#implementation;
        return { version: 1, name, release, language: "JavaScript", supports: abilities };
      }
      case "encode":
        return { bytes: this.#implementation.encode(packetFromJSON(command.packet)).toString("hex") };
      case "decode": {
        const { packet, consumed } = this.#implementation.decode(Buffer.from(command.bytes, "hex"));
        return { packet: packetToJSON(packet), consumed };
      }
      case "equal":
        return { equal: this.#implementation.equal(packetFromJSON(command.a), packetFromJSON(command.b)) };
      case "string":
        return { string: this.#implementation.text(packetFromJSON(command.packet)) };
      case "open":
        await this.#open(command);
        return {};
      case "request":
        subject().calls.set(command.call, await subject().submit(command));
        return {};
      case "wait": {
        const call = subject().calls.get(command.call);
        if (!call) throw new AdapterError("invalid", `no request ${command.call} was submitted`);
        subject().calls.delete(command.call);
        return answerToJSON(await call.wait());
      }
      case "do":
        return answerToJSON(await (await subject().submit(command)).wait());
      case "release":
        subject().gate(command.gate).release();
        return {};
      case "seen":
        return { calls: subject().seen };
      case "ticks":
        return { ticks: subject().ticks };
      case "shutdown":
        await (await subject().connection).shutdown(command.block);
        return {};
      case "join": {
        const ended = await (await subject().connection).join();
        return ended === undefined ? {} : { ended };
      }
      case "close": {
        const closed = subject();
        this.#subjects.delete(command.conn);
        await closed.close();
        return {};
      }
    }
    throw new AdapterError("unsupported", `there is no command ${command.op}`);
  }

  /** @param {import("./subject.js").Fields} command */
  async #open(command) {
    const [recv, send] = await openPipes(command.recv, command.send);
    const subject = new Subject();
    try {
      const connection = await this.#implementation.open(
        recv,
        send,
        command.handler ? (rqType, flags, payload) => subject.handle(rqType, flags, payload) : undefined,
        {
          grace: command.grace,
          tick: command.tick === "record" ? (octets) => subject.ticks.push(octets.toString("hex")) : undefined,
          tickStderr: command.tick === "stderr",
          name: command.name,
        },
      );
      this.#subjects.set(command.conn, subject);
      subject.opened(connection);
    } catch (error) {
      recv.destroy();
      send.destroy();
      subject.failed(error);
      throw error;
    }
  }
}
