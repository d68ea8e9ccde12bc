// One connection of the adapter, with what the commands on it need.
import { Connection } from '../src/index.js';
import { standardHandlers } from './handler.js';
import { CommandError, hex } from './values.js';

/** A Gate is a promise that the runner resolves, before or after a handler waits for it. */
class Gate {
  constructor() {
    this.opened = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.opened.catch(() => {});
  }
}

export class Session {
  seen = [];
  ticks = [];
  #gates = new Map();
  #calls = new Map();
  #isClosed = false;

  constructor(streams, { handler, grace, tick }) {
    const handlers = standardHandlers((name) => this.#gate(name).opened);
    this.connection = new Connection({
      ...streams,
      packetGrace: grace,
      tick: { record: (octets) => this.ticks.push(hex(octets)), stderr: true }[tick],
      handler: handler && ((request, connection) => this.#handle(handlers, request, connection)),
    });
  }

  #handle(handlers, request, connection) {
    const { type, flags, payload } = request;
    this.seen.push({ rq_type: String(type), flags: String(flags), payload });
    const handle = handlers[type];
    if (!handle) throw new Error(`there is no type ${type}`);
    return handle(request, connection);
  }

  #gate(name) {
    let gate = this.#gates.get(name);
    if (!gate) this.#gates.set(name, (gate = new Gate()));
    if (this.#isClosed) gate.reject(new Error('the connection was closed'));
    return gate;
  }

  release(name) {
    this.#gate(name).resolve();
  }

  submit(name, query) {
    this.#calls.set(name, this.connection.submit(query));
  }

  wait(name) {
    const response = this.#calls.get(name);
    if (!response) throw new CommandError('internal', `there is no call ${JSON.stringify(name)}`);
    this.#calls.delete(name);
    return response;
  }

  close() {
    this.#isClosed = true;
    for (const gate of this.#gates.values()) gate.reject(new Error('the connection was closed'));
    this.connection.destroy();
  }
}
