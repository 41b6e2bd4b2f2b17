// The members of the room: their seats, names and owners, and the moderation. All of these are facts of the journal, as of the
// latest event. So a join, a rename or an order is recorded as an entry, and takes effect when the journal hands back the
// event. A seat whose connection or server is lost is kept for `seatMs`, and then given up.

import type { CommandOf } from "../../protocol/commands.ts";
import {
  type Answer,
  type Bye,
  type Fault,
  fault,
  isFault,
  limits,
  type Member,
  type Recorded,
  type Trace,
} from "../../protocol/events.ts";
import { dayMs } from "../../protocol/fields.ts";
import { refusesLook } from "../../protocol/looks/looks.ts";
import { type BanFact, type Fact, type Facts, factKey, readFacts } from "../journal/facts.ts";
import { type Entry, type Journal, serversOnly, unnumbered } from "../journal/journal.ts";
import { plainAddress } from "../limits/addresses.ts";
import { bannedAddress } from "../limits/door.ts";
import { type Addressee, addresseeOf } from "../seats/addressee.ts";
import { both, leaving, losing, posting, renaming } from "../seats/changes.ts";
import { traceOf, whoHad } from "../seats/departed.ts";
import { Owners } from "../seats/owners.ts";
import {
  keyHashOf,
  memberAt,
  type Occupant,
  type Owned,
  type Seat,
  Seats,
  stopExpiry,
} from "../seats/seats.ts";
import { hashOf } from "../seats/tokens.ts";
import { Enforcement } from "./enforcement.ts";
import { Arrivals } from "./entering/arrivals.ts";
import { Roster } from "./entering/roster.ts";
import { bannedKey, cutOff, goodbyeOf, takenOver } from "./goodbyes.ts";
import { Moderation } from "./moderation.ts";
import { subjectOf } from "./orders.ts";
import { type Recorder, retryAfterMs, type Waiter } from "./recorder.ts";
import { addressOfRestriction } from "./restrictions.ts";

/** How many members a `whowas` shows at most: the latest who had the name. */
const maxTraces = 20;

export type MembersOptions = {
  /** How long the seat of a lost connection is kept, in ms. */
  seatMs: number;
  /** How long a name belongs to its key after its last use, in ms; 0: not at all. Absent: 90 days. */
  ownMs?: number;
  /** Whether a credential still makes its member an operator. Absent: all do. */
  holds?: (credential: string) => boolean;
};

export class Members {
  readonly #journal: Journal;
  readonly #recorder: Recorder;
  readonly #seatMs: number;
  readonly #seats = new Seats();
  readonly moderation = new Moderation();
  readonly #owners: Owners;
  readonly arrivals: Arrivals;
  readonly enforcement: Enforcement;
  #roster: Roster | undefined;

  constructor(journal: Journal, recorder: Recorder, options: MembersOptions) {
    const { seatMs, ownMs = 90 * dayMs, holds = () => true } = options;
    this.#journal = journal;
    this.#recorder = recorder;
    this.#seatMs = seatMs;
    this.#owners = new Owners(ownMs, this.#seats);
    const roomFacts = { seats: this.#seats, moderation: this.moderation, owners: this.#owners };
    this.arrivals = new Arrivals(journal, recorder, roomFacts);
    this.enforcement = new Enforcement(recorder, roomFacts, holds);
    const facts = readFacts(journal.facts());
    // Seats first, since other facts change a seat; owners of names last, in the order in which the names were used.
    this.#applyAll(facts.filter(({ kind }) => kind === "seat"));
    this.#applyAll(facts.filter(({ kind }) => kind !== "seat" && kind !== "own"));
    this.#applyAll(facts.filter((fact) => fact.kind === "own").sort((a, b) => usedAt(a) - usedAt(b)));
    // If all members are away, those whose connection was not lost before have read all events: the server that ended last had
    // shown them these.
    const seats = [...this.#seats];
    if (seats.every((seat) => this.#isAway(seat))) for (const seat of seats) seat.read ??= recorder.seq;
    this.expireLost();
    this.enforcement.revokeOperators();
  }

  /** The number of members, with those who are away. */
  get size(): number {
    return this.#seats.size;
  }

  /** The members as of the latest event. All callers in a turn get the same object, so `away` may have changed since. */
  roster(): Roster {
    const { seq } = this.#recorder;
    const { epoch, leaseMs } = this.#journal;
    if (this.#roster?.seq === seq && this.#roster.epoch === epoch) return this.#roster;
    const members = [...this.#seats].map((seat) => memberAt(seat, this.#isAway(seat)));
    const allLimits = { ...limits, seatMs: this.#seatMs, leaseMs };
    const roster = new Roster({ epoch, seq, members, topic: this.moderation.topic, limits: allLimits });
    this.#roster = roster;
    setImmediate(() => {
      if (this.#roster === roster) this.#roster = undefined;
    });
    return roster;
  }

  find(name: string): Seat | undefined {
    return this.#seats.byName(name);
  }

  /** The present name of the member of a seat. */
  nameOf(id: string): string | undefined {
    return this.#seats.byId(id)?.name;
  }

  /** The address of the member who joined by this event, for the log; undefined if it is no join. */
  addressOf(event: Recorded): string | undefined {
    return event.type === "joined" ? this.find(event.name)?.address : undefined;
  }

  /** The member with this name, as other members see it. */
  memberCalled(name: string): Member | undefined {
    const seat = this.find(name);
    return seat && memberAt(seat, this.#isAway(seat));
  }

  /** The owner of a name, or of one that looks like it; undefined if anyone may take the name. */
  ownerOf(name: string): Owned | undefined {
    return this.#owners.ofLook(name);
  }

  /** Whether the name is in use and belongs to this key: a join with the key gets the seat at once. */
  hasOwnSeat(name: string, keyHash: string | undefined): boolean {
    return this.#owners.seatOf(name, keyHash) !== undefined;
  }

  /** The seat that a whisper to this name reaches. `seq`: the latest event that the sender had seen. */
  addressee(name: string, seq: number): Addressee | Fault {
    const room = { seats: this.#seats, owners: this.#owners };
    return addresseeOf(name, { seen: seq, now: this.#recorder.seq }, room, (seat) => this.#isAway(seat));
  }

  /** The connection of the seat with this id; undefined if it has none at this server. */
  occupantOf(id: string): Occupant | undefined {
    return this.#seats.byId(id)?.occupant;
  }

  // ---- Seats ----

  hasSeat(token: string | undefined): boolean {
    return this.#seats.byToken(token) !== undefined;
  }

  /** Whether the request is for a seat that is in use, by its token or by the key of its name. */
  comesBack({ token, name }: CommandOf<"join">, keyHash: string | undefined): boolean {
    return this.hasSeat(token) || this.hasOwnSeat(name, keyHash);
  }

  rename(seat: Seat, name: string, waiter: Waiter<unknown>): void {
    const refused = refusesLook(name, seat.operator) ?? this.moderation.refusesRename(subjectOf(seat), name);
    if (refused) return waiter.failed(refused);
    const claim = this.#owners.rename(seat, name);
    if (isFault(claim)) return waiter.failed(claim);
    const { occupant, id: author, name: from } = seat;
    const { owned, change, problem } = claim;
    const event = unnumbered({ type: "renamed", from, to: name, ...(owned && { owned: true }) });
    const happened = (outcome: unknown) => {
      waiter.happened(outcome);
      if (problem) occupant?.answer(problem);
    };
    const renamed = both(renaming(seat, name, this.#seats.byLook(name)), change);
    this.#recorder.ask({ event, author, ...renamed }, { ...waiter, happened });
  }

  /** Gives up a seat, with last words unless the member is muted. Its connection is dismissed when the event comes back. */
  leave(seat: Seat, text?: string): void {
    const words = this.refusesSpeech(seat) ? undefined : text;
    const left = unnumbered({ type: "left", name: seat.name, text: words });
    this.#recorder.record({ event: left, author: seat.id, ...leaving(seat) });
  }

  /** The connection of a seat is lost. The seat is kept for `seatMs` if it has a token, by which the client gets it again. */
  vacate(seat: Seat, occupant: Occupant | undefined): void {
    if (seat.occupant !== occupant) return;
    seat.read = occupant?.read;
    seat.occupant = undefined;
    this.#expire(seat);
    if (seat.read === undefined || !seat.expiry) return;
    const event = unnumbered({ type: "moved", name: seat.name });
    this.#recorder.record({ event, author: "", reader: serversOnly, ...losing(seat, seat.read) });
  }

  /**
   * Starts the expiry of seats whose server is lost. If the other servers have lost this one, it dismisses its members, who join
   * again elsewhere.
   */
  expireLost(): void {
    if (!this.#journal.isAlive(this.#journal.server)) this.dismissAll(cutOff);
    for (const seat of this.#seats) if (!seat.expiry && this.#isAway(seat)) this.#expire(seat);
  }

  /** Ends all connections. The seats stay, and clients with a token can get theirs again. */
  dismissAll(bye: Bye): void {
    for (const seat of this.#seats) {
      const { occupant } = seat;
      if (occupant) seat.read = occupant.read;
      seat.occupant = undefined;
      occupant?.dismiss(bye);
    }
  }

  /** Ends all connections and timers: the room has begun again, with another Members. */
  end(bye: Bye): void {
    this.enforcement.end();
    this.arrivals.end();
    this.dismissAll(bye);
    for (const seat of this.#seats) stopExpiry(seat);
  }

  /** Sends an answer to every connection with a seat at this server. */
  tell(answer: Answer): void {
    for (const { occupant } of this.#seats) occupant?.answer(answer);
  }

  #isAway({ occupant, server }: Seat): boolean {
    return !occupant && (server === this.#journal.server || !this.#journal.isAlive(server));
  }

  /** Gives up an empty seat after `seatMs`. Several servers may do so for one seat: only the first succeeds. */
  #expire(seat: Seat): void {
    const expire = () => {
      seat.expiry = undefined;
      if (this.#isAway(seat)) this.leave(seat);
    };
    if (seat.server !== this.#journal.server) seat.read ??= this.#journal.readBy(seat.server);
    if (seat.tokenHash === undefined) expire();
    else seat.expiry = setTimeout(expire, this.#seatMs);
  }

  // ---- Moderation ----

  /** `whois`: the member whose name looks like this one. `whowas`: members who had it before, then those who have left. */
  traces(type: "whois" | "whowas", name: string): Trace[] {
    if (type === "whois") {
      const seat = this.#seats.byLook(name);
      return seat ? [this.#traceOfSeat(seat)] : [];
    }
    const here = whoHad(name, this.#seats).map((seat) => this.#traceOfSeat(seat));
    const gone = whoHad(name, this.#seats.departed).map(traceOf);
    return [...here, ...gone].slice(0, maxTraces);
  }

  #traceOfSeat(seat: Seat): Trace {
    const { uses, since, address } = seat;
    return {
      ...memberAt(seat, this.#isAway(seat)),
      names: uses.map(({ name }) => name),
      address: address === undefined ? undefined : plainAddress(address),
      since,
      muted: this.moderation.isMuted(subjectOf(seat)) || undefined,
    };
  }

  /** Why the member of that seat may not speak; undefined if it may. */
  refusesSpeech(seat: Seat): Fault | undefined {
    return this.moderation.hasMutes ? this.moderation.refusesSpeech(subjectOf(seat)) : undefined;
  }

  /** The facts that a post from this address expects, or why it is refused. The name of a member needs its key. */
  posting({ name, key }: CommandOf<"post">, address: string): Facts | Fault {
    const keyHash = key === undefined ? undefined : hashOf(key);
    const isOwn = this.#owners.isOwn(name, keyHash);
    const refused = refusesLook(name, isOwn) ?? this.moderation.refusesPost(address, name, keyHash);
    if (refused) return refused;
    const seat = this.#seats.byLook(name);
    return seat && !(isOwn && this.#seats.byName(name)) ? this.#taken(name) : posting(name, seat);
  }

  // ---- What has happened ----

  /** Applies the facts of an event, and dismisses connections that lost their seat by it. */
  apply(facts: Facts, event: Recorded): void {
    this.#applyAll(readFacts(Object.entries(facts)), event);
  }

  #applyAll(facts: Fact[], event?: Recorded): void {
    for (const fact of facts) this.#applyOne(fact, event);
    // After all facts, so that a ban also finds seats that the same event took.
    for (const fact of facts) {
      if (fact.kind === "ban" && fact.value) this.#dismissAllBanned(fact.value);
      if (fact.kind === "seat") this.#dismissBanned(this.#seats.byId(fact.id));
    }
    if (facts.some(({ kind }) => kind === "ban" || kind === "muted")) this.enforcement.liftEnded();
  }

  #applyOne(fact: Fact, event: Recorded | undefined): void {
    if (fact.kind === "own" && !this.#owners.areKept) return;
    const seat = "id" in fact ? this.#seats.byId(fact.id) : undefined;
    this.#seats.apply(fact, event);
    this.moderation.apply(fact);
    this.#owners.apply(fact, event?.seq);
    if (!seat) return;
    if (fact.kind === "seat" && !fact.value) seat.occupant?.dismiss(goodbyeOf(event, seat.occupant));
    if (fact.kind === "at" && fact.value !== undefined && fact.value !== this.#journal.server) {
      stopExpiry(seat);
      seat.occupant?.dismiss(takenOver);
      seat.occupant = undefined;
      seat.read = undefined;
    }
  }

  #dismissAllBanned(ban: BanFact): void {
    const address = addressOfRestriction(ban);
    if (address !== undefined) for (const seat of this.#seats.within(address)) this.#dismissBanned(seat);
    if (ban.keyHash === undefined) return;
    for (const seat of [...this.#seats]) if (keyHashOf(seat) === ban.keyHash) this.#dismissBanned(seat);
  }

  /** Dismisses a member of this server, and gives up its seat, if its address or its key is banned. */
  #dismissBanned(seat: Seat | undefined): void {
    if (seat?.server !== this.#journal.server) return;
    const { occupant, address = "" } = seat;
    const isAddress = this.moderation.isBanned(occupant?.address ?? address);
    if (!isAddress && !this.moderation.isKeyBanned(keyHashOf(seat))) return;
    occupant?.dismiss(isAddress ? bannedAddress : bannedKey);
    seat.occupant = undefined;
    this.leave(seat);
  }

  /** Why the journal contradicted an entry, for its author; undefined for a `left`, for which its author does not wait. */
  contradicted({ event, author, expects = {} }: Entry): Fault | undefined {
    if (event.type === "joined") return this.#taken(event.name);
    if (event.type === "renamed") return this.#taken(event.to);
    if (event.type === "left") {
      this.#leaveAgain(author, expects);
      return undefined;
    }
    const seat = this.#seats.byId(author);
    const muted = seat && factKey.muted(seat.id) in expects ? this.refusesSpeech(seat) : undefined;
    return muted ?? faster;
  }

  /** Gives up a seat whose `left` with these expected facts was contradicted, unless its member has come back. */
  #leaveAgain(id: string, expected: Facts): void {
    const leave = () => {
      const seat = this.#seats.byId(id);
      if (seat && (this.#isAway(seat) || seat.occupant?.leaving)) this.leave(seat);
    };
    const seat = this.#seats.byId(id);
    // If this server has not read the change yet, the same entry would be contradicted again: it is tried a moment later.
    if (seat && Bun.deepEquals(expected, leaving(seat).expects)) setTimeout(leave, retryAfterMs);
    else leave();
  }

  /** Why a member could not take this name. */
  #taken(name: string): Fault {
    const refused = this.moderation.refusesName(name);
    if (refused) return refused;
    if (this.#seats.byName(name)) return fault("name-taken", `"${name}" is taken: choose another name`);
    if (!this.#seats.byLook(name)) return faster;
    return fault("name-taken", `"${name}" looks like the name of somebody here: choose another one`);
  }
}

const faster: Fault = { ...fault("conflict", "Somebody else was faster: try again"), retryAfterMs };

function usedAt({ value }: Fact & { kind: "own" }): number {
  return value?.usedAt ?? 0;
}
