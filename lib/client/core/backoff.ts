// How long to wait before the next try to connect, so that clients do not storm a server that comes back: each server of
// the room is tried once without a wait, then after longer and longer waits, which are random, so that clients spread.
// If the room has only one server, the wait is at least as long as that server asked for.

const firstWaitMs = 250;
const longestWaitMs = 15_000;

export class Backoff {
  readonly #servers: number;
  #attempts = 0;

  /** `servers`: how many there are to try in turn. */
  constructor(servers: number) {
    this.#servers = servers;
  }

  /** The wait before the next try, in ms; `askedMs`: the wait that the only server of a room asked for. */
  next(askedMs = 0): number {
    const round = Math.floor(this.#attempts++ / this.#servers);
    const growing = round === 0 ? 0 : firstWaitMs * 2 ** (round - 1);
    const asked = this.#servers === 1 ? askedMs : 0;
    return Math.max(Math.min(growing, longestWaitMs) * (0.5 + Math.random() / 2), asked);
  }

  /** The connection works: the next loss is a first one again. */
  reset(): void {
    this.#attempts = 0;
  }
}
