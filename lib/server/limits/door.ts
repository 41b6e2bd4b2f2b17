// Who may come in, before anybody knows who it is: limits for all connections and for each address, and what an
// address has done so far (lines said, passwords guessed). Whoever is turned away is told why.

import type { Bye } from "../../protocol/events.ts";
import { addressKey, isLoopback } from "./addresses.ts";
import { type Rate, TokenBucket } from "./token-bucket.ts";

export type DoorOptions = {
  maxConnections: number;
  /** From one address; this machine's own are exempt. */
  maxPerAddress: number;
  /** For all lines from one address together; this machine's own are exempt. */
  addressRate: Rate;
  /** How long one may take to make itself known. */
  joinWithinMs: number;
  isBanned: (address: string) => boolean;
};

/** The first wrong password costs the address so much, each one after it twice as much, up to the longest. */
const firstWaitMs = 500;
const longestWaitMs = 8_000;
/** Until wrong passwords are forgotten. */
const forgivenMs = 15 * 60_000;
/** So many addresses are remembered beside those that are connected. */
const rememberedOrigins = 10_000;
/** When to come back to a full room. */
const retryAfterMs = 5_000;

/** How long whoever is turned away has to read why; and how many may at once. */
export const farewellMs = 2_000;
const farewells = 64;

const unlimited: Rate = { burst: 0, perSecond: 0 };

/** What all connections from one address share. */
export class Origin {
  readonly address: string;
  readonly bucket: TokenBucket;
  connections = 0;
  #wrong = 0;
  /** When the next password may be looked at, milliseconds since 1970. */
  #openAt = 0;

  constructor(address: string, rate: Rate) {
    this.address = address;
    this.bucket = new TokenBucket(rate);
  }

  /** In how many milliseconds it is this password's turn to be looked at, one after the other. */
  guess(nowMs: number): number {
    if (nowMs > this.#openAt + forgivenMs) this.#wrong = 0;
    const waitMs = Math.max(this.#openAt - nowMs, 0);
    // However many guess at once, the queue is no longer than that.
    if (waitMs <= longestWaitMs) this.#openAt = nowMs + waitMs + this.#penaltyMs;
    return waitMs;
  }

  /** Whether a wait is one to be waited, or only to be told. */
  static isBearable(waitMs: number): boolean {
    return waitMs <= longestWaitMs;
  }

  guessedWrong(nowMs: number): void {
    this.#wrong++;
    this.#openAt = Math.max(this.#openAt, nowMs + this.#penaltyMs);
  }

  get #penaltyMs(): number {
    return this.#wrong === 0 ? 0 : Math.min(firstWaitMs * 2 ** (this.#wrong - 1), longestWaitMs);
  }
}

/** Whoever has come to the door: let in, or told why not. `withinMs`: how long it may take to make itself known. */
export type Admission = { withinMs: number } & (
  | { origin: Origin; refusal?: undefined }
  | { origin?: undefined; refusal: Bye }
);

export class Door {
  readonly #options: DoorOptions;
  /** Connected, by address. */
  readonly #here = new Map<string, Origin>();
  /** Not connected any more, the last one to leave at the end. */
  readonly #gone = new Map<string, Origin>();
  #connections = 0;
  #farewells = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** `leave` has to be called once it is gone. Undefined: not even the time to say why; or gone again already. */
  enter(address: string | undefined): Admission | undefined {
    if (!address) return undefined;
    const refusal = this.#refusal(address);
    if (refusal) {
      if (this.#farewells === farewells) return undefined;
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
    if (isBanned(address)) {
      return { type: "bye", code: "banned", text: "Your address is banned from this room" };
    }
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
    const rate = isLoopback(address) ? unlimited : this.#options.addressRate;
    return this.#here.get(key) ?? this.#gone.get(key) ?? new Origin(key, rate);
  }
}
