// A queue for work that costs much and is for one member alone: a page of the history, a slice of a search, the first line of
// a newcomer. The whole room has one such queue, first come, first served, which takes a share of the time: after each piece of
// work, or slice of small ones, it rests. With a share of a fifth a rest is four times as long as the work. So messages find
// the thread free most of the time, however much is asked for. A piece takes a few milliseconds; longer work is cut into
// several. A search for many frequent words may take longer, and is followed by a longer rest.
//
// The budget is a token bucket with a token for each millisecond.

import { TokenBucket } from "./token-bucket.ts";

type WorkShare = {
  /** The part of the time that the work may take, from 0 to 1. */
  ofTime: number;
  /** How long pieces follow each other in one turn, in ms. */
  sliceMs: number;
  /** How much work after an idle time has no rests between its pieces, in ms. */
  burstMs: number;
};

/** The burst is enough for a search of a long history: if it is the first for a while, it has no rests between its pieces. */
const aFifth: WorkShare = { ofTime: 1 / 5, sliceMs: 0, burstMs: 10 };
/** For small pieces that many connections want soon: to enter the room, and to catch up with it. */
export const aHalf: WorkShare = { ofTime: 1 / 2, sliceMs: 2, burstMs: 2 };
/** How much of a wait for another machine or for the disk counts at most, in ms: this thread is free meanwhile. */
const longestWaitMs = 5;

export class WorkQueue {
  readonly #budget: TokenBucket;
  readonly #sliceMs: number;
  readonly #waiting: (() => unknown)[] = [];
  /** True until the rest after the last piece is over. */
  #isBusy = false;

  constructor({ ofTime, sliceMs, burstMs }: WorkShare = aFifth) {
    this.#budget = new TokenBucket({ burst: burstMs, perSecond: 1000 * ofTime });
    this.#sliceMs = sliceMs;
  }

  /** How many pieces wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Does the work when its turn comes: at once if no other work waits. Resolves and rejects as the work does. If the connection
   * that wants it `isGone` by then, the work is not done, and this rejects.
   */
  run<T>(work: () => T | Promise<T>, isGone = () => false): Promise<T> {
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        const done = isGone() ? Promise.reject(new Error("it was given up")) : Promise.try(work);
        resolve(done);
        return done.catch(() => {});
      });
      this.#begin();
    });
  }

  /** Does synchronous work without a result when its turn comes. It must not throw. */
  soon(work: () => void): void {
    this.#waiting.push(work);
    this.#begin();
  }

  #begin(): void {
    if (!this.#isBusy) void this.#next();
  }

  /** Does a slice of the work. If no piece returns a promise, the slice is done before this returns. */
  async #next(): Promise<void> {
    this.#isBusy = this.#waiting.length > 0;
    if (!this.#isBusy) return;
    const begun = performance.now();
    let costMs = 0;
    do {
      const from = performance.now();
      const done = this.#waiting.shift()?.();
      const heldMs = performance.now() - from;
      if (done instanceof Promise) await done;
      costMs += Math.max(heldMs, Math.min(performance.now() - from, longestWaitMs));
    } while (this.#waiting.length > 0 && performance.now() - begun < this.#sliceMs);
    const restMs = this.#budget.take(performance.now(), costMs);
    if (restMs > 0) setTimeout(() => void this.#next(), restMs);
    else if (this.#waiting.length > 0 || this.#sliceMs === 0) setImmediate(() => void this.#next());
    else this.#isBusy = false;
  }
}
