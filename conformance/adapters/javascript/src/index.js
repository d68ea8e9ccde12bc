export { Connection } from './connection.js';
export { PacketStreamError } from './error.js';
export { decode, describe, encode, equal } from './packet.js';
export { PacketReader } from './reader.js';
export { connectSocket, openPipes } from './streams.js';
