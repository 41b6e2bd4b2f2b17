// The servers that share a room, from the view of one of them. Each sends a heartbeat every few seconds. A server without one for
// the length of the lease counts as lost, and so do its members. While this server itself gets no answers, it does not count
// the others as lost: after the lease it is cut off, and the others have lost it.
//
// All times are of this server's monotonic clock, at the moment when it first read a heartbeat.

/** The latest heartbeat of a server, and when this server first read it; -Infinity: that server has ended. */
type Heard = { heartbeat: string; atMs: number };

export class PostgresServers {
  readonly #own: string;
  readonly #leaseMs: number;
  readonly #lost: (server: string) => void;
  #heard = new Map<string, Heard>();
  #readAtMs = performance.now();
  #answeredAtMs = performance.now();

  /** `lost` is called for each server that is lost. */
  constructor(own: string, leaseMs: number, lost: (server: string) => void) {
    this.#own = own;
    this.#leaseMs = leaseMs;
    this.#lost = lost;
  }

  /** How many servers are alive, with this one. */
  get alive(): number {
    return 1 + [...this.#heard.keys()].filter((server) => this.isAlive(server)).length;
  }

  isAlive(server: string): boolean {
    if (server === this.#own) return !this.#isCutOff;
    const heard = this.#heard.get(server);
    // Only the time up to the latest reading counts: this server could not have read later heartbeats.
    return heard !== undefined && this.#readAtMs - heard.atMs < this.#leaseMs;
  }

  /** The last event that a server had read by its latest heartbeat; undefined if unknown. */
  readBy(server: string): number | undefined {
    const [, read] = /^(\d+) /.exec(this.#heard.get(server)?.heartbeat ?? "") ?? [];
    return read === undefined ? undefined : Number(read);
  }

  answered(): void {
    this.#answeredAtMs = performance.now();
  }

  /** A server that takes a seat is alive, even before its first heartbeat. */
  tookSeat(server: string): void {
    if (server !== this.#own && !this.#heard.has(server))
      this.#heard.set(server, { heartbeat: "", atMs: performance.now() });
  }

  /** Takes the latest heartbeats of all servers that have not ended: an event, and a time of PostgreSQL's clock. */
  read(heartbeats: Record<string, string>): void {
    const now = performance.now();
    const wasCutOff = now - this.#readAtMs > this.#leaseMs / 2;
    const before = this.#heard;
    const wereAlive = [...before.keys()].filter((server) => this.isAlive(server));
    this.#readAtMs = now;
    this.#heard = new Map(Array.from(before, ([server, heard]) => [server, { ...heard, atMs: -Infinity }]));
    for (const [server, heartbeat] of Object.entries(heartbeats)) {
      if (server === this.#own) continue;
      const known = before.get(server);
      this.#heard.set(
        server,
        known?.heartbeat === heartbeat && !wasCutOff ? known : { heartbeat, atMs: now },
      );
    }
    for (const server of wereAlive) if (server in heartbeats && !this.isAlive(server)) this.#lost(server);
  }

  /** A server that is alone is never cut off: its members could not go elsewhere. */
  get #isCutOff(): boolean {
    return performance.now() - this.#answeredAtMs > this.#leaseMs && this.alive > 1;
  }
}
