// Compiled, not run: a program that uses all of the API.
import {
  Connection, connectSocket, decode, describe, encode, equal, openPipes, PacketReader, PacketStreamError,
  type End, type Handler, type Packet, type Response,
} from '../src/index.js'; // prettier-ignore

const handler: Handler = async ({ type, flags, payload }, connection) => {
  if (type === 0n) return;
  if (type === 1n) return flags;
  if (type === 2n) return [5, payload];
  const answer = await connection.request({ type: 3, payload });
  return answer.ok ? answer.payload : 'failed';
};

// @ts-expect-error: not one of the five results
export const wrong: Handler = () => [1, 'text'];

export async function use(): Promise<End> {
  const pipes = await openPipes('in', 'out', { signal: AbortSignal.timeout(1000) });
  const connection = new Connection({ ...pipes, handler, packetGrace: 0, tick: (octets) => octets.length });
  const plain: Response = await connection.request({ type: 7n, flags: 1, payload: 'hello' });
  const text = await connection.submit({ type: 7, decode: (flags, payload) => `${flags} ${payload.toString()}` });
  const value: string | Buffer = text.payload;
  await connection.drained();
  await connection.shutdown({ block: false });
  new Connection({ ...(await connectSocket({ port: 7, host: 'localhost' })), tick: true }).destroy();
  console.log(plain.flags + 1n, value);
  return connection.join();
}

export function codec(octets: Uint8Array): Packet[] {
  const { packet, consumed } = decode(encode({ isRequest: true, tag: 1, type: 2 }));
  const reader = new PacketReader({ maxPayload: 1 << 20 });
  try {
    const packets = [...reader.read(octets)];
    console.log(describe(packet), consumed, equal(packet, packets[0]), reader.consumed);
    return packets;
  } catch (error) {
    if (error instanceof PacketStreamError && error.code === 'malformed') return [];
    throw error;
  }
}
