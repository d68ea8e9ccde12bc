// The commands of the adapter protocol.
import { connectSocket, decode, describe, encode, equal, openPipes } from '../src/index.js';
import { decoders } from './handler.js';
import { Session } from './session.js';
import { CommandError, errorKind, hex, readInteger, readOctets, readPacket, writePacket } from './values.js';

const abilities = [
  'equal', 'string', 'grace', 'tick', 'decode-response', 'decode-flags', 'invalid-reply', 'negative',
  'big-integers', 'channels', 'end-reason',
]; // prettier-ignore

function readQuery({ rq_type, flags = '0', channel = '0', payload = '', decode: decoder }) {
  const query = {
    type: readInteger(rq_type),
    flags: readInteger(flags),
    channel: readInteger(channel),
    payload: readOctets(payload),
  };
  if (decoder !== undefined) {
    if (!Object.hasOwn(decoders, decoder)) throw new CommandError('unsupported', `no decoder ${decoder}`);
    query.decode = decoders[decoder];
  }
  return query;
}

const writeResponse = ({ ok, flags, payload }) => ({ ok, flags: String(flags), payload: hex(payload) });

export class Adapter {
  #sessions = new Map();
  #sockets;
  #write;

  constructor({ sockets, write }) {
    this.#sockets = sockets;
    this.#write = write;
  }

  /** Carries out one line. The reply may come later, and never comes as an exception. */
  async command(line) {
    let id = 0;
    try {
      const fields = JSON.parse(line);
      if (Number.isFinite(fields?.id)) id = fields.id;
      if (!Object.hasOwn(this.#commands, fields?.op)) throw new CommandError('unsupported', 'no such command');
      this.#write({ id, ...(await this.#commands[fields.op](fields)) });
    } catch (error) {
      this.#write({ id, error: { kind: errorKind(error), message: String(error?.message) } });
    }
  }

  #session({ conn }) {
    const session = this.#sessions.get(conn);
    if (!session) throw new CommandError('internal', `there is no connection ${JSON.stringify(conn)}`);
    return session;
  }

  #commands = {
    hello: () => ({
      version: 1,
      name: 'packetstream in JavaScript',
      release: '1.0.0',
      language: 'JavaScript',
      supports: this.#sockets ? [...abilities, 'sockets'] : abilities,
    }),
    encode: ({ packet }) => ({ bytes: hex(encode(readPacket(packet))) }),
    decode: ({ bytes }) => {
      const { packet, consumed } = decode(readOctets(bytes));
      return { packet: writePacket(packet), consumed };
    },
    equal: ({ a, b }) => ({ equal: equal(readPacket(a), readPacket(b)) }),
    string: ({ packet }) => ({ string: describe(readPacket(packet)) }),
    open: async (fields) => {
      const { conn, socket, recv, send } = fields;
      const streams = socket === undefined ? await openPipes(recv, send) : await connectSocket(socket);
      this.#sessions.set(conn, new Session(streams, fields));
    },
    request: (fields) => {
      this.#session(fields).submit(fields.call, readQuery(fields));
    },
    wait: async (fields) => writeResponse(await this.#session(fields).wait(fields.call)),
    do: async (fields) => writeResponse(await this.#session(fields).connection.request(readQuery(fields))),
    release: (fields) => this.#session(fields).release(fields.gate),
    seen: (fields) => ({ calls: this.#session(fields).seen.map((call) => ({ ...call, payload: hex(call.payload) })) }),
    ticks: (fields) => ({ ticks: this.#session(fields).ticks }),
    shutdown: async (fields) => {
      await this.#session(fields).connection.shutdown({ block: fields.block });
    },
    join: async (fields) => {
      const reason = await this.#session(fields).connection.join();
      return { ended: reason === 'eof' || reason === 'malformed' ? reason : reason === 'overload' ? 'malformed' : 'cut' };
    },
    close: (fields) => {
      this.#session(fields).close();
      this.#sessions.delete(fields.conn);
    },
  };
}
