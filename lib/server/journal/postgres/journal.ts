// The journal in PostgreSQL, for a room on several servers. A function in the database numbers the events of a batch and appends
// all of them or none. A server shows an event once PostgreSQL has it, in PostgreSQL's order. So all servers show the same,
// and one that is cut off shows nothing new.
//
//   writing   one batch at a time, sent again until its outcome is known (it is appended once); heartbeats
//   reading   a notification says that there are more events ──▶ listener.happened
//   paging    older events (past.ts); an error here, or in reading, does not stop writing
//
// Each new connection for writing attaches the room (schema.ts): PostgreSQL tells whether it still has all events that were read
// here. If not, the room begins again from the events that it has.

import { randomBytes } from "node:crypto";
import type { SQL } from "bun";
import { messageOf } from "../../../protocol/errors.ts";
import { serversIn } from "../facts.ts";
import { type Entry, type Epochs, endOfEpoch, type Journal, type JournalListener } from "../journal.ts";
import { pageEvents } from "../pages.ts";
import { askTwice, insist, PostgresConnection } from "./client/connection.ts";
import { PostgresError } from "./client/errors.ts";
import { PostgresHosts } from "./client/hosts.ts";
import { EventReader } from "./events.ts";
import { PostgresPast } from "./past.ts";
import { ReadTrouble } from "./read-trouble.ts";
import { attach, beat, farewell, prepare, trim } from "./schema.ts";
import { PostgresServers } from "./servers.ts";
import { PostgresWriter } from "./writer.ts";

export type PostgresOptions = {
  /** postgres://USER:PASSWORD@HOST,HOST/DATABASE. Of several hosts the one that takes writes is used. */
  url: string;
  /** The name of the room. Servers that open the same room in the same database share it. */
  room: string;
  /** How many events are kept; the same for all servers of the room. */
  keepEvents: number;
  /** How long an event is kept, in milliseconds; undefined: however old it is. */
  keepMs?: number | undefined;
  /** Called with a sentence for the person who runs the server. */
  note?: (message: string) => void;
  /** How often a server sends a heartbeat, and how long it may be silent before it counts as lost, in ms. */
  heartbeatMs?: number;
  leaseMs?: number;
};

const lostNote = "PostgreSQL has lost what members have seen already: the room goes on from what there is";
const missedNote = "This server was away too long to read all that was said: the room goes on behind it";
/** How long `close` waits for PostgreSQL to take the farewell, in ms. */
const farewellMs = 500;
/** The wait after an error in reading, in ms: an error that comes immediately must not make the loop spin. */
const readAgainMs = 1_000;
/** How many heartbeats pass between two looks at which of several hosts takes writes. */
const beatsBetweenLooks = 5;

export class PostgresJournal implements Journal {
  readonly server = randomBytes(6).toString("hex");
  readonly leaseMs: number;
  epoch = "";
  last = 0;
  #oldest = 1;
  #epochs: Epochs = [];
  #facts: [key: string, value: string][] = [];

  readonly entriesAfter: Journal["entriesAfter"];
  readonly entriesBefore: Journal["entriesBefore"];
  readonly matchesBefore: Journal["matchesBefore"];

  readonly #options: Required<Omit<PostgresOptions, "keepMs">> & Pick<PostgresOptions, "keepMs">;
  readonly #hosts: PostgresHosts;
  readonly #writing: PostgresConnection;
  readonly #reading: PostgresConnection;
  readonly #paging: PostgresConnection;
  readonly #news: EventReader;
  readonly #writer: PostgresWriter;
  readonly #servers: PostgresServers;
  readonly #readTrouble: ReadTrouble;
  #listener: JournalListener | undefined;
  /** Whether events after `last` were deleted, or lost their facts, before they were read here. */
  #hasHole = false;
  /** How many times the room began again. */
  restarts = 0;
  #isReading = false;
  #mayHaveMore = false;
  /** The newest event by the notifications, and by the latest heartbeat. */
  #notified = 0;
  #newest = 0;
  /** How many heartbeats in a row told of events without a notification. */
  #unnotified = 0;
  /** Promises that resolve once the listener has all events up to `seq`. */
  #waits: { seq: number; resolve: () => void }[] = [];
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
      note(`The server ${server} has sent no heartbeat for ${this.leaseMs / 1000} s: it is lost`),
    );
    const answered = () => this.#servers.answered();
    // A plan from when a table was small reads the whole table, and would be kept when the table has grown.
    const common = { settings: { enable_seqscan: "off" }, answered };
    const opened = (client: SQL) => this.#attach(client);
    this.#writing = new PostgresConnection(this.#hosts, { ...common, opened });
    this.#reading = new PostgresConnection(this.#hosts, {
      ...common,
      opened: (client) => this.#follow(client),
      // Notifications need a connection, so reading makes a new one.
      dropped: () => void this.#read(),
    });
    this.#paging = new PostgresConnection(this.#hosts, {
      max: 2,
      settings: { plan_cache_mode: "force_custom_plan", statement_timeout: "10s" },
      answered,
    });
    this.#readTrouble = new ReadTrouble(note, () => this.#closed || this.#writer.trouble !== undefined);
    const changed = () => this.#reattach();
    const unreadable = (seq: number) =>
      note(`Event ${seq} in the database cannot be read by this version: it is passed over`);
    this.#news = new EventReader(this.#reading, { room, state: this, changed, unreadable });
    const pages = new EventReader(this.#paging, { room, state: this, changed });
    const past = new PostgresPast(pages, this, () => this.#closed);
    this.entriesAfter = (...asked) => past.entriesAfter(...asked);
    this.entriesBefore = (...asked) => past.entriesBefore(...asked);
    this.matchesBefore = (text, position, count) => past.matchesBefore(text, position, count);
    this.#writer = new PostgresWriter(this.#writing, room, this, {
      changed,
      happened: (entries) => this.#happened(entries),
      untilRead: (seq) => this.#untilRead(seq),
    });
  }

  get first(): number {
    return Math.max(this.#oldest, this.last - this.#options.keepEvents + 1);
  }

  listen(listener: JournalListener): void {
    this.#listener = listener;
    this.#writer.listener = listener;
    this.#heart = setInterval(() => this.#beat(), this.#options.heartbeatMs);
    // It listens before its first heartbeat, since the other servers notify it from then on.
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

  readBy(server: string): number | undefined {
    return this.#servers.readBy(server);
  }

  append(entries: Entry[]): void {
    this.#writer.append(entries);
  }

  async sync(): Promise<void> {
    await this.#writer.idle;
    await this.#insist(() => this.#sendBeat());
    await this.#untilRead(this.#newest);
  }

  /** Tells the other servers that this one is gone, if PostgreSQL answers. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#writer.close();
    clearInterval(this.#heart);
    this.#reading.close();
    this.#paging.close();
    // The farewell also ends a batch that is still under way in PostgreSQL.
    const timer = setTimeout(() => this.#writing.close(), farewellMs);
    if (this.epoch !== "") await farewell(this.#writing, this.#options.room, this.server).catch(() => {});
    clearTimeout(timer);
    this.#writing.close();
  }

  /** Where the history is, for people: without the password in the URL. */
  get place(): string {
    return `${this.#hosts.place}, room "${this.#options.room}"`;
  }

  /** Figures for the metrics. `lag`: events in the database that are not read here yet. */
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
    await prepare(client, isFirst);
    const known = isFirst || this.#hasHole ? undefined : this;
    const row = await attach(client, room, { server: this.server, known, keepEvents, leaseMs });
    if (row.keep !== keepEvents && isFirst) {
      throw new PostgresError(
        `is used by other servers of this room with --keep ${row.keep}: give this one the same`,
      );
    }
    if (row.servers) this.#servers.read(row.servers);
    const isSame = row.epoch === this.epoch;
    this.epoch = row.epoch;
    this.#epochs = row.epochs;
    this.#oldest = row.first;
    if (row.facts === null) {
      if (!isSame) this.#listener?.epochBegan();
      return void this.#read();
    }
    this.last = row.last;
    this.#facts = Object.entries(row.facts);
    if (!isFirst) this.#beginAgain();
  }

  #beginAgain(): void {
    this.restarts++;
    this.#notified = 0;
    this.#newest = 0;
    this.#options.note(this.#hasHole ? missedNote : lostNote);
    this.#hasHole = false;
    this.#writer.beginAgain();
    this.#listener?.beganAgain();
    this.#endWaits(Number.POSITIVE_INFINITY);
    void this.#read();
  }

  /** Attaches again, since PostgreSQL was restarted or the room has another epoch. */
  #reattach(): PostgresError {
    this.#writing.renew();
    return new PostgresError("has changed", "break");
  }

  // ---- Reading back ----

  async #follow(client: SQL): Promise<void> {
    const channel = `chat_${new Bun.CryptoHasher("md5").update(this.#options.room).digest("hex")}`;
    await client.listen(channel, (last) => {
      this.#notified = Math.max(this.#notified, Number(last));
      void this.#writer.outcome().then(() => this.#untilRead(this.#notified));
    });
    // Events from before it listened come without a notification.
    void this.#read();
  }

  /** Reads until there are no more events. */
  async #read(): Promise<void> {
    this.#mayHaveMore = true;
    if (this.#isReading || !this.#listener) return;
    this.#isReading = true;
    const failed = (error: unknown) => this.#readTrouble.failed(error);
    while (this.#mayHaveMore && !this.#hasHole && !this.#closed) {
      this.#mayHaveMore = false;
      const restarts = this.restarts;
      try {
        const entries = await this.#insist(() => this.#news.after(this.last, pageEvents), failed);
        this.#readTrouble.over();
        if (this.#news.bare > this.last) this.#skipHole();
        if (this.#hasHole) break;
        if (restarts === this.restarts) this.#happened(entries.filter(({ event }) => event.seq > this.last));
        this.#mayHaveMore ||= entries.length > 0 && this.last < this.#news.last;
      } catch (error) {
        failed(error);
        // The same error may come back at once: without a wait this loop would spin.
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
      return this.#skipHole();
    }
    if (entries.length === 0) return;
    this.last += entries.length;
    for (const { facts = {} } of entries)
      for (const server of serversIn(facts)) this.#servers.tookSeat(server);
    this.#listener?.happened(entries);
    this.#endWaits(this.last);
  }

  /** Lets the room begin again behind events that are missing here, and with them the facts that they set. */
  #skipHole(): void {
    this.#hasHole = true;
    this.#reattach();
  }

  #endWaits(upTo: number): void {
    const over = this.#waits.filter(({ seq }) => seq <= upTo);
    this.#waits = this.#waits.filter(({ seq }) => seq > upTo);
    for (const { resolve } of over) resolve();
  }

  /** Resolves once the listener has all events up to this one. */
  #untilRead(seq: number): Promise<void> {
    if (seq <= this.last) return Promise.resolve();
    void this.#read();
    return new Promise((resolve) => this.#waits.push({ seq, resolve }));
  }

  // ---- The other servers, and PostgreSQL itself ----

  #beat(): void {
    if (this.#closed) return;
    // The latest heartbeat has no answer yet: this server may be cut off by now.
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
    // A server that can still read is not cut off, even if writing fails: the answer to this statement shows it.
    const { room, keepMs } = this.#options;
    if (this.#writer.trouble !== undefined) this.#reading.run("SELECT 1").catch(() => {});
    await askTwice(() => this.#sendBeat());
    await trim(this.#paging, room, this.leaseMs, keepMs).catch(() => {});
    this.#beats++;
    if (this.#hosts.several && this.#beats % beatsBetweenLooks === 0 && (await this.#hosts.hasMoved())) {
      for (const connection of [this.#writing, this.#reading, this.#paging]) connection.drop();
    }
  }

  /** Sends a heartbeat. The answer has the heartbeats of the other servers, and the newest event. */
  async #sendBeat(): Promise<void> {
    const { epoch, last, servers } = await beat(this.#writing, this.#options.room, this.server, this.last);
    if (epoch !== this.epoch || this.#hasHole) this.#reattach();
    await this.#writing.open();
    this.#writer.answered();
    this.#servers.read(servers);
    this.#newest = last ?? 0;
    this.#unnotified = this.#newest > Math.max(this.#notified, this.last) ? this.#unnotified + 1 : 0;
    // A heartbeat may be faster than a notification. After two without one the connection counts as dead.
    if (this.#unnotified >= 2 && !this.#isReading) this.#reading.drop();
    if (this.#newest > this.last) void this.#read();
  }

  #insist<T>(ask: () => Promise<T>, failed?: (error: PostgresError) => void): Promise<T> {
    return insist(ask, () => this.#closed, failed);
  }
}
