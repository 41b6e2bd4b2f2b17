// The guesses of one address at one password, or at the keys of names. A right one is answered at once.
// The answer to a wrong one is held, and its connection with it: 0.25 s for each wrong one from that address in the last
// 15 minutes, up to 8 s. An attacker who opens many connections, or hangs up instead of waiting, is slowed down by the
// rate of its address: 100 wrong ones, and 100 more a minute. Thirty people who mistype stay below it. Above that rate
// the guesses of an address wait in a row, one every 0.6 s, and for 8 s at most; none is refused.
//
//   guess ──▶ (a row, while its address guesses too fast) ──▶ right: answered at once
//                                                         └──▶ wrong: held, if it was not in the row
//
// So an attacker has 144,000 guesses a day for each address it has (an IPv6 network of 64 bits is one), or one every 8 s
// on each connection it may have there, if those are more: with 100, a million a day. Memory for an address: 32 times,
// and a place in the row for each connection that waits.

import { createHash, timingSafeEqual } from "node:crypto";
import { type Fault, fault } from "../../protocol/events.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A password that a connection gave, compared already, and how that connection is answered. */
export type Guess = {
  right: boolean;
  /** Called at once if the answer takes a second or more, with a fault that says how long. */
  delayed: (notice: Fault) => void;
  answered: (right: boolean) => void;
};

const heldMsEach = 250;
const longestHeldMs = 8_000;
/** More of them would not be held longer. */
const mostCounted = longestHeldMs / heldMsEach;
const forgottenMs = 15 * 60_000;
/** Wrong guesses of one address that make no row. */
const allowed = { burst: 100, perSecond: 100 / 60 };
const paceMs = 1000 / allowed.perSecond;
const longestRowMs = longestHeldMs;
/** A shorter wait is not announced. */
const toldMs = 1_000;

export class Guesses {
  readonly #bucket = new TokenBucket(allowed);
  /** The guesses that wait for their turn, in order, and since when. */
  readonly #row = new Map<Guess, number>();
  /** Runs until the first one in the row has its turn; absent while there is no row. */
  #turn: Timer | undefined;
  /** When the wrong ones that count were given, the newest at the end. */
  #wrongAt: number[] = [];

  /**
   * Answers a guess once, perhaps before this returns. Returns what takes it back, for a connection that is gone: it is
   * not answered then.
   */
  judge(guess: Guess): () => void {
    if (this.#turn) {
      this.#row.set(guess, performance.now());
      tell(guess, Math.min(this.#row.size * paceMs, longestRowMs));
      return () => this.#row.delete(guess);
    }
    if (guess.right) {
      guess.answered(true);
      return () => {};
    }
    this.#countWrong();
    const heldMs = this.#wrongAt.length * heldMsEach;
    tell(guess, heldMs);
    const held = setTimeout(() => guess.answered(false), heldMs);
    return () => clearTimeout(held);
  }

  #countWrong(): void {
    const now = performance.now();
    const recent = this.#wrongAt.filter((at) => now - at < forgottenMs);
    this.#wrongAt = [...recent, now].slice(-mostCounted);
    if (this.#bucket.take(now) > 0) this.#turn ??= setTimeout(() => this.#next(), paceMs);
  }

  /** Answers the first in the row, and those behind it until a wrong one makes the next one wait. */
  #next(): void {
    this.#turn = undefined;
    const now = performance.now();
    for (const [guess, since] of this.#row) {
      if (this.#turn && now - since < longestRowMs) return;
      this.#row.delete(guess);
      if (!guess.right) this.#countWrong();
      guess.answered(guess.right);
    }
  }
}

function tell({ delayed }: Guess, waitMs: number): void {
  if (waitMs < toldMs) return;
  const seconds = Math.ceil(waitMs / 1000);
  const text = `Many wrong passwords came from your address: the answer to yours takes ${seconds} s`;
  delayed({ ...fault("slow-down", text), retryAfterMs: waitMs });
}

/** Compares in constant time, whatever their lengths. */
export function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
