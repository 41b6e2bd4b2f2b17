// The room: its rules, and the way of an event through one turn of the event loop.
//
//   record(entry) … record(entry)     what was asked in this turn, in order
//   journal.append(entries)           one transaction
//   happened(entries)                 the roster follows, each live log gets the event, whispers their two readers
//   log.pump()                        one write for each reader
//
// Two books are kept apart: the seats say who holds which name now, the roster who has joined and left as of `seq`.
// A welcome tells the roster, so that it fits the events that follow it.

import type { JoinRequest, SearchRequest } from "../commands.ts";
import type { Dialect } from "../dialects/dialect.ts";
import {
  type Answer,
  type Fault,
  fault,
  limits,
  type Member,
  type Recorded,
  type Welcome,
} from "../protocol.ts";
import type { Entry, Journal, JournalListener } from "./journal.ts";
import { LiveLog } from "./live-log.ts";
import type { Reader, ReadPage } from "./reader.ts";
import { newToken, type Occupant, type Seat, Seats } from "./seats.ts";

export type RoomOptions = {
  /** How long a lost connection's seat is kept. */
  seatMs: number;
  /** Something happened that the server's own terminal may show. */
  onEvent: ((event: Recorded) => void) | undefined;
  /** The last seat was given up. */
  onEmpty: () => void;
  /** The journal stopped taking events, or takes them again (undefined). */
  onJournalTrouble: (reason: string | undefined) => void;
};

/** When to try again what the journal did not take. */
const retryAfterMs = 1_000;

/** How many events a search shows that does not ask for a number. */
const foundEvents = 20;

/** A seat that was taken, and the token by which it can be taken again. */
export type Taken = { seat: Seat; token: string | undefined };

export class Room implements JournalListener {
  /** The last event that happened. */
  seq: number;

  readonly #journal: Journal;
  readonly #options: RoomOptions;
  readonly #seats = new Seats();
  /** Seat → name, as of `seq`. */
  readonly #roster = new Map<string, string>();
  readonly #logs = new Map<Dialect, LiveLog>();
  readonly #woken = new Set<Reader>();
  readonly #afterTurn: (() => void)[] = [];
  #asked: Entry[] = [];
  #turn: NodeJS.Immediate | undefined;
  #retry: Timer | undefined;
  #troubled = false;
  #visited = false;

  /** Goes on where the journal stopped: its members have their seats for `seatMs` more. */
  constructor(journal: Journal, options: RoomOptions) {
    this.#journal = journal;
    this.#options = options;
    this.seq = journal.last;
    journal.listen(this);
    for (const saved of journal.seats()) {
      const seat = this.#seats.restore(saved);
      this.#roster.set(seat.id, seat.name);
      this.vacate(seat, undefined);
    }
  }

  // ---- What a member may do ----

  /** Gives the seat of the token, or a new one under a free name. Its events start to flow once `enter` is called. */
  take(occupant: Occupant, { name, token }: JoinRequest, keepsSeat: boolean): Taken | Fault {
    const old = token === undefined ? undefined : this.#seats.byToken(token);
    if (old) {
      clearTimeout(old.expiry);
      old.occupant?.dismiss({ type: "bye", code: "taken-over", text: "You joined from another place" });
      old.occupant = occupant;
      this.#visited = true;
      return { seat: old, token };
    }
    if (this.#seats.byName(name)) return fault("name-taken", `"${name}" is taken: choose another name`);
    const fresh = keepsSeat ? newToken() : undefined;
    const seat = this.#seats.add(name, fresh);
    seat.occupant = occupant;
    this.#visited = true;
    this.record({
      event: { type: "joined", seq: 0, at: 0, name },
      author: seat.id,
      ...(seat.tokenHash !== undefined && { tokenHash: seat.tokenHash }),
    });
    return { seat, token: fresh };
  }

  /** Welcomes the member and lets its reader follow the room. */
  enter({ seat, token }: Taken, dialect: Dialect, request: JoinRequest, reader: Reader): Promise<void> {
    const { seq } = this;
    const { epoch } = this.#journal;
    const welcome: Welcome = { type: "welcome", name: seat.name, token, epoch, ...this.roster(), limits };
    const readPage: ReadPage = (after, upTo) => this.#journal.page(after, upTo, seat.id);
    const log = this.#logs.get(dialect) ?? new LiveLog(dialect, seq);
    this.#logs.set(dialect, log);

    const { after, history = dialect.historyEvents } = request;
    if (after === undefined) {
      const opening = this.recall(seat, seq, history).then(
        (events) =>
          dialect.encode(welcome) + (history === 0 ? "" : dialect.encode({ type: "history", events })),
      );
      return reader.start(log, seq, opening, readPage);
    }
    // A position that is not of this journal; one that is, but too old, is the page's to tell.
    const stray =
      (request.epoch ?? epoch) !== epoch ? this.#journal.first - 1 : after > seq ? seq : undefined;
    const gap = stray === undefined ? "" : dialect.encode({ type: "gap", from: 0, to: stray });
    const opening = Promise.resolve(dialect.encode(welcome) + gap);
    return reader.start(log, stray ?? after, opening, readPage);
  }

  roster(): { seq: number; members: Member[] } {
    const members = [...this.#roster].map(([id, name]): Member => {
      const here = this.#seats.byId(id)?.occupant !== undefined;
      return here ? { name } : { name, away: true };
    });
    return { seq: this.seq, members };
  }

  find(name: string): Seat | undefined {
    return this.#seats.byName(name);
  }

  rename(seat: Seat, name: string): Fault | undefined {
    const holder = this.#seats.byName(name);
    if (holder && holder !== seat) return fault("name-taken", `"${name}" is taken: choose another name`);
    if (name === seat.name) return undefined;
    const from = seat.name;
    this.#seats.rename(seat, name);
    this.record({ event: { type: "renamed", seq: 0, at: 0, from, to: name }, author: seat.id });
    return undefined;
  }

  /** The last events up to `upTo` that the seat may see. */
  recall(seat: Seat, upTo: number, limit: number): Promise<Recorded[]> {
    return this.#journal.recent(Math.min(upTo, this.seq), Math.min(limit, limits.historyEvents), seat.id);
  }

  /** What the seat may see of what has these words, as of now. */
  async search(seat: Seat, { text, before, limit }: SearchRequest): Promise<Answer> {
    const now = this.seq + 1;
    const events = Math.min(limit ?? foundEvents, limits.searchEvents);
    try {
      const found = await this.#journal.search(text, Math.min(before ?? now, now), events, seat.id);
      return { type: "results", text, ...found };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return fault("unavailable", `The history cannot be searched now, ${reason}: try again`);
    }
  }

  /** Gives the seat up. Its occupant is dismissed when the room has heard it. */
  leave(seat: Seat, text?: string): void {
    if (!this.#seats.giveUp(seat)) return;
    this.record({ event: { type: "left", seq: 0, at: 0, name: seat.name, text }, author: seat.id });
  }

  /** A seat's connection is gone: it is kept for a while if somebody can come back to it, or has already. */
  vacate(seat: Seat, occupant: Occupant | undefined): void {
    if (seat.occupant !== occupant) return;
    seat.occupant = undefined;
    if (seat.tokenHash === undefined) this.leave(seat);
    else seat.expiry = setTimeout(() => this.leave(seat), this.#options.seatMs);
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

  /** One more look at the sockets first: under load there is more to take along, and it costs a tenth less. */
  #scheduleTurn(): void {
    this.#turn ??= setImmediate(() => setImmediate(() => this.#endTurn()));
  }

  /** Once all that was asked so far has happened. */
  afterTurn(then: () => void): void {
    this.#afterTurn.push(then);
    this.#scheduleTurn();
  }

  #endTurn(): void {
    this.#turn = undefined;
    const entries = this.#asked;
    this.#asked = [];
    if (entries.length > 0) this.#journal.append(entries);
    for (const reader of this.#woken) reader.pump();
    this.#woken.clear();
    for (const then of this.#afterTurn.splice(0)) then();
  }

  happened(entries: Entry[]): void {
    if (this.#troubled) this.#options.onJournalTrouble(undefined);
    this.#troubled = false;
    const logs = [...this.#logs.values()];
    for (const { event, author, reader } of entries) {
      this.seq = event.seq;
      if (reader === undefined) {
        for (const log of logs) log.append(event);
        this.#follow(event, author);
      } else {
        for (const log of logs) log.skip(event.seq);
        for (const id of new Set([author, reader])) this.#seats.byId(id)?.occupant?.whisper(event);
      }
      this.#options.onEvent?.(event);
    }
    for (const log of logs) log.pump();
    if (this.#visited && this.#seats.size === 0) this.#options.onEmpty();
  }

  /** Keeps the roster, and ends what has left. */
  #follow(event: Recorded, author: string): void {
    if (event.type === "joined") this.#roster.set(author, event.name);
    else if (event.type === "renamed") this.#roster.set(author, event.to);
    else if (event.type === "left") {
      this.#roster.delete(author);
      const seat = this.#seats.byId(author);
      if (!seat) return;
      this.#seats.remove(seat);
      seat.occupant?.dismiss({ type: "bye", code: "left", text: "Goodbye" });
    }
  }

  repeated({ event, author }: Entry, seq: number): void {
    const id = idOf(event);
    if (id !== undefined) this.#seats.byId(author)?.occupant?.answer({ type: "seen", id, seq });
  }

  /** What was said goes back to whoever said it; who joined, left or changed names is tried again. */
  refused(entries: Entry[], reason: string): void {
    if (!this.#troubled) this.#options.onJournalTrouble(reason);
    this.#troubled = true;
    for (const entry of entries) {
      const { event, author } = entry;
      if (event.type === "joined" || event.type === "left" || event.type === "renamed") {
        this.#asked.push(entry);
        continue;
      }
      const problem = fault("unavailable", `The room cannot keep messages now, ${reason}: try again`);
      this.#seats.byId(author)?.occupant?.answer({ ...problem, id: idOf(event), retryAfterMs });
    }
    clearTimeout(this.#retry);
    if (this.#asked.length > 0) this.#retry = setTimeout(() => this.#endTurn(), retryAfterMs);
  }
}

function idOf(event: Recorded): string | undefined {
  return "id" in event ? event.id : undefined;
}
