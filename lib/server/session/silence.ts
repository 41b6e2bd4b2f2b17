// Watches the silence of a program, which pings to show that it is alive: after too long a silence it counts as dead. The
// last look comes a moment after the one before: if this process was stopped itself, it reads first what waits in sockets.
// Time in which nothing is read from the program does not count.

const lastLookMs = 1_000;

export class Silence {
  readonly #limitMs: number;
  readonly #silentMs: () => number;
  readonly #tooLong: () => void;
  #timer: Timer | undefined;

  /** `silentMs` returns how long the program has been silent; `tooLong` is called once, when that is `limitMs`. */
  constructor(limitMs: number, silentMs: () => number, tooLong: () => void) {
    this.#limitMs = limitMs;
    this.#silentMs = silentMs;
    this.#tooLong = tooLong;
    this.#look(false);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(isLast: boolean): void {
    const leftMs = this.#limitMs - this.#silentMs();
    if (leftMs <= 0 && isLast) return this.#tooLong();
    const isNextLast = leftMs <= lastLookMs;
    const waitMs = isNextLast ? lastLookMs : leftMs - lastLookMs;
    this.#timer = setTimeout(() => this.#look(isNextLast), waitMs);
  }
}
