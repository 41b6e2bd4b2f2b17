// The intake of one connection: its bytes come in, its lines go out one after the other, at the pace they are paid for.
// Nothing is dropped. Where no line may be taken, bytes that arrive wait here and the transport is paused with the
// first of it, so that the peer has to wait:
//
//   a pause     what was taken is not paid for yet: lines and long answers cost the member and the address
//   an answer   what a line asked for has no outcome yet, and the next line may depend on it
//   a turn      this connection has had its share of the turn: the others come first
//
// Most lines have their outcome before the peer sends more: then the transport is never paused, which takes two calls of
// the system. The peer is not heard meanwhile, so that time does not count as silence.

import { type Fault, fault } from "../../protocol/events.ts";
import { LineReader } from "../../protocol/lines.ts";
import type { TokenBucket } from "../limits/token-bucket.ts";
import type { Transport } from "./transport.ts";

export type IntakeHandlers = {
  /** A line may be taken, if there is one: `peek` shows it, `stop` leaves it. */
  next(): void;
  line(line: string | Fault): void;
  /** What the line cost that was taken last, in lines; 1 if absent. A fault costs 1. */
  cost?(): number;
  /** The peer sends no more, and every line it sent was taken. */
  ended(): void;
  /** A pause begins. */
  paused(): void;
  /** The peer writes too fast: `lines` whole lines wait, and will take `waitMs`. Called every 5 s at most. */
  flooded(lines: number, waitMs: number): void;
};

/** How long the lines of one connection may take in a turn. The line that reaches this is finished, and is the last. */
const turnMs = 1;
/** `flooded` is called this often at most. */
const toldEveryMs = 5_000;

export class Intake {
  /** What the member pays from. Replaced when the connection takes a seat again, which has a bucket already. */
  bucket: TokenBucket;
  readonly #addressBucket: TokenBucket;
  readonly #transport: Pick<Transport, "pause" | "resume">;
  readonly #handlers: IntakeHandlers;
  readonly #lines = new LineReader();
  #heardAt = performance.now();
  #toldAt = -Infinity;
  #ended = false;
  #stopped = false;
  #isTransportPaused = false;
  /** True while `#take` runs: a command whose outcome is known at once must not begin it again. */
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

  /** The peer will send no more: what has no line end is a line, too. */
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

  /** No line is taken from now on. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#pause);
    clearImmediate(this.#nextTurn);
  }

  /** The next line waits until the outcome of this one is known: until the function that it returns is called. */
  wait(): () => void {
    this.#hold();
    this.#awaited++;
    return () => {
      this.#awaited--;
      this.#goOn();
    };
  }

  /** Pays for so many lines, or for what costs as much: nothing more is taken until there is enough for it. */
  pay(lines: number, now = performance.now()): void {
    const waitMs = Math.max(this.bucket.take(now, lines), this.#addressBucket.take(now, lines));
    if (waitMs > 0 && !this.#stopped) this.#pauseFor(waitMs, now);
  }

  /** Whether it waits until the lines that were taken are paid for. */
  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  /** Whether bytes wait to be taken. */
  get isPending(): boolean {
    return this.#lines.pending;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** How long nothing came, in ms; 0 while nothing is read. */
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
    this.#hold();
    this.#nextTurn = setImmediate(() => {
      this.#nextTurn = undefined;
      this.#goOn();
    });
  }

  #pauseFor(waitMs: number, now: number): void {
    this.#hold();
    if (this.#pause === undefined) this.#handlers.paused();
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#goOn();
    }, waitMs);
    if (now - this.#toldAt < toldEveryMs) return;
    // Counting the lines reads every byte that waits, so it is not done more often.
    const { waiting } = this.#lines;
    if (waiting === 0) return;
    this.#toldAt = now;
    this.#handlers.flooded(waiting, waitMs + this.bucket.costMs(waiting));
  }

  /** Called before a line has to wait. */
  #hold(): void {
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

/** What a member is told whose lines wait. */
export function slowDown(lines: number, waitMs: number): Fault {
  const waiting = lines === 1 ? "waiting line" : `${lines} waiting lines`;
  const text = `Slow down: your ${waiting} will take ${Math.ceil(waitMs / 1000)} s; none is lost`;
  return { ...fault("slow-down", text), retryAfterMs: waitMs };
}
