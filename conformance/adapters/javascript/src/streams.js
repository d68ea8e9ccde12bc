import { close, constants, open } from 'node:fs';
import { connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const openFile = promisify(open);
const closeFile = promisify(close);

/**
 * Opens a named pipe for writing. Without O_NONBLOCK the opening would keep a thread of libuv's
 * pool until a reader comes; with it, the system refuses until then, so it is tried again.
 */
async function openForWriting(path, signal) {
  for (;;) {
    try {
      return await openFile(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (error.code !== 'ENXIO') throw error;
      await sleep(5, undefined, { signal });
    }
  }
}

/**
 * Opens two named pipes as streams, the one to receive from first. Both wait in the event loop: a
 * blocked read keeps no thread, and destroy ends it.
 */
export async function openPipes(recv, send, { signal } = {}) {
  const recvFd = await openFile(recv, constants.O_RDONLY | constants.O_NONBLOCK);
  let sendFd;
  try {
    sendFd = await openForWriting(send, signal);
  } catch (error) {
    await closeFile(recvFd);
    throw error;
  }
  return {
    input: new Socket({ fd: recvFd, readable: true, writable: false }),
    output: new Socket({ fd: sendFd, readable: false, writable: true }),
  };
}

/**
 * Connects to a socket, by a path or as net.connect does, as input and output. Node destroys a
 * socket when a write fails, so a peer that has closed only its receiving end is not heard any
 * more, which SHD-11 requires. No TCP peer can do that, but one of a Unix-domain socket can.
 */
export async function connectSocket(target) {
  const options = typeof target === 'string' ? { path: target } : target;
  const socket = connect({ ...options, allowHalfOpen: true }); // each stream ends by itself
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return { input: socket, output: socket };
}
