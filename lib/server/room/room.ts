// The room: the way of an event through one turn of the event loop, and what a reader sees of it.
//
//   record(entry) … record(entry)     what was asked in this turn, in order
//   journal.append(entries)           one transaction
//   happened(entries)                 each live log gets the event, whispers their two readers; its facts are so now
//   log.pump()                        one write for each reader

import type { Dialect } from "../../dialects/dialect.ts";
import type { CommandOf } from "../../protocol/commands.ts";
import {
  type Answer,
  type Fault,
  fault,
  limits,
  type Recorded,
  type Welcome,
} from "../../protocol/events.ts";
import { LiveLog } from "../delivery/live-log.ts";
import type { Reader, ReadPage } from "../delivery/reader.ts";
import { RecentEntries } from "../delivery/recent.ts";
import { type Entry, type Journal, type JournalListener, nobody } from "../journal/journal.ts";
import { lastBefore, type Past, pageAfter, search } from "../journal/pages.ts";
import { WorkQueue } from "../limits/work-queue.ts";
import type { Metrics } from "../operation/metrics.ts";
import { Members, type Recorder, type Roster, retryAfterMs, type Taken, type Waiter } from "./members.ts";
import type { Occupant } from "./seats.ts";

export type RoomOptions = {
  /** How long a lost connection's seat is kept. */
  seatMs: number;
  /** Something happened that the server's own terminal may show. */
  onEvent: ((event: Recorded) => void) | undefined;
  /** The last seat was given up. */
  onEmpty: () => void;
  /** The journal stopped taking events, or takes them again (undefined). */
  onJournalTrouble: (reason: string | undefined) => void;
  metrics: Metrics;
};

/** How many events a search shows that does not ask for a number. */
const foundEvents = 20;

export class Room implements JournalListener, Recorder {
  /** The last event that happened. */
  seq: number;
  readonly members: Members;
  /** What costs much and is for one member alone. */
  readonly work = new WorkQueue();

  readonly #journal: Journal;
  readonly #options: RoomOptions;
  /** Who waits for what they asked, by author, and is told how the room was just before. */
  readonly #waiters = new Map<string, Waiter<Roster>>();
  readonly #recent = new RecentEntries();
  readonly #logs = new Map<Dialect, LiveLog>();
  readonly #woken = new Set<Reader>();
  /** For who waits until this turn has ended. */
  #afterTurn: PromiseWithResolvers<void> | undefined;
  /** Who speaks without a seat, by author. */
  readonly #attendants = new Map<string, Occupant>();
  #asked: Entry[] = [];
  #turn: NodeJS.Immediate | undefined;
  #retry: Timer | undefined;
  /** When what is under way was appended; on a clock that only rises. */
  #appendedAt: number | undefined;

  /** Goes on where the journal stopped: its members have their seats for `seatMs` more. */
  constructor(journal: Journal, options: RoomOptions) {
    this.#journal = journal;
    this.#options = options;
    this.seq = journal.last;
    journal.listen(this);
    this.members = new Members(journal, this, options.seatMs);
  }

  // ---- What a member sees ----

  /** Welcomes the member and lets its reader follow the room. */
  enter(
    { seat, token, roster }: Taken,
    dialect: Dialect,
    request: CommandOf<"join">,
    reader: Reader,
  ): Promise<void> {
    const { seq } = roster;
    const { epoch } = this.#journal;
    const { topic } = this.members;
    const welcome: Welcome = { type: "welcome", name: seat.name, token, epoch, ...roster, topic, limits };
    const readPage = this.#pagesFor(seat.id);
    const log = this.#logs.get(dialect) ?? new LiveLog(dialect, this.seq);
    this.#logs.set(dialect, log);

    const { after, history = dialect.historyEvents } = request;
    if (after === undefined) {
      const opening = this.recall(seat.id, seq, history).then(
        ({ events, before }) =>
          dialect.encode(welcome) +
          (history === 0 ? "" : dialect.encode({ type: "history", events, before })),
      );
      // Nobody could whisper to it before.
      return reader.start(log, seq, opening, readPage, seq);
    }
    // A position that is not of this journal; one that is, but too old, is the page's to tell.
    const stray =
      (request.epoch ?? epoch) !== epoch ? this.#journal.first - 1 : after > seq ? seq : undefined;
    const gap = stray === undefined ? "" : dialect.encode({ type: "gap", from: 0, to: stray });
    const opening = Promise.resolve(dialect.encode(welcome) + gap);
    return reader.start(log, stray ?? after, opening, readPage);
  }

  /** A function of its own: a closure keeps all that is in its scope, and the reader would keep its welcome. */
  #pagesFor(seat: string): ReadPage {
    return (after, upTo) => pageAfter(this.#journal, after, upTo, seat);
  }

  /** The last events up to a position that the reader may see. */
  recall(viewer: string, position: number, count: number): Promise<Past> {
    const end = Math.min(position, this.seq) + 1;
    const limit = Math.min(count, limits.historyEvents);
    return lastBefore(
      (before, count) =>
        this.#recent.entriesBefore(before, count) ??
        this.work.run(() => this.#journal.entriesBefore(before, count)),
      end,
      limit,
      viewer,
    );
  }

  /** What the reader may see of what has these words, as of now. */
  async search(viewer: string, { text, before, limit }: CommandOf<"search">): Promise<Answer> {
    const now = this.seq + 1;
    const events = Math.min(limit ?? foundEvents, limits.searchEvents);
    const matchesBefore = (...asked: Parameters<Journal["matchesBefore"]>) =>
      this.work.run(() => this.#journal.matchesBefore(...asked));
    try {
      const found = await search({ matchesBefore }, text, Math.min(before ?? now, now), events, viewer);
      return { type: "results", text, ...found };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return fault("unavailable", `The history cannot be searched now, ${reason}: try again`);
    }
  }

  /** Somebody who speaks without a seat, as this author. */
  attend(author: string, attendant: Occupant): void {
    this.#attendants.set(author, attendant);
  }

  // ---- The turn ----

  /** What somebody asked for: it happens at the end of this turn, if the journal takes it. */
  record(entry: Entry): void {
    this.#asked.push(entry);
    this.#scheduleTurn();
  }

  /** This reader has something to write at the end of this turn. */
  wake(reader: Reader): void {
    this.#woken.add(reader);
    this.#scheduleTurn();
  }

  ask(entry: Entry, waiter: Waiter<Roster>): void {
    if (entry.event.type === "moved") {
      this.#waiters.get(entry.author)?.failed(fault("conflict", "You joined from another place"));
    }
    this.#waiters.set(entry.author, waiter);
    this.record(entry);
  }

  /** One more look at the sockets first: under load there is more to take along, and it costs a tenth less. */
  #scheduleTurn(): void {
    this.#turn ??= setImmediate(() => setImmediate(() => this.#endTurn()));
  }

  /** Resolves once all that was asked so far has happened. */
  afterTurn(): Promise<void> {
    this.#afterTurn ??= Promise.withResolvers();
    this.#scheduleTurn();
    return this.#afterTurn.promise;
  }

  #endTurn(): void {
    this.#turn = undefined;
    // What is asked while these happen is of the next turn.
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
    const { metrics, onEvent } = this.#options;
    const begun = performance.now();
    let deliveries = 0;
    for (const entry of entries) {
      const { event, author, reader, facts } = entry;
      this.#recent.push(entry);
      const waiter = isAwaited(event) ? this.#waiters.get(author) : undefined;
      const before = waiter && this.members.roster();
      this.seq = event.seq;
      if (reader === undefined) {
        for (const log of this.#logs.values()) {
          log.append(event);
          deliveries += log.readers.size;
        }
      } else {
        for (const log of this.#logs.values()) log.skip(event.seq);
        for (const id of new Set([author, reader])) if (reader !== nobody) this.#voice(id)?.whisper(event);
      }
      if (facts) this.members.apply(facts, event);
      if (before) this.#waiters.delete(author);
      if (before) waiter?.happened(before);
      onEvent?.(event);
    }
    for (const log of this.#logs.values()) log.pump();
    metrics.events.add(entries.length);
    metrics.deliveries.add(deliveries);
    if (this.#appendedAt !== undefined) {
      metrics.journalSeconds.observe((begun - this.#appendedAt) / 1000);
      metrics.turnSeconds.observe((performance.now() - this.#appendedAt) / 1000);
      this.#appendedAt = undefined;
    }
    if (this.members.visited && this.members.size === 0) this.#options.onEmpty();
  }

  repeated({ event, author }: Entry, seq: number): void {
    const id = idOf(event);
    if (id !== undefined) this.#voice(author)?.answer({ type: "seen", id, seq });
  }

  contradicted(entry: Entry): void {
    const problem = this.members.contradicted(entry);
    if (problem) this.#fail(entry, { ...problem, id: idOf(entry.event) });
  }

  /** What was asked goes back to whoever asked; who has left, has left. */
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

  #fail({ event, author }: Entry, problem: Fault): void {
    const waiter = isAwaited(event) ? this.#waiters.get(author) : undefined;
    // Whoever asked for that was told when somebody else came with the same token.
    if (!waiter) return event.type === "moved" ? undefined : this.#voice(author)?.answer(problem);
    this.#waiters.delete(author);
    waiter.failed(problem);
  }

  #voice(author: string): Occupant | undefined {
    return this.members.occupantOf(author) ?? this.#attendants.get(author);
  }
}

/** Whether it is something that its author waits for: everything but what anybody may say, and go. */
function isAwaited({ type }: Recorded): boolean {
  return type !== "said" && type !== "acted" && type !== "told" && type !== "left";
}

function idOf(event: Recorded): string | undefined {
  return "id" in event ? event.id : undefined;
}
