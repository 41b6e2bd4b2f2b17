// Members who talk at a steady pace, whatever the server does, and look at the clock: how long until one's own message
// is back, which is when it is acknowledged, and until all have it. Each message carries its number behind the
// mark; what others say has no mark and is not looked at.
//
//   bun tests/bench/pace.ts '{"wire":"json","ports":[53000],…}'        prints a PaceResult

import { cpuSecondsOf, peakBytesOf } from "../support/process.ts";
import { connectAll, fail, finish, write } from "./clients.ts";
import type { Target } from "./load.ts";
import { mark, wires } from "./wires.ts";

export type Pace = {
  members: number;
  /** How many of them talk, one after the other. */
  senders: number;
  /** All of them together. */
  linesPerSecond: number;
  payloadBytes: number;
  /** They rename themselves instead. */
  rename?: true;
};

/** In milliseconds: half of the messages were faster, and 99 of 100. */
export type Delay = { p50: number; p99: number };

export type PaceResult = {
  /** Until a message came back to its sender. */
  own: Delay;
  /** Until it reached a member, whichever. */
  delivery: Delay;
  /** Deliveries that never came. */
  lost: number;
  /** How busy the server was; 1 is a whole CPU. */
  cpuShare?: number | undefined;
  /** How much CPU it took, and how much memory it had at most. */
  cpuSeconds?: number | undefined;
  peakBytes?: number | undefined;
};

const joinMs = 15_000;
const probeMs = 250;
const lostAfterMs = 3_000;
const tickMs = 1;
const digits = 7;

const options: Pace & Target = JSON.parse(Bun.argv[2] ?? "{}");
const { members, senders } = options;
const wire = wires[options.wire];
/** What stands before the number of a message, or of a name. */
const sign = options.rename ? Buffer.from('"to":"Z') : Buffer.of(mark);

/** When each message was said, by its number. */
const saidAt: number[] = [];
const own: number[] = [];
const delivery: number[] = [];
const heard = new Uint32Array(members);
/** The first message that counts. */
let first = Infinity;

// A number may come in two pieces: the first one waits here.
const begun = new Map<number, Buffer>();

function hear(index: number, chunk: Buffer): void {
  const now = performance.now();
  const bytes = Buffer.concat([begun.get(index) ?? new Uint8Array(), chunk]);
  begun.delete(index);
  for (let at = bytes.indexOf(sign); at !== -1; at = bytes.indexOf(sign, at + 1)) {
    const from = at + sign.length;
    const number = bytes.toString("latin1", from, from + digits);
    if (number.length < digits) begun.set(index, bytes.subarray(at));
    else reached(index, Number(number), now);
  }
}

function reached(index: number, message: number, now: number): void {
  heard[index] = (heard[index] ?? 0) + 1;
  if (message < first) return;
  const delayMs = now - (saidAt[message] ?? now);
  delivery.push(delayMs);
  if (index === message % senders) own.push(delayMs);
}

function say(): void {
  const message = saidAt.length;
  const talker = clients[message % senders];
  if (!talker) return;
  const number = String(message).padStart(digits, "0");
  const line = options.rename
    ? Buffer.from(`${JSON.stringify({ type: "rename", name: `Z${number}` })}\n`)
    : wire.say(`^${number}`.padEnd(options.payloadBytes, "x"));
  saidAt.push(performance.now());
  write(talker, line);
}

// ---- The room fills ----

const clients = await connectAll(members, options.ports, hear);
for (const [i, client] of clients.entries()) write(client, Buffer.from(wire.join(`u${i + 1}`)));
const joinedBy = performance.now() + joinMs;
while (heard.includes(0)) {
  if (performance.now() > joinedBy) fail(`not everyone was in the room after ${joinMs / 1000} s`);
  say();
  await Bun.sleep(probeMs);
}

// ---- The talk ----

await talk(options.warmUpSeconds);
first = saidAt.length;
const from = { at: performance.now(), cpuSeconds: cpuSecondsOf(options.pids) };
await talk(options.seconds);
const to = { at: performance.now(), cpuSeconds: cpuSecondsOf(options.pids) };

const all = (saidAt.length - first) * members;
const lostAt = performance.now() + lostAfterMs;
while (delivery.length < all && performance.now() < lostAt) await Bun.sleep(probeMs);

const cpuSeconds = to.cpuSeconds === undefined ? undefined : to.cpuSeconds - (from.cpuSeconds ?? 0);
finish({
  own: delayOf(own),
  delivery: delayOf(delivery),
  lost: all - delivery.length,
  cpuShare: cpuSeconds && cpuSeconds / ((to.at - from.at) / 1000),
  cpuSeconds,
  peakBytes: peakBytesOf(options.pids),
} satisfies PaceResult);

/** At random moments, so that no other rhythm in the room is met or missed each time. */
async function talk(seconds: number): Promise<void> {
  const meanMs = 1000 / options.linesPerSecond;
  const end = performance.now() + seconds * 1000;
  let due = performance.now();
  while (performance.now() < end) {
    while (due <= performance.now()) {
      say();
      due += -Math.log(1 - Math.random()) * meanMs;
    }
    await Bun.sleep(tickMs);
  }
}

function delayOf(delaysMs: number[]): Delay {
  const sorted = Float64Array.from(delaysMs).sort();
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
