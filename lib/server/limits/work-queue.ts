// Work that costs much and is for one member alone (a page of the history, a slice of a search, a newcomer's first line) is
// done from a queue for the whole room: first come, first served, in a share of the time. After each piece, or slice of
// small ones, the queue rests: for a fifth of the time, four times as long as that took. So however many ask for however
// much, messages find the thread free most of the time. A piece takes a few milliseconds: what takes longer is several
// pieces or, for a search of many frequent words, one that the queue rests longer after.
//
// The budget is a token bucket, a token a millisecond.

import { TokenBucket } from "./token-bucket.ts";

export type WorkShare = {
  /** The part of the time that the work may take. */
  ofTime: number;
  /** How long pieces follow each other in one turn, in milliseconds. */
  sliceMs: number;
  /** How much work after a pause has no rest between its pieces, in milliseconds. */
  burstMs: number;
};

/** A search of a long past, the first for a while, is within the burst: it has turns between its pieces, but no rest. */
const aFifth: WorkShare = { ofTime: 1 / 5, sliceMs: 0, burstMs: 10 };
/** For pieces that are small and wanted soon, by many at once: to enter the room, to catch up with it. */
export const aHalf: WorkShare = { ofTime: 1 / 2, sliceMs: 2, burstMs: 2 };
/** The most that counts of a wait for another machine or for the disk: this thread was free. */
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

  /** The pieces that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

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
      this.#begin();
    });
  }

  /** The same for a piece that is done when it returns, must not throw, and has no result. */
  soon(work: () => void): void {
    this.#waiting.push(work);
    this.#begin();
  }

  #begin(): void {
    if (!this.#isBusy) void this.#next();
  }

  /** Without pieces that return a promise it is done when it returns. */
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
