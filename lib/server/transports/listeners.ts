// Listening, beside what Bun does: on all addresses of a host, with patience for a port that is still taken, and with one
// sentence that says what to change where it cannot be.

import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { addressOf, isAddress, type Place } from "../../protocol/addresses.ts";
import { codeOf, messageOf } from "../../protocol/errors.ts";

/** The addresses to listen on: a name may have several, as localhost has. Throws an Error if there are none. */
export async function addressesOf(
  place: Place,
  find: (name: string) => Promise<{ address: string }[]> = (name) => lookup(name, { all: true }),
): Promise<string[]> {
  if (isAddress(place.host)) return [place.host];
  try {
    return [...new Set((await find(place.host)).map(({ address }) => address))];
  } catch (error) {
    throw new Error(cannotListen(error, place));
  }
}

/** How often another free port is tried, if it is free at one address and taken at the next. */
const maxFreePorts = 10;

/** What listens on the addresses of a host, all on one port. One that this machine has not is left out. */
export class Listeners<T extends { port: number; stop(): void }> {
  readonly #place: Place;
  readonly #addresses: readonly string[];
  readonly #listen: (address: string, port: number) => T;
  readonly #manner: Manner;
  #open: T[];
  #port: number;
  #retry: Timer | undefined;

  /** Waits for the port as `listenPatiently` does, and throws as that does. */
  constructor(
    place: Place,
    addresses: readonly string[],
    listen: (address: string, port: number) => T,
    manner: Manner = {},
  ) {
    this.#manner = manner;
    this.#place = place;
    this.#addresses = addresses;
    this.#listen = listen;
    this.#open = this.#openAll(place.port, manner);
    this.#port = this.#open[0]?.port ?? place.port;
  }

  get port(): number {
    return this.#port;
  }

  /**
   * New listeners take the place of these, on the same port. Connections stay as they are. If the port was taken in between,
   * it is tried again until it is free; `say` is told when that begins and ends.
   */
  renew(say: (message: string) => void): void {
    this.stop();
    const open = (isFirst: boolean) => {
      try {
        this.#open = this.#openAll(this.#port, { ...this.#manner, patienceMs: 0 });
        if (!isFirst) say("New connections are taken again");
      } catch (error) {
        if (isFirst) say(`No new connections are taken until it can listen again. ${messageOf(error)}`);
        this.#retry = setTimeout(() => open(false), retryMs);
      }
    };
    open(true);
  }

  stop(): void {
    clearTimeout(this.#retry);
    for (const listener of this.#open.splice(0)) listener.stop();
  }

  /** Waits for a port that is taken as `listenPatiently` does. */
  #openAll(wanted: number, manner: Manner): T[] {
    for (let tries = 1; ; tries++) {
      const open: T[] = [];
      try {
        for (const address of this.#addresses) {
          const place = { ...this.#place, port: open[0]?.port ?? wanted };
          const isLast = address === this.#addresses.at(-1) && open.length === 0;
          const listener = listenPatiently(place, () => this.#listenAt(address, place.port, isLast), manner);
          if (listener) open.push(listener);
        }
        return open;
      } catch (error) {
        for (const listener of open) listener.stop();
        if (wanted !== 0 || open.length === 0 || tries === maxFreePorts) throw error;
      }
    }
  }

  #listenAt(address: string, port: number, isNeeded: boolean): T | undefined {
    try {
      return this.#listen(address, port);
    } catch (error) {
      if (isMissing(error) && !isNeeded) return undefined;
      throw error;
    }
  }
}

/** Whether the machine has no such address, or does not speak its kind. */
function isMissing(error: unknown): boolean {
  return ["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(codeOf(error));
}

const retryMs = 100;

/** The flag that chooses the port, and how long a port that is taken is tried again: a second, unless given. */
type Manner = { flag?: string; patienceMs?: number };

/**
 * What `listen` returns. A port that is taken is tried again for a moment: a server that has just ended may still hold
 * it. Throws an Error that says in one sentence why the server cannot listen.
 */
export function listenPatiently<T>(
  place: Place,
  listen: () => T,
  { flag, patienceMs = 1_000 }: Manner = {},
): T {
  const begunAt = performance.now();
  for (;;) {
    try {
      return listen();
    } catch (error) {
      const isTaken = codeOf(error) === "EADDRINUSE";
      if (!isTaken || performance.now() - begunAt >= patienceMs)
        throw new Error(cannotListen(error, place, flag));
    }
    // Blocking stops nothing: the server has no connection before it has a port.
    Bun.sleepSync(retryMs);
  }
}

/** Why the server cannot listen, in one sentence. `error`: what Bun.listen threw. */
export function cannotListen(error: unknown, place: Place, flag = "--port", tables = tcpTables): string {
  const reasons: Record<string, string> = {
    EADDRINUSE:
      codeOf(error) === "EADDRINUSE" && isHeldByConnection(place.port, tables)
        ? `a connection of another program still holds the port: try again in a minute, or choose another ${flag}`
        : `something listens there already, or has used the port a moment ago: end it, or choose another ${flag}`,
    EADDRNOTAVAIL: "this machine has no such address: choose another --host",
    EAFNOSUPPORT: "this machine does not speak that kind of address: choose another --host",
    EINVAL: "an address of one link needs its interface, as in fe80::1%eth0: choose another --host",
    EACCES: `ports below 1024 need more rights: choose another ${flag}`,
    EPERM: `the system does not allow it: choose another ${flag}`,
    ENOTFOUND: "this machine knows no such host: choose another --host",
    EAI_AGAIN: "its name cannot be looked up now: try again, or choose another --host",
  };
  return `Cannot listen on ${addressOf(place)}, ${reasons[reasonCode(error)] ?? messageOf(error)}`;
}

/** The rows of the system's tables of TCP sockets: number, own address, peer's address, state, … Linux alone has them. */
function tcpTables(): string[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => {
    try {
      return readFileSync(path, "latin1").split("\n").slice(1);
    } catch {
      return [];
    }
  });
}

/**
 * Whether nothing listens on the port, but a connection has it as its own end. The port lies among those that systems
 * give to outgoing connections, and one that has ended holds it for another minute.
 */
function isHeldByConnection(port: number, tables: () => string[]): boolean {
  const own = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = tables().map((row) => row.trim().split(/\s+/, 4));
  const states = rows.flatMap(([, local = "", , state]) => (local.endsWith(own) ? [state] : []));
  return states.length > 0 && !states.includes(listening);
}

const listening = "0A";

/** Bun gives the failed look-up of a name no code, only this message. */
function reasonCode(error: unknown): string {
  return codeOf(error) || (messageOf(error).startsWith("Failed to listen at") ? "ENOTFOUND" : "");
}
