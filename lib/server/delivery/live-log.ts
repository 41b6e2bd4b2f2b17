// The live log: what has just happened, in one encoding, encoded once, contiguous and bounded. Readers are offsets
// into it, so an event costs one encoding however many read it, and a short write needs no leftover: the log is it.
//
//        base                                   head        offsets only grow; the bytes from base to head are kept
//          │ seq 41 │ seq 42 │ seq 44 │ seq 45 │            (43 was a whisper: in the journal, not here)
//                       ▲ a reader, in the middle of a short write
//
// When the buffer is full the older half goes. A reader that stood there falls behind and reads on from the journal.
//
// The readers write in rounds, each from its cursor to the head. A round that takes longer than a turn may goes on in the
// next turn, and another one follows if events came meanwhile. Where there is a fan-out, the readers that want nothing but
// the log are written to many at once.

import type { Encoding } from "../../dialects/dialect.ts";
import type { Recorded } from "../../protocol/events.ts";

/** The part of a reader that the log needs. */
export interface LogReader {
  /** Where in the log it stands, an offset. */
  readonly cursor: number;
  /** The bytes at the cursor are about to go. */
  fallBehind(): void;
  pump(): void;
  /** The file descriptor to send the log to from the cursor to the head, if it wants that now and nothing else. */
  readonly descriptor?: number | undefined;
  /** So many bytes were sent there. If they were not all, the reader writes the others itself. */
  sent?(bytes: number): void;
}

/** Sends parts of the log to many sockets in one call to the system. */
export interface FanOut {
  /** How many it takes at once. */
  readonly size: number;
  /** Adds a part, for `send` to send. Until then the bytes stay as they are. A descriptor of -1 takes none. */
  add(descriptor: number, bytes: Uint8Array, offset: number, length: number): void;
  /** How many bytes were sent of each part that was added, in order; as many as can be without waiting. */
  send(): ArrayLike<number>;
}

/** Small enough to stay in the processor's cache; a reader that falls off it loses nothing. */
export const liveLogBytes = 1024 * 1024;

/** How long the readers may write in one turn; some thousand of them can. */
const pumpMs = 5;
/** The clock is read once for this many readers, since reading it is not free. */
const readersAtOnce = 64;

export class LiveLog {
  readonly encoding: Encoding;
  /** The readers that are live. */
  readonly readers = new Set<LogReader>();
  /** How many readers want events from now on, live or still behind. While there are none, nothing is encoded. */
  followers = 0;
  /** The offset behind the last byte. */
  head = 0;
  /** The last event that happened, in the log or not: being here is being up to date. */
  headSeq: number;

  readonly #capacityBytes: number;
  readonly #fanOut: FanOut | undefined;
  /** The readers that the next fan-out writes to. */
  #together: LogReader[] = [];
  #bytes: Buffer | undefined;
  /** The readers that have yet to write in this round. */
  #round: Iterable<LogReader> | undefined;
  /** The last event that had happened when this round began. */
  #roundSeq = -1;
  #base = 0;
  #baseSeq: number;
  // For each event kept: its seq, and the offset behind its last byte.
  #seqs: number[] = [];
  #ends: number[] = [];

  /** `capacityBytes` holds the longest event at least twice. Without a `fanOut` each reader writes by itself. */
  constructor(encoding: Encoding, headSeq: number, capacityBytes: number = liveLogBytes, fanOut?: FanOut) {
    this.encoding = encoding;
    this.headSeq = headSeq;
    this.#baseSeq = headSeq;
    this.#capacityBytes = capacityBytes;
    this.#fanOut = fanOut;
  }

  /** Adds an event that every member may see; `json` is the same as JSON, where that is known. */
  append(event: Recorded, json?: string): void {
    this.headSeq = event.seq;
    if (this.followers === 0) return this.#forget();
    const lines = this.encoding.encode(event, json);
    // UTF-8 takes at most three bytes for each unit of a string.
    const bytes = this.#reserve(lines.length * 3);
    this.head += bytes.write(lines, this.head - this.#base);
    this.#seqs.push(event.seq);
    this.#ends.push(this.head);
  }

  /** Counts an event that not every member may see. */
  skip(seq: number): void {
    this.headSeq = seq;
    if (this.followers === 0) this.#forget();
  }

  /** Whether every event after this one that all members may see is here. */
  continues(seq: number): boolean {
    return seq >= this.#baseSeq;
  }

  /** The bytes between two offsets, as `write` wants them. */
  slice(from: number, to: number): { bytes: Uint8Array; offset: number; length: number } {
    const bytes = this.#bytes ?? new Uint8Array();
    return { bytes, offset: from - this.#base, length: to - from };
  }

  /** The line boundary behind event `seq` and all before it. */
  offsetAfter(seq: number): number {
    if (seq >= this.headSeq) return this.head;
    const kept = countUpTo(this.#seqs, seq);
    return kept === 0 ? this.#base : (this.#ends[kept - 1] ?? this.#base);
  }

  /** The event an offset is in or right behind, and what is left of that event from there on. */
  eventAt(offset: number): { seq: number; rest: Uint8Array } {
    const before = countUpTo(this.#ends, offset - 1);
    const end = this.#ends[before];
    const seq = this.#seqs[before];
    if (offset === this.#base || end === undefined || seq === undefined) {
      return { seq: this.#baseSeq, rest: new Uint8Array() };
    }
    const rest = this.slice(offset, end);
    return { seq, rest: Buffer.from(rest.bytes.subarray(rest.offset, rest.offset + rest.length)) };
  }

  /** Lets the live readers write up to the head; false if there was no time for all of them: call it next turn. */
  pump(): boolean {
    const end = performance.now() + pumpMs;
    let pumped = 0;
    do {
      if (!this.#round) {
        this.#round = this.readers.values();
        this.#roundSeq = this.headSeq;
      }
      // A set's iterator goes on where the loop before left it.
      for (const reader of this.#round) {
        this.#serve(reader);
        if (++pumped % readersAtOnce > 0 || performance.now() <= end) continue;
        this.#send();
        return false;
      }
      this.#send();
      this.#round = undefined;
    } while (this.#roundSeq < this.headSeq);
    return true;
  }

  /** Drops the events up to this one: its text was taken back. A reader that stands there reads on from the journal. */
  forget(seq: number): void {
    const gone = countUpTo(this.#seqs, seq);
    if (gone > 0) this.#drop(gone);
  }

  /** Lets a reader write: now, or in a moment with others at once. */
  #serve(reader: LogReader): void {
    if (!this.#fanOut || reader.descriptor === undefined) return reader.pump();
    this.#together.push(reader);
    if (this.#together.length === this.#fanOut.size) this.#send();
  }

  /** Descriptors are asked for only here, so that nothing can happen to one before it is written to. */
  #send(): void {
    if (!this.#fanOut || this.#together.length === 0) return;
    const readers = this.#together;
    this.#together = [];
    for (const reader of readers) {
      const { bytes, offset, length } = this.slice(reader.cursor, this.head);
      this.#fanOut.add(reader.descriptor ?? -1, bytes, offset, length);
    }
    const taken = this.#fanOut.send();
    for (let index = 0; index < readers.length; index++) readers[index]?.sent?.(taken[index] ?? 0);
  }

  #forget(): void {
    this.#base = this.head;
    this.#baseSeq = this.headSeq;
    if (this.#ends.length === 0) return;
    this.#seqs = [];
    this.#ends = [];
  }

  /** The buffer, with room for so many bytes more behind the head. */
  #reserve(bytes: number): Buffer {
    this.#bytes ??= Buffer.allocUnsafeSlow(this.#capacityBytes);
    if (this.head + bytes - this.#base <= this.#capacityBytes) return this.#bytes;
    const target = this.head - Math.min(this.#capacityBytes / 2, this.#capacityBytes - bytes);
    const gone = Math.min(countUpTo(this.#ends, target - 1) + 1, this.#ends.length);
    this.#drop(gone);
    return this.#bytes;
  }

  /** Drops so many of the events kept. */
  #drop(gone: number): void {
    const base = this.#ends[gone - 1] ?? this.head;
    for (const reader of this.readers) if (reader.cursor < base) reader.fallBehind();
    this.#bytes?.copyWithin(0, base - this.#base, this.head - this.#base);
    this.#base = base;
    this.#baseSeq = this.#seqs[gone - 1] ?? this.headSeq;
    this.#seqs = this.#seqs.slice(gone);
    this.#ends = this.#ends.slice(gone);
  }
}

/** How many of the rising numbers are at most `limit`. */
function countUpTo(rising: number[], limit: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
