// An origin is what all connections from one address share: how many there are, how many lines they may still send,
// and how many wrong passwords they gave. So opening another connection, or connecting again, gains nothing.
// The door remembers origins after their last connection (door.ts).

import { Guesses } from "./guesses.ts";
import { type Rate, TokenBucket } from "./token-bucket.ts";

/** The two passwords of a room, each with guesses of its own. */
export type PasswordKind = "room" | "operator";

export class Origin {
  /** An address or a network, as addresses.ts counts them. */
  readonly address: string;
  /** For all lines from this address together. */
  readonly bucket: TokenBucket;
  /** At the room's password, and at the operators': guesses at one do not slow down answers to the other. */
  readonly guesses: Record<PasswordKind, Guesses> = { room: new Guesses(), operator: new Guesses() };
  connections = 0;

  constructor(address: string, rate: Rate) {
    this.address = address;
    this.bucket = new TokenBucket(rate);
  }
}
