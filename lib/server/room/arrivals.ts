// How a connection comes to a seat: to a new one, under a name that is free, or back to its own, by the token.

import type { CommandOf } from "../../protocol/commands.ts";
import { fault } from "../../protocol/events.ts";
import { type Journal, serversOnly, unnumbered } from "../journal/journal.ts";
import { aHalf, WorkQueue } from "../limits/work-queue.ts";
import { takenOver } from "./goodbyes.ts";
import type { Moderation } from "./moderation.ts";
import { type Recorder, retryAfterMs, type Waiter } from "./recorder.ts";
import type { Roster } from "./roster.ts";
import {
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
export type Taken = { seat: Seat; token: string | undefined; roster: Roster | undefined };

export class Arrivals {
  /** Whether a member has been here since the server started. */
  visited = false;
  readonly #journal: Journal;
  readonly #recorder: Recorder;
  readonly #seats: Seats;
  readonly #moderation: Moderation;
  /** Gives seats, one after the other: a crowd that comes at once does not have the turn for itself. */
  readonly #entering = new WorkQueue(aHalf);
  #hasEnded = false;

  constructor(journal: Journal, recorder: Recorder, seats: Seats, moderation: Moderation) {
    this.#journal = journal;
    this.#recorder = recorder;
    this.#seats = seats;
    this.#moderation = moderation;
  }

  /** Another Members takes the place of this one: no more seats are given here. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Gives the seat of the token, or a new one under a free name. */
  take(occupant: Occupant, request: CommandOf<"join">, keepsSeat: boolean, waiter: Waiter<Taken>): void {
    const { name, token, after = 0 } = request;
    const refused = this.#moderation.refusesJoin(occupant.address, name);
    if (refused) return waiter.failed(refused);
    const hadSeat = this.#hasSeat(token);
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
    stopExpiry(seat);
    seat.occupant?.dismiss(takenOver);
    seat.occupant = occupant;
    this.visited = true;
    happened({ seat, token, roster });
  }

  #hasSeat(token: string | undefined): boolean {
    return token !== undefined && this.#seats.byToken(token) !== undefined;
  }
}
