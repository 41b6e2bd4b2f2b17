// How a connection comes to a seat: to a new one, under a name that is free or its own, or back to its own, by the token or
// by the key of the name. Then the connection that had it is dismissed.

import type { CommandOf } from "../../protocol/commands.ts";
import { type Fault, fault, isFault } from "../../protocol/events.ts";
import { factKey } from "../journal/facts.ts";
import { type Journal, serversOnly, unnumbered } from "../journal/journal.ts";
import { aHalf, WorkQueue } from "../limits/work-queue.ts";
import { takenOver } from "./goodbyes.ts";
import type { Moderation } from "./moderation.ts";
import type { Owners } from "./owners.ts";
import { type Recorder, retryAfterMs, type Waiter } from "./recorder.ts";
import type { Roster } from "./roster.ts";
import {
  both,
  hashOf,
  moving,
  newSeatId,
  newToken,
  type Occupant,
  type Seat,
  type Seats,
  stopExpiry,
  taking,
} from "./seats.ts";

/** A seat that was taken, the token by which its client can come back to it, and the members just before, if that was an event. */
export type Taken = {
  seat: Seat;
  token: string | undefined;
  roster: Roster | undefined;
  /** No event before is for this seat alone, or from it. */
  isNew: boolean;
  /** Whispers that waited for its member are behind this position. */
  mail: number | undefined;
};

/** A connection that comes under a name; `token`: the one it will have, if its client keeps one. */
type Arrival = { occupant: Occupant; name: string; token: string | undefined; waiter: Waiter<Taken> };

export class Arrivals {
  /** Whether a member has been here since the server started. */
  visited = false;
  readonly #journal: Journal;
  readonly #recorder: Recorder;
  readonly #seats: Seats;
  readonly #moderation: Moderation;
  /** Gives seats, one after the other: a crowd that comes at once does not have the turn for itself. */
  readonly #entering = new WorkQueue(aHalf);
  /** The ids of new seats whose `joined` has no outcome yet: there must not be two of the same. */
  readonly #arriving = new Set<string>();
  readonly #owners: Owners;
  #hasEnded = false;

  constructor(journal: Journal, recorder: Recorder, seats: Seats, moderation: Moderation, owners: Owners) {
    this.#owners = owners;
    this.#journal = journal;
    this.#recorder = recorder;
    this.#seats = seats;
    this.#moderation = moderation;
  }

  /** Another Members takes the place of this one: no more seats are given here. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Gives the seat of the token or of the key, or a new one under a free name. */
  take(occupant: Occupant, request: CommandOf<"join">, keepsSeat: boolean, waiter: Waiter<Taken>): void {
    const { name, token, after = 0 } = request;
    const refused = this.#moderation.refusesJoin(occupant.address, name);
    if (refused) return waiter.failed(refused);
    const arrival: Arrival = { occupant, name, token: keepsSeat ? newToken() : undefined, waiter };
    const hasToken = this.#hasSeat(token);
    const hadSeat = hasToken || this.#owners.seatOf(name, occupant.key?.hash) !== undefined;
    const isKnown = token === undefined || hasToken;
    const takeSeat = () => {
      const seat = token === undefined ? undefined : this.#seats.byToken(token);
      if (seat) return this.#takeAgain(seat, { ...arrival, token });
      const own = this.#owners.seatOf(name, occupant.key?.hash);
      if (own) return this.#takeOwn(own, arrival);
      // The seat stood for the room's password, which it may not have given. That seat is gone now.
      if (hadSeat)
        return waiter.failed({ ...fault("unavailable", "Your seat was given up: join again"), retryAfterMs });
      this.#takeNew(arrival);
    };
    // A client that was with another server may know a seat, or later events, that this server has not read yet.
    const failed = () => waiter.failed(unreadable);
    const enter = () => this.#entering.run(takeSeat, () => this.#hasEnded).catch(failed);
    if (isKnown && after <= this.#recorder.seq) void enter();
    else this.#journal.sync().then(enter, failed);
  }

  #takeNew(arrival: Arrival, isRetry = false): void {
    const { occupant, name, token, waiter } = arrival;
    const { address, key } = occupant;
    const claim = this.#owners.join(name, key);
    if (isFault(claim)) return waiter.failed(claim);
    const id = this.#arriving.has(claim.seat) ? newSeatId() : claim.seat;
    const isNew = claim.isNew || id !== claim.seat;
    const settle = () => this.#arriving.delete(id);
    this.#arriving.add(id);
    const tokenHash = token === undefined ? undefined : hashOf(token);
    const mail = this.#owners.mailOf(id);
    const read = { facts: mail === undefined ? {} : { [factKey.mail(id)]: null }, expects: {} };
    const seated = taking(id, this.#journal.server, { name, tokenHash, address });
    const change = [seated, claim.change, read].reduce(both);
    this.#recorder.ask(
      {
        event: unnumbered({ type: "joined", name, ...(claim.owned && { owned: true }) }),
        author: id,
        ...change,
      },
      {
        happened: (roster) => {
          settle();
          this.#sit(id, arrival, { roster, isNew, mail });
          if (claim.problem) occupant.answer(claim.problem);
        },
        failed: (problem) => {
          settle();
          const isContradicted = problem.code === "name-taken" || problem.code === "conflict";
          if (isRetry || !isContradicted) return waiter.failed(problem);
          this.#afterSync(waiter, () => {
            // Another connection with the same key was faster, here or at another server: this one takes its seat.
            const own = this.#owners.seatOf(name, key?.hash);
            if (own) this.#takeOwn(own, arrival);
            else if (problem.code === "conflict") this.#takeNew(arrival, true);
            else waiter.failed(problem);
          });
        },
      },
    );
    this.#prune();
  }

  /** Takes a seat that is in use from its connection, for its owner. If the seat moves in that moment, once more. */
  #takeOwn(seat: Seat, arrival: Arrival): void {
    const { occupant, name, waiter } = arrival;
    const failed = (problem: Fault) => {
      if (problem.code !== "conflict") return waiter.failed(problem);
      this.#afterSync(waiter, () => {
        const own = this.#owners.seatOf(name, occupant.key?.hash);
        if (own) this.#takeAgain(own, arrival);
        else waiter.failed(problem);
      });
    };
    this.#takeAgain(seat, { ...arrival, waiter: { ...waiter, failed } });
  }

  #takeAgain(seat: Seat, arrival: Arrival): void {
    const { id, name } = seat;
    const { occupant, token, waiter } = arrival;
    const here = this.#journal.server;
    const { address } = occupant;
    const tokenHash = token === undefined ? undefined : hashOf(token);
    // Same server, address and token: no fact changes, so nothing is written.
    const isSame = seat.server === here && seat.address === address && seat.tokenHash === tokenHash;
    if (isSame && this.#journal.isAlive(here)) return this.#sit(id, arrival, {});
    this.#recorder.ask(
      {
        event: unnumbered({ type: "moved", name }),
        author: id,
        reader: serversOnly,
        ...moving(seat, here, address, tokenHash),
      },
      { ...waiter, happened: (roster) => this.#sit(id, arrival, { roster }) },
    );
  }

  /** Carries on once this server has read what the others have written. */
  #afterSync({ failed }: Waiter<Taken>, goOn: () => void): void {
    this.#journal.sync().then(goOn, () => failed(unreadable));
  }

  #prune(): void {
    const change = this.#owners.prune();
    if (!change) return;
    const event = unnumbered({ type: "moved", name: "" });
    this.#recorder.record({ event, author: "", reader: serversOnly, ...change });
  }

  #sit(
    id: string,
    { occupant, token, waiter }: Arrival,
    { roster, isNew = false, mail }: Partial<Taken>,
  ): void {
    const seat = this.#seats.byId(id);
    if (!seat) return;
    stopExpiry(seat);
    seat.occupant?.dismiss(takenOver);
    seat.occupant = occupant;
    seat.mail ??= mail ?? this.#owners.mailOf(id);
    this.visited = true;
    waiter.happened({ seat, token, roster, isNew, mail: seat.mail });
  }

  #hasSeat(token: string | undefined): boolean {
    return token !== undefined && this.#seats.byToken(token) !== undefined;
  }
}

const unreadable: Fault = { ...fault("unavailable", "The room cannot be read now: try again"), retryAfterMs };
