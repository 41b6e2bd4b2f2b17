// The live log: the newest events in one encoding, in one bounded buffer. Readers are offsets into it, so an event is encoded
// once for all readers, and after a short write nothing has to be kept aside: the log still has the rest.
//
//        base                                   head        offsets only grow; the bytes from base to head are kept
//          │ seq 41 │ seq 42 │ seq 44 │ seq 45 │            (43 was a whisper: in the journal, not here)
//                       ▲ a reader, in the middle of a short write
//
// When the buffer is full, its older half is dropped. A reader whose offset is in it falls behind, and reads on from the journal.
//
// The readers write in rounds, each from its cursor to the head. A round that takes too long for a turn goes on in the next
// turn, and another one follows if events came meanwhile. With a fan-out, the readers that want nothing but the log are written
// to together, with one call to the system.

import type { Encoding } from "../../dialects/dialect.ts";
import type { Recorded } from "../../protocol/events.ts";

/** The part of a reader that the log needs. */
export interface LogReader {
  /** The offset up to which it has written the log. */
  readonly cursor: number;
  /** Called before the bytes at the cursor are dropped. */
  fallBehind(): void;
  pump(): void;
  /** The descriptor to which to send the log from the cursor to the head; undefined if the reader writes by itself. */
  readonly descriptor?: number | undefined;
  /** Tells the reader how many bytes were sent to its descriptor. If some are left, it writes them itself. */
  sent?(bytes: number): void;
}

/** Sends parts of the log to many sockets in one call to the system. */
export interface FanOut {
  /** How many parts it takes at once. */
  readonly size: number;
  /** Adds a part for `send`, until which its bytes may not change. A descriptor of -1 takes no bytes. */
  add(descriptor: number, bytes: Uint8Array, offset: number, length: number): void;
  /** Sends all parts that were added, as far as possible without waiting. Returns how many bytes of each were sent, in order. */
  send(): ArrayLike<number>;
}

/** The size of a live log: small enough for the processor's cache. A reader that falls off it loses nothing. */
export const liveLogBytes = 1024 * 1024;

/** How long the readers may write in a turn, in ms: enough for some thousand of them. */
const pumpMs = 5;
/** The clock is read once for this many readers, since reading it is not free. */
const readersAtOnce = 64;

export class LiveLog {
  readonly encoding: Encoding;
  /** The readers that are live. */
  readonly readers = new Set<LogReader>();
  /** How many readers want events, live or still behind. While there are none, no event is encoded. */
  followers = 0;
  /** The offset after the last byte. */
  head = 0;
  /** The latest event of the room, in the log or not. A reader at this event is up to date. */
  headSeq: number;

  readonly #capacityBytes: number;
  readonly #fanOut: FanOut | undefined;
  /** The readers that the next fan-out writes to. */
  #together: LogReader[] = [];
  #bytes: Buffer | undefined;
  /** The readers that have yet to write in this round. */
  #round: Iterable<LogReader> | undefined;
  /** The latest event when this round began. */
  #roundSeq = -1;
  #base = 0;
  #baseSeq: number;
  // For each event in the log: its seq, and the offset after its last byte.
  #seqs: number[] = [];
  #ends: number[] = [];

  /** `capacityBytes`: at least twice the longest event. Without a `fanOut` each reader writes by itself. */
  constructor(encoding: Encoding, headSeq: number, capacityBytes: number = liveLogBytes, fanOut?: FanOut) {
    this.encoding = encoding;
    this.headSeq = headSeq;
    this.#baseSeq = headSeq;
    this.#capacityBytes = capacityBytes;
    this.#fanOut = fanOut;
  }

  /** Adds an event that all members may see. `json`: the event as JSON, if the caller has that. */
  append(event: Recorded, json?: string): void {
    this.headSeq = event.seq;
    if (this.followers === 0) return this.#dropAll();
    const lines = this.encoding.encode(event, json);
    // UTF-8 takes at most three bytes for each unit of a string.
    const bytes = this.#reserve(lines.length * 3);
    this.head += bytes.write(lines, this.head - this.#base);
    this.#seqs.push(event.seq);
    this.#ends.push(this.head);
  }

  /** Notes the number of an event that not all members may see. */
  advance(seq: number): void {
    this.headSeq = seq;
    if (this.followers === 0) this.#dropAll();
  }

  /** Whether the log has all events after this one that all members may see. */
  continues(seq: number): boolean {
    return seq >= this.#baseSeq;
  }

  /** The bytes between two offsets, as parameters for `write`. */
  slice(from: number, to: number): { bytes: Uint8Array; offset: number; length: number } {
    const bytes = this.#bytes ?? new Uint8Array();
    return { bytes, offset: from - this.#base, length: to - from };
  }

  /** The offset after event `seq` and all before it. */
  offsetAfter(seq: number): number {
    if (seq >= this.headSeq) return this.head;
    const kept = countUpTo(this.#seqs, seq);
    return kept === 0 ? this.#base : (this.#ends[kept - 1] ?? this.#base);
  }

  /** The event that an offset is in or right after, and the rest of its bytes from the offset on. */
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

  /** Lets the live readers write up to the head. Returns false if some are left: call it again in the next turn. */
  pump(): boolean {
    const end = performance.now() + pumpMs;
    let pumped = 0;
    do {
      if (!this.#round) {
        this.#round = this.readers.values();
        this.#roundSeq = this.headSeq;
      }
      // The iterator of a set goes on where the previous loop stopped.
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

  /** Drops the events up to this one, whose text was taken back. Readers that had not written them read on from the journal. */
  forget(seq: number): void {
    const gone = countUpTo(this.#seqs, seq);
    if (gone > 0) this.#drop(gone);
  }

  /** Lets a reader write: now, or together with others in a moment. */
  #serve(reader: LogReader): void {
    if (!this.#fanOut || reader.descriptor === undefined) return reader.pump();
    this.#together.push(reader);
    if (this.#together.length === this.#fanOut.size) this.#send();
  }

  /** Writes to the gathered readers. It reads their descriptors only here, so that none can be closed before the write. */
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

  /** Drops all events, since no reader wants them. */
  #dropAll(): void {
    this.#base = this.head;
    this.#baseSeq = this.headSeq;
    if (this.#ends.length === 0) return;
    this.#seqs = [];
    this.#ends = [];
  }

  /** The buffer, with room for `bytes` more bytes after the head. */
  #reserve(bytes: number): Buffer {
    this.#bytes ??= Buffer.allocUnsafeSlow(this.#capacityBytes);
    if (this.head + bytes - this.#base <= this.#capacityBytes) return this.#bytes;
    const target = this.head - Math.min(this.#capacityBytes / 2, this.#capacityBytes - bytes);
    const gone = Math.min(countUpTo(this.#ends, target - 1) + 1, this.#ends.length);
    this.#drop(gone);
    return this.#bytes;
  }

  /** Drops the `gone` oldest events. */
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
