// Who is in the room, what they may do, and what is done to them: all of it facts of the journal, as of the last event.
// So whoever wants a seat, another name or somebody out asks for it like for everything else, and it is so once the
// event comes back. A seat without a connection is kept for a while; whose server is gone, the others keep it.

import type { CommandOf } from "../../protocol/commands.ts";
import {
  type Ban,
  type Bye,
  type Fault,
  fault,
  isFault,
  type Member,
  type Recorded,
} from "../../protocol/events.ts";
import { type Entry, type Facts, type Journal, nobody } from "../journal/journal.ts";
import { Moderation, type Order, unnumbered } from "./moderation.ts";
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
  sittingAt,
  taking,
} from "./seats.ts";

/** When to try again what could not be done now. */
export const retryAfterMs = 1_000;

export type Roster = { seq: number; members: Member[] };

/** A seat, the token by which it can be taken again, and the room it was taken in. */
export type Taken = { seat: Seat; token: string | undefined; roster: Roster };

/** Somebody who waits until what was asked has happened, or why it has not. */
export type Waiter<T> = { happened: (outcome: T) => void; failed: (problem: Fault) => void };

/** Who keeps order: how it is called, as whom it speaks, and what must be so as long as it may. */
export type Orderer = { name: string; author: string; expects: Facts | undefined };

/** What the room does for its members. */
export interface Recorder {
  /** The last event that happened. */
  readonly seq: number;
  record(entry: Entry): void;
  /** The same for somebody who waits for it, and is told how the room was just before. */
  ask(entry: Entry, waiter: Waiter<Roster>): void;
}

export class Members {
  /** Whether anybody has been here since the server began. */
  visited = false;
  readonly #journal: Journal;
  readonly #recorder: Recorder;
  readonly #seatMs: number;
  readonly #seats = new Seats();
  readonly #moderation = new Moderation();

  /** Those whom the journal knows have their seats for `seatMs` more, as has everyone whose connection is lost. */
  constructor(journal: Journal, recorder: Recorder, seatMs: number) {
    this.#journal = journal;
    this.#recorder = recorder;
    this.#seatMs = seatMs;
    const facts = [...journal.facts()];
    const areSeats = ([key]: [string, string]) => key.startsWith("seat ");
    // Where somebody sits says nothing before there is a seat.
    this.apply(Object.fromEntries(facts.filter(areSeats)));
    this.apply(Object.fromEntries(facts.filter((fact) => !areSeats(fact))));
    this.expireLost();
  }

  /** How many there are, those away included. */
  get size(): number {
    return this.#seats.size;
  }

  roster(): Roster {
    const members = Array.from(this.#seats, (seat): Member => {
      return this.#isAway(seat) ? { name: seat.name, away: true } : { name: seat.name };
    });
    return { seq: this.#recorder.seq, members };
  }

  find(name: string): Seat | undefined {
    return this.#seats.byName(name);
  }

  /** The connection of that seat, if it is here. */
  occupantOf(id: string): Occupant | undefined {
    return this.#seats.byId(id)?.occupant;
  }

  // ---- Seats ----

  /** Whether that token is one of a seat here. */
  hasSeat(token: string | undefined): boolean {
    return token !== undefined && this.#seats.byToken(token) !== undefined;
  }

  /** Gives the seat of the token, or a new one under a free name. */
  take(occupant: Occupant, request: CommandOf<"join">, keepsSeat: boolean, waiter: Waiter<Taken>): void {
    const { name, token, after = 0 } = request;
    if (this.#moderation.isBanned(occupant.address, name)) {
      return waiter.failed(fault("banned", "You are banned from this room"));
    }
    const hadSeat = this.hasSeat(token);
    const isKnown = token === undefined || hadSeat;
    const take = () => {
      const seat = token === undefined ? undefined : this.#seats.byToken(token);
      if (seat) this.#takeAgain(seat, occupant, token, waiter);
      // It may have come in without the password, for the sake of a seat that is gone now.
      else if (hadSeat)
        waiter.failed({ ...fault("unavailable", "Your seat was given up: join again"), retryAfterMs });
      else this.#takeNew(name, occupant, keepsSeat ? newToken() : undefined, waiter);
    };
    // Another server may have told the client more than this one has heard.
    if (isKnown && after <= this.#recorder.seq) take();
    else {
      const reason = "The room cannot be read now: try again";
      const problem = { ...fault("unavailable", reason), retryAfterMs };
      this.#journal.sync().then(take, () => waiter.failed(problem));
    }
  }

  #takeNew(name: string, occupant: Occupant, token: string | undefined, waiter: Waiter<Taken>): void {
    const id = newSeatId();
    const tokenHash = token === undefined ? undefined : hashOf(token);
    const { address } = occupant;
    const taken = taking(id, this.#journal.server, { name, tokenHash, address });
    this.#recorder.ask(
      { event: unnumbered({ type: "joined", name }), author: id, ...taken },
      { ...waiter, happened: (roster) => this.#sit(id, occupant, token, roster, waiter) },
    );
  }

  #takeAgain(seat: Seat, occupant: Occupant, token: string | undefined, waiter: Waiter<Taken>): void {
    const { id, name } = seat;
    const here = this.#journal.server;
    const { address } = occupant;
    // For a drop on the way nothing has to be written.
    if (seat.server === here && seat.address === address) {
      return this.#sit(id, occupant, token, this.roster(), waiter);
    }
    this.#recorder.ask(
      {
        event: unnumbered({ type: "moved", name }),
        author: id,
        reader: nobody,
        ...moving(seat, here, address),
      },
      { ...waiter, happened: (roster) => this.#sit(id, occupant, token, roster, waiter) },
    );
  }

  #sit(
    id: string,
    occupant: Occupant,
    token: string | undefined,
    roster: Roster,
    { happened }: Waiter<Taken>,
  ): void {
    const seat = this.#seats.byId(id);
    if (!seat) return;
    this.#keep(seat);
    seat.occupant?.dismiss(takenOver);
    seat.occupant = occupant;
    this.visited = true;
    happened({ seat, token, roster });
  }

  rename(seat: Seat, name: string, waiter: Waiter<unknown>): void {
    const { id: author, name: from, address = "" } = seat;
    if (this.isMuted(from)) return waiter.failed(fault("muted", "You are muted: keep the name you have"));
    if (this.#moderation.isBanned(address, name)) {
      return waiter.failed(fault("banned", `"${name}" is banned from this room: choose another name`));
    }
    const renamed = unnumbered({ type: "renamed", from, to: name });
    this.#recorder.ask({ event: renamed, author, ...renaming(seat, name) }, waiter);
  }

  /** Gives the seat up. Its occupant is dismissed when the room has heard it. */
  leave(seat: Seat, text?: string): void {
    const left = unnumbered({ type: "left", name: seat.name, text });
    this.#recorder.record({ event: left, author: seat.id, ...leaving(seat) });
  }

  /** A seat's connection is gone: it is kept for a while if somebody can come back to it, or has already. */
  vacate(seat: Seat, occupant: Occupant | undefined): void {
    if (seat.occupant !== occupant) return;
    seat.occupant = undefined;
    this.#expire(seat);
  }

  /** The members of a server that is gone have their seats for a while longer. */
  expireLost(): void {
    for (const seat of this.#seats) if (!seat.expiry && this.#isAway(seat)) this.#expire(seat);
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
    else seat.expiry = setTimeout(expire, this.#seatMs);
  }

  #keep(seat: Seat): void {
    clearTimeout(seat.expiry);
    seat.expiry = undefined;
  }

  // ---- Keeping order ----

  /** Carries out what somebody may ask for; once more if the room has changed in the same moment. */
  order(order: Order, by: Orderer, waiter: Waiter<unknown>, again = false): void {
    const entry = this.#moderation.entry(order, by.name, this.#seats);
    if (isFault(entry)) return waiter.failed(entry);
    const expects = { ...entry.expects, ...by.expects };
    const failed = (problem: Fault) => {
      if (problem.code === "conflict" && !again) this.order(order, by, waiter, true);
      else waiter.failed(problem);
    };
    this.#recorder.ask({ ...entry, author: by.author, expects }, { ...waiter, failed });
  }

  /** Lets a member keep order, as long as it has its seat. */
  appoint(seat: Seat, waiter: Waiter<unknown>): void {
    const { id, name } = seat;
    const facts = { [`op ${id}`]: "yes" };
    this.#recorder.ask(
      { event: unnumbered({ type: "opped", name }), author: id, facts, expects: sittingAt(seat) },
      waiter,
    );
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

  isMuted(name: string): boolean {
    return this.#moderation.isMuted(name);
  }

  // ---- What has happened ----

  /** Makes the facts so, and lets go of whoever has no seat here any more. */
  apply(facts: Facts, event?: Recorded): void {
    for (const [key, value] of Object.entries(facts)) {
      const [kind, id = ""] = key.split(" ");
      const seat = this.#seats.byId(id);
      this.#seats.apply(key, value, event?.seq);
      this.#moderation.apply(key, value);
      if (kind === "seat" && value === null) seat?.occupant?.dismiss(goodbyeOf(event, seat.occupant));
      if (kind === "at" && seat && value !== null && value !== this.#journal.server) {
        this.#keep(seat);
        seat.occupant?.dismiss(takenOver);
        seat.occupant = undefined;
      }
    }
    // Whoever shares a banned address goes with it, also if it came in the same moment.
    for (const key of Object.keys(facts)) {
      const [kind, id = ""] = key.split(" ");
      if (kind === "ban") for (const seat of this.#seats) this.#dismissBanned(seat);
      if (kind === "seat") this.#dismissBanned(this.#seats.byId(id));
    }
  }

  #dismissBanned(seat: Seat | undefined): void {
    if (seat?.server !== this.#journal.server) return;
    const { occupant, address = "" } = seat;
    if (!this.isBanned(occupant?.address ?? address)) return;
    occupant?.dismiss(bannedAddress);
    seat.occupant = undefined;
    this.leave(seat);
  }

  /** Why it did not happen; undefined if nobody has to be told. */
  contradicted({ event, author, expects }: Entry): Fault | undefined {
    if (event.type === "joined") return this.#taken(event.name);
    if (event.type === "renamed") return this.#taken(event.to);
    if (event.type !== "left") {
      return { ...fault("conflict", "Somebody else was faster: try again"), retryAfterMs };
    }
    // Its name changed in the same moment; or it has left already, or is somewhere else.
    const leave = () => {
      const seat = this.#seats.byId(author);
      if (seat && (this.#isAway(seat) || seat.occupant?.leaving)) this.leave(seat);
    };
    // If nothing has changed that we know of, there is no use in asking at once.
    const seat = this.#seats.byId(author);
    if (seat && Bun.deepEquals(expects, leaving(seat).expects)) setTimeout(leave, retryAfterMs);
    else leave();
    return undefined;
  }

  /** Why nobody, or somebody else, has that name. */
  #taken(name: string): Fault {
    if (this.#moderation.isBanned("", name)) return fault("banned", `"${name}" is banned from this room`);
    const text = this.#seats.byName(name)
      ? `"${name}" is taken: choose another name`
      : `"${name}" looks like the name of somebody here: choose another one`;
    return fault("name-taken", text);
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
