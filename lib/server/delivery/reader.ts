// A reader is the position of one client in the room's log, and its only way to the socket. It is
//
//   waiting   not in the room yet: private lines go straight out
//   behind    at an event, reading the journal page by page as fast as its socket drains
//   live      at an offset of the live log, writing what is new once a turn
//
// Joining, resuming after a drop and having fallen off the live log are all being behind. A reader becomes live once the log has
// all events after its position, and no whisper is among them.
//
// The splice. A line for this client alone cannot be on the shared log, and must not cut into a line of it.
// So every private line belongs right behind an event, by its seq, and waits in the queue until the reader has
// written exactly that far: an offset when live, the end of a page (which never reaches past it) when behind.
// Whispers are the private lines that the journal has too: a page brings them, so the queue takes them from a live
// reader only, and one that falls behind forgets the queued ones and will read them again.
// A private line may also stand in place of an event: a client may be told of its own act in other words, or not at
// all (an empty text). Such a line waits in front of the event, and the reader goes on behind it.
//
// `#rest` was begun, and must be written before anything else: it is the rest of a private line, of a page (whose other
// pieces wait in `#more`), or of the one event a reader was in the middle of when it fell behind. `#position` is the event
// behind which `#rest` ends; when live it counts only what came by the queue, the rest is in the cursor.

import type { Recorded } from "../../protocol/events.ts";
import type { LiveLog, LogReader } from "./live-log.ts";

/** Takes as many bytes as it can now, and returns how many; -1 once closed. After a short write, `drain` is called later. */
export interface Sink {
  write(bytes: Uint8Array, offset: number, length: number): number;
  /** The file descriptor, if it takes the same bytes as `write` does; -1 once closed. */
  readonly descriptor?: number | undefined;
}

/** The bytes that a reader writes next while it is behind, and the event after which it is then. */
export type Page = { pieces: Uint8Array[]; last: number };
type Range = { after: number; upTo: number };

/** Calls `take` with the first page, which begins with the welcome, when it is this reader's turn. */
export type Opening = (take: (page: Page) => void) => Promise<void>;
/** Calls `take` with a page of the range that `wanted` returns by then, if any. Rejects as the journal does. */
export type ReadPage = (wanted: () => Range | undefined, take: (page: Page) => void) => Promise<void>;

/** A private line, which belongs after event `after`. `recorded`: the journal has it. `instead`: it replaces the event. */
type Private = { after: number; bytes: Uint8Array; recorded: boolean; instead?: boolean };

/** How many bytes may wait in the queue for a client that does not read. */
export const privateBytes = 256 * 1024;

const nothing = new Uint8Array();

export class Reader implements LogReader {
  cursor = 0;
  readonly #sink: Sink;
  readonly #failed: (error: unknown) => void;
  readonly #maxPrivateBytes: number;
  #log: LiveLog | undefined;
  #readPage: ReadPage | undefined;
  #live = false;
  #blocked = false;
  #reading = false;
  #position = 0;
  /** The event after which the latest page begins. */
  #pageAfter = 0;
  /**
   * The latest event that may be a whisper to this client, or one that it is told in other words. Up to this event the log is
   * not enough, since it has neither.
   */
  #whispered = 0;
  #rest: Uint8Array = nothing;
  #restOffset = 0;
  #more: Uint8Array[] = [];
  #queue: Private[] = [];
  #queuedBytes = 0;
  #onDrained: (() => void) | undefined;

  /** `failed` is called when the journal cannot be read; then no more is written. `maxPrivateBytes`: how many may be queued. */
  constructor(sink: Sink, failed: (error: unknown) => void, maxPrivateBytes: number = privateBytes) {
    this.#sink = sink;
    this.#failed = failed;
    this.#maxPrivateBytes = maxPrivateBytes;
  }

  /**
   * Starts: the reader writes the page of `opening`, then every event after it. `whispered`: no later event up to now is a
   * whisper to this client.
   */
  start(log: LiveLog, opening: Opening, readPage: ReadPage, whispered: number = log.headSeq): Promise<void> {
    this.#log = log;
    log.followers++;
    this.#readPage = readPage;
    this.#whispered = whispered;
    this.#reading = true;
    // Private lines from before go out first.
    this.#append(this.#queue.map(({ bytes }) => bytes));
    this.#queue = [];
    this.#queuedBytes = 0;
    return opening((page) => this.#turnTo(page)).catch(this.#failed);
  }

  /** Queues a private line after all events so far. Returns false, and queues nothing, if too much waits already. */
  tell(line: string): boolean {
    if (!this.#hasRoom()) return false;
    this.#enqueue(line, this.#log?.headSeq ?? 0, false);
    return true;
  }

  /**
   * Takes an event that only this client and another may see, and which the log has skipped. `words`: the lines for this client,
   * if they differ.
   */
  whisper(event: Recorded, words?: string): void {
    this.#whispered = event.seq;
    if (!this.#live || !this.#log) return;
    // The deleted message may wait in the queue: the client reads on from the journal, which has erased it.
    if (event.type === "deleted" && this.#queue.some(({ recorded }) => recorded)) return this.fallBehind();
    // If the queue has no room for it, the client gets it from the journal.
    if (this.#hasRoom()) this.#enqueue(words ?? this.#log.encoding.encode(event), event.seq, true);
    else this.fallBehind();
  }

  /** Tells this client of event `seq`, which the log has already, in these words instead; "": not at all. */
  replace(seq: number, words: string): void {
    this.#whispered = seq;
    if (!this.#live) return;
    // It is queued first, since making room may write on beyond the event.
    this.#enqueue(words, seq, true, true);
    if (!this.#hasRoom()) this.fallBehind();
  }

  /** Queues the last line, even if too much waits. `drained` is called once it has been written. */
  finish(line: string, drained: () => void): void {
    this.#enqueue(line, this.#log?.headSeq ?? 0, false);
    this.#onDrained = drained;
    this.pump();
  }

  /** The socket takes bytes again. */
  drain(): void {
    this.#blocked = false;
    this.pump();
  }

  /** The socket has closed. */
  close(): void {
    this.#blocked = true;
    this.#onDrained = undefined;
    if (!this.#log) return;
    this.#log.followers--;
    this.#log.readers.delete(this);
    this.#log = undefined;
  }

  /** The latest event that was written whole, with all before it; while a page is being written, the event before the page. */
  get position(): number {
    if (!this.#live || !this.#log) return this.#rest === nothing ? this.#position : this.#pageAfter;
    const { seq, rest } = this.#log.eventAt(this.cursor);
    return Math.max(this.#position, rest.length > 0 ? seq - 1 : seq);
  }

  get behind(): boolean {
    return this.#log !== undefined && !this.#live;
  }

  pump(): void {
    while (!this.#blocked && !this.#isDone) {
      if (this.#rest !== nothing) this.#writeRest();
      else if (this.#due()) this.#begin();
      else if (this.#live && this.#log && this.cursor < this.#nextStop(this.#log)) this.#writeLog(this.#log);
      else if (this.#log && !this.#live && !this.#reading) this.#goOn(this.#log);
      else break;
    }
    if (!this.#isDone) return;
    const drained = this.#onDrained;
    this.close();
    drained?.();
  }

  get descriptor(): number | undefined {
    const isElsewhere = !this.#live || this.#blocked || this.#queue.length > 0 || this.#rest !== nothing;
    return isElsewhere || this.cursor === this.#log?.head ? undefined : this.#sink.descriptor;
  }

  sent(bytes: number): void {
    this.cursor += bytes;
    // The reader writes the rest itself: if that is a short write, the socket tells when it takes more.
    if (this.cursor !== this.#log?.head) this.pump();
  }

  fallBehind(): void {
    const { seq, rest } = this.#log?.eventAt(this.cursor) ?? { seq: 0, rest: nothing };
    if (rest.length > 0) {
      this.#rest = rest;
      this.#restOffset = 0;
    }
    this.#position = Math.max(this.#position, seq);
    this.#queue = this.#queue.filter(({ recorded }) => !recorded);
    this.#queuedBytes = this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#live = false;
    this.#log?.readers.delete(this);
    // Not blocked (one turn outgrew the log), so no drain will come: pump it ourselves.
    if (!this.#blocked) setImmediate(() => this.pump());
  }

  /** Whether the last line has been written. */
  get #isDone(): boolean {
    return this.#onDrained !== undefined && this.#queue.length === 0 && this.#rest === nothing;
  }

  /** Whether the queue takes another line. It pumps first, so that only bytes count which the socket did not take. */
  #hasRoom(): boolean {
    if (this.#queuedBytes > this.#maxPrivateBytes) this.pump();
    return this.#queuedBytes <= this.#maxPrivateBytes;
  }

  #enqueue(line: string, after: number, recorded: boolean, instead = false): void {
    const bytes = Buffer.from(line);
    this.#queuedBytes += bytes.length;
    this.#queue.push({ after, bytes, recorded, instead });
  }

  /** Adds bytes to write after those that were begun. */
  #append(pieces: Uint8Array[]): void {
    for (const piece of pieces) if (piece.length > 0) this.#more.push(piece);
    if (this.#rest === nothing) this.#rest = this.#more.shift() ?? nothing;
  }

  /** Whether the first private line belongs at the present position. */
  #due(): boolean {
    const first = this.#queue[0];
    if (first === undefined || this.#reading) return false;
    if (!this.#log) return true;
    return this.#live ? this.cursor === stopFor(first, this.#log) : first.after <= this.#position;
  }

  #begin(): void {
    const first = this.#queue.shift();
    if (!first) return;
    this.#queuedBytes -= first.bytes.length;
    if (first.recorded) this.#position = first.after;
    if (first.instead && this.#log) this.cursor = this.#log.offsetAfter(first.after);
    this.#rest = first.bytes;
    this.#restOffset = 0;
  }

  /** The offset at which a live reader stops: the head, or where the first private line belongs. */
  #nextStop(log: LiveLog): number {
    const first = this.#queue[0];
    return first ? stopFor(first, log) : log.head;
  }

  #writeRest(): void {
    const length = this.#rest.length - this.#restOffset;
    const taken = length === 0 ? 0 : this.#sink.write(this.#rest, this.#restOffset, length);
    this.#blocked = taken < length;
    this.#restOffset += Math.max(taken, 0);
    if (!this.#blocked) {
      this.#rest = this.#more.shift() ?? nothing;
      this.#restOffset = 0;
    }
  }

  #writeLog(log: LiveLog): void {
    const { bytes, offset, length } = log.slice(this.cursor, this.#nextStop(log));
    const taken = this.#sink.write(bytes, offset, length);
    this.#blocked = taken < length;
    this.cursor += Math.max(taken, 0);
  }

  /** Called when a reader that is behind has written all it has: it becomes live if the log goes on there, or reads a page. */
  #goOn(log: LiveLog): void {
    if (this.#position >= this.#whispered && log.continues(this.#position)) {
      this.#live = true;
      this.cursor = log.offsetAfter(this.#position);
      log.readers.add(this);
      return;
    }
    this.#reading = true;
    const wanted = () => {
      const upTo = Math.min(log.headSeq, this.#queue[0]?.after ?? Infinity);
      return this.#log ? { after: this.#position, upTo } : undefined;
    };
    this.#readPage?.(wanted, (page) => this.#turnTo(page)).catch(this.#failed);
  }

  #turnTo({ pieces, last }: Page): void {
    this.#reading = false;
    this.#pageAfter = this.#position;
    this.#position = last;
    this.#append(pieces);
    this.pump();
  }
}

/** The offset in the log at which a private line belongs. */
function stopFor({ after, instead }: Private, log: LiveLog): number {
  return log.offsetAfter(instead ? after - 1 : after);
}
