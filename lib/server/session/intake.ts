// The intake of one connection: it takes bytes, and hands on lines, one at a time and no faster than the rate limit allows. It
// drops nothing. There are three reasons to hand on no line for a while:
//
//   a pause     the rate limit is overdrawn: lines and long answers cost the member and the address
//   an answer   a command has no outcome yet, and the next line may depend on it
//   a turn      this connection has had its share of the turn: the others come first
//
// Bytes that arrive meanwhile wait here, and the first of them pauses the transport, so that the peer has to wait. Most commands
// have their outcome before the peer sends more; then the transport need not be paused, which would take two system calls. Time
// in which the transport may be paused does not count as silence of the peer.

import { type Fault, fault } from "../../protocol/events.ts";
import { LineReader } from "../../protocol/lines.ts";
import type { TokenBucket } from "../limits/token-bucket.ts";
import type { Transport } from "./transport.ts";

type IntakeHandlers = {
  /** Called before each line, and where there may be none: `peek` shows the line, `stop` keeps it from being taken. */
  next(): void;
  line(line: string | Fault): void;
  /** The cost of the latest line for the rate limit, in lines; 1 if absent. A fault costs 1. */
  cost?(): number;
  /** The peer has ended its side, and all its lines were taken. */
  ended(): void;
  paused(): void;
  /** The peer writes too fast: `lines` whole lines wait, and will take `waitMs`. Called every 5 s at most. */
  flooded(lines: number, waitMs: number): void;
};

/** How long the lines of one connection may take in a turn, in ms. The line that reaches this is the last. */
const turnMs = 1;
/** The shortest time between two calls of `flooded`, in ms. */
const noticeEveryMs = 5_000;

export class Intake {
  /** The rate limit of the member. Replaced when the connection gets a seat again: the seat has kept its bucket. */
  bucket: TokenBucket;
  readonly #addressBucket: TokenBucket;
  readonly #transport: Pick<Transport, "pause" | "resume">;
  readonly #handlers: IntakeHandlers;
  readonly #lines = new LineReader();
  #heardAt = performance.now();
  #noticedAt = -Infinity;
  /** Whether the peer has ended its side, and whether `stop` was called. */
  #ended = false;
  #stopped = false;
  #isTransportPaused = false;
  /** True while `#take` runs: a command that completes synchronously must not re-enter it. */
  #taking = false;
  #pause: Timer | undefined;
  #nextTurn: NodeJS.Immediate | undefined;
  /** Commands whose outcome is open; no line is taken until this is 0. */
  #awaited = 0;

  constructor(
    transport: Pick<Transport, "pause" | "resume">,
    bucket: TokenBucket,
    addressBucket: TokenBucket,
    handlers: IntakeHandlers,
  ) {
    this.#transport = transport;
    this.bucket = bucket;
    this.#addressBucket = addressBucket;
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    this.#heardAt = performance.now();
    if (this.#stopped) return;
    this.#lines.push(chunk);
    if (this.#isHeld) this.#pauseTransport();
    else this.#take(this.#heardAt);
  }

  /** The peer has ended its side: bytes without a line end are a line, too. */
  end(): void {
    this.#ended = true;
    if (this.#stopped) return;
    this.#lines.end();
    this.#take(performance.now());
  }

  /** The bytes of the line that is next, as LineReader shows them. */
  peek(): Uint8Array | undefined {
    return this.#lines.peek();
  }

  /** Takes no line from now on. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#pause);
    clearImmediate(this.#nextTurn);
  }

  /** Holds the next line back until the function that this returns is called. */
  wait(): () => void {
    this.#pauseIfPending();
    this.#awaited++;
    return () => {
      this.#awaited--;
      this.#goOn();
    };
  }

  /** Pays for `lines` lines, and takes no further line while the rate limit is overdrawn. */
  pay(lines: number, now = performance.now()): void {
    const waitMs = Math.max(this.bucket.take(now, lines), this.#addressBucket.take(now, lines));
    if (waitMs > 0 && !this.#stopped) this.#pauseFor(waitMs, now);
  }

  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  get isPending(): boolean {
    return this.#lines.pending;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** How long the peer has sent nothing, in ms; 0 while no line is taken. */
  get silentMs(): number {
    return this.#isHeld ? 0 : performance.now() - this.#heardAt;
  }

  get #isHeld(): boolean {
    return this.#pause !== undefined || this.#awaited > 0 || this.#nextTurn !== undefined;
  }

  #take(begun: number): void {
    if (this.#taking) return;
    this.#taking = true;
    while (!this.#isHeld && !this.#stopped) {
      this.#handlers.next();
      if (this.#stopped) break;
      const line = this.#lines.next();
      if (line === undefined) break;
      this.#handlers.line(line);
      // Read once a line: reading the clock is not free.
      const now = performance.now();
      this.pay(typeof line === "string" ? (this.#handlers.cost?.() ?? 1) : 1, now);
      if (now - begun >= turnMs) this.#yield();
    }
    this.#taking = false;
    if (this.#ended && !this.#isHeld && !this.#stopped) this.#handlers.ended();
  }

  #yield(): void {
    this.#pauseIfPending();
    this.#nextTurn = setImmediate(() => {
      this.#nextTurn = undefined;
      this.#goOn();
    });
  }

  #pauseFor(waitMs: number, now: number): void {
    this.#pauseIfPending();
    if (this.#pause === undefined) this.#handlers.paused();
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#goOn();
    }, waitMs);
    if (now - this.#noticedAt < noticeEveryMs) return;
    // Counting the lines reads every byte that waits, so it is done once in 5 s.
    const { waiting } = this.#lines;
    if (waiting === 0) return;
    this.#noticedAt = now;
    this.#handlers.flooded(waiting, waitMs + this.bucket.costMs(waiting));
  }

  /** Pauses the transport if bytes wait already. To be called before a reason to hand on no line begins. */
  #pauseIfPending(): void {
    if (this.#lines.pending) this.#pauseTransport();
  }

  #pauseTransport(): void {
    if (this.#isTransportPaused) return;
    this.#isTransportPaused = true;
    this.#transport.pause();
  }

  #goOn(): void {
    if (this.#isHeld || this.#stopped) return;
    this.#heardAt = performance.now();
    this.#take(this.#heardAt);
    if (!this.#isTransportPaused || this.#isHeld || this.#stopped || this.#ended) return;
    this.#isTransportPaused = false;
    this.#transport.resume();
  }
}

/** The notice to a member whose lines wait. */
export function slowDown(lines: number, waitMs: number): Fault {
  const waiting = lines === 1 ? "waiting line" : `${lines} waiting lines`;
  const text = `Slow down: your ${waiting} will take ${Math.ceil(waitMs / 1000)} s; none is lost`;
  return { ...fault("slow-down", text), retryAfterMs: waitMs };
}
