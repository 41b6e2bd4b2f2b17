// Whether the other side is still there. A server that was not heard for a while is asked; one that does not answer is
// gone. A machine that slept finds its connections dead without having heard of it, so it asks at once and waits less.

/** Until the first word of a server: who accepts and says nothing is no chat server. */
const firstWordMs = 10_000;
const pingAfterMs = 30_000;
const goneAfterMs = 90_000;
/** How often it is looked at; a look that comes much too late means that the machine slept. */
const lookEveryMs = 5_000;
/** How long an answer may take after the machine slept. */
const wokenMs = 5_000;

export type SilenceHandlers = {
  /** Says something that is answered. */
  ping: () => void;
  /** The other side is gone. Called once. */
  gone: () => void;
};

export class Silence {
  /** While nothing is read, nothing can be heard: the server is told that we are here, and is never gone. */
  deaf = false;
  readonly #handlers: SilenceHandlers;
  #heardAt = performance.now();
  #goneAt = performance.now() + firstWordMs;
  #pingedAt = -Infinity;
  #lookedAt = performance.now();
  #lookedAtWall = Date.now();
  readonly #look = setInterval(() => this.#lookForSilence(), lookEveryMs);

  constructor(handlers: SilenceHandlers) {
    this.#handlers = handlers;
  }

  /** Something came from the other side. */
  heard(): void {
    this.#heardAt = performance.now();
    this.#goneAt = Infinity;
  }

  stop(): void {
    clearInterval(this.#look);
  }

  #lookForSilence(): void {
    const now = performance.now();
    const slept = this.#hasSlept(now);
    if (this.deaf) this.heard();
    const silentMs = now - this.#heardAt;
    if (now > this.#goneAt || (!slept && silentMs > goneAfterMs)) {
      this.stop();
      return this.#handlers.gone();
    }
    if (slept || silentMs > pingAfterMs || (this.deaf && now - this.#pingedAt > pingAfterMs)) {
      this.#pingedAt = now;
      this.#handlers.ping();
    }
    if (slept) this.#goneAt = now + wokenMs;
  }

  /** The clock that measures waits may stand still while the machine sleeps; the one on the wall does not. */
  #hasSlept(now: number): boolean {
    const wall = Date.now();
    const passedMs = Math.max(now - this.#lookedAt, wall - this.#lookedAtWall);
    this.#lookedAt = now;
    this.#lookedAtWall = wall;
    return passedMs > 3 * lookEveryMs;
  }
}
