// One run of the fuzzer: a real server, four members that behave and talk at a steady pace, and beside them
// connections that do not. What must hold all the while:
//
//   each line of those who behave comes to each of them once, in order, and soon
//   what the server sends has no control character in it, and is an event where it is JSON
//   the server says nothing on its terminal, does not end, and has closed what it opened

import { messageOf } from "../../lib/protocol/errors.ts";
import type { Event } from "../../lib/protocol/events.ts";
import { Peer } from "../support/clients.ts";
import { openFiles, rssMegabytes } from "../support/process.ts";
import { Server } from "../support/server.ts";
import { lastOf, patienceMs } from "../support/transcript.ts";
import { goodNames, type Plan, plans } from "./inputs.ts";

export type Attack = { seed: number; inputs?: number | undefined; seconds?: number | undefined };

export type Outcome = {
  inputs: number;
  connections: number;
  seconds: number;
  /** Lines of those who behave, and the longest that one was on its way. */
  lines: number;
  slowestMs: number;
  /** Once it was warm, and at the end; unknown where there is no /proc. */
  rssMegabytes: [warm: number | undefined, end: number | undefined];
};

const inFlight = 24;
const paceMs = 25;
const heldMs = 200;
/** All that one connection sends on is looked at for one in so many. */
const lookedAt = 8;
/** The part of a run after which the server has grown to its size. */
const warmUp = 0.3;
/** What the log has of inputs like these, by address; every other line is a complaint. */
const expected =
  /sent a first line that is too long|sent an HTTP request|gave a wrong (\w+ password|key for a name)/;

/** Throws an Error that says what does not hold, and how to see it again. */
export async function attack({ seed, inputs = Infinity, seconds = Infinity }: Attack): Promise<Outcome> {
  await using server = await Server.start(["--stay", "--quiet", "--keep", "2000", "--seat", "1"]);
  const orphan = () => void server.kill("SIGKILL");
  process.on("exit", orphan);
  const failure = Promise.withResolvers<never>();
  const fail = (reason: string) => failure.reject(new Error(reason));
  void server.exited.then(() => fail("The server is gone"));
  const good = new GoodMembers(fail);
  const stream = plans(seed);
  const underWay = new Set<Plan>();
  let sent = 0;
  let connections = 0;
  let over = false;

  const run = async (): Promise<Outcome> => {
    await good.join(server.port);
    const linesBefore = server.log.items.length;
    const filesBefore = openFiles(server.pid);
    const startedAt = performance.now();
    const elapsed = () => (performance.now() - startedAt) / 1000;
    let warmMegabytes: number | undefined;

    const attacker = async () => {
      for (let done = 0; done < 1 && !over; done = Math.max(sent / inputs, elapsed() / seconds)) {
        if (done > warmUp) warmMegabytes ??= rssMegabytes(server.pid);
        const plan = stream.next().value;
        sent += plan.inputs.length;
        const look = ++connections % lookedAt === 0;
        underWay.add(plan);
        await carryOut(plan, server.port, look ? fail : undefined);
        underWay.delete(plan);
        const complaints = server.log.items.slice(linesBefore).filter((line) => !expected.test(line));
        if (complaints.length > 0) throw new Error(`The server said: ${lastOf(complaints)}`);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, attacker));

    const took = elapsed();
    const lines = await good.finish();
    await until(
      () => (openFiles(server.pid) ?? 0) <= (filesBefore ?? 0) + threadFiles,
      () => `The server had ${filesBefore} files open before, and has ${openFiles(server.pid)} in the end`,
    );
    return {
      inputs: sent,
      connections,
      seconds: took,
      lines,
      slowestMs: Math.round(good.slowestMs),
      rssMegabytes: [warmMegabytes, rssMegabytes(server.pid)],
    };
  };

  try {
    return await Promise.race([run(), failure.promise]);
  } catch (error) {
    // Whatever was seen first, this is why.
    const code = await Promise.race([server.exited, Bun.sleep(heldMs)]);
    const ended = code === undefined ? "" : `The server ended with code ${code}\n`;
    const reason = ended + messageOf(error);
    const output = lastOf(server.log.items);
    const last = [...underWay].flatMap(shown).join("\n");
    const again = `bun run fuzz --seed ${seed} --inputs ${sent}`;
    throw new Error(`${reason}\n\nAgain: ${again}\nThe server said:\n${output}\nUnder way then:\n${last}`);
  } finally {
    over = true;
    good.stop();
    process.off("exit", orphan);
  }
}

async function carryOut(
  plan: Plan,
  port: number,
  fail: ((reason: string) => void) | undefined,
): Promise<void> {
  const peer = await Peer.open(port, fail && ((line) => check(line, fail)));
  if (!plan.reads) peer.pause();
  for (const bytes of plan.writes) {
    peer.send(bytes);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  if (!plan.reads || plan.ending === "hold") {
    await Bun.sleep(heldMs);
    peer.reset();
  } else if (plan.ending === "finish") {
    peer.halfClose();
    const inTime = await Promise.race([
      peer.closed.then(() => true),
      // Each of its lines may be a wrong key, whose answer is held.
      Bun.sleep(patienceMs + heldGuessMs * linesOf(plan)).then(() => false),
    ]);
    if (!inTime)
      throw new Error(
        `The server does not close a connection that was half-closed:\n${shown(plan).join("\n")}`,
      );
  } else if (plan.ending === "close") peer.close();
  else peer.reset();
}

/** The thread for checkpoints, which starts when it is needed, opens the history and wakes by a file of its own. */
const threadFiles = 4;
/** A wrong password or key is answered after so long at most. */
const heldGuessMs = 8_000;

function linesOf({ inputs }: Plan): number {
  return inputs.reduce((lines, input) => lines + input.filter((byte) => byte === 0x0a).length, 0);
}

/** The beginnings of its inputs, by number; a character is a byte. */
function shown({ first, inputs, ending }: Plan): string[] {
  const rows = inputs.map(
    (input, i) => `  ${first + i}: ${JSON.stringify(input.toString("latin1")).slice(0, 200)}`,
  );
  return [...rows, `  then ${ending}`];
}

async function until(holds: () => boolean, otherwise: () => string): Promise<void> {
  for (const startedAt = Date.now(); !holds(); await Bun.sleep(20)) {
    if (Date.now() - startedAt > patienceMs) throw new Error(otherwise());
  }
}

// ---- What the server may send ----

// Every one there is: the compiler says which is missing.
const knownTypes: Record<Event["type"], true> = {
  ...{ kicked: true, banned: true, unbanned: true, muted: true, unmuted: true, freed: true },
  ...{ opped: true, topic: true, subject: true, bans: true, moved: true, deleted: true, erased: true },
  ...{ deopped: true, whois: true, whowas: true, note: true },
  welcome: true,
  said: true,
  acted: true,
  told: true,
  joined: true,
  left: true,
  renamed: true,
  members: true,
  history: true,
  waiting: true,
  results: true,
  pong: true,
  help: true,
  error: true,
  seen: true,
  epoch: true,
  gap: true,
  bye: true,
};

/** Controls, formats, lone surrogates, separators: what a terminal obeys or hides. */
const hostile = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** ASCII without an escape: nothing of the kind can be in it, and it is parsed much faster. */
const harmless = /^[ -[\]-~]*$/;

function check(line: string, fail: (reason: string) => void): Record<string, unknown> | undefined {
  // Nothing in plain starts with a brace: a name cannot.
  if (!line.startsWith("{")) {
    // An action of IRC stands between two of these.
    if (hostile.test(line.replace(/ PRIVMSG (\S+) :\x01(.*)\x01$/, "$1 $2")))
      fail(`The server sent a control character: ${JSON.stringify(line)}`);
    return undefined;
  }
  try {
    const event = harmless.test(line) ? JSON.parse(line) : JSON.parse(line, checkValue);
    if (!Object.hasOwn(knownTypes, event.type)) throw new Error(`no event has the type "${event.type}"`);
    return event;
  } catch (error) {
    fail(`The server sent ${JSON.stringify(line)}: ${(error as Error).message}`);
  }
}

function checkValue(this: Record<string, unknown>, key: string, value: unknown): unknown {
  // The id in an error is what its sender wrote, and no other member gets it.
  const echo = key === "id" && this.type === "error";
  if (!echo && typeof value === "string" && hostile.test(value)) throw new Error(`"${key}" is hostile`);
  return value;
}

// ---- Those who behave ----

/** Two in json, one in plain, one in IRC; each says its name and a number, and hears all four. */
class GoodMembers {
  slowestMs = 0;
  readonly #fail: (reason: string) => void;
  readonly #peers: Peer[] = [];
  readonly #saidAt: number[] = [];
  /** How many lines each has heard of each. */
  readonly #heard = goodNames.map(() => goodNames.map(() => 0));
  /** The last event of each. */
  readonly #seqs: number[] = [];
  readonly #here = goodNames.map(() => Promise.withResolvers<void>());
  #timer: Timer | undefined;

  constructor(fail: (reason: string) => void) {
    this.#fail = fail;
  }

  /** In the room, they start to talk. */
  async join(port: number): Promise<void> {
    for (const [who, name] of goodNames.entries()) {
      const peer = await Peer.open(port, (line) => this.#listen(who, line));
      this.#peers.push(peer);
      void peer.closed.then(() => this.#fail(`The connection of ${name}, who behaves, was closed`));
      peer.send(opening(who, name));
      await this.#here[who]?.promise;
    }
    this.#timer = setInterval(() => this.#speak(), paceMs);
  }

  /** Says no more, and how many lines each has said, once all have heard them. */
  async finish(): Promise<number> {
    this.stop();
    await until(
      () => this.#heard.flat().every((count) => count === this.#saidAt.length),
      () => `Each has said ${this.#saidAt.length} lines, and heard ${JSON.stringify(this.#heard)}`,
    );
    return this.#saidAt.length * goodNames.length;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #speak(): void {
    const oldest = this.#saidAt[Math.min(...this.#heard.flat())];
    if (oldest !== undefined && performance.now() - oldest > patienceMs) {
      this.#fail(
        `A line did not come: each has said ${this.#saidAt.length}, and heard ${JSON.stringify(this.#heard)}`,
      );
    }
    const text = `line ${this.#saidAt.length}`;
    this.#saidAt.push(performance.now());
    for (const [who, peer] of this.#peers.entries()) {
      const irc = isIrc(who) ? `PRIVMSG #room :${text}\r\n` : undefined;
      peer.send(irc ?? (isPlain(who) ? `${text}\n` : `${JSON.stringify({ type: "say", text })}\n`));
    }
  }

  #listen(who: number, line: string): void {
    if (isPlain(who)) {
      check(line, this.#fail);
      if (line.startsWith("You are connected")) this.#here[who]?.resolve();
      const [, name = "", text = ""] = /^(\S+): (.*)$/.exec(line) ?? [];
      return this.#hear(who, name, text);
    }
    if (isIrc(who)) {
      check(line, this.#fail);
      if (line.includes(" 366 ")) this.#here[who]?.resolve();
      const [, name = "", text = ""] = /^:(\S+)!\S+ PRIVMSG #room :(.*)$/.exec(line) ?? [];
      return this.#hear(who, name, text);
    }
    const event = check(line, this.#fail);
    if (event === undefined) return this.#fail(`A program was sent ${JSON.stringify(line)}`);
    if (event.type === "welcome") this.#here[who]?.resolve();
    if (!("at" in event)) return;
    const last = this.#seqs[who] ?? 0;
    if (Number(event.seq) <= last) this.#fail(`${goodNames[who]} was sent this after ${last}: ${line}`);
    this.#seqs[who] = Number(event.seq);
    if (event.type === "said") this.#hear(who, String(event.from), String(event.text));
  }

  #hear(who: number, name: string, text: string): void {
    const speaker = goodNames.indexOf(name);
    const heard = this.#heard[who];
    const wanted = heard?.[speaker];
    if (heard === undefined || wanted === undefined) return;
    if (text !== `line ${wanted}`) {
      this.#fail(`${goodNames[who]} heard "${name}: ${text}" and not line ${wanted}`);
    }
    heard[speaker] = wanted + 1;
    this.slowestMs = Math.max(this.slowestMs, performance.now() - (this.#saidAt[wanted] ?? 0));
  }
}

function opening(who: number, name: string): string {
  if (isPlain(who)) return `${name}\n`;
  if (!isIrc(who)) return `${JSON.stringify({ type: "join", name, history: 0 })}\n`;
  return `CAP REQ echo-message\r\nCAP END\r\nNICK ${name}\r\nUSER x 0 * :x\r\n`;
}

function isIrc(who: number): boolean {
  return who === 3;
}

function isPlain(who: number): boolean {
  return who === 2;
}
