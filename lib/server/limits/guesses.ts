// The guesses from one address at one password, or at the keys of names. A right guess is answered at once. The answer to a wrong
// guess is delayed, and its connection waits: 0.25 s for each wrong guess from the address in the last 15 minutes, up to 8 s.
// An attacker who opens many connections, or hangs up instead of waiting, meets the rate of the address: 100 wrong guesses,
// and 100 more a minute. Thirty people who mistype stay below it. Above that rate the guesses of the address wait in a queue,
// one every 0.6 s, and for 8 s at most; no guess is refused.
//
//   guess ──▶ (queue, while the address guesses too fast) ──▶ right: answered at once
//                                                         └──▶ wrong: delayed, unless it was in the queue
//
// So an attacker has 144,000 guesses a day from each address (an IPv6 network of 64 bits is one), or a guess every 8 s on each
// of its connections, if that is more: with 100 connections a million a day. In memory are 32 times for each address, and an
// entry of the queue for each connection that waits.

import { createHash, timingSafeEqual } from "node:crypto";
import { type Fault, fault } from "../../protocol/events.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A guess of a connection, compared already, and how to answer the connection. */
type Guess = {
  right: boolean;
  /** Called at once if the answer takes a second or more, with a notice that says how long. */
  delayed: (notice: Fault) => void;
  answered: (right: boolean) => void;
};

const delayMsEach = 250;
const longestDelayMs = 8_000;
/** How many wrong guesses count: more would not delay an answer further. */
const mostCounted = longestDelayMs / delayMsEach;
/** How long a wrong guess counts, in ms. */
const countedMs = 15 * 60_000;
/** The rate of wrong guesses from one address above which a queue begins. */
const allowed = { burst: 100, perSecond: 100 / 60 };
/** The time between two answers from the queue, in ms. */
const paceMs = 1000 / allowed.perSecond;
const longestQueueMs = longestDelayMs;
/** A shorter wait is not announced. */
const announcedMs = 1_000;

export class Guesses {
  readonly #bucket = new TokenBucket(allowed);
  /** The guesses that wait for their turn, in order, and since when each waits. */
  readonly #queue = new Map<Guess, number>();
  /** Runs until the first guess in the queue has its turn; undefined while there is no queue. */
  #turn: Timer | undefined;
  /** When the wrong guesses that count were given, the newest last. */
  #wrongAt: number[] = [];

  /** Answers a guess once, perhaps before this returns. Returns a function that cancels the answer, for a closed connection. */
  judge(guess: Guess): () => void {
    if (this.#turn) {
      this.#queue.set(guess, performance.now());
      announce(guess, Math.min(this.#queue.size * paceMs, longestQueueMs));
      return () => this.#queue.delete(guess);
    }
    if (guess.right) {
      guess.answered(true);
      return () => {};
    }
    this.#countWrong();
    const delayMs = this.#wrongAt.length * delayMsEach;
    announce(guess, delayMs);
    const delay = setTimeout(() => guess.answered(false), delayMs);
    return () => clearTimeout(delay);
  }

  #countWrong(): void {
    const now = performance.now();
    const recent = this.#wrongAt.filter((at) => now - at < countedMs);
    this.#wrongAt = [...recent, now].slice(-mostCounted);
    if (this.#bucket.take(now) > 0) this.#turn ??= setTimeout(() => this.#next(), paceMs);
  }

  /** Answers the first guess in the queue, and those behind it until a wrong one makes the next one wait. */
  #next(): void {
    this.#turn = undefined;
    const now = performance.now();
    for (const [guess, since] of this.#queue) {
      if (this.#turn && now - since < longestQueueMs) return;
      this.#queue.delete(guess);
      if (!guess.right) this.#countWrong();
      guess.answered(guess.right);
    }
  }
}

function announce({ delayed }: Guess, waitMs: number): void {
  if (waitMs < announcedMs) return;
  const seconds = Math.ceil(waitMs / 1000);
  const text = `Many wrong passwords came from your address: the answer to yours takes ${seconds} s`;
  delayed({ ...fault("slow-down", text), retryAfterMs: waitMs });
}

/** Compares in constant time, whatever their lengths. */
export function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
