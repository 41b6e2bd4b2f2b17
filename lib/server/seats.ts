// Who holds which place in the room. A seat is held by a connection, or for a while by a token alone: whoever shows
// the token again sits where it sat, under the same name, and nobody noticed. Names and tokens are free again as soon
// as a seat is given up; the seat itself stays until the room has heard that its member left.

import { createHash, randomBytes } from "node:crypto";
import { nameKey } from "../names.ts";
import type { Answer, Bye, Recorded } from "../protocol.ts";
import type { SavedSeat } from "./journal.ts";

/** The connection on a seat. */
export interface Occupant {
  answer(answer: Answer): void;
  /** An event that only this member and another may see. */
  whisper(event: Recorded): void;
  /** Says goodbye and closes; the seat is not this connection's any more. */
  dismiss(bye: Bye): void;
}

export type Seat = {
  /** Never told to anyone, never used again. */
  readonly id: string;
  name: string;
  readonly tokenHash: string | undefined;
  /** Absent while the member is away. */
  occupant?: Occupant | undefined;
  /** Runs while the member is away. */
  expiry?: Timer | undefined;
};

export class Seats {
  readonly #byId = new Map<string, Seat>();
  readonly #byName = new Map<string, Seat>();
  readonly #byToken = new Map<string, Seat>();

  /** How many are held, those that are being given up included. */
  get size(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): IterableIterator<Seat> {
    return this.#byId.values();
  }

  byId(id: string): Seat | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): Seat | undefined {
    return this.#byName.get(nameKey(name));
  }

  byToken(token: string): Seat | undefined {
    return this.#byToken.get(hashOf(token));
  }

  /** A new seat under a name that is free. */
  add(name: string, token: string | undefined): Seat {
    return this.restore({
      id: randomBytes(9).toString("base64url"),
      name,
      tokenHash: token === undefined ? undefined : hashOf(token),
    });
  }

  restore(saved: SavedSeat): Seat {
    const seat: Seat = { ...saved };
    this.#byId.set(seat.id, seat);
    this.#byName.set(nameKey(seat.name), seat);
    if (seat.tokenHash !== undefined) this.#byToken.set(seat.tokenHash, seat);
    return seat;
  }

  rename(seat: Seat, name: string): void {
    this.#byName.delete(nameKey(seat.name));
    seat.name = name;
    this.#byName.set(nameKey(name), seat);
  }

  /** Frees the name and the token. False if that was done before. */
  giveUp(seat: Seat): boolean {
    clearTimeout(seat.expiry);
    if (this.#byName.get(nameKey(seat.name)) !== seat) return false;
    this.#byName.delete(nameKey(seat.name));
    if (seat.tokenHash !== undefined) this.#byToken.delete(seat.tokenHash);
    return true;
  }

  /** The room has heard that the member left. */
  remove(seat: Seat): void {
    this.#byId.delete(seat.id);
  }
}

/** Enough to never be guessed: 144 random bits. */
export function newToken(): string {
  return randomBytes(18).toString("base64url");
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
