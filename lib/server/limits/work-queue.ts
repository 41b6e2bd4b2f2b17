// Work that costs much and is for one member alone (a page of the history, a slice of a search, the list of a big room)
// is done from one queue for the whole room: first come, first served, in a fifth of the time. After each piece the
// queue rests four times as long as that took. So however many ask for however much, messages find the thread free most
// of the time. A piece takes a few milliseconds: what takes longer is several pieces or, for a search of many frequent
// words, one that the queue rests longer after.
//
// The budget is a token bucket, a token a millisecond.

import { type Rate, TokenBucket } from "./token-bucket.ts";

const budget: Rate = { burst: 2, perSecond: 200 };
/** The most that counts of a wait for another machine or for the disk: this thread was free. */
const longestWaitMs = 5;

export class WorkQueue {
  readonly #budget = new TokenBucket(budget);
  readonly #waiting: (() => Promise<unknown>)[] = [];
  /** True until the rest after the last piece is over. */
  #isBusy = false;

  /**
   * Does the work at once if there is none before it. Resolves with what it returns, rejects with what it throws. It is
   * not done, and rejects, if the connection that asked for it `isGone` when its turn comes.
   */
  run<T>(work: () => T | Promise<T>, isGone = () => false): Promise<T> {
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        const done = isGone() ? Promise.reject(new Error("it was given up")) : Promise.try(work);
        resolve(done);
        return done.catch(() => {});
      });
      if (!this.#isBusy) void this.#next();
    });
  }

  async #next(): Promise<void> {
    const work = this.#waiting.shift();
    this.#isBusy = work !== undefined;
    if (!work) return;
    const begun = performance.now();
    const done = work();
    const heldMs = performance.now() - begun;
    await done;
    const now = performance.now();
    const restMs = this.#budget.take(now, Math.max(heldMs, Math.min(now - begun, longestWaitMs)));
    if (restMs > 0) setTimeout(() => void this.#next(), restMs);
    else setImmediate(() => void this.#next());
  }
}
