// The members of the room: their seats, and what operators have done to them. Both are facts of the journal, as of the
// last event. So a seat, another name or an order is asked for by an entry, and has happened once the journal hands the
// event back. A seat whose connection or server is lost is kept for `seatMs` and then given up.

import type { CommandOf } from "../../protocol/commands.ts";
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
} from "../../protocol/events.ts";
import { type Fact, type Facts, factKey, readFacts } from "../journal/facts.ts";
import { type Entry, type Journal, serversOnly, unnumbered } from "../journal/journal.ts";
import { aHalf, WorkQueue } from "../limits/work-queue.ts";
import { addressOfBan, Moderation, type Order } from "./moderation.ts";
import { Roster } from "./roster.ts";
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

/** After this time a client, or the room itself, tries again to do what failed. */
export const retryAfterMs = 1_000;

/** A seat that was taken, the token by which its client can come back to it, and the members just before, if that was an event. */
export type Taken = { seat: Seat; token: string | undefined; roster: Roster | undefined };

/**
 * Waits for the outcome of a request: it has happened, or it failed for a reason. Not a promise, since code behind a
 * promise runs after the whole batch: a waiter must run between two events of one batch, while the room is as it was
 * right after the first.
 */
export type Waiter<T> = { happened: (outcome: T) => void; failed: (problem: Fault) => void };

/** An operator: its name, the author of its entries, and the facts that must hold while it may give orders. */
export type Operator = { name: string; author: string; expects: Facts | undefined };

/** The part of the room that Members needs. */
export interface Recorder {
  /** The last event that happened. */
  readonly seq: number;
  /** Appends the entry to the journal at the end of this turn. */
  record(entry: Entry): void;
  /** The same, and tells the waiter when it has happened, with the members before that turn, or why it has not. */
  ask(entry: Entry, waiter: Waiter<Roster | undefined>): void;
}

export class Members {
  /** Whether a member has been here since the server started. */
  visited = false;
  readonly #journal: Journal;
  readonly #recorder: Recorder;
  readonly #seatMs: number;
  readonly #seats = new Seats();
  readonly #moderation = new Moderation();
  /** Gives seats, one after the other: a crowd that comes at once does not have the turn for itself. */
  readonly #entering = new WorkQueue(aHalf);
  #roster: Roster | undefined;
  #hasEnded = false;

  /** The seats that the journal knows are kept for `seatMs`, like that of any member whose connection is lost. */
  constructor(journal: Journal, recorder: Recorder, seatMs: number) {
    this.#journal = journal;
    this.#recorder = recorder;
    this.#seatMs = seatMs;
    const facts = readFacts(journal.facts());
    // Seats first: the other facts about a seat can only be applied once it is there.
    this.#applyAll(facts.filter(({ kind }) => kind === "seat"));
    this.#applyAll(facts.filter(({ kind }) => kind !== "seat"));
    this.expireLost();
  }

  /** The number of members, with those who are away. */
  get size(): number {
    return this.#seats.size;
  }

  /** As of the last event; one for all who ask in one turn, in which some may have come back or gone away since. */
  roster(): Roster {
    const { seq } = this.#recorder;
    const { epoch, leaseMs } = this.#journal;
    if (this.#roster?.seq === seq && this.#roster.epoch === epoch) return this.#roster;
    const members = Array.from(this.#seats, (seat): Member => {
      return this.#isAway(seat) ? { name: seat.name, away: true } : { name: seat.name };
    });
    const all = { ...limits, seatMs: this.#seatMs, leaseMs };
    const roster = new Roster({ epoch, seq, members, topic: this.topic, limits: all });
    this.#roster = roster;
    setImmediate(() => {
      if (this.#roster === roster) this.#roster = undefined;
    });
    return roster;
  }

  find(name: string): Seat | undefined {
    return this.#seats.byName(name);
  }

  /** The connection of the seat with this id, if it is with this server. */
  occupantOf(id: string): Occupant | undefined {
    return this.#seats.byId(id)?.occupant;
  }

  // ---- Seats ----

  /** Whether a seat of the room has that token. */
  hasSeat(token: string | undefined): boolean {
    return token !== undefined && this.#seats.byToken(token) !== undefined;
  }

  /** Gives the seat of the token, or a new one under a free name. */
  take(occupant: Occupant, request: CommandOf<"join">, keepsSeat: boolean, waiter: Waiter<Taken>): void {
    const { name, token, after = 0 } = request;
    const refused = this.#moderation.refusesJoin(occupant.address, name);
    if (refused) return waiter.failed(refused);
    const hadSeat = this.hasSeat(token);
    const isKnown = token === undefined || hadSeat;
    const takeSeat = () => {
      const seat = token === undefined ? undefined : this.#seats.byToken(token);
      if (seat) this.#takeAgain(seat, occupant, token, waiter);
      // The seat stood for the room's password, which it may not have given. That seat is gone now.
      else if (hadSeat)
        waiter.failed({ ...fault("unavailable", "Your seat was given up: join again"), retryAfterMs });
      else this.#takeNew(name, occupant, keepsSeat ? newToken() : undefined, waiter);
    };
    // A client that was with another server may know a seat, or later events, that this server has not read yet.
    const reason = "The room cannot be read now: try again";
    const failed = () => waiter.failed({ ...fault("unavailable", reason), retryAfterMs });
    const enter = () => this.#entering.run(takeSeat, () => this.#hasEnded).catch(failed);
    if (isKnown && after <= this.#recorder.seq) void enter();
    else this.#journal.sync().then(enter, failed);
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
    // Same server, same address: no fact changes, so nothing is written.
    if (seat.server === here && seat.address === address && this.#journal.isAlive(here)) {
      return this.#sit(id, occupant, token, undefined, waiter);
    }
    this.#recorder.ask(
      {
        event: unnumbered({ type: "moved", name }),
        author: id,
        reader: serversOnly,
        ...moving(seat, here, address),
      },
      { ...waiter, happened: (roster) => this.#sit(id, occupant, token, roster, waiter) },
    );
  }

  #sit(
    id: string,
    occupant: Occupant,
    token: string | undefined,
    roster: Roster | undefined,
    { happened }: Waiter<Taken>,
  ): void {
    const seat = this.#seats.byId(id);
    if (!seat) return;
    this.#stopExpiry(seat);
    seat.occupant?.dismiss(takenOver);
    seat.occupant = occupant;
    this.visited = true;
    happened({ seat, token, roster });
  }

  rename(seat: Seat, name: string, waiter: Waiter<unknown>): void {
    const { id: author, name: from, address = "" } = seat;
    const refused = this.#moderation.refusesRename(from, name, address);
    if (refused) return waiter.failed(refused);
    const renamed = unnumbered({ type: "renamed", from, to: name });
    this.#recorder.ask({ event: renamed, author, ...renaming(seat, name) }, waiter);
  }

  /** Gives up a seat, with its member's last words unless it is muted. Its connection is dismissed once that happened. */
  leave(seat: Seat, text?: string): void {
    const words = this.refusesSpeech(seat) ? undefined : text;
    const left = unnumbered({ type: "left", name: seat.name, text: words });
    this.#recorder.record({ event: left, author: seat.id, ...leaving(seat) });
  }

  /** A seat's connection is lost. The seat is kept for `seatMs` if its client can come back to it by a token. */
  vacate(seat: Seat, occupant: Occupant | undefined): void {
    if (seat.occupant !== occupant) return;
    seat.occupant = undefined;
    this.#expire(seat);
  }

  /**
   * Starts the expiry of the seats whose server is not alive any more. If the others have lost this server, its members
   * are sent to them.
   */
  expireLost(): void {
    if (!this.#journal.isAlive(this.#journal.server)) this.dismissAll(cutOff);
    for (const seat of this.#seats) if (!seat.expiry && this.#isAway(seat)) this.#expire(seat);
  }

  /** Ends the connections of all who are here. Their seats are kept, for those who can come back. */
  dismissAll(bye: Bye): void {
    for (const seat of this.#seats) {
      const { occupant } = seat;
      seat.occupant = undefined;
      occupant?.dismiss(bye);
    }
  }

  /** The same, and stops the expiry of their seats: another Members takes the place of this one. */
  end(bye: Bye): void {
    this.#hasEnded = true;
    this.dismissAll(bye);
    for (const seat of this.#seats) this.#stopExpiry(seat);
  }

  /** Tells all who are here. */
  tell(answer: Answer): void {
    for (const { occupant } of this.#seats) occupant?.answer(answer);
  }

  #isAway({ occupant, server }: Seat): boolean {
    return !occupant && (server === this.#journal.server || !this.#journal.isAlive(server));
  }

  /** Gives up an empty seat after `seatMs`. Several servers may do so for the same seat: only the first one succeeds. */
  #expire(seat: Seat): void {
    const expire = () => {
      seat.expiry = undefined;
      if (this.#isAway(seat)) this.leave(seat);
    };
    if (seat.tokenHash === undefined) expire();
    else seat.expiry = setTimeout(expire, this.#seatMs);
  }

  #stopExpiry(seat: Seat): void {
    clearTimeout(seat.expiry);
    seat.expiry = undefined;
  }

  // ---- Moderation ----

  /** Carries out an order. If the facts it expects changed in the same moment, it is carried out once more. */
  order(order: Order, by: Operator, waiter: Waiter<unknown>, isRetry = false): void {
    const entry = this.#moderation.entryOf(order, by.name, this.#seats);
    if (isFault(entry)) return waiter.failed(entry);
    const expects = { ...entry.expects, ...by.expects };
    const failed = (problem: Fault) => {
      if (problem.code === "conflict" && !isRetry) this.order(order, by, waiter, true);
      else waiter.failed(problem);
    };
    this.#recorder.ask({ ...entry, author: by.author, expects }, { ...waiter, failed });
  }

  /** Makes a member an operator for as long as it has its seat. */
  appoint(seat: Seat, waiter: Waiter<unknown>): void {
    const { id, name } = seat;
    const facts = { [factKey.op(id)]: "yes" };
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

  /** Why the member of that seat may not speak; undefined if it may. */
  refusesSpeech(seat: Seat): Fault | undefined {
    return this.#moderation.refusesSpeech(seat.name);
  }

  // ---- What has happened ----

  /** Applies the facts of an event, and dismisses the connections that lost their seat by it. */
  apply(facts: Facts, event: Recorded): void {
    this.#applyAll(readFacts(Object.entries(facts)), event);
  }

  #applyAll(facts: Fact[], event?: Recorded): void {
    for (const fact of facts) this.#applyOne(fact, event);
    // After all facts, so that a ban also finds seats that the same event took.
    for (const fact of facts) {
      const banned = fact.kind === "ban" && fact.value && addressOfBan(fact.value);
      if (banned) for (const seat of this.#seats.byAddress(banned)) this.#dismissBanned(seat);
      if (fact.kind === "seat") this.#dismissBanned(this.#seats.byId(fact.id));
    }
  }

  #applyOne(fact: Fact, event: Recorded | undefined): void {
    const seat = "id" in fact ? this.#seats.byId(fact.id) : undefined;
    this.#seats.apply(fact, event?.seq);
    this.#moderation.apply(fact);
    if (!seat) return;
    if (fact.kind === "seat" && !fact.value) seat.occupant?.dismiss(goodbyeOf(event, seat.occupant));
    if (fact.kind === "at" && fact.value !== undefined && fact.value !== this.#journal.server) {
      this.#stopExpiry(seat);
      seat.occupant?.dismiss(takenOver);
      seat.occupant = undefined;
    }
  }

  /** Puts a member of this server out if its address is banned, under any name. */
  #dismissBanned(seat: Seat | undefined): void {
    if (seat?.server !== this.#journal.server) return;
    const { occupant, address = "" } = seat;
    if (!this.isBanned(occupant?.address ?? address)) return;
    occupant?.dismiss(bannedAddress);
    seat.occupant = undefined;
    this.leave(seat);
  }

  /** Why the entry did not happen, for its author; undefined if there is nothing to tell. */
  contradicted({ event, author, expects = {} }: Entry): Fault | undefined {
    if (event.type === "joined") return this.#taken(event.name);
    if (event.type === "renamed") return this.#taken(event.to);
    if (event.type !== "left") {
      const seat = this.#seats.byId(author);
      const muted = seat && factKey.mute(seat.name) in expects && this.refusesSpeech(seat);
      if (muted) return muted;
      return { ...fault("conflict", "Somebody else was faster: try again"), retryAfterMs };
    }
    // If only the name changed in the meantime, the seat is still to be given up; not if it has moved or is gone.
    const leave = () => {
      const seat = this.#seats.byId(author);
      if (seat && (this.#isAway(seat) || seat.occupant?.leaving)) this.leave(seat);
    };
    // If this server has not read that change yet, the same entry would be contradicted again: it tries a moment later.
    const seat = this.#seats.byId(author);
    if (seat && Bun.deepEquals(expects, leaving(seat).expects)) setTimeout(leave, retryAfterMs);
    else leave();
    return undefined;
  }

  /** Why a member could not take this name. */
  #taken(name: string): Fault {
    const refused = this.#moderation.refusesName(name);
    if (refused) return refused;
    const text = this.#seats.byName(name)
      ? `"${name}" is taken: choose another name`
      : `"${name}" looks like the name of somebody here: choose another one`;
    return fault("name-taken", text);
  }
}

const cutOff: Bye = {
  type: "bye",
  code: "lost",
  text: "This server has lost the others: joining again elsewhere",
  retryAfterMs,
};
const takenOver: Bye = { type: "bye", code: "taken-over", text: "You joined from another place" };
const bannedAddress: Bye = { type: "bye", code: "banned", text: "Your address is banned from this room" };

/** The goodbye to a member whose seat was given up by this event. */
function goodbyeOf(event: Recorded | undefined, { leaving }: Occupant): Bye {
  if (event?.type !== "kicked" && event?.type !== "banned") {
    // If it did not ask to leave, the other servers took this one for dead and gave up its seats.
    return leaving
      ? { type: "bye", code: "left", text: "Goodbye" }
      : { type: "bye", code: "lost", text: "The room gave up your seat: joining again", retryAfterMs: 0 };
  }
  const reason = event.text === undefined ? "" : `: ${event.text}`;
  return { type: "bye", code: event.type, text: `You were ${event.type} by ${event.by}${reason}` };
}
