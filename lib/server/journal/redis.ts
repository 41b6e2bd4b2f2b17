// The journal in a Redis stream, for a room on several servers. Redis numbers the events, in a script that appends a
// turn or nothing of it; what happened is what is read back from the stream, so all servers show one order, and one
// that is cut off shows nothing new instead of something else.
//
//   append  ──▶ one batch under way at a time, asked again until its outcome is known (it is applied once)
//   stream  ──▶ a blocking read on a connection of its own ──▶ listener.happened
//   servers ──▶ each says every few seconds that it is there; who has not for a while is lost, and its members with it

import { randomBytes } from "node:crypto";
import { messageOf, UsageError } from "../../protocol/errors.ts";
import { type Facts, serversIn } from "./facts.ts";
import type { Entry, Journal, JournalListener, Matches } from "./journal.ts";
import { firstOf, PageSize, pageEvents } from "./pages.ts";
import { RedisConnection, RedisError } from "./redis-connection.ts";
import * as scripts from "./redis-scripts.ts";
import { matcher } from "./search.ts";

export type RedisOptions = {
  /** redis://, rediss:// or valkey://, as Bun.RedisClient takes it. */
  url: string;
  /** Servers with the same one, on the same Redis, are one room. */
  room: string;
  /** How many events are kept. */
  keepEvents: number;
  /** Redis has lost or replaced what this server has read: it cannot go on. */
  onLost: (reason: string) => void;
  /** How often each server says that it is there, and how long it may be silent before it is lost. */
  heartbeatMs?: number;
  leaseMs?: number;
};

/** Events that go to Redis in one batch at most. */
const batchEvents = 1_000;
/** Turns that are read at once. */
const readTurns = 50;
/** Turns looked through at once for a page or a search. */
const pageTurns = 50;
/** How long a read waits for something new. */
const blockMs = 1_000;
const forgottenMs = 24 * 3_600_000;
/** How long the other servers are told that this one ends. */
const farewellMs = 500;
const firstRetryMs = 50;
const longestRetryMs = 1_000;

/** `tag` is its own, `after` that of the turn before it. */
type Turn = { first: number; entries: Entry[]; tag: string; after: string };
type StreamRow = [id: string, fields: [name: string, turn: string]];

export class RedisJournal implements Journal {
  readonly server = randomBytes(6).toString("hex");
  readonly epoch: string;
  first: number;
  last: number;
  /** The tag of the last turn. */
  #tail: string;

  readonly #options: Required<RedisOptions>;
  readonly #keys: Record<"turns" | "facts" | "meta" | "said" | "servers", string>;
  readonly #writing: RedisConnection;
  readonly #reading: RedisConnection;
  readonly #paging: RedisConnection;
  #facts: [key: string, value: string][];
  #listener: JournalListener | undefined;
  #waiting: Entry[] = [];
  #committing = false;
  /** Settles once there is nothing more to write. */
  #committed: Promise<void> = Promise.resolve();
  #batch = 0;
  /** What has to wait until this server has read so far. */
  #whenRead: { seq: number; then: () => void }[] = [];
  /** When each server was last heard of: its own time, and ours when that was new. */
  readonly #heard = new Map<string, { score: string; atMs: number }>();
  #heartbeatAtMs = 0;
  #heart: Timer | undefined;
  #trouble: string | undefined;
  #closed = false;

  /** Throws an Error with one sentence for the user if Redis cannot be used. */
  static async open(options: RedisOptions): Promise<RedisJournal> {
    const { protocol = "", host } = URL.parse(options.url) ?? {};
    if (!host || !/^(redis|valkey)s?:$/.test(protocol)) {
      throw new UsageError("--redis takes a URL such as redis://localhost:6379");
    }
    const writing = new RedisConnection(options.url);
    try {
      const keys = keysOf(options.room);
      const epoch = randomBytes(8).toString("hex");
      const opened = await writing.run<Opened>(scripts.open, [keys.turns, keys.facts, keys.meta], [epoch]);
      const journal = new RedisJournal(options, writing, opened);
      await journal.#beat();
      return journal;
    } catch (error) {
      writing.close();
      throw new Error(
        `Cannot keep the room in Redis at ${host}, it ${messageOf(error)}: --redis names another`,
      );
    }
  }

  private constructor(
    options: RedisOptions,
    writing: RedisConnection,
    [epoch, last, tail, oldest, facts]: Opened,
  ) {
    this.#options = { heartbeatMs: 2_000, leaseMs: 10_000, ...options };
    this.#keys = keysOf(options.room);
    this.#writing = writing;
    this.#reading = new RedisConnection(options.url);
    this.#paging = new RedisConnection(options.url);
    this.epoch = epoch;
    this.last = Number(last);
    this.#tail = tail;
    this.first = oldest === "" ? this.last + 1 : firstSeqOf(oldest);
    this.#facts = Array.from({ length: facts.length / 2 }, (_, i) => [
      facts[2 * i] ?? "",
      facts[2 * i + 1] ?? "",
    ]);
  }

  listen(listener: JournalListener): void {
    this.#listener = listener;
    this.#follow();
    this.#heart = setInterval(
      () => this.#beat().catch((error) => this.#troubled(error)),
      this.#options.heartbeatMs,
    );
  }

  facts(): Iterable<[key: string, value: string]> {
    const facts = this.#facts;
    this.#facts = [];
    return facts;
  }

  async sync(): Promise<void> {
    await this.#committed;
    const [seq] = await this.#insist(() =>
      this.#paging.call<[string | null]>("HMGET", [this.#keys.meta, "seq"]),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onceRead(Number(seq ?? 0), resolve);
    return promise;
  }

  endOf(epoch: string): number | undefined {
    return epoch === this.epoch ? Number.POSITIVE_INFINITY : undefined;
  }

  isAlive(server: string): boolean {
    if (server === this.server) return true;
    const heard = this.#heard.get(server);
    // Not since when, but for how much of the time that we could have heard it.
    return heard !== undefined && this.#heartbeatAtMs - heard.atMs < this.#options.leaseMs;
  }

  /** Tells the other servers, if Redis is there to tell them, that this one is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#heart);
    this.#reading.close();
    this.#paging.close();
    const { meta, servers } = this.#keys;
    // Closed, the connection gives up what is under way on it.
    const timer = setTimeout(() => this.#writing.close(), farewellMs);
    await this.#writing.run(scripts.farewell, [meta, servers], [this.server]).catch(() => {});
    clearTimeout(timer);
    this.#writing.close();
  }

  /** Where it is, for people: without the password that the URL may hold. */
  get place(): string {
    return `Redis at ${new URL(this.#options.url).host}, room "${this.#options.room}"`;
  }

  // ---- Writing ----

  append(entries: Entry[]): void {
    // The outcome of what is under way may still be unknown: what comes after it would only pile up.
    if (this.#trouble !== undefined) return this.#listener?.refused(entries, this.#trouble);
    this.#waiting.push(...entries);
    if (!this.#committing) this.#committed = this.#commit();
  }

  async #commit(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0 && !this.#closed) {
      const entries = this.#waiting.splice(0, batchEvents);
      this.#batch++;
      const { meta, turns, facts, said } = this.#keys;
      const { keepEvents } = this.#options;
      const args = [this.server, this.#batch, keepEvents, this.epoch, this.last, this.#tail];
      const asked = [...args, ...entries.flatMap(argumentsOf)];
      try {
        const outcome = await this.#insist(() =>
          this.#writing.run<Outcome | null>(scripts.append, [turns, facts, meta, said], asked),
        );
        if (outcome === null) return this.#lost();
        await this.#told(entries, outcome);
      } catch (error) {
        // Redis said no, so it has none of them.
        this.#troubled(error);
        this.#listener?.refused(entries, `Redis ${messageOf(error)}`);
      }
    }
    this.#committing = false;
  }

  /** What became of each entry. The next batch waits until this one has happened, and so takes more along. */
  async #told(entries: Entry[], [fates, last, at, after]: Outcome): Promise<void> {
    this.#troubled(undefined);
    const fateOf = fates.split(",");
    const taken = entries.filter((_, i) => fateOf[i] === "t");
    const first = Number(last) - taken.length + 1;
    const tag = `${this.server}-${this.#batch}`;
    // If nobody else was in between, there is no need to wait for the stream to bring them.
    if (taken.length > 0 && first === this.last + 1) {
      this.#happened([{ first, entries: numbered(taken, first, Number(at)), tag, after }]);
    }
    // Whoever hears of the others has to find the room as it was then.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onceRead(Number(last), resolve);
    await promise;
    for (const [i, entry] of entries.entries()) {
      const fate = fateOf[i];
      if (fate === "c") this.#listener?.contradicted(entry);
      else if (fate !== "t") this.#listener?.repeated(entry, Number(fate));
    }
  }

  // ---- Reading back ----

  async #follow(): Promise<void> {
    while (!this.#closed) {
      const answer = await this.#insist(() =>
        this.#reading.call<Record<string, StreamRow[]> | null>(
          "XREAD",
          ["COUNT", readTurns, "BLOCK", blockMs, "STREAMS", this.#keys.turns, `${this.last}-0`],
          blockMs,
        ),
      ).catch((error) => {
        this.#troubled(error);
        // An answer, and at once: to ask again at once would ask as fast as it can say no.
        return Bun.sleep(longestRetryMs).then(() => null);
      });
      if (this.#closed) return;
      const rows = answer?.[this.#keys.turns] ?? [];
      // Together, so that each client is written to once for all of them.
      this.#happened(rows.filter((row) => positionOf(row) > this.last).map(turnOf));
    }
  }

  #happened(turns: Turn[]): void {
    if (turns.length === 0) return;
    for (const { first, entries, tag, after } of turns) {
      // Members would miss it without a word, and what it made so.
      if (first > this.last + 1) return this.#lost("What happened meanwhile is not kept any more");
      if (after !== this.#tail) return this.#lost();
      this.last = first + entries.length - 1;
      this.#tail = tag;
    }
    this.first = Math.max(this.first, this.last - this.#options.keepEvents + 1);
    const news = turns.flatMap(({ entries }) => entries);
    for (const { facts = {} } of news) this.#noteServers(facts);
    this.#listener?.happened(news);
    const due = this.#whenRead.filter(({ seq }) => seq <= this.last);
    this.#whenRead = this.#whenRead.filter(({ seq }) => seq > this.last);
    for (const { then } of due) then();
  }

  /** A server that takes a seat is there, even if it has not said so yet. */
  #noteServers(facts: Facts): void {
    for (const server of serversIn(facts)) {
      if (!this.#heard.has(server)) this.#heard.set(server, { score: "", atMs: performance.now() });
    }
  }

  #onceRead(seq: number, then: () => void): void {
    if (seq <= this.last) then();
    else this.#whenRead.push({ seq, then });
  }

  // ---- The past ----

  async entriesAfter(position: number, count: number): Promise<Entry[]> {
    const turns = await this.#insist(() => this.#range("XRANGE", `${position + 1}-0`, "+"));
    const entries = turns.flatMap(({ entries }) => entries);
    return firstOf(
      entries.filter(({ event }) => event.seq > position),
      count,
    );
  }

  /** Without an index: a page is looked through. */
  async matchesBefore(text: string, position: number, count: number): Promise<Matches> {
    const matches = matcher(text);
    const page = await this.entriesBefore(position, pageEvents);
    const entries = page.filter(({ event }) => "text" in event && matches(event.text ?? "")).slice(0, count);
    const looked = entries.length < count ? page : entries;
    return { entries, before: looked.at(-1)?.event.seq ?? 0 };
  }

  async entriesBefore(position: number, count: number): Promise<Entry[]> {
    const first: Entry[] = [];
    const size = new PageSize();
    for await (const entry of this.#backwards(position - 1)) {
      first.push(entry);
      if (first.length >= count || size.isFullWith(entry.event)) break;
    }
    return first;
  }

  /** The entries up to a position, the newest first. Throws an Error with the reason in words. */
  async *#backwards(upTo: number): AsyncIterable<Entry> {
    if (upTo < 1) return;
    try {
      // The turn with that position may end behind it.
      const [turn] = await this.#range("XRANGE", `${upTo}-0`, "+", 1);
      let from = turn ? idOf(turn) : "+";
      // Mostly a few are enough.
      for (let count = 4; ; count = Math.min(2 * count, pageTurns)) {
        const turns = await this.#range("XREVRANGE", from, "-", count);
        for (const { entries } of turns) yield* entries.filter(({ event }) => event.seq <= upTo).reverse();
        const oldest = turns.at(-1);
        if (!oldest) return;
        from = `(${idOf(oldest)}`;
      }
    } catch (error) {
      throw new Error(`Redis ${messageOf(error)}`);
    }
  }

  async #range(
    command: "XRANGE" | "XREVRANGE",
    from: string,
    to: string,
    count: number = pageTurns,
  ): Promise<Turn[]> {
    const rows = await this.#paging.call<StreamRow[]>(command, [this.#keys.turns, from, to, "COUNT", count]);
    return rows.map(turnOf);
  }

  // ---- The other servers, and Redis itself ----

  async #beat(): Promise<void> {
    const { meta, servers, turns, facts } = this.#keys;
    const { last } = this;
    const tail = this.#tail;
    const [epoch, seq, newest, heard] = await this.#writing.run<[string, string, string, string[]]>(
      scripts.heartbeat,
      [meta, servers, turns, facts],
      [this.server, forgottenMs],
    );
    const ahead = Number(seq) - last;
    if (epoch !== this.epoch || ahead < 0 || (ahead === 0 && newest !== tail)) return this.#lost();
    this.#troubled(undefined);
    const now = performance.now();
    // While we could not ask, nobody could be heard.
    const wasDeaf = now - this.#heartbeatAtMs > this.#options.leaseMs / 2;
    this.#heartbeatAtMs = now;
    const scores = new Map(heard.flatMap((name, i) => (i % 2 === 0 ? [[name, heard[i + 1] ?? ""]] : [])));
    for (const [server, score] of scores) {
      const known = this.#heard.get(server);
      if (!known || known.score !== score || wasDeaf) this.#heard.set(server, { score, atMs: now });
    }
    for (const server of this.#heard.keys()) if (!scores.has(server)) this.#heard.delete(server);
    this.#listener?.serversChanged();
  }

  /** Does it until Redis has an answer. Throws a RedisError if that is an error. */
  async #insist<T>(ask: () => Promise<T>): Promise<T> {
    // Any connection may break: it is trouble when another one is of no more use.
    let told = false;
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
      try {
        const answer = await ask();
        // It is there again: members need not wait for the next heartbeat to be heard.
        if (told) await this.#beat().catch((error) => this.#troubled(error));
        return answer;
      } catch (error) {
        if (this.#closed || (error instanceof RedisError && error.isAnswer)) throw error;
        if (told || !(error instanceof RedisError && error.isBreak)) this.#troubled(error);
        told = true;
        // What refuses connections does so at once.
        await Bun.sleep(waitMs);
      }
    }
  }

  #troubled(error: unknown): void {
    if (this.#closed) return;
    const reason = error === undefined ? undefined : `Redis ${messageOf(error)}`;
    if ((reason === undefined) === (this.#trouble === undefined)) return;
    this.#trouble = reason;
    this.#listener?.troubled(reason);
    if (reason === undefined) return;
    // They can be said again by whoever keeps them; here they would only pile up.
    const waiting = this.#waiting.splice(0);
    if (waiting.length > 0) this.#listener?.refused(waiting, reason);
  }

  #lost(reason = "Redis has lost what members have seen already, or was emptied"): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onLost(reason);
  }
}

type Outcome = [fates: string, last: string, at: string, after: string];
type Opened = [epoch: string, last: string, tail: string, oldest: string, facts: string[]];

function keysOf(room: string) {
  const prefix = `chat:{${room}}`;
  return {
    turns: `${prefix}:turns`,
    facts: `${prefix}:facts`,
    meta: `${prefix}:meta`,
    said: `${prefix}:said:`,
    servers: `${prefix}:servers`,
  };
}

/** An entry as the script takes it. */
function argumentsOf({ expects, ...entry }: Entry): string[] {
  const { event, author, facts } = entry;
  const id = "id" in event ? event.id : undefined;
  return [
    JSON.stringify(entry),
    id === undefined ? "" : `${author} ${id}`,
    expects ? pairsOf(expects) : "",
    facts ? pairsOf(facts) : "",
  ];
}

function pairsOf(facts: Facts): string {
  return JSON.stringify(Object.entries(facts).map(([key, value]) => [key, value ?? false]));
}

function firstSeqOf(turn: string): number {
  const { first }: { first: number } = JSON.parse(turn);
  return first;
}

function turnOf([, [, text]]: StreamRow): Turn {
  const { at, ...turn }: Turn & { at: number } = JSON.parse(text);
  numbered(turn.entries, turn.first, at);
  return turn;
}

/** What a turn is called in the stream. */
function idOf({ first, entries }: Turn): string {
  return `${first + entries.length - 1}-0`;
}

/** The number of a turn's last event. */
function positionOf([id]: StreamRow): number {
  return Number.parseInt(id, 10);
}

function numbered(entries: Entry[], first: number, at: number): Entry[] {
  for (const [i, { event }] of entries.entries()) {
    event.seq = first + i;
    event.at = at;
  }
  return entries;
}
