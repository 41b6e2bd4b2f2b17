// A time limit that can stand still, so that it counts only the time in which the peer could do something.
// While the server takes its time to answer a password, for instance, the time to give one must not run out. It is measured
// by the monotonic clock.

export class Countdown {
  readonly #limitMs: number;
  readonly #over: () => void;
  #leftMs: number;
  #startedAt = 0;
  #timer: Timer | undefined;

  /** Starts; `over` is called once, when it has run for `limitMs`. */
  constructor(limitMs: number, over: () => void) {
    this.#limitMs = limitMs;
    this.#leftMs = limitMs;
    this.#over = over;
    this.start();
  }

  /** Goes on with the time that is left, if it stands still. */
  start(): void {
    if (this.#timer) return;
    this.#startedAt = performance.now();
    this.#timer = setTimeout(this.#over, this.#leftMs);
  }

  stop(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#leftMs = Math.max(this.#leftMs - (performance.now() - this.#startedAt), 0);
  }

  /** Gives all of the time again; runs on if it ran, stands still if it did. */
  reset(): void {
    const runs = this.#timer !== undefined;
    this.stop();
    this.#leftMs = this.#limitMs;
    if (runs) this.start();
  }
}
