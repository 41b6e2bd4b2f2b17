// How a connection gets a seat: a new seat, under a name that is free or belongs to its key; or its former seat, by the token or
// by the key of the name. If that seat has another connection, that one is dismissed.

import type { CommandOf } from "../../../protocol/commands.ts";
import { type Fault, fault, isFault } from "../../../protocol/events.ts";
import { refusesLook } from "../../../protocol/looks/looks.ts";
import { type Journal, serversOnly, unnumbered } from "../../journal/journal.ts";
import { both, moving, noChange, readingMail, taking } from "../../seats/changes.ts";
import type { Owners } from "../../seats/owners.ts";
import { type Occupant, type Seat, type Seats, stopExpiry } from "../../seats/seats.ts";
import { hashOf, newSeatId, newToken } from "../../seats/tokens.ts";
import { takenOver } from "../goodbyes.ts";
import type { Moderation } from "../moderation.ts";
import type { RoomFacts } from "../orders.ts";
import { type Recorder, retryAfterMs, type Waiter } from "../recorder.ts";
import type { Roster } from "./roster.ts";

/** A seat that a connection got. `token`: the client gets the seat again by it. `roster`: the members before that event. */
export type Taken = {
  seat: Seat;
  token: string | undefined;
  roster: Roster | undefined;
  /** Whether the seat is new: no earlier event is from it, and no whisper to it. */
  isNew: boolean;
  /** Whispers that waited for the member come after this position; undefined if there were none. */
  mail: number | undefined;
  /** If its former connection was at another server, the last event that this one is known to have shown it. */
  shownElsewhere?: number | undefined;
};

/** A connection that asks for a seat under a name. */
type Arrival = {
  occupant: Occupant;
  name: string;
  /** The token that the seat will have; undefined if the client keeps none. */
  token: string | undefined;
  /** Whether only a seat that is in use may be given to it, and no new one. */
  needsSeat: boolean;
  waiter: Waiter<Taken>;
};

export class Arrivals {
  /** Whether any member has been in the room since the server started. */
  visited = false;
  readonly #journal: Journal;
  readonly #recorder: Recorder;
  readonly #seats: Seats;
  readonly #moderation: Moderation;
  readonly #owners: Owners;
  /** The ids of new seats whose `joined` has no outcome yet: no other seat may get the same id. */
  readonly #arriving = new Set<string>();
  #hasEnded = false;

  constructor(journal: Journal, recorder: Recorder, { seats, moderation, owners }: RoomFacts) {
    this.#journal = journal;
    this.#recorder = recorder;
    this.#seats = seats;
    this.#moderation = moderation;
    this.#owners = owners;
  }

  /** Gives no more seats: the room has begun again, with another Members. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Gives the connection the seat of its token or of its key, or a new one if the name is free. */
  take(occupant: Occupant, request: CommandOf<"join">, keepsSeat: boolean, waiter: Waiter<Taken>): void {
    const { name, token, after = 0 } = request;
    const hasToken = this.#seats.byToken(token) !== undefined;
    const refused = this.#refused(occupant, name, hasToken);
    if (refused) return waiter.failed(refused);
    const hasOwn = this.#owners.seatOf(name, occupant.key?.hash) !== undefined;
    const arrival: Arrival = {
      occupant,
      name,
      token: keepsSeat ? newToken() : undefined,
      // A seat in use needs no password, so the connection may not have given the room's password, which a new seat needs.
      needsSeat: hasToken || (hasOwn && occupant.key?.isAdmitted !== true),
      waiter,
    };
    const takeSeat = () => {
      const seat = this.#seats.byToken(token);
      if (seat) this.#takeAgain(seat, { ...arrival, token });
      else this.#takeOwnOrNew(arrival);
    };
    // A client from another server may know of a seat, or of events, that this server has not read yet: it reads them first.
    const failed = () => waiter.failed(roomUnreadable);
    const enter = () => this.#recorder.newcomers.run(takeSeat, () => this.#hasEnded);
    const isKnown = token === undefined || hasToken;
    if (isKnown && after <= this.#recorder.seq) takeSeat();
    else this.#journal.sync().then(enter).catch(failed);
  }

  /** Why the connection may not join under this name; undefined if it may. A title such as `admin` is for its member or owner. */
  #refused({ address, key }: Occupant, name: string, hasToken: boolean): Fault | undefined {
    const isOwn = hasToken || this.#owners.isOwn(name, key?.hash);
    return refusesLook(name, isOwn) ?? this.#moderation.refusesJoin(address, name, key?.hash);
  }

  /**
   * Gives the connection the seat in use under its own name, or else a new seat. Another connection with the same key may be
   * faster, here or at another server: then this is tried again, `tries` times in all.
   */
  #takeOwnOrNew(arrival: Arrival, tries = 3): void {
    const { occupant, name, needsSeat, waiter } = arrival;
    const ownSeat = () => this.#owners.seatOf(name, occupant.key?.hash);
    const failed = (problem: Fault) => {
      // A conflict without `retryAfterMs`: a later connection has taken over the seat.
      const hasChanged = problem.code === "conflict" && problem.retryAfterMs !== undefined;
      if (tries === 1 || !(hasChanged || problem.code === "name-taken")) return waiter.failed(problem);
      const again = () => {
        if (hasChanged || ownSeat()) this.#takeOwnOrNew(arrival, tries - 1);
        else waiter.failed(problem);
      };
      this.#journal.sync().then(again, () => waiter.failed(roomUnreadable));
    };
    const retried = { ...arrival, waiter: { ...waiter, failed } };
    const own = ownSeat();
    if (own) this.#takeAgain(own, retried);
    else if (needsSeat) waiter.failed(givenUp);
    else this.#takeNew(retried);
  }

  #takeNew(arrival: Arrival): void {
    const { occupant, name, token, waiter } = arrival;
    const { address, key } = occupant;
    const claim = this.#owners.join(name, key);
    if (isFault(claim)) return waiter.failed(claim);
    const id = this.#arriving.has(claim.seat) ? newSeatId() : claim.seat;
    const isNew = claim.isNew || id !== claim.seat;
    const tokenHash = token === undefined ? undefined : hashOf(token);
    const mail = this.#owners.mailOf(id);
    const fact = { name, tokenHash, address, since: Date.now() };
    const seated = taking(id, this.#journal.server, fact, this.#seats.byLook(name));
    const change = both(both(seated, claim.change), mail === undefined ? noChange : readingMail(id));
    const event = unnumbered({ type: "joined", name, ...(claim.owned && { owned: true }) });
    this.#arriving.add(id);
    this.#recorder.ask(
      { event, author: id, ...change },
      {
        happened: (roster) => {
          this.#arriving.delete(id);
          this.#sit(id, arrival, { roster, isNew, mail });
          if (claim.problem) occupant.answer(claim.problem);
        },
        failed: (problem) => {
          this.#arriving.delete(id);
          waiter.failed(problem);
        },
      },
    );
    this.#prune();
  }

  /** Gives the connection a seat that is in use. */
  #takeAgain(seat: Seat, arrival: Arrival): void {
    const { id, name } = seat;
    const { occupant, token, waiter } = arrival;
    const here = this.#journal.server;
    const { address } = occupant;
    const tokenHash = token === undefined ? undefined : hashOf(token);
    const shownElsewhere = seat.server === here ? undefined : this.#journal.readBy(seat.server);
    // Same server, address and token: no fact changes, so nothing is written. A seat without a token may be given up by now.
    const isSame = seat.server === here && seat.address === address && seat.tokenHash === tokenHash;
    if (token !== undefined && isSame && this.#journal.isAlive(here)) return this.#sit(id, arrival, {});
    this.#recorder.ask(
      {
        event: unnumbered({ type: "moved", name }),
        author: id,
        reader: serversOnly,
        ...moving(seat, here, address, tokenHash),
      },
      { ...waiter, happened: (roster) => this.#sit(id, arrival, { roster, shownElsewhere }) },
    );
  }

  /** Deletes the owners of some names that were unused for too long. */
  #prune(): void {
    const change = this.#owners.prune();
    if (!change) return;
    const event = unnumbered({ type: "moved", name: "" });
    this.#recorder.record({ event, author: "", reader: serversOnly, ...change });
  }

  /** Puts the connection on the seat, whose former connection is dismissed. */
  #sit(
    id: string,
    { occupant, token, waiter }: Arrival,
    { roster, isNew = false, mail, shownElsewhere }: Partial<Taken>,
  ): void {
    const seat = this.#seats.byId(id);
    if (!seat) return;
    stopExpiry(seat);
    if (seat.occupant) seat.read = seat.occupant.read;
    seat.occupant?.dismiss(takenOver);
    seat.occupant = occupant;
    seat.mail ??= mail ?? this.#owners.mailOf(id);
    this.visited = true;
    waiter.happened({ seat, token, roster, isNew, mail: seat.mail, shownElsewhere });
  }
}

const givenUp: Fault = { ...fault("unavailable", "Your seat was given up: join again"), retryAfterMs };
const roomUnreadable: Fault = {
  ...fault("unavailable", "The room cannot be read now: try again"),
  retryAfterMs,
};
