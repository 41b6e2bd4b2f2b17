// A token bucket with debt: a line is always taken, and if the bucket is overdrawn, the caller waits before it reads the next
// line. So a burst loses no line and no connection, and a sender that is too fast is read more slowly. It reads no clock: each
// call is given the time.

/** How fast lines may come. */
export type Rate = {
  /** Lines that may come at once. */
  burst: number;
  /** Lines a second after that; 0 for no limit. */
  perSecond: number;
};

export const unlimited: Rate = { burst: 0, perSecond: 0 };

export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAt = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#tokens = rate.burst;
  }

  /** Takes a token for each of `lines` lines. Returns how many ms to wait before the next line is read. `nowMs`: of a monotonic clock. */
  take(nowMs: number, lines = 1): number {
    const { burst, perSecond } = this.#rate;
    if (perSecond === 0) return 0;
    const earned = (Math.max(nowMs - this.#filledAt, 0) * perSecond) / 1000;
    this.#tokens = Math.min(burst, this.#tokens + earned) - lines;
    this.#filledAt = nowMs;
    return this.#tokens >= 0 ? 0 : this.costMs(-this.#tokens);
  }

  /** How many ms the lines take at the steady rate. */
  costMs(lines: number): number {
    return Math.ceil((lines * 1000) / this.#rate.perSecond);
  }
}
