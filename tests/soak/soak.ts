#!/usr/bin/env bun
// The soak: a real server with its history on disk and little of it kept, members who come and go in every way, and
// witnesses who stay, while its certificate and settings change, its history is copied, and lines are taken back. In the
// end, with only the witnesses left, nothing may be lost or said twice, and the server must be as small as it was after the
// first minute, with as many files open as before and those of the checkpoints' thread.
//
//   bun run soak        bun run soak --minutes 3 --seed 7

import { join } from "node:path";
import { attempt } from "../../lib/cli/failure.ts";
import { type Flag, number, parseFlags } from "../../lib/cli/flags.ts";
import { openFiles, rssMegabytes } from "../support/process.ts";
import { Random } from "../support/random.ts";
import { Server, temporaryFolder } from "../support/server.ts";
import { Book } from "./book.ts";
import { spendOnIrc } from "./irc.ts";
import { Keeper } from "./keeper.ts";
import { type Day, Member, spendOnNc } from "./member.ts";
import { Witness } from "./witness.ts";

const maxSeed = 2 ** 31 - 1;
const seedFlag: Flag<number | undefined> = {
  ...number("SEED", "what determines who does what (default: another one each time)", 0, 0, maxSeed),
  default: undefined,
};
const options = attempt(() =>
  parseFlags(
    { minutes: number("MINUTES", "for how long", 10, 2, 100_000), seed: seedFlag },
    { usage: "bun run soak [flags]", summary: "Lets members come and go; nothing may be lost." },
  ),
);

const members = 60;
const people = 8;
const onIrc = 8;
const witnesses = 2;
/** The thread that writes the log into the file starts with the first checkpoint: its event loop takes two, and the file is opened again. */
const checkpointFiles = 3;
const seatSeconds = 2;
// Fewer events than two minutes bring, and more than come while a member is away or behind.
const keepEvents = 10_000;
const reportMs = 30_000;
/** In the end the server has this long to become calm, and its size is the median of the last samples. */
const settleMs = 20_000;
const lastSamples = 10;
/** How much bigger than after the first minute it may be. */
const maxGrowth = 1.2;

const seed = options.seed ?? Math.floor(Math.random() * maxSeed);
using folder = temporaryFolder();
using keeper = new Keeper();
const flags = `--keep ${keepEvents} --seat ${seatSeconds} --rate 5`.split(" ");
const history = join(folder.path, "room.sqlite");
await using server = await Server.start(["--history", history, ...flags, ...keeper.flags]);
// Interrupted, it leaves nothing behind either.
process.on("exit", () => {
  void server.kill("SIGKILL");
  keeper[Symbol.dispose]();
  folder[Symbol.dispose]();
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const book = new Book(witnesses);
let ending = false;
void server.exited.then((code) => {
  if (!ending) book.problem(`The server ended with code ${code}`);
});
const seats = Array.from({ length: witnesses }, (_, i) => Witness.join(server.port, i, book));
const watching = await Promise.all(seats);
const quietLines = server.log.items.length;
const filesBefore = openFiles(server.pid) ?? 0;

// ---- The day ----

const startedAt = Date.now();
const elapsedMs = () => Date.now() - startedAt;
const counts = new Map<string, number>();
const evening = Promise.withResolvers<void>();
const day: Day = {
  port: server.port,
  book,
  seatMs: seatSeconds * 1000,
  sleep: (ms) => Promise.race([Bun.sleep(ms), evening.promise]),
  over: false,
  count: (what) => counts.set(what, (counts.get(what) ?? 0) + 1),
};

/** One a second. */
const rssSamples: number[] = [];
const sampler = setInterval(() => rssSamples.push(rssMegabytes(server.pid) ?? 0), 1_000);
const reporter = setInterval(report, reportMs);

const guestList = `${members} members, ${people} on nc, ${onIrc} on IRC, ${witnesses} witnesses`;
console.log(`Seed ${seed}: ${guestList}, for ${options.minutes} min`);
const guests = [
  ...Array.from({ length: members }, (_, i) => new Member(i, new Random(seed + i), day).spend()),
  ...Array.from({ length: people }, (_, i) => spendOnNc(i, new Random(seed - 1 - i), day)),
  ...Array.from({ length: onIrc }, (_, i) => spendOnIrc(i, new Random(seed + members + i), day)),
  keeper.keep(server, history, new Random(seed - 1 - people), day),
];
await Bun.sleep(options.minutes * 60_000);
day.over = true;
evening.resolve();
await Promise.all(guests);

// ---- The verdict ----

await Bun.sleep(seatSeconds * 1000 + settleMs);
clearInterval(sampler);
clearInterval(reporter);
report();
const here = await watching[0]?.members();
if (here !== witnesses) book.problem(`${here} are in the room, and not ${witnesses}`);
const filesAfter = openFiles(server.pid) ?? 0;
if (![filesBefore, filesBefore + checkpointFiles].includes(filesAfter))
  book.problem(`${filesBefore} files were open, ${filesAfter} in the end`);
const output = server.log.items.slice(quietLines).filter((line) => !keeper.expects(line));
if (output.length > 0) book.problem(`The server said: ${output.join("\n")}`);
book.close();

const early = median(rssSamples.slice(55, 65));
const late = median(rssSamples.slice(-lastSamples));
const growth = late / early;
const most = Math.max(...rssSamples);
console.log(`RSS ${early} MB after the first minute, at most ${most}, ${late} MB in the end`);
if (growth > maxGrowth) book.problem(`The server has grown by ${Math.round(growth * 100 - 100)} %`);
console.log([...counts].map(([what, count]) => `${what}: ${count}`).join(", "));
console.log(book.problems.length === 0 ? "All is well" : `${book.problems.length} things are wrong`);
ending = true;
for (const witness of watching) witness.leave();
process.exitCode = book.problems.length === 0 ? 0 : 1;

function report(): void {
  const said = `${book.acknowledged} lines acknowledged, ${book.heard} heard, ${watching[0]?.seq} events`;
  const size = `RSS ${rssSamples.at(-1)} MB, ${openFiles(server.pid)} files`;
  console.log(`${Math.round(elapsedMs() / 1000)} s: ${said}; ${size}`);
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}
