// The room: its rules, and the way of an event through one turn of the event loop.
//
//   record(entry) … record(entry)     what was asked in this turn, in order
//   journal.append(entries)           one transaction
//   happened(entries)                 each live log gets the event, whispers their two readers; its facts are so now
//   log.pump()                        one write for each reader
//
// All that the room knows (who sits where, bans, the topic) are facts of the journal, as of `seq`. So whoever joins,
// changes names or leaves asks for it like everybody else, and it is so once the event comes back.

import type { JoinRequest, Order, SearchRequest } from "../commands.ts";
import type { Dialect } from "../dialects/dialect.ts";
import {
  type Answer,
  type Ban,
  type Bye,
  type Fault,
  fault,
  isFault,
  limits,
  type Member,
  type Recorded,
  type Welcome,
} from "../protocol.ts";
import { type Entry, type Facts, type Journal, type JournalListener, nobody } from "./journal.ts";
import { LiveLog } from "./live-log.ts";
import type { Metrics } from "./metrics.ts";
import { Moderation } from "./moderation.ts";
import type { Reader, ReadPage } from "./reader.ts";
import { RecentEntries } from "./recent.ts";
import {
  hashOf,
  leaving,
  moving,
  newSeatId,
  newToken,
  type Occupant,
  renaming,
  type Seat,
  Seats,
  taking,
} from "./seats.ts";

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

/** When to try again what the journal did not take. */
const retryAfterMs = 1_000;

/** How many events a search shows that does not ask for a number. */
const foundEvents = 20;

export type Roster = { seq: number; members: Member[] };

/** A seat, the token by which it can be taken again, and the room it was taken in. */
export type Taken = { seat: Seat; token: string | undefined; roster: Roster };

/** Somebody who waits until what was asked has happened, or why it has not. */
export type Asker<T> = { happened: (outcome: T) => void; failed: (problem: Fault) => void };

export class Room implements JournalListener {
  /** The last event that happened. */
  seq: number;

  readonly #journal: Journal;
  readonly #options: RoomOptions;
  readonly #seats = new Seats();
  readonly #moderation = new Moderation();
  /** Who waits for a seat, for it to move here, for another name or to keep order: by the seat, told the room before. */
  readonly #askers = new Map<string, Asker<Roster>>();
  readonly #recent = new RecentEntries();
  readonly #logs = new Map<Dialect, LiveLog>();
  readonly #woken = new Set<Reader>();
  readonly #afterTurn: (() => void)[] = [];
  /** Who speaks without a seat, by author. */
  readonly #attendants = new Map<string, Occupant>();
  #asked: Entry[] = [];
  #turn: NodeJS.Immediate | undefined;
  #retry: Timer | undefined;
  #appendedAt = 0;
  #visited = false;

  /** Goes on where the journal stopped: its members have their seats for `seatMs` more. */
  constructor(journal: Journal, options: RoomOptions) {
    this.#journal = journal;
    this.#options = options;
    this.seq = journal.last;
    journal.listen(this);
    const facts = [...journal.facts()];
    const areSeats = ([key]: [string, string]) => key.startsWith("seat ");
    // Where somebody sits says nothing before there is a seat.
    for (const [key, value] of facts.filter(areSeats)) this.#follow({ [key]: value });
    for (const [key, value] of facts.filter((fact) => !areSeats(fact))) this.#follow({ [key]: value });
    for (const seat of this.#seats) if (this.#isAway(seat)) this.#expire(seat);
  }

  // ---- What a member may do ----

  /** Gives the seat of the token, or a new one under a free name; its occupant has to `enter` as soon as it happened. */
  take(occupant: Occupant, request: JoinRequest, keepsSeat: boolean, asker: Asker<Taken>): void {
    const { name, token, after = 0 } = request;
    if (this.#moderation.isBanned(occupant.address, name)) {
      return asker.failed(fault("banned", "You are banned from this room"));
    }
    const isKnown = token === undefined || this.#seats.byToken(token) !== undefined;
    const sit = () => {
      const seat = token === undefined ? undefined : this.#seats.byToken(token);
      if (seat) this.#takeAgain(seat, occupant, token, asker);
      else this.#takeNew(name, occupant, keepsSeat ? newToken() : undefined, asker);
    };
    // Another server may have told the client more than this one has heard.
    if (isKnown && after <= this.seq) sit();
    else {
      const reason = "The room cannot be read now: try again";
      this.#journal.sync().then(sit, () => asker.failed({ ...fault("unavailable", reason), retryAfterMs }));
    }
  }

  #takeNew(name: string, occupant: Occupant, token: string | undefined, asker: Asker<Taken>): void {
    const id = newSeatId();
    const tokenHash = token === undefined ? undefined : hashOf(token);
    const { address } = occupant;
    this.#ask(
      {
        event: { type: "joined", seq: 0, at: 0, name },
        author: id,
        ...taking(id, this.#journal.server, { name, tokenHash, address }),
      },
      { ...asker, happened: (roster) => this.#sit(id, occupant, token, roster, asker) },
    );
  }

  #takeAgain(seat: Seat, occupant: Occupant, token: string | undefined, asker: Asker<Taken>): void {
    const here = this.#journal.server;
    if (seat.server === here) return this.#sit(seat.id, occupant, token, this.roster(), asker);
    this.#ask(
      {
        event: { type: "moved", seq: 0, at: 0, name: seat.name },
        author: seat.id,
        reader: nobody,
        ...moving(seat, here),
      },
      { ...asker, happened: (roster) => this.#sit(seat.id, occupant, token, roster, asker) },
    );
  }

  #sit(
    id: string,
    occupant: Occupant,
    token: string | undefined,
    roster: Roster,
    { happened }: Asker<Taken>,
  ): void {
    const seat = this.#seats.byId(id);
    if (!seat) return;
    this.#keep(seat);
    seat.occupant?.dismiss(takenOver);
    seat.occupant = occupant;
    this.#visited = true;
    happened({ seat, token, roster });
  }

  /** Welcomes the member and lets its reader follow the room. */
  enter(
    { seat, token, roster }: Taken,
    dialect: Dialect,
    request: JoinRequest,
    reader: Reader,
  ): Promise<void> {
    const { seq } = roster;
    const { epoch } = this.#journal;
    const { topic } = this.#moderation;
    const welcome: Welcome = { type: "welcome", name: seat.name, token, epoch, ...roster, topic, limits };
    const readPage: ReadPage = (after, upTo) => this.#journal.page(after, upTo, seat.id);
    const log = this.#logs.get(dialect) ?? new LiveLog(dialect, this.seq);
    this.#logs.set(dialect, log);

    const { after, history = dialect.historyEvents } = request;
    if (after === undefined) {
      const opening = this.recall(seat.id, seq, history).then(
        (events) =>
          dialect.encode(welcome) + (history === 0 ? "" : dialect.encode({ type: "history", events })),
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

  roster(): Roster {
    const members = Array.from(this.#seats, (seat): Member => {
      return this.#isAway(seat) ? { name: seat.name, away: true } : { name: seat.name };
    });
    return { seq: this.seq, members };
  }

  /** How many are in the room, those away included. */
  get members(): number {
    return this.#seats.size;
  }

  find(name: string): Seat | undefined {
    return this.#seats.byName(name);
  }

  rename(seat: Seat, name: string, asker: Asker<unknown>): void {
    const { id: author, name: from } = seat;
    const event: Recorded = { type: "renamed", seq: 0, at: 0, from, to: name };
    this.#ask({ event, author, ...renaming(seat, name) }, asker);
  }

  /** The last events up to a position that the reader may see. */
  async recall(reader: string, position: number, count: number): Promise<Recorded[]> {
    const upTo = Math.min(position, this.seq);
    const limit = Math.min(count, limits.historyEvents);
    return this.#recent.recent(upTo, limit, reader) ?? this.#journal.recent(upTo, limit, reader);
  }

  /** What the reader may see of what has these words, as of now. */
  async search(reader: string, { text, before, limit }: SearchRequest): Promise<Answer> {
    const now = this.seq + 1;
    const events = Math.min(limit ?? foundEvents, limits.searchEvents);
    try {
      const found = await this.#journal.search(text, Math.min(before ?? now, now), events, reader);
      return { type: "results", text, ...found };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return fault("unavailable", `The history cannot be searched now, ${reason}: try again`);
    }
  }

  /** Gives the seat up. Its occupant is dismissed when the room has heard it. */
  leave(seat: Seat, text?: string): void {
    const event: Recorded = { type: "left", seq: 0, at: 0, name: seat.name, text };
    this.record({ event, author: seat.id, ...leaving(seat) });
  }

  /** A seat's connection is gone: it is kept for a while if somebody can come back to it, or has already. */
  vacate(seat: Seat, occupant: Occupant | undefined): void {
    if (seat.occupant !== occupant) return;
    seat.occupant = undefined;
    this.#expire(seat);
  }

  #isAway({ occupant, server }: Seat): boolean {
    return !occupant && (server === this.#journal.server || !this.#journal.isAlive(server));
  }

  /** Gives an empty seat up in a while; several servers may, and it happens once. */
  #expire(seat: Seat): void {
    const expire = () => {
      seat.expiry = undefined;
      if (this.#isAway(seat)) this.leave(seat);
    };
    if (seat.tokenHash === undefined) expire();
    else seat.expiry = setTimeout(expire, this.#options.seatMs);
  }

  #keep(seat: Seat): void {
    clearTimeout(seat.expiry);
    seat.expiry = undefined;
  }

  // ---- Keeping order ----

  /** Somebody who speaks without a seat, as this author. */
  attend(author: string, attendant: Occupant): void {
    this.#attendants.set(author, attendant);
  }

  /** Carries out what the author, called `by`, may ask for; returns why it cannot be carried out. */
  order(order: Order, by: string, author: string): Fault | undefined {
    const entry = this.#moderation.entry(order, by, this.#seats);
    if (isFault(entry)) return entry;
    this.record({ ...entry, author });
    return undefined;
  }

  /** Lets a member keep order, as long as it has its seat. */
  appoint({ id, name, server }: Seat, asker: Asker<unknown>): void {
    const event: Recorded = { type: "opped", seq: 0, at: 0, name };
    const facts = { [`op ${id}`]: "yes" };
    this.#ask({ event, author: id, facts, expects: { [`at ${id}`]: server } }, asker);
  }

  get bans(): Ban[] {
    return this.#moderation.bans;
  }

  get topic(): string | undefined {
    return this.#moderation.topic;
  }

  isBanned(address: string): boolean {
    return this.#moderation.isBanned(address);
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
    if (entries.length > 0) this.#append(entries);
    for (const reader of this.#woken) reader.pump();
    this.#woken.clear();
    for (const then of this.#afterTurn.splice(0)) then();
  }

  #append(entries: Entry[]): void {
    this.#appendedAt = performance.now();
    this.#journal.append(entries);
  }

  happened(entries: Entry[]): void {
    const { metrics, onEvent } = this.#options;
    const begun = performance.now();
    let deliveries = 0;
    for (const entry of entries) {
      const { event, author, reader, facts } = entry;
      this.#recent.push(entry);
      const asker = concernsAsker(event) ? this.#askers.get(author) : undefined;
      const before = asker && this.roster();
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
      if (facts) this.#follow(facts, event);
      if (before) this.#askers.delete(author);
      if (before) asker?.happened(before);
      onEvent?.(event);
    }
    for (const log of this.#logs.values()) log.pump();
    metrics.events.add(entries.length);
    metrics.deliveries.add(deliveries);
    metrics.journalSeconds.observe((begun - this.#appendedAt) / 1000);
    metrics.turnSeconds.observe((performance.now() - this.#appendedAt) / 1000);
    if (this.#visited && this.#seats.size === 0) this.#options.onEmpty();
  }

  /** Makes the facts so, and lets go of whoever has no seat here any more. */
  #follow(facts: Facts, event?: Recorded): void {
    for (const [key, value] of Object.entries(facts)) {
      const [kind, id = ""] = key.split(" ");
      const seat = this.#seats.byId(id);
      this.#seats.follow(key, value);
      this.#moderation.follow(key, value);
      if (kind === "seat" && value === null) seat?.occupant?.dismiss(goodbyeOf(event, seat.occupant));
      if (kind === "at" && seat && value !== null && value !== this.#journal.server) {
        this.#keep(seat);
        seat.occupant?.dismiss(takenOver);
        seat.occupant = undefined;
      }
      if (kind === "ban") this.#dismissBanned();
    }
  }

  /** Whoever shares a banned address goes with it. */
  #dismissBanned(): void {
    for (const seat of this.#seats) {
      if (!seat.occupant || !this.#moderation.isBanned(seat.occupant.address)) continue;
      seat.occupant.dismiss(bannedAddress);
      this.leave(seat);
    }
  }

  repeated({ event, author }: Entry, seq: number): void {
    const id = idOf(event);
    if (id !== undefined) this.#voice(author)?.answer({ type: "seen", id, seq });
  }

  contradicted({ event, author }: Entry): void {
    if (event.type === "left") {
      // Its name changed in the same moment; or it has left already, or is somewhere else.
      const seat = this.#seats.byId(author);
      return seat && this.#isAway(seat) ? this.leave(seat) : undefined;
    }
    const name = event.type === "joined" ? event.name : event.type === "renamed" ? event.to : undefined;
    const problem =
      name === undefined
        ? { ...fault("conflict", "Somebody else was faster: try again"), retryAfterMs: 0 }
        : this.#taken(name);
    this.#disappoint(event, author, problem);
  }

  #taken(name: string): Fault {
    const text = this.#seats.byName(name)
      ? `"${name}" is taken: choose another name`
      : `"${name}" looks like the name of somebody here: choose another one`;
    return fault("name-taken", text);
  }

  /** What was asked goes back to whoever asked; who has left, has left. */
  refused(entries: Entry[], reason: string): void {
    for (const entry of entries) {
      const { event, author } = entry;
      const problem = fault("unavailable", `The room cannot keep messages now, ${reason}: try again`);
      if (event.type === "left") this.#asked.push(entry);
      else this.#disappoint(event, author, { ...problem, id: idOf(event), retryAfterMs });
    }
    clearTimeout(this.#retry);
    if (this.#asked.length > 0) this.#retry = setTimeout(() => this.#endTurn(), retryAfterMs);
  }

  troubled(reason: string | undefined): void {
    this.#options.onJournalTrouble(reason);
  }

  /** The members of a server that is gone have their seats for a while longer. */
  counted(): void {
    for (const seat of this.#seats) if (!seat.expiry && this.#isAway(seat)) this.#expire(seat);
  }

  /** Asks for what the asker waits for. */
  #ask(entry: Entry, asker: Asker<Roster>): void {
    // The same member from another place: what it asks for counts.
    this.#askers.get(entry.author)?.failed(fault("conflict", "You joined from another place"));
    this.#askers.set(entry.author, asker);
    this.record(entry);
  }

  #disappoint(event: Recorded, author: string, problem: Fault): void {
    if (!concernsAsker(event)) return this.#voice(author)?.answer(problem);
    const asker = this.#askers.get(author);
    this.#askers.delete(author);
    asker?.failed(problem);
  }

  #voice(author: string): Occupant | undefined {
    return this.#seats.byId(author)?.occupant ?? this.#attendants.get(author);
  }
}

const takenOver: Bye = { type: "bye", code: "taken-over", text: "You joined from another place" };
const bannedAddress: Bye = { type: "bye", code: "banned", text: "Your address is banned from this room" };

/** What a member hears whose seat that event took away. */
function goodbyeOf(event: Recorded | undefined, { leaving }: Occupant): Bye {
  if (event?.type !== "kicked" && event?.type !== "banned") {
    // The other servers may have taken ours for dead.
    return leaving
      ? { type: "bye", code: "left", text: "Goodbye" }
      : { type: "bye", code: "lost", text: "The room had lost sight of you", retryAfterMs: 0 };
  }
  const reason = event.text === undefined ? "" : `: ${event.text}`;
  return { type: "bye", code: event.type, text: `You were ${event.type} by ${event.by}${reason}` };
}

/** Whether it is something that its seat's asker waits for. */
function concernsAsker({ type }: Recorded): boolean {
  return type === "joined" || type === "moved" || type === "renamed" || type === "opped";
}

function idOf(event: Recorded): string | undefined {
  return "id" in event ? event.id : undefined;
}
