// An origin is what all connections from one address share: how many there are, how many lines they may still send,
// and how many wrong passwords they gave. So opening another connection, or connecting again, gains nothing.
// The door remembers origins after their last connection (door.ts).

import { Guesses } from "./guesses.ts";
import { type Rate, TokenBucket } from "./token-bucket.ts";

/** What can be guessed: the two passwords of a room, and the key of a name. */
export type SecretKind = "room" | "operator" | "key";

/** How many names an address may come to own: those of a class at once, then 240 a day. */
const namesRate: Rate = { burst: 100, perSecond: 10 / 3600 };

export class Origin {
  /** An address or a network, as addresses.ts counts them. */
  readonly address: string;
  /** For all lines from this address together. */
  readonly bucket: TokenBucket;
  /** For joins, renames and farewells with words from this address: all members see them. */
  readonly comings: TokenBucket;
  /** For the names that come to be owned from this address. */
  readonly names: TokenBucket;
  /** Guesses at one secret do not slow down answers to another one. */
  readonly guesses: Record<SecretKind, Guesses> = {
    room: new Guesses(),
    operator: new Guesses(),
    key: new Guesses(),
  };
  /** Settles once no password from here is being verified. */
  verified: Promise<unknown> = Promise.resolve();
  connections = 0;

  constructor(address: string, rate: Rate, comings: Rate = { burst: 0, perSecond: 0 }) {
    this.address = address;
    this.bucket = new TokenBucket(rate);
    this.comings = new TokenBucket(comings);
    this.names = new TokenBucket(rate.perSecond === 0 ? rate : namesRate);
  }
}
