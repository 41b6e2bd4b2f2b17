// The journal in PostgreSQL, for a room on several servers. PostgreSQL numbers the events, in a function that appends a
// batch or nothing of it; what happened is what is read back, so all servers show one order, and one that is cut off
// shows nothing new instead of something else.
//
//   writing   one batch under way at a time, asked again until its outcome is known (it is applied once); signs of life
//   reading   a notification says that there is more ──▶ listener.happened
//   paging    the past; trouble there, or in reading, refuses nothing that is to be written
//
// Each new connection for writing attaches the room (schema.ts): there it turns out whether what was read here
// is part of what PostgreSQL has. If it is not, the room begins again from what there is.

import { randomBytes } from "node:crypto";
import type { SQL } from "bun";
import { messageOf } from "../../../protocol/errors.ts";
import { serversIn } from "../facts.ts";
import {
  type Entry,
  type Epochs,
  endOfEpoch,
  type Journal,
  type JournalListener,
  type Matches,
} from "../journal.ts";
import { firstOf, pageEvents } from "../pages.ts";
import { lexemesOf, matcher } from "../search.ts";
import { insist, PostgresConnection, PostgresError, PostgresHosts } from "./connection.ts";
import { Deafness } from "./deafness.ts";
import { EventReader } from "./events.ts";
import { attach, beat, farewell, prepare, trim } from "./schema.ts";
import { PostgresServers } from "./servers.ts";
import { PostgresWriter } from "./writer.ts";

export type PostgresOptions = {
  /** postgres://USER:PASSWORD@HOST,HOST/DATABASE: of several hosts the one is used that takes writes. */
  url: string;
  /** Servers with the same one, in the same database, are one room. */
  room: string;
  /** How many events are kept; the same for all servers of the room. */
  keepEvents: number;
  /** Something that who runs the server has to know, in one sentence. */
  note?: (message: string) => void;
  /** How often each server says that it is there, and how long it may be silent before it is lost. */
  heartbeatMs?: number;
  leaseMs?: number;
};

const begunAgain = "PostgreSQL has lost what members have seen already: the room goes on from what there is";
/** How long the others are told that this one ends, and the wait after an error in reading. */
const [farewellMs, readAgainMs] = [500, 1_000];
/** How many signs of life come between two looks at whether another host takes writes. */
const beatsBetweenLooks = 5;

export class PostgresJournal implements Journal {
  readonly server = randomBytes(6).toString("hex");
  readonly leaseMs: number;
  epoch = "";
  last = 0;
  #oldest = 1;
  #epochs: Epochs = [];
  #facts: [key: string, value: string][] = [];

  readonly #options: Required<PostgresOptions>;
  readonly #hosts: PostgresHosts;
  readonly #writing: PostgresConnection;
  readonly #reading: PostgresConnection;
  readonly #paging: PostgresConnection;
  readonly #news: EventReader;
  readonly #past: EventReader;
  readonly #writer: PostgresWriter;
  readonly #servers: PostgresServers;
  readonly #deafness: Deafness;
  #listener: JournalListener | undefined;
  #isAttaching = false;
  /** Something between what was read here and what is there now is missing. */
  #isTorn = false;
  /** How often the room began again. */
  restarts = 0;
  #isReading = false;
  #mayHaveMore = false;
  /** The newest event that a notification told of, and the newest at the last sign of life. */
  #notified = 0;
  #newest = 0;
  /** How many signs of life in a row told of events that no notification had told of. */
  #untold = 0;
  /** Those who wait until the listener has been told so much. */
  #awaited: { seq: number; told: () => void }[] = [];
  #heart: Timer | undefined;
  #beats = 0;
  #isBeating = false;
  #closed = false;

  /** Throws an Error with one sentence for the user if PostgreSQL cannot be used. */
  static async open(options: PostgresOptions): Promise<PostgresJournal> {
    const journal = new PostgresJournal(options);
    try {
      await journal.#writing.open();
      return journal;
    } catch (error) {
      await journal.close();
      throw new Error(`Cannot keep the history in ${journal.#hosts.place}: it ${messageOf(error)}`);
    }
  }

  private constructor(options: PostgresOptions) {
    this.#options = { heartbeatMs: 2_000, leaseMs: 10_000, note: () => {}, ...options };
    this.leaseMs = this.#options.leaseMs;
    this.#hosts = new PostgresHosts(options.url);
    const { room, note } = this.#options;
    this.#servers = new PostgresServers(this.server, this.leaseMs, (server) =>
      note(`Nothing is heard of the server ${server} any more`),
    );
    const answered = () => this.#servers.answered();
    // What is read by a key is never better read whole, however small the table was when that was planned.
    const common = { settings: { enable_seqscan: "off" }, answered };
    const opened = (client: SQL) => this.#attach(client);
    this.#writing = new PostgresConnection(this.#hosts, { ...common, opened });
    this.#reading = new PostgresConnection(this.#hosts, {
      ...common,
      opened: (client) => this.#follow(client),
      // Only while it is there is this server told of news at once.
      dropped: () => void this.#read(),
    });
    this.#paging = new PostgresConnection(this.#hosts, {
      max: 2,
      settings: { plan_cache_mode: "force_custom_plan", statement_timeout: "10s" },
      answered,
    });
    this.#deafness = new Deafness(note, () => this.#closed || this.#writer.trouble !== undefined);
    const changed = () => this.#reattach();
    this.#news = new EventReader(this.#reading, room, this, changed, (seq) =>
      note(`Event ${seq} makes no sense to this server: it is passed over`),
    );
    this.#past = new EventReader(this.#paging, room, this, changed);
    this.#writer = new PostgresWriter(this.#writing, room, this, changed, {
      happened: (entries) => this.#happened(entries),
      hasRead: (seq) => this.#hasRead(seq),
    });
  }

  get first(): number {
    return Math.max(this.#oldest, this.last - this.#options.keepEvents + 1);
  }

  listen(listener: JournalListener): void {
    this.#listener = listener;
    this.#writer.listener = listener;
    this.#heart = setInterval(() => this.#beat(), this.#options.heartbeatMs);
    // First it listens, then it says that it is there: from then on the others notify it.
    const beat = () => this.#beat();
    this.#reading.open().then(beat, beat);
  }

  facts(): Iterable<[key: string, value: string]> {
    const facts = this.#facts;
    this.#facts = [];
    return facts;
  }

  endOf(epoch: string): number | undefined {
    return endOfEpoch(this.#epochs, epoch);
  }

  isAlive(server: string): boolean {
    return this.#servers.isAlive(server);
  }

  append(entries: Entry[]): void {
    this.#writer.append(entries);
  }

  async sync(): Promise<void> {
    await this.#writer.idle;
    await this.#persist(() => this.#saySo());
    await this.#hasRead(this.#newest);
  }

  /** Tells the other servers, if PostgreSQL is there to tell them, that this one is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#writer.close();
    clearInterval(this.#heart);
    this.#reading.close();
    this.#paging.close();
    // What is under way on it is given up then, too.
    const timer = setTimeout(() => this.#writing.close(), farewellMs);
    if (this.epoch !== "") await farewell(this.#writing, this.#options.room, this.server).catch(() => {});
    clearTimeout(timer);
    this.#writing.close();
  }

  /** Where it is, for people: without the password that the URL may hold. */
  get place(): string {
    return `${this.#hosts.place}, room "${this.#options.room}"`;
  }

  /** For the metrics. `lag`: events that are there and not read here yet. */
  get figures(): { lag: number; reconnects: number; refusals: number; conflicts: number; servers: number } {
    const connects = this.#writing.connects + this.#reading.connects + this.#paging.connects;
    return {
      lag: Math.max(this.#notified, this.#newest, this.last) - this.last,
      reconnects: Math.max(connects - 3, 0),
      refusals: this.#writer.refusals,
      conflicts: this.#writer.conflicts,
      servers: this.#servers.alive,
    };
  }

  // ---- Attaching ----

  async #attach(client: SQL): Promise<void> {
    if (this.#closed) return;
    const { room, keepEvents, leaseMs } = this.#options;
    const isFirst = this.epoch === "";
    await prepare(client);
    const known = isFirst || this.#isTorn ? undefined : this;
    const epoch = randomBytes(8).toString("hex");
    const row = await attach(client, room, epoch, { server: this.server, known }, keepEvents, leaseMs);
    if (row.keep !== keepEvents && isFirst) {
      throw new PostgresError(
        `is used by other servers of this room with --keep ${row.keep}: give this one the same`,
      );
    }
    const isSame = row.epoch === this.epoch;
    this.epoch = row.epoch;
    this.#isAttaching = false;
    this.#epochs = row.epochs;
    this.#oldest = row.first;
    if (row.facts === null) {
      if (!isSame) this.#listener?.epochBegan();
      return void this.#read();
    }
    this.last = row.last;
    this.#facts = Object.entries(row.facts);
    this.#isTorn = false;
    if (!isFirst) this.#beginAgain();
  }

  #beginAgain(): void {
    this.restarts++;
    this.#notified = 0;
    this.#newest = 0;
    this.#options.note(begunAgain);
    this.#writer.beginAgain();
    this.#listener?.beganAgain();
    this.#tellAwaited(Number.POSITIVE_INFINITY);
    void this.#read();
  }

  /** Attaches again: another run of PostgreSQL, or another epoch, has shown itself. */
  #reattach(): PostgresError {
    if (!this.#isAttaching) {
      this.#isAttaching = true;
      this.#writing.drop();
      this.#writing.open().catch(() => {
        this.#isAttaching = false;
      });
    }
    return new PostgresError("has changed", "break");
  }

  // ---- Reading back ----

  async #follow(client: SQL): Promise<void> {
    const channel = `chat_${new Bun.CryptoHasher("md5").update(this.#options.room).digest("hex")}`;
    await client.listen(channel, (last) => {
      this.#notified = Math.max(this.#notified, Number(last));
      void this.#writer.outcome().then(() => this.#hasRead(this.#notified));
    });
    // Nothing tells of what came before it listened.
    void this.#read();
  }

  /** Reads until there is nothing more. */
  async #read(): Promise<void> {
    this.#mayHaveMore = true;
    if (this.#isReading || !this.#listener) return;
    this.#isReading = true;
    while (this.#mayHaveMore && !this.#isTorn && !this.#closed) {
      this.#mayHaveMore = false;
      const restarts = this.restarts;
      try {
        const failed = (error: unknown) => this.#deafness.failed(error);
        const entries = await this.#persist(() => this.#news.after(this.last, pageEvents), failed);
        this.#deafness.over();
        if (restarts === this.restarts) this.#happened(entries.filter(({ event }) => event.seq > this.last));
        this.#mayHaveMore ||= entries.length > 0 && this.last < this.#news.last;
      } catch (error) {
        this.#deafness.failed(error);
        await Bun.sleep(readAgainMs);
        this.#mayHaveMore = true;
      }
    }
    this.#isReading = false;
  }

  #happened(entries: Entry[]): void {
    const hole = entries.findIndex(({ event }, i) => event.seq !== this.last + 1 + i);
    if (hole >= 0) {
      this.#happened(entries.slice(0, hole));
      // Gone before it was read here: members would miss it without a word, and what it made so.
      this.#isTorn = true;
      return void this.#reattach();
    }
    if (entries.length === 0) return;
    this.last += entries.length;
    for (const { facts = {} } of entries)
      for (const server of serversIn(facts)) this.#servers.tookSeat(server);
    this.#listener?.happened(entries);
    this.#tellAwaited(this.last);
  }

  #tellAwaited(upTo: number): void {
    const due = this.#awaited.filter(({ seq }) => seq <= upTo);
    this.#awaited = this.#awaited.filter(({ seq }) => seq > upTo);
    for (const { told } of due) told();
  }

  /** Resolves once the listener has been told all up to this event. */
  #hasRead(seq: number): Promise<void> {
    if (seq <= this.last) return Promise.resolve();
    void this.#read();
    return new Promise((told) => this.#awaited.push({ seq, told }));
  }

  // ---- The past ----

  async entriesAfter(position: number, count: number): Promise<Entry[]> {
    const from = Math.max(position, this.first - 1);
    return firstOf(await this.#persist(() => this.#past.after(from, count)).catch(inWords), count);
  }

  async entriesBefore(position: number, count: number): Promise<Entry[]> {
    return firstOf(await this.#lookBack(() => this.#past.before(position, count)), count);
  }

  async matchesBefore(text: string, position: number, count: number): Promise<Matches> {
    const query = lexemesOf(text);
    if (query === undefined) return { entries: [], before: 0 };
    const found = await this.#lookBack(() => this.#past.matchesBefore(query, position, count));
    const matches = matcher(text);
    const entries = found.filter(({ event }) => "text" in event && matches(event.text ?? ""));
    return { entries, before: found.at(-1)?.event.seq ?? 0 };
  }

  /** Asked once more if the connection broke; then it rejects, with the reason in words. */
  async #lookBack(ask: () => Promise<Entry[]>): Promise<Entry[]> {
    const again = (error: unknown) =>
      error instanceof PostgresError && error.isBreak ? ask().catch(inWords) : inWords(error);
    const entries = await ask().catch(again);
    return entries.filter(({ event }) => event.seq >= this.first);
  }

  // ---- The other servers, and PostgreSQL itself ----

  #beat(): void {
    if (this.#closed) return;
    // One that gets no answer for long tells who is alive, too.
    if (this.#isBeating) return this.#listener?.serversChanged();
    this.#isBeating = true;
    this.#tryBeat()
      .catch((error) => this.#writer.troubled(error))
      .finally(() => {
        this.#isBeating = false;
        if (!this.#closed) this.#listener?.serversChanged();
      });
  }

  async #tryBeat(): Promise<void> {
    // Reading may go on where writing does not, and then this server is not cut off.
    if (this.#writer.trouble !== undefined) this.#reading.run("SELECT 1").catch(() => {});
    await this.#saySo();
    await trim(this.#paging, this.#options.room, this.leaseMs).catch(() => {});
    this.#beats++;
    if (this.#hosts.several && this.#beats % beatsBetweenLooks === 0 && (await this.#hosts.hasMoved())) {
      for (const connection of [this.#writing, this.#reading, this.#paging]) connection.drop();
    }
  }

  /** Says that this server is there, and hears of the others and of what there is to read. */
  async #saySo(): Promise<void> {
    const { epoch, last, servers } = await beat(this.#writing, this.#options.room, this.server, this.last);
    if (epoch !== this.epoch) this.#reattach();
    await this.#writing.open();
    this.#writer.answered();
    this.#servers.read(servers);
    this.#newest = last ?? 0;
    this.#untold = this.#newest > Math.max(this.#notified, this.last) ? this.#untold + 1 : 0;
    // Once it may have been faster than the notification. Twice, and none comes any more.
    if (this.#untold >= 2 && !this.#isReading) this.#reading.drop();
    if (this.#newest > this.last) void this.#read();
  }

  #persist<T>(ask: () => Promise<T>, failed?: (error: PostgresError) => void): Promise<T> {
    return insist(ask, () => this.#closed, failed);
  }
}

function inWords(error: unknown): never {
  throw new Error(`PostgreSQL ${messageOf(error)}`);
}
