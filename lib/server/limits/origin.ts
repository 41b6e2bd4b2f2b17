// An origin holds what all connections from one address share: their number, their rate limits, and their wrong passwords. So
// opening another connection, or connecting again, gains nothing: the door keeps origins after their last connection.

import { Guesses } from "./guesses.ts";
import { type Rate, TokenBucket, unlimited } from "./token-bucket.ts";

/** The secrets that can be guessed: the room's password, that of an operator, and the key of a name. */
export type SecretKind = "room" | "operator" | "key";

/** How many names an address may come to own: 100 at once, enough for a class, then 240 a day. */
const namesRate: Rate = { burst: 100, perSecond: 10 / 3600 };

export class Origin {
  /** The address or network, as `addressKey` returns it. */
  readonly address: string;
  /** For all lines from this address together. */
  readonly bucket: TokenBucket;
  /** For joins, renames and farewells with words from this address, which all members see. */
  readonly comings: TokenBucket;
  /** For the names that members from this address come to own. */
  readonly names: TokenBucket;
  /** By secret: guesses at one do not delay the answers for another. */
  readonly guesses: Record<SecretKind, Guesses> = {
    room: new Guesses(),
    operator: new Guesses(),
    key: new Guesses(),
  };
  /** Settles once no password from this address is being verified. */
  verified: Promise<unknown> = Promise.resolve();
  connections = 0;

  constructor(address: string, rate: Rate, comings: Rate = unlimited) {
    this.address = address;
    this.bucket = new TokenBucket(rate);
    this.comings = new TokenBucket(comings);
    this.names = new TokenBucket(rate.perSecond === 0 ? rate : namesRate);
  }
}
