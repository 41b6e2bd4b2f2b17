// The door lets a connection in or refuses it with a reason, by its address alone. There are limits for all connections
// together, and for those from one address. The door remembers the origins of open connections and of the latest that closed,
// so that connecting again resets no limit.

import type { Bye } from "../../protocol/events.ts";
import { addressKey, isLoopback } from "./addresses.ts";
import { Origin } from "./origin.ts";
import { type Rate, unlimited } from "./token-bucket.ts";

export type DoorOptions = {
  maxConnections: number;
  /** From one address; this machine is exempt. */
  maxPerAddress: number;
  /** For all lines from one address together; this machine is exempt. */
  addressRate: Rate;
  /** For joins, renames and farewells with words from one address; this machine is exempt. */
  addressComings: Rate;
  /** How long a TLS handshake may take, in ms. */
  joinWithinMs: number;
  isBanned: (address: string) => boolean;
};

/** How many origins without a connection are remembered. */
const rememberedOrigins = 10_000;
/** How long a client waits before it tries a full room again, in ms. */
const retryAfterMs = 5_000;

/** How long a refused connection stays open, so that its peer can read the reason, in ms. */
export const farewellMs = 2_000;
/** How many refused connections may stay open at once; any more are closed without a reason. */
const maxFarewells = 64;

export const bannedAddress: Bye = {
  type: "bye",
  code: "banned",
  text: "Your address is banned from this room",
};

/** The door's decision: an `origin` if it let the connection in, else a `refusal`. `withinMs`: the time for a TLS handshake. */
export type Admission = { withinMs: number } & (
  | { origin: Origin; refusal?: undefined }
  | { origin?: undefined; refusal: Bye }
);

/** A connection about which the door has decided. `address`: with the port. */
export type Admitted = { address: string; admission: Admission };

export class Door {
  readonly #options: DoorOptions;
  /** The origins with connections, by address. */
  readonly #here = new Map<string, Origin>();
  /** The origins without connections, the latest to leave last. */
  readonly #gone = new Map<string, Origin>();
  #connections = 0;
  #farewells = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /**
   * Decides about a new connection. Returns undefined if the caller has to close it at once: its address is empty, since it has
   * closed, or too many refused connections are open. Else the caller calls `leave` with the admission after it has closed.
   */
  enter(address: string): Admission | undefined {
    if (address === "") return undefined;
    const refusal = this.#refusal(address);
    if (refusal) {
      if (this.#farewells === maxFarewells) return undefined;
      this.#farewells++;
      return { refusal, withinMs: farewellMs };
    }
    const origin = this.#originOf(address);
    this.#gone.delete(origin.address);
    this.#here.set(origin.address, origin);
    origin.connections++;
    this.#connections++;
    return { origin, withinMs: this.#options.joinWithinMs };
  }

  leave({ origin }: Admission): void {
    if (!origin) {
      this.#farewells--;
      return;
    }
    this.#connections--;
    if (--origin.connections > 0) return;
    this.#here.delete(origin.address);
    this.#gone.set(origin.address, origin);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > rememberedOrigins && oldest !== undefined) this.#gone.delete(oldest);
  }

  #refusal(address: string): Bye | undefined {
    const { maxConnections, maxPerAddress, isBanned } = this.#options;
    if (isBanned(address)) return bannedAddress;
    if (this.#connections >= maxConnections) {
      const text = `The room is full, it takes ${maxConnections} connections: try again later`;
      return { type: "bye", code: "full", text, retryAfterMs };
    }
    if (this.#originOf(address).connections >= maxPerAddress && !isLoopback(address)) {
      const text = `Your address has ${maxPerAddress} connections already: close one first`;
      return { type: "bye", code: "full", text, retryAfterMs };
    }
    return undefined;
  }

  #originOf(address: string): Origin {
    const key = addressKey(address);
    const { addressRate, addressComings } = this.#options;
    const [rate, comings] = isLoopback(address) ? [unlimited, unlimited] : [addressRate, addressComings];
    return this.#here.get(key) ?? this.#gone.get(key) ?? new Origin(key, rate, comings);
  }
}
