// Members that are not measured: they are in the room beside those who are, each under its own name, and read all they
// get. Some speak as often as the rate limit lets them, others write what `yes | nc` does, as fast as their
// socket takes it. Since the server reads a flooder no faster, both bring the same to the room: what differs is the
// flooding. Those who ask for the oldest page of the history, or search it, ask as fast as a flooder writes, and bring
// nothing to the room; the silent do nothing. The others read in gulps, so that the CPU they share with those who measure is left to these.
// It prints a line once all of them are in the room, and goes on until it is ended.
//
//   bun tests/bench/crowd.ts '{"port":53000,"members":100,"mood":"flooding"}'

import { type Client, connectAll, write } from "./clients.ts";
import { wires } from "./wires.ts";

export type Crowd = {
  members: number;
  mood: "speaking" | "flooding" | "looking back" | "searching" | "silent";
};

/** The server's --rate, unless told otherwise. */
const linesPerSecond = 5;
const gulpMs = 50;
/** What a flooder writes at once. */
const floodLines = 32_000;

const { port, members, mood }: Crowd & { port: number } = JSON.parse(Bun.argv[2] ?? "{}");
const said = wires.line.say("y");
/** What each of them writes again and again. */
const line = {
  speaking: said,
  flooding: said,
  "looking back": Buffer.from('{"type":"history","before":501,"limit":500}\n'),
  silent: said,
  searching: Buffer.from('{"type":"search","text":"wor"}\n'),
}[mood];
const wire = line === said ? wires.line : wires.json;
const flood = Buffer.concat(Array.from({ length: floodLines }, () => line));

const joined = new Set<number>();
const everybody = Promise.withResolvers<void>();
const clients = await connectAll(members, [port], (index) => {
  joined.add(index);
  if (joined.size === members) everybody.resolve();
});
for (const [i, client] of clients.entries()) write(client, Buffer.from(wire.join(`crowd${i + 1}`)));
await everybody.promise;

const everyMs = 1000 / linesPerSecond;

function speak(client: Client): void {
  setInterval(() => write(client, line), everyMs);
}

function floodWith(client: Client): void {
  client.drained = () => {
    while (client.unsent.length === 0) write(client, flood);
  };
  client.drained();
}

// Each at a moment of its own, or the room would hear all of them at once, five times a second.
for (const client of mood === "silent" ? [] : clients) {
  setTimeout(mood === "speaking" ? speak : floodWith, Math.random() * everyMs, client);
}

/** Pauses all of them, and lets them read what has come meanwhile. Long answers would pile up: they are read at once. */
function readInGulps(): void {
  for (const { socket } of clients) socket?.resume();
  setImmediate(() => {
    for (const { socket } of clients) socket?.pause();
  });
}

if (wire === wires.line) setInterval(readInGulps, gulpMs);
console.log("in the room");
