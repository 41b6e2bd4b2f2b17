// Listening on all addresses of a host, on one port. A port that is still taken is tried again for a moment; if the server
// cannot listen, one sentence says what to change.

import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { addressOf, isAddress, type Place } from "../../protocol/addresses.ts";
import { codeOf, messageOf, resultOf } from "../../protocol/errors.ts";

/** The addresses of a host: a name may have several, as localhost has. Throws an Error of one sentence if there are none. */
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

/** How many free ports are tried for port 0: one that is free at the first address may be taken at the next. */
const maxFreePorts = 10;

/** The listeners of a host, one for each address, all on one port. Addresses that this machine has not are left out. */
export class Listeners<T extends { port: number; stop(): void }> {
  readonly #place: Place;
  readonly #addresses: readonly string[];
  readonly #listen: (address: string, port: number) => T;
  readonly #options: ListenOptions;
  #open: T[];
  #port: number;
  #retry: Timer | undefined;

  /** Waits for the port as `listenPatiently` does, and throws as that does. */
  constructor(
    place: Place,
    addresses: readonly string[],
    listen: (address: string, port: number) => T,
    options: ListenOptions = {},
  ) {
    this.#options = options;
    this.#place = place;
    this.#addresses = addresses;
    this.#listen = listen;
    this.#open = this.#openAll(place.port, options);
    this.#port = this.#open[0]?.port ?? place.port;
  }

  get port(): number {
    return this.#port;
  }

  /**
   * Replaces all listeners by new ones on the same port; connections stay. If another program takes the port in between, it is
   * tried again until it is free; `say` is called when that begins and ends.
   */
  renew(say: (message: string) => void): void {
    this.stop();
    const open = (isFirst: boolean) => {
      try {
        this.#open = this.#openAll(this.#port, { ...this.#options, patienceMs: 0 });
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

  /**
   * Opens a listener for each address. Waits for a port that is taken as `listenPatiently` does; if any port will do, it
   * takes another one at once.
   */
  #openAll(wanted: number, asked: ListenOptions): T[] {
    const options = wanted === 0 ? { ...asked, patienceMs: 0 } : asked;
    for (let tries = 1; ; tries++) {
      const open: T[] = [];
      try {
        this.#openInto(open, wanted, options);
        return open;
      } catch (error) {
        for (const listener of open) listener.stop();
        if (wanted !== 0 || open.length === 0 || tries === maxFreePorts) throw error;
      }
    }
  }

  /** Adds a listener for each address, all on the port of the first. An address that is missing needs none, if another has. */
  #openInto(open: T[], wanted: number, options: ListenOptions): void {
    for (const address of this.#addresses) {
      const place = { ...this.#place, port: open[0]?.port ?? wanted };
      const mayLack = open.length > 0 || address !== this.#addresses.at(-1);
      const listen = () => {
        try {
          return this.#listen(address, place.port);
        } catch (error) {
          if (mayLack && isMissing(error)) return undefined;
          throw error;
        }
      };
      const listener = listenPatiently(place, listen, options);
      if (listener) open.push(listener);
    }
  }
}

/** Whether this machine lacks the address, or the version of its protocol. */
function isMissing(error: unknown): boolean {
  return ["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(codeOf(error));
}

const retryMs = 100;

/** `flag`: sets the port. `patienceMs`: how long a port that is taken is tried again, in ms; absent: a second. */
type ListenOptions = { flag?: string; patienceMs?: number };

/**
 * Calls `listen` and returns its result. A port that is taken is tried again for a moment: a server that has just ended may
 * still hold it. Throws an Error of one sentence if the server cannot listen.
 */
export function listenPatiently<T>(
  place: Place,
  listen: () => T,
  { flag, patienceMs = 1_000 }: ListenOptions = {},
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
    // The thread may be blocked: without a port the server has no connections.
    Bun.sleepSync(retryMs);
  }
}

/** Why the server cannot listen, in one sentence. `error`: what Bun.listen threw. */
export function cannotListen(error: unknown, place: Place, flag = "--port", tables = tcpTables): string {
  const code = reasonCode(error);
  const reasons = listenReasons(flag, "--host");
  if (code === "EADDRINUSE") {
    reasons[code] = isHeldByConnection(place.port, tables)
      ? `a connection of another program still holds the port: try again in a minute, or choose another ${flag}`
      : `something listens there already, or has used the port a moment ago: end it, or choose another ${flag}`;
  }
  return `Cannot listen on ${addressOf(place)}, ${reasons[code] ?? messageOf(error)}`;
}

/** Why a program cannot listen, and what to do, by the code of the error. The flags set the port and the host. */
export function listenReasons(portFlag: string, hostFlag: string): Record<string, string> {
  return {
    EADDRINUSE: `something listens there already: end it, or choose another ${portFlag}`,
    EADDRNOTAVAIL: `this machine has no such address: choose another ${hostFlag}`,
    EAFNOSUPPORT: `this machine does not speak that kind of address: choose another ${hostFlag}`,
    EINVAL: `an address of one link needs its interface, as in fe80::1%eth0: choose another ${hostFlag}`,
    EACCES: `ports below 1024 need more rights: choose another ${portFlag}`,
    EPERM: `the system does not allow it: choose another ${portFlag}`,
    ENOTFOUND: `this machine knows no such host: choose another ${hostFlag}`,
    EAI_AGAIN: `its name cannot be looked up now: try again, or choose another ${hostFlag}`,
  };
}

/** The rows of Linux's tables of TCP sockets: number, own address, address of the peer, state, …; empty elsewhere. */
function tcpTables(): string[] {
  const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map((path) =>
    resultOf(() => readFileSync(path, "latin1")),
  );
  return tables.flatMap((table = "") => table.split("\n").slice(1));
}

/**
 * Whether the port is held by a connection, and not by a listener: systems give outgoing connections such ports, and one that has
 * ended holds its port for another minute.
 */
function isHeldByConnection(port: number, tables: () => string[]): boolean {
  const own = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = tables().map((row) => row.trim().split(/\s+/, 4));
  const states = rows.flatMap(([, local = "", , state]) => (local.endsWith(own) ? [state] : []));
  return states.length > 0 && !states.includes(listening);
}

/** The state of a listening socket in those tables. */
const listening = "0A";

/** The code of the error. Bun gives the failed look-up of a name none, only this message. */
function reasonCode(error: unknown): string {
  return codeOf(error) || (messageOf(error).startsWith("Failed to listen at") ? "ENOTFOUND" : "");
}
