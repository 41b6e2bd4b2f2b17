// Watches how long a client is silent. A program pings to show that it is alive; after too long a silence it counts as dead. At
// the end of the time Silence looks twice, a second apart: if this process was stopped for a while, it can first read the bytes
// that came meanwhile. Time in which the server reads nothing from the client does not count.

/** The time between the two last looks, in ms. */
const lastLookMs = 1_000;

export class Silence {
  readonly #limitMs: number;
  readonly #silentMs: () => number;
  readonly #tooLong: () => void;
  readonly #halfOver: (() => void) | undefined;
  #isHalfOver = false;
  #timer: Timer | undefined;

  /**
   * `silentMs` returns how long the client has been silent. `tooLong` is called once, when that has reached `limitMs`, and
   * `halfOver` each time that it has reached half of that.
   */
  constructor(limitMs: number, silentMs: () => number, tooLong: () => void, halfOver?: () => void) {
    this.#limitMs = limitMs;
    this.#silentMs = silentMs;
    this.#tooLong = tooLong;
    this.#halfOver = halfOver;
    this.#look(false);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(isLast: boolean): void {
    const leftMs = this.#limitMs - this.#silentMs();
    if (leftMs <= 0 && isLast) return this.#tooLong();
    const halfMs = this.#limitMs / 2;
    const isHalfOver = !this.#halfOver || leftMs <= halfMs;
    if (isHalfOver && !this.#isHalfOver) this.#halfOver?.();
    this.#isHalfOver = isHalfOver;
    const isNextLast = leftMs <= lastLookMs;
    const waitMs = isNextLast ? lastLookMs : leftMs - (isHalfOver ? lastLookMs : halfMs);
    this.#timer = setTimeout(() => this.#look(isNextLast), waitMs);
  }
}
