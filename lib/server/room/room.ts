// The room: how an event goes through a turn of the event loop, from the entry to its readers.
//
//   record(entry) … record(entry)     the entries of this turn, in order
//   journal.append(entries)           one transaction
//   happened(entries)                 each event is added to the live logs, or whispered to two readers; its facts are applied
//   flows.pump()                      one write for each reader

import type { Channel } from "../../dialects/host.ts";
import { type Fault, fault, type Recorded } from "../../protocol/events.ts";
import { Flows } from "../delivery/flows.ts";
import type { FanOut } from "../delivery/live-log.ts";
import { Posts } from "../delivery/posts.ts";
import type { Reader } from "../delivery/reader.ts";
import { type Entry, idOf, type Journal, type JournalListener, serversOnly } from "../journal/journal.ts";
import { aHalf, WorkQueue } from "../limits/work-queue.ts";
import type { Occupant } from "../seats/seats.ts";
import { Archive } from "./archive/archive.ts";
import { Entering } from "./entering/entering.ts";
import type { Roster } from "./entering/roster.ts";
import { beganAgain } from "./goodbyes.ts";
import { Members, type MembersOptions } from "./members.ts";
import { isEntrance, type Recorder, retryAfterMs, type Waiter, Waiters } from "./recorder.ts";

export type RoomOptions = MembersOptions & {
  /** The name of the channel for clients of IRC; absent: #room. */
  channel?: string | undefined;
  /** Called with each event that all members see, for the log. */
  onEvent: ((event: Recorded) => void) | undefined;
  /** Called when the last seat has been given up. */
  onEmpty: () => void;
  /** Called with the reason when the journal begins to refuse all entries, and with undefined when it takes them again. */
  onJournalTrouble: (reason: string | undefined) => void;
  /** Sends the live logs to many sockets at once; absent where the system cannot do that. */
  fanOut?: FanOut | undefined;
  /** Counts events and deliveries, and measures the journal and whole turns. */
  metrics: Record<"events" | "deliveries", { add: (amount: number) => void }> &
    Record<"journalSeconds" | "turnSeconds", { observe: (seconds: number) => void }>;
};

const defaultChannel = "#room";

export class Room implements JournalListener, Recorder {
  seq: number;
  members: Members;
  readonly archive: Archive;
  readonly entering: Entering;
  /** The room as IRC shows it. */
  readonly channel: Channel;
  /** The queue of costly work for single members, so that messages do not wait for it. */
  readonly work = new WorkQueue();
  /** The posts that have no outcome yet. */
  readonly posts = new Posts();
  /** The queue of the first lines, welcomes and pages of newcomers: members do not wait, however many enter at once. */
  readonly newcomers = new WorkQueue(aHalf);

  readonly #journal: Journal;
  readonly #options: RoomOptions;
  readonly #waiters = new Waiters();
  readonly #flows: Flows;
  readonly #woken = new Set<Reader>();
  /** Resolves at the end of this turn; undefined if no caller waits. */
  #afterTurn: PromiseWithResolvers<void> | undefined;
  /** Speakers without a seat, by author. The server's own terminal is one. */
  readonly #attendants = new Map<string, Occupant>();
  /** The entries of this turn, in order. */
  #asked: Entry[] = [];
  #turn: NodeJS.Immediate | undefined;
  #retry: Timer | undefined;
  /** Set while readers still have events to write. */
  #pumping: NodeJS.Immediate | undefined;
  /** When the entries that have no outcome yet were appended, by performance.now(). */
  #appendedAt: number | undefined;

  /** Goes on where the journal ends. The seats in the journal are kept for `seatMs`. */
  constructor(journal: Journal, options: RoomOptions) {
    this.#journal = journal;
    this.#options = options;
    this.seq = journal.last;
    this.#flows = new Flows(journal, options.fanOut);
    this.archive = new Archive(journal, this);
    this.entering = new Entering(journal, this, this.#flows);
    this.channel = {
      name: options.channel ?? defaultChannel,
      get epoch() {
        return journal.epoch;
      },
      begun: new Date(),
    };
    journal.listen(this);
    this.members = new Members(this.#journal, this, this.#options);
  }

  /** Lets `attendant` speak without a seat, as this `author`. */
  attend(author: string, attendant: Occupant): void {
    this.#attendants.set(author, attendant);
  }

  // ---- The turn ----

  record(entry: Entry): void {
    this.#asked.push(entry);
    this.#scheduleTurn();
  }

  /** Pumps this reader at the end of the turn, since a private line waits in it. */
  wake(reader: Reader): void {
    this.#woken.add(reader);
    this.#scheduleTurn();
  }

  ask(entry: Entry, waiter: Waiter<Roster | undefined>): void {
    this.#waiters.add(entry, waiter);
    this.record(entry);
  }

  /** The second setImmediate lets the sockets be read once more: under load such longer turns cost a tenth less. */
  #scheduleTurn(): void {
    this.#turn ??= setImmediate(() => setImmediate(() => this.#endTurn()));
  }

  /** Resolves once all entries so far have happened or failed. */
  afterTurn(): Promise<void> {
    this.#afterTurn ??= Promise.withResolvers();
    this.#scheduleTurn();
    return this.#afterTurn.promise;
  }

  #endTurn(): void {
    this.#turn = undefined;
    // Entries that are recorded from here on belong to the next turn.
    const entries = this.#asked;
    const after = this.#afterTurn;
    this.#asked = [];
    this.#afterTurn = undefined;
    if (entries.length > 0) this.#append(entries);
    for (const reader of this.#woken) reader.pump();
    this.#woken.clear();
    if (after) this.#journal.sync().then(after.resolve, () => after.resolve());
  }

  #append(entries: Entry[]): void {
    this.#appendedAt ??= performance.now();
    this.#journal.append(entries);
  }

  happened(entries: Entry[]): void {
    const { metrics } = this.#options;
    const begun = performance.now();
    let deliveries = 0;
    const enters = (entry: Entry) => isEntrance(entry.event) && this.#waiters.has(entry);
    const before = entries.some(enters) ? this.members.roster() : undefined;
    for (const entry of entries) deliveries += this.#happens(entry, before);
    // Writing to all readers of a big room takes more than a turn: the authors are written to first.
    if (!this.#pump()) for (const { author } of entries) this.#occupantOf(author)?.pump();
    metrics.events.add(entries.length);
    metrics.deliveries.add(deliveries);
    if (this.#appendedAt !== undefined) {
      metrics.journalSeconds.observe((begun - this.#appendedAt) / 1000);
      metrics.turnSeconds.observe((performance.now() - this.#appendedAt) / 1000);
      this.#appendedAt = undefined;
    }
    if (this.members.arrivals.visited && this.members.size === 0) this.#options.onEmpty();
  }

  /** Returns how many live readers are sent the event. `before`: the members before this turn. */
  #happens(entry: Entry, before: Roster | undefined): number {
    const { event, author, reader, facts, json } = entry;
    this.archive.push(entry);
    if (event.type === "deleted") this.#flows.forget(event.seqs);
    // An event of another server is no outcome of a request here, even if the same seat caused it.
    const isOurs = (entry.server ?? this.#journal.server) === this.#journal.server;
    const waiter = isOurs ? this.#waiters.take(entry) : undefined;
    this.seq = event.seq;
    const readers = reader === undefined ? this.#flows.append(event, json) : 0;
    if (reader === undefined) this.#occupantOf(author)?.did?.(event);
    else this.#whisper(event, author, reader);
    if (facts) this.members.apply(facts, event);
    waiter?.happened(before);
    this.posts.settle(author, event.seq);
    // A `deleted` of a whisper is for its two ends, and not for the log.
    if (reader === undefined || event.type !== "deleted") this.#options.onEvent?.(event);
    return readers;
  }

  #whisper(event: Recorded, author: string, reader: string): void {
    this.#flows.advance(event.seq);
    if (reader === serversOnly) return;
    for (const id of new Set([author, reader])) this.#occupantOf(id)?.whisper(event, id === author);
  }

  /** Lets the live readers write. Returns false if some are left, which write in the next turns. */
  #pump(): boolean {
    const isDone = this.#flows.pump();
    if (!isDone) {
      this.#pumping ??= setImmediate(() => {
        this.#pumping = undefined;
        this.#pump();
      });
    }
    return isDone;
  }

  repeated({ event, author }: Entry, seq: number): void {
    const id = idOf(event);
    if (id === undefined || this.posts.settle(author, seq)) return;
    this.#occupantOf(author)?.answer({ type: "seen", id, seq });
  }

  contradicted(entry: Entry): void {
    const problem = this.members.contradicted(entry);
    if (problem) this.#fail(entry, { ...problem, id: idOf(entry.event) });
  }

  /** Tells the authors that nothing was stored. A `left` is tried again instead, since its author does not wait for it. */
  refused(entries: Entry[], reason: string): void {
    this.#appendedAt = undefined;
    for (const entry of entries) {
      const { event } = entry;
      const problem = fault("unavailable", `The room cannot keep messages now, ${reason}: try again`);
      if (event.type === "left") this.#asked.push(entry);
      else this.#fail(entry, { ...problem, id: idOf(event), retryAfterMs });
    }
    clearTimeout(this.#retry);
    if (this.#asked.length > 0) this.#retry = setTimeout(() => this.#endTurn(), retryAfterMs);
  }

  troubled(reason: string | undefined): void {
    this.#options.onJournalTrouble(reason);
  }

  serversChanged(): void {
    this.members.expireLost();
  }

  epochBegan(): void {
    this.members.tell({ type: "epoch", epoch: this.#journal.epoch });
  }

  beganAgain(): void {
    const problem = { ...fault("unavailable", "The room began again: try again"), retryAfterMs };
    this.#waiters.failAll(problem);
    this.posts.failAll(problem);
    this.#appendedAt = undefined;
    this.#asked = [];
    this.members.end(beganAgain);
    this.seq = this.#journal.last;
    this.#flows.clear();
    this.archive.clear();
    this.members = new Members(this.#journal, this, this.#options);
  }

  #fail(entry: Entry, problem: Fault): void {
    if (this.posts.fail(entry.author, problem)) return;
    const waiter = this.#waiters.take(entry);
    if (waiter) waiter.failed(problem);
    // An entrance without a waiter was overtaken by another connection that takes the same seat: it was answered then.
    else if (!isEntrance(entry.event)) this.#occupantOf(entry.author)?.answer(problem);
  }

  #occupantOf(author: string): Occupant | undefined {
    return this.members.occupantOf(author) ?? this.#attendants.get(author);
  }
}
