// A time limit that can be stopped, so that it counts only the time in which the peer could act. While the server delays the
// answer to a password, for instance, the peer's time to give one must not run. Measured by the monotonic clock.

export class Countdown {
  readonly #limitMs: number;
  readonly #over: () => void;
  #leftMs: number;
  #startedAt = 0;
  #timer: Timer | undefined;

  /** Starts to run. `over` is called once, when it has run for `limitMs`. */
  constructor(limitMs: number, over: () => void) {
    this.#limitMs = limitMs;
    this.#leftMs = limitMs;
    this.#over = over;
    this.start();
  }

  /** Runs on with the time that is left, if it was stopped. */
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

  /** Gives the whole time again. It runs or is stopped as before. */
  reset(): void {
    const runs = this.#timer !== undefined;
    this.stop();
    this.#leftMs = this.#limitMs;
    if (runs) this.start();
  }
}
