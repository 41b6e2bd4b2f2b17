// The rate of lines that one address makes all members read: joins, renames, farewells with words. A command that comes
// too fast waits, and the server reads nothing more from its connection meanwhile; a farewell loses its words instead.

import type { TokenBucket } from "../limits/token-bucket.ts";

export class Comings {
  readonly #bucket: TokenBucket;
  readonly #wait: () => () => void;
  readonly #isGone: () => boolean;

  /** `bucket`: the address's. `wait`: holds the next line back until the function that it returns is called. */
  constructor(bucket: TokenBucket, wait: () => () => void, isGone: () => boolean) {
    this.#bucket = bucket;
    this.#wait = wait;
    this.#isGone = isGone;
  }

  /** Calls `act` once the bucket allows it, and the member's `own` one if given; never if the connection is gone by then. */
  inTime(act: () => void, own?: TokenBucket): void {
    const now = performance.now();
    const waitMs = Math.max(this.#bucket.take(now), own?.take(now) ?? 0);
    if (waitMs === 0) return act();
    const settled = this.#wait();
    setTimeout(() => {
      if (!this.#isGone()) act();
      settled();
    }, waitMs);
  }

  /** The words of a farewell; undefined if they come too fast, since leaving does not wait. */
  words(text: string | undefined): string | undefined {
    return text !== undefined && this.#bucket.take(performance.now()) === 0 ? text : undefined;
  }
}
