// Finds out whether the server is still there. After some silence it is sent a ping; without an answer it counts as gone.
// A connection may have died unnoticed while this machine slept, so it pings at once then, and waits less.
// Waits are measured by the monotonic clock; the wall clock serves only to notice that sleep.

/** How long the first bytes may take: a peer that accepts and sends nothing is no chat server. */
const firstWordMs = 10_000;

/** When to ping, when to give up, and how often to look. A look that comes much too late means that the machine slept. */
type Patience = { pingAfterMs: number; goneAfterMs: number; lookEveryMs: number };

const patient: Patience = { pingAfterMs: 30_000, goneAfterMs: 90_000, lookEveryMs: 5_000 };
/** How long an answer may take after the machine slept. */
const wokenMs = 5_000;

export type SilenceHandlers = {
  /** Sends a command that the server answers. */
  ping: () => void;
  /** The other side is gone. Called once. */
  gone: () => void;
};

export class Silence {
  /** Set while nothing is read: pings go on, so that the server keeps us, but its silence means nothing. */
  deaf = false;
  readonly #handlers: SilenceHandlers;
  #patience = patient;
  #heardAt = performance.now();
  #goneAt = performance.now() + firstWordMs;
  #pingedAt = -Infinity;
  #lookedAt = performance.now();
  #lookedAtWall = Date.now();
  #look = setInterval(() => this.#lookForSilence(), this.#patience.lookEveryMs);

  constructor(handlers: SilenceHandlers) {
    this.#handlers = handlers;
  }

  /** Counts a silent server as gone before `ms` have passed, after which another one takes over. */
  within(ms: number): void {
    const look = Math.min(ms / 8, patient.lookEveryMs);
    this.#patience = { pingAfterMs: ms / 3, goneAfterMs: (3 * ms) / 4, lookEveryMs: look };
    clearInterval(this.#look);
    this.#look = setInterval(() => this.#lookForSilence(), look);
  }

  /** To be called when bytes arrive. */
  heard(): void {
    this.#heardAt = performance.now();
    this.#goneAt = Infinity;
  }

  /** Pings at once, and waits less for the answer. */
  wake(): void {
    this.#pingedAt = performance.now();
    this.#goneAt = Math.min(this.#goneAt, this.#pingedAt + wokenMs);
    this.#handlers.ping();
  }

  stop(): void {
    clearInterval(this.#look);
  }

  #lookForSilence(): void {
    const now = performance.now();
    const slept = this.#hasSlept(now);
    if (this.deaf) this.heard();
    const silentMs = now - this.#heardAt;
    if (now > this.#goneAt || (!slept && silentMs > this.#patience.goneAfterMs)) {
      this.stop();
      return this.#handlers.gone();
    }
    // While nothing is read there is no silence, so the time is counted from the last ping.
    const quietMs = this.deaf ? now - this.#pingedAt : silentMs;
    if (slept || quietMs > this.#patience.pingAfterMs) {
      this.#pingedAt = now;
      this.#handlers.ping();
    }
    if (slept) this.#goneAt = now + wokenMs;
  }

  /** The monotonic clock may stand still while the machine sleeps; the wall clock does not. */
  #hasSlept(now: number): boolean {
    const wall = Date.now();
    const passedMs = Math.max(now - this.#lookedAt, wall - this.#lookedAtWall);
    this.#lookedAt = now;
    this.#lookedAtWall = wall;
    return passedMs > 3 * this.#patience.lookEveryMs;
  }
}
