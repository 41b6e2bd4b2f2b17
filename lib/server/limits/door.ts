// The door lets connections in, or turns them away with a reason, before anything is known of them but their address:
// there are limits for all connections together, and for those of one address. It remembers the origins of the
// connections that are here, and of those that left last, so that connecting again resets no limit.

import type { Bye } from "../../protocol/events.ts";
import { addressKey, isLoopback } from "./addresses.ts";
import { Origin } from "./origin.ts";
import type { Rate } from "./token-bucket.ts";

export type DoorOptions = {
  maxConnections: number;
  /** From one address; those of this machine are exempt. */
  maxPerAddress: number;
  /** For all lines from one address together; those of this machine are exempt. */
  addressRate: Rate;
  /** The same for joins, renames and farewells with words. */
  addressComings: Rate;
  /** How long a TLS handshake may take. */
  joinWithinMs: number;
  isBanned: (address: string) => boolean;
};

/** How many origins are remembered of which no connection is left. */
const rememberedOrigins = 10_000;
/** When a client may try a full room again. */
const retryAfterMs = 5_000;

/** How long a connection that is turned away stays, so that it can read why. */
export const farewellMs = 2_000;
/** How many of those may stay at once; any more are closed without a reason. */
const maxFarewells = 64;

const unlimited: Rate = { burst: 0, perSecond: 0 };

export const bannedAddress: Bye = {
  type: "bye",
  code: "banned",
  text: "Your address is banned from this room",
};

/** Let in, with its origin, or turned away, with the reason. `withinMs`: how long its TLS handshake may take. */
export type Admission = { withinMs: number } & (
  | { origin: Origin; refusal?: undefined }
  | { origin?: undefined; refusal: Bye }
);

/** A connection that was let in or turned away, with its address and port. */
export type Admitted = { address: string; admission: Admission };

export class Door {
  readonly #options: DoorOptions;
  /** The origins with connections, by address. */
  readonly #here = new Map<string, Origin>();
  /** The origins without, the last one to leave at the end. */
  readonly #gone = new Map<string, Origin>();
  #connections = 0;
  #farewells = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /**
   * Decides about a new connection from this address, undefined if it is closed already. Returns undefined if it is to be
   * closed at once; otherwise `leave` has to be called with the admission when it is gone.
   */
  enter(address: string | undefined): Admission | undefined {
    if (!address) return undefined;
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
