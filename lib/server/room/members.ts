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
  type Recorded,
} from "../../protocol/events.ts";
import { type Fact, type Facts, factKey, readFacts } from "../journal/facts.ts";
import { type Entry, type Journal, unnumbered } from "../journal/journal.ts";
import { Arrivals, type Taken } from "./arrivals.ts";
import { bannedAddress, cutOff, goodbyeOf, takenOver } from "./goodbyes.ts";
import { addressOfBan, Moderation, type Order } from "./moderation.ts";
import { Owners } from "./owners.ts";
import { type Recorder, retryAfterMs, type Waiter } from "./recorder.ts";
import { Roster } from "./roster.ts";
import {
  both,
  leaving,
  memberAt,
  type Occupant,
  type Owned,
  renaming,
  type Seat,
  Seats,
  sittingAt,
  stopExpiry,
} from "./seats.ts";

/** An operator: its name, the author of its entries, and the facts that must hold while it may give orders. */
export type Operator = { name: string; author: string; expects: Facts | undefined };

/** Whom a whisper is for; `away`: it is read later, and `facts` are to be recorded with it. */
export type Addressee = { name: string; id: string; away?: true; facts?: Facts };

export class Members {
  readonly #journal: Journal;
  readonly #recorder: Recorder;
  readonly #seatMs: number;
  readonly #seats = new Seats();
  readonly #moderation = new Moderation();
  readonly #owners: Owners;
  readonly #arrivals: Arrivals;
  #roster: Roster | undefined;

  /**
   * The seats that the journal knows are kept for `seatMs`, like that of any member whose connection is lost. Names are
   * kept for their keys for `ownMs` after they were last used.
   */
  constructor(journal: Journal, recorder: Recorder, seatMs: number, ownMs: number) {
    this.#journal = journal;
    this.#recorder = recorder;
    this.#seatMs = seatMs;
    this.#owners = new Owners(ownMs, this.#seats);
    this.#arrivals = new Arrivals(journal, recorder, this.#seats, this.#moderation, this.#owners);
    const facts = readFacts(journal.facts());
    // Seats first: the other facts about a seat can only be applied once it is there.
    this.#applyAll(facts.filter(({ kind }) => kind === "seat"));
    this.#applyAll(facts.filter(({ kind }) => kind !== "seat" && kind !== "own"));
    this.#applyAll(facts.filter((fact) => fact.kind === "own").sort(byUse));
    this.expireLost();
  }

  /** Whether a member has been here since the server started. */
  get visited(): boolean {
    return this.#arrivals.visited;
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
    const members = [...this.#seats].map((seat) => memberAt(seat, this.#isAway(seat)));
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

  /** Who owns a name, or one that looks like it; undefined if its next member may be anyone. */
  ownerOf(name: string): Owned | undefined {
    return this.#owners.ofLook(name);
  }

  /** Whether that name is in use and kept for that key: who shows the key gets the seat at once. */
  hasOwnSeat(name: string, keyHash: string): boolean {
    return this.#owners.seatOf(name, keyHash) !== undefined;
  }

  /**
   * Whom a whisper to that name reaches: its member, or its owner, who is away and reads it the next time. `seq`: the last
   * event that its sender had seen; if the name has come to somebody else since, it is not for them.
   */
  addressee(name: string, seq: number): Addressee | Fault {
    const seat = this.find(name);
    const owner = this.#owners.ofName(name);
    if (!seat && !owner) return fault("no-such-member", `Nobody here is called "${name}"`);
    const since = Math.min(seat?.namedAt ?? Infinity, owner?.since ?? Infinity);
    if (since > seq) return fault("no-such-member", `"${name}" is somebody else now: nothing was sent`);
    const { name: called, id } = seat ?? { name: owner?.name ?? name, id: owner?.seat ?? "" };
    // Its owner may be here under another name that it owns.
    const here = this.#seats.byId(id);
    if (here && (!owner || !this.#isAway(here))) return { name: called, id };
    const waits = this.#owners.mailOf(id) !== undefined;
    return {
      name: called,
      id,
      away: true,
      ...(!waits && { facts: { [factKey.mail(id)]: `${this.#recorder.seq}` } }),
    };
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
    this.#arrivals.take(occupant, request, keepsSeat, waiter);
  }

  rename(seat: Seat, name: string, waiter: Waiter<unknown>): void {
    const { id: author, name: from, address = "" } = seat;
    const refused = this.#moderation.refusesRename(from, name, address);
    if (refused) return waiter.failed(refused);
    const claim = this.#owners.rename(seat, name);
    if (isFault(claim)) return waiter.failed(claim);
    const { occupant } = seat;
    const { owned, change, problem } = claim;
    const event = unnumbered({ type: "renamed", from, to: name, ...(owned && { owned: true }) });
    const happened = (outcome: unknown) => {
      waiter.happened(outcome);
      if (problem) occupant?.answer(problem);
    };
    this.#recorder.ask({ event, author, ...both(renaming(seat, name), change) }, { ...waiter, happened });
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
    this.#arrivals.end();
    this.dismissAll(bye);
    for (const seat of this.#seats) stopExpiry(seat);
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

  // ---- Moderation ----

  /** Carries out an order. If the facts it expects changed in the same moment, it is carried out once more. */
  order(order: Order | CommandOf<"free">, by: Operator, waiter: Waiter<unknown>, isRetry = false): void {
    const entry = this.#entryOf(order, by.name);
    if (isFault(entry)) return waiter.failed(entry);
    const expects = { ...entry.expects, ...by.expects };
    const failed = (problem: Fault) => {
      if (problem.code === "conflict" && !isRetry) this.order(order, by, waiter, true);
      else waiter.failed(problem);
    };
    this.#recorder.ask({ ...entry, author: by.author, expects }, { ...waiter, failed });
  }

  #entryOf(order: Order | CommandOf<"free">, by: string): Omit<Entry, "author"> | Fault {
    if (order.type !== "free") return this.#moderation.entryOf(order, by, this.#seats);
    const freed = this.#owners.free(order.name);
    if (!freed) return fault("no-such-member", `No key owns "${order.name}"`);
    return { event: unnumbered({ type: "freed", name: freed.name, by }), ...freed.change };
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
    if (fact.kind === "own" && !this.#owners.areKept) return;
    const seat = "id" in fact ? this.#seats.byId(fact.id) : undefined;
    this.#seats.apply(fact, event?.seq);
    this.#moderation.apply(fact);
    this.#owners.apply(fact, event?.seq);
    if (!seat) return;
    if (fact.kind === "seat" && !fact.value) seat.occupant?.dismiss(goodbyeOf(event, seat.occupant));
    if (fact.kind === "at" && fact.value !== undefined && fact.value !== this.#journal.server) {
      stopExpiry(seat);
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
      return faster;
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
    if (this.#seats.byName(name)) return fault("name-taken", `"${name}" is taken: choose another name`);
    if (!this.#seats.byLook(name)) return faster;
    return fault("name-taken", `"${name}" looks like the name of somebody here: choose another one`);
  }
}

const faster: Fault = { ...fault("conflict", "Somebody else was faster: try again"), retryAfterMs };

function byUse(a: Fact, b: Fact): number {
  return a.kind === "own" && b.kind === "own" ? (a.value?.usedAt ?? 0) - (b.value?.usedAt ?? 0) : 0;
}
