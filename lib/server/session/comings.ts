// The rate limit for joins, renames and farewells with words from one address: all members have to read these. A command above
// the rate waits, and the server reads no further line of its connection meanwhile. A farewell does not wait: it loses its
// words instead.

import type { TokenBucket } from "../limits/token-bucket.ts";

export class Comings {
  readonly #bucket: TokenBucket;
  readonly #wait: () => () => void;
  readonly #isGone: () => boolean;

  /** `bucket`: of the address. `wait`: holds the next line back until the function that it returns is called. */
  constructor(bucket: TokenBucket, wait: () => () => void, isGone: () => boolean) {
    this.#bucket = bucket;
    this.#wait = wait;
    this.#isGone = isGone;
  }

  /** Calls `act` once the bucket allows it, and the member's `own` bucket, too; not if the connection is gone by then. */
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

  /** The words of a farewell; undefined above the rate, since leaving does not wait. */
  words(text: string | undefined): string | undefined {
    return text !== undefined && this.#bucket.take(performance.now()) === 0 ? text : undefined;
  }
}
