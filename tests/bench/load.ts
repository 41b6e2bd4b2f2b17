// The load: clients in one room, some of whom talk, in a process of its own. It is a closed loop: at most `window`
// messages are under way in the whole room, so a server gets new work as fast as it delivers, and no faster.
// A delivery is one message that reached one client. To count them costs next to nothing: each message has one mark,
// and whatever the wire looks like, the marks in the bytes are counted.
//
//   bun tests/bench/load.ts '{"wire":"line","ports":[53000],…}'        prints a LoadResult

import { cpuSecondsOf, rssBytesOf } from "../support/process.ts";
import { connectAll, fail, finish, write } from "./clients.ts";
import { marksIn, type Wire, wires } from "./wires.ts";

export type Load = {
  /** Everyone who reads; `senders` of them also talk. */
  clients: number;
  senders: number;
  /** Those who are in the room beside them and never read. */
  stalled: number;
  window: number;
  payloadBytes: number;
};

/** What a load is put on, and for how long. */
export type Target = {
  wire: Wire;
  /** The room's servers: the clients are spread over them. */
  ports: number[];
  /** The servers' processes, whose time and memory are looked at. */
  pids: number[];
  warmUpSeconds: number;
  seconds: number;
};

export type LoadResult = {
  deliveries: number;
  seconds: number;
  /** Messages that never reached a client that reads. */
  lost: number;
  /** The servers' CPU time; where there is no /proc, absent like the memory. */
  cpuSeconds?: number | undefined;
  rssBytes?: number | undefined;
};

const joinMs = 15_000;
const probeMs = 250;
const quietMs = 100;
const lostAfterMs = 1_000;

const options: Load & Target = JSON.parse(Bun.argv[2] ?? "{}");

const wire = wires[options.wire];
const message = wire.say("^".padEnd(options.payloadBytes, "x"));
/** As many as one client ever has to say at once. */
const messages = Buffer.concat(Array.from({ length: options.window }, () => message));

let delivered = 0;
let sent = 0;
let sending = false;
let scheduled = false;

// ---- The room fills ----

const seen = new Uint32Array(options.clients + options.stalled);
const clients = await connectAll(seen.length, options.ports, (index, chunk) => {
  const marks = marksIn(chunk);
  if (marks === 0) return;
  seen[index] = (seen[index] ?? 0) + marks;
  delivered += marks;
  if (!scheduled) setImmediate(fillWindow);
  scheduled = true;
});
for (const [i, client] of clients.entries()) write(client, Buffer.from(wire.join(`u${i + 1}`)));
const talkers = clients.slice(0, options.senders);

// Everyone is in the room when everyone has heard something. These marks do not count.
const joinedBy = performance.now() + joinMs;
while (seen.includes(0)) {
  if (performance.now() > joinedBy) fail(`not everyone was in the room after ${joinMs / 1000} s`);
  if (talkers[0]) write(talkers[0], message);
  await Bun.sleep(probeMs);
}
await quiet(quietMs);
for (const { socket } of clients.slice(options.clients)) socket?.pause();

// ---- The loop ----

/** Says as many messages as the window has room for, the talkers in turn. */
function fillWindow(): void {
  scheduled = false;
  if (!sending) return;
  let room = options.window - Math.ceil(sent - delivered / options.clients);
  const share = Math.ceil(room / talkers.length);
  while (room > 0) {
    const talker = talkers.shift();
    if (!talker) return;
    talkers.push(talker);
    const now = Math.min(share, room);
    write(talker, messages.subarray(0, now * message.length));
    sent += now;
    room -= now;
  }
}

function sample() {
  return { at: performance.now(), delivered, cpuSeconds: cpuSecondsOf(options.pids) };
}

delivered = 0;
sending = true;
fillWindow();
// These two waits are the measurement itself: the JIT warms up, then the talk of so many seconds is counted.
await Bun.sleep(options.warmUpSeconds * 1000);
const from = sample();
await Bun.sleep(options.seconds * 1000);
const to = sample();
const rssBytes = rssBytesOf(options.pids);
sending = false;
await quiet(lostAfterMs, sent * options.clients);

finish({
  deliveries: to.delivered - from.delivered,
  seconds: (to.at - from.at) / 1000,
  lost: sent * options.clients - delivered,
  cpuSeconds: to.cpuSeconds === undefined ? undefined : to.cpuSeconds - (from.cpuSeconds ?? 0),
  rssBytes,
} satisfies LoadResult);

/** Waits until nothing has been delivered for so long, or `all` has. */
async function quiet(ms: number, all = Infinity): Promise<void> {
  let before = -1;
  while (delivered !== before && delivered < all) {
    before = delivered;
    await Bun.sleep(ms);
  }
}
