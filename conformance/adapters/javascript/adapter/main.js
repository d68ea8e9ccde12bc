// The adapter: it reads commands from standard input, one JSON object a line. With the argument
// --sockets, it asks the runner for connections over Unix-domain sockets in place of pipes.
import { Adapter } from './adapter.js';

const args = process.argv.slice(2);
if (args.length > 1 || (args.length === 1 && args[0] !== '--sockets')) {
  process.stderr.write('usage: adapter [--sockets]\n');
  process.exit(2);
}

const adapter = new Adapter({
  sockets: args.length === 1,
  write: (reply) => process.stdout.write(`${JSON.stringify(reply)}\n`), // synchronous, for a pipe
});

let parts = []; // of a line that is not complete
process.stdin.on('data', (piece) => {
  for (let end; (end = piece.indexOf(10)) >= 0; piece = piece.subarray(end + 1)) {
    const line = Buffer.concat([...parts, piece.subarray(0, end)]).toString();
    parts = [];
    adapter.command(line);
  }
  if (piece.length > 0) parts.push(piece);
});
process.stdin.on('end', () => process.exit(0));
process.stdout.on('error', () => process.exit(1)); // the runner reads no more
