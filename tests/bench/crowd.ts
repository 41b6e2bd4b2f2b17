// Members whom nobody measures: they are in the room beside those who are, each under its own name, and read all they
// get. Some speak as often as the flood limit lets anybody speak, others write what `yes | nc` does, as fast as their
// socket takes it. Since the server reads a flooder no faster, both bring the same to the room: what differs is the
// flooding. All read in gulps, so that the CPU they share with those who measure is left to these.
// It prints a line once all of them are in the room, and goes on until it is ended.
//
//   bun tests/bench/crowd.ts '{"port":53000,"members":100,"mood":"flooding"}'

import { type Client, connectAll, write } from "./clients.ts";
import { wires } from "./wires.ts";

export type Crowd = { members: number; mood: "speaking" | "flooding" };

/** The server's --rate, unless told otherwise. */
const linesPerSecond = 5;
const gulpMs = 50;
/** What a flooder writes at once. */
const floodLines = 32_000;

const { port, members, mood }: Crowd & { port: number } = JSON.parse(Bun.argv[2] ?? "{}");
const { line: wire } = wires;
const line = wire.say("y");
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
for (const client of clients) {
  setTimeout(mood === "flooding" ? floodWith : speak, Math.random() * everyMs, client);
}

/** Pauses all of them, and lets them read what has come meanwhile. */
setInterval(() => {
  for (const { socket } of clients) socket?.resume();
  setImmediate(() => {
    for (const { socket } of clients) socket?.pause();
  });
}, gulpMs);
console.log("in the room");
