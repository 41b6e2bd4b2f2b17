// The servers that share a room, as one of them knows them: each says every few seconds that it is there, and one that
// has not for its lease is lost, and its members with it. While this server hears nothing itself, the others are not
// taken for dead; rather it is cut off, and after the lease it is the one that the others have lost.
//
// Times are of this server's own clock, which only rises: when a sign of life was new to it.

type Heard = { sign: string; atMs: number };

export class PostgresServers {
  readonly #own: string;
  readonly #leaseMs: number;
  readonly #lost: (server: string) => void;
  #heard = new Map<string, Heard>();
  /** When the signs of life were read last. */
  #readAtMs = performance.now();
  /** When PostgreSQL answered last, whatever was asked. */
  #answeredAtMs = performance.now();

  /** `lost` is told of each server that was there and is silent now. */
  constructor(own: string, leaseMs: number, lost: (server: string) => void) {
    this.#own = own;
    this.#leaseMs = leaseMs;
    this.#lost = lost;
  }

  /** How many are there, this one included. */
  get alive(): number {
    return (
      1 +
      this.#heard
        .keys()
        .filter((server) => this.isAlive(server))
        .toArray().length
    );
  }

  isAlive(server: string): boolean {
    if (server === this.#own) return !this.#isCutOff;
    const heard = this.#heard.get(server);
    // For how much of the time in which it could have been heard.
    return heard !== undefined && this.#readAtMs - heard.atMs < this.#leaseMs;
  }

  answered(): void {
    this.#answeredAtMs = performance.now();
  }

  /** A server that takes a seat is there, even if it has not said so yet. */
  tookSeat(server: string): void {
    if (server !== this.#own && !this.#heard.has(server))
      this.#heard.set(server, { sign: "", atMs: performance.now() });
  }

  /** The signs of life of all servers: when each said last that it is there, in the words of PostgreSQL's clock. */
  read(signs: Record<string, string>): void {
    const now = performance.now();
    const wasDeaf = now - this.#readAtMs > this.#leaseMs / 2;
    const before = this.#heard;
    const wereAlive = before
      .keys()
      .filter((server) => this.isAlive(server))
      .toArray();
    this.#readAtMs = now;
    this.#heard = new Map();
    for (const [server, sign] of Object.entries(signs)) {
      if (server === this.#own) continue;
      const known = before.get(server);
      this.#heard.set(server, known?.sign === sign && !wasDeaf ? known : { sign, atMs: now });
    }
    for (const server of wereAlive) if (this.#heard.has(server) && !this.isAlive(server)) this.#lost(server);
  }

  /** Only where there are others that go on. */
  get #isCutOff(): boolean {
    return performance.now() - this.#answeredAtMs > this.#leaseMs && this.alive > 1;
  }
}
