// How often all members are shown that one comes, goes with words or takes another name. Those who do so more often wait for
// it, and nothing of theirs is read meanwhile; words of farewell that come too often are left out. And in which order those
// without a seat are heard.

import type { TokenBucket } from "../limits/token-bucket.ts";
import type { WorkQueue } from "../limits/work-queue.ts";

export class Comings {
  readonly #bucket: TokenBucket;
  readonly #wait: () => () => void;
  readonly #isGone: () => boolean;

  /** `bucket`: that of the address. `wait`: the next line waits until the function that it returns is called. */
  constructor(bucket: TokenBucket, wait: () => () => void, isGone: () => boolean) {
    this.#bucket = bucket;
    this.#wait = wait;
    this.#isGone = isGone;
  }

  /** Calls `take`, which takes in what was sent without a seat. That waits for its turn among all who arrive. */
  arrive(newcomers: WorkQueue, take: () => void): void {
    const goOn = this.#wait();
    take();
    newcomers.soon(goOn);
  }

  /** Calls `act` once the bucket allows it, and `own`, if that is given, unless the connection is gone by then. */
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

  /** The words to leave with: those who leave are not kept waiting. */
  words(text: string | undefined): string | undefined {
    return text !== undefined && this.#bucket.take(performance.now()) === 0 ? text : undefined;
  }
}
