// An adapter for packetspec: it reads commands, and carries them out on the implementation. The calls of the
// implementation are in implementation.js; everything else is complete.

import { createInterface } from "node:readline";
import { Commands } from "./commands.js";
import { implementation } from "./implementation.js";

const write = process.stdout.write.bind(process.stdout);
// What the implementation prints must not mix with the replies.
console.log = console.info = console.debug = console.error;

const commands = new Commands(implementation, (line) => void write(line));
const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("line", (line) => void commands.answer(line));
lines.on("close", () => setImmediate(() => process.exit(0))); // whatever still runs
