// Cuts a stream of bytes into lines. The caller pushes chunks as they arrive and pulls one line at a time, so it can stop in
// the middle of a chunk (a flood) and go on later. Where the chunks were cut makes no difference. In memory are the bytes
// that were pushed and not yet pulled, but none of a line that is too long.

import { type Fault, fault, limits } from "./events.ts";

const LF = 10;
const CR = 13;
const nothing = new Uint8Array(0);
/** Throws if the bytes are not UTF-8. Drops a byte order mark at the beginning, which some programs send. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

export class LineReader {
  #bytes: Uint8Array = nothing;
  #at = 0;
  /** Whether the bytes up to the next LF are the rest of a line that is too long. */
  #skipping = false;
  readonly #maxBytes: number;

  /** `maxBytes`: the longest line, its LF not counted. */
  constructor(maxBytes: number = limits.lineBytes) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): void {
    this.#bytes = this.pending ? joined(this.#bytes.subarray(this.#at), chunk) : chunk;
    this.#at = 0;
  }

  /** The next line without its end, or a fault in place of a line that was dropped; undefined until more is pushed. */
  next(): string | Fault | undefined {
    for (;;) {
      const start = this.#at;
      const end = this.#bytes.indexOf(LF, start);
      if (end === -1) return this.#skipLong();
      this.#at = end + 1;
      const isRest = this.#skipping;
      this.#skipping = false;
      if (isRest) continue;
      return end - start <= this.#maxBytes ? this.#decode(start, end) : this.#tooLong();
    }
  }

  /** Drops the beginning of a line that is already too long: its fault comes once, and its rest is skipped. */
  #skipLong(): Fault | undefined {
    const lengthBytes = this.#bytes.length - this.#at;
    const isLong = this.#skipping || lengthBytes > this.#maxBytes;
    if (!isLong && lengthBytes > 0) return undefined;
    this.#bytes = nothing;
    this.#at = 0;
    if (!isLong || this.#skipping) return undefined;
    this.#skipping = true;
    return this.#tooLong();
  }

  #tooLong(): Fault {
    return fault("too-long", `A line has at most ${this.#maxBytes} bytes: this one was dropped`);
  }

  /** The bytes of the next line without its LF, or the beginning of a line that is too long; undefined until more is pushed. */
  peek(): Uint8Array | undefined {
    const end = this.#bytes.indexOf(LF, this.#at);
    const line = this.#bytes.subarray(this.#at, end === -1 ? undefined : end);
    return end === -1 && line.length <= this.#maxBytes ? undefined : line;
  }

  /** The input has ended: bytes without an LF behind them count as a line. */
  end(): void {
    if (this.pending && this.#bytes.at(-1) !== LF) this.push(Uint8Array.of(LF));
  }

  /** Whether bytes wait to be pulled, as a whole line or not. */
  get pending(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** How many whole lines wait to be pulled. */
  get waiting(): number {
    // A call of indexOf for each LF would take ten times as long where lines are short.
    let lines = 0;
    for (let at = this.#at; at < this.#bytes.length; at++) if (this.#bytes[at] === LF) lines++;
    return lines;
  }

  #decode(start: number, end: number): string | Fault {
    if (this.#bytes[end - 1] === CR && end > start) end--;
    try {
      return utf8.decode(this.#bytes.subarray(start, end));
    } catch {
      return fault("not-utf8", "A line must be UTF-8: this one was dropped");
    }
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
