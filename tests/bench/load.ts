// The load: clients in one room, some of whom talk, in a process of its own. It is a closed loop: at most `window`
// messages are under way in the whole room, so a server gets new work as fast as it delivers, and no faster.
// A delivery is one message that reached one client. To count them costs next to nothing: each message has one mark,
// and whatever the wire looks like, the marks in the bytes are counted.
//
//   bun tests/bench/load.ts '{"wire":"line","port":53000,…}'        prints a LoadResult

import { readFileSync } from "node:fs";
import type { Socket } from "bun";

export type Wire = "json" | "line" | "websocket";

export type Load = {
  /** Everyone who reads; `senders` of them also talk. */
  clients: number;
  senders: number;
  /** Those who are in the room beside them and never read. */
  stalled: number;
  window: number;
  payloadBytes: number;
};

export type LoadOptions = Load & {
  wire: Wire;
  port: number;
  /** The server's process, whose time and memory are looked at. */
  pid: number;
  warmUpSeconds: number;
  seconds: number;
};

export type LoadResult = {
  deliveries: number;
  seconds: number;
  /** Messages that never reached somebody who reads. */
  lost: number;
  /** The server's CPU time; where there is no /proc, absent like the memory. */
  cpuSeconds?: number;
  rssBytes?: number;
};

// No wire below has this byte anywhere else, as long as no frame is 94 bytes long.
const mark = "^".charCodeAt(0);

const joinMs = 15_000;
const probeMs = 250;
const quietMs = 100;
const lostAfterMs = 1_000;

const options: LoadOptions = JSON.parse(Bun.argv[2] ?? "{}");

// ---- The wires: how a client says who it is, and a message ----

const wires: Record<Wire, { join: (name: string) => string; say: (text: string) => Buffer }> = {
  json: {
    join: (name) => `${JSON.stringify({ type: "join", name })}\n`,
    say: (text) => Buffer.from(`${JSON.stringify({ type: "say", text })}\n`),
  },
  line: {
    join: (name) => `${name}\n`,
    say: (text) => Buffer.from(`${text}\n`),
  },
  websocket: {
    join: (name) =>
      [
        `GET /?name=${name} HTTP/1.1`,
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${Buffer.from("chatroom's bench").toString("base64")}`,
        "\r\n",
      ].join("\r\n"),
    // A text frame in one piece. Its mask is four zeros: allowed, and the text stays as it is.
    say(text) {
      const { length } = text;
      const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
      return Buffer.concat([Buffer.from([0x81, ...size, 0, 0, 0, 0]), Buffer.from(text)]);
    },
  },
};

const wire = wires[options.wire];
const message = wire.say("^".padEnd(options.payloadBytes, "x"));
/** As many as one client ever has to say at once. */
const messages = Buffer.concat(Array.from({ length: options.window }, () => message));

// ---- The clients ----

type Client = { socket: Socket<Client> | undefined; seen: number; unsent: Buffer };

const nothing = Buffer.alloc(0);
let delivered = 0;
let sent = 0;
let sending = false;
let ending = false;
let scheduled = false;

function connect(): Promise<Socket<Client>> {
  return Bun.connect<Client>({
    hostname: "127.0.0.1",
    port: options.port,
    data: { socket: undefined, seen: 0, unsent: nothing },
    socket: {
      open(socket) {
        socket.data.socket = socket;
      },
      data(socket, chunk) {
        const marks = count(chunk);
        if (marks === 0) return;
        socket.data.seen += marks;
        delivered += marks;
        if (!scheduled) setImmediate(fillWindow);
        scheduled = true;
      },
      drain: (socket) => write(socket.data, nothing),
      close() {
        if (!ending) fail("the server closed a connection");
      },
      error: (_, error) => fail(error),
    },
  });
}

function count(chunk: Buffer): number {
  let marks = 0;
  for (let at = chunk.indexOf(mark); at !== -1; at = chunk.indexOf(mark, at + 1)) marks++;
  return marks;
}

function write(client: Client, bytes: Buffer): void {
  const all = client.unsent.length === 0 ? bytes : Buffer.concat([client.unsent, bytes]);
  const taken = all.length === 0 ? 0 : (client.socket?.write(all) ?? 0);
  client.unsent = taken < all.length ? Buffer.from(all.subarray(Math.max(taken, 0))) : nothing;
}

// ---- The room fills ----

const clients: Client[] = [];
while (clients.length < options.clients + options.stalled) {
  // Not all at once: a server's backlog has an end.
  const size = Math.min(50, options.clients + options.stalled - clients.length);
  for (const { data } of await Promise.all(Array.from({ length: size }, connect)).catch(fail)) {
    clients.push(data);
    write(data, Buffer.from(wire.join(`u${clients.length}`)));
  }
}
const talkers = clients.slice(0, options.senders);

// Everyone is in the room when everyone has heard something. These marks do not count.
const joinedBy = performance.now() + joinMs;
while (clients.some(({ seen }) => seen === 0)) {
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
  return { at: performance.now(), delivered, cpuSeconds: cpuSecondsOf(options.pid) };
}

delivered = 0;
sending = true;
fillWindow();
await Bun.sleep(options.warmUpSeconds * 1000);
const from = sample();
await Bun.sleep(options.seconds * 1000);
const to = sample();
const rssBytes = rssBytesOf(options.pid);
sending = false;
await quiet(lostAfterMs, sent * options.clients);

const result: LoadResult = {
  deliveries: to.delivered - from.delivered,
  seconds: (to.at - from.at) / 1000,
  lost: sent * options.clients - delivered,
  ...(from.cpuSeconds !== undefined &&
    to.cpuSeconds !== undefined && { cpuSeconds: to.cpuSeconds - from.cpuSeconds }),
  ...(rssBytes !== undefined && { rssBytes }),
};
ending = true;
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

/** Waits until nothing has been delivered for so long, or `all` has. */
async function quiet(ms: number, all = Infinity): Promise<void> {
  let before = -1;
  while (delivered !== before && delivered < all) {
    before = delivered;
    await Bun.sleep(ms);
  }
}

function fail(reason: unknown): never {
  console.error(reason instanceof Error ? reason.message : reason);
  process.exit(1);
}

// ---- The server's process, as /proc shows it ----

/** The time all its threads have used, in user mode and in the kernel. */
function cpuSecondsOf(pid: number): number | undefined {
  const stat = readProc(pid, "stat");
  // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th field behind it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (!fields) return undefined;
  const ticksPerSecond = 100;
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function rssBytesOf(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s*(\d+)/m.exec(readProc(pid, "status") ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function readProc(pid: number, file: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  return readFileSync(`/proc/${pid}/${file}`, "utf8");
}
