// Lines on stdout or stderr that nothing waits for. A pipe that is not read and a terminal that is stopped block every
// write of the main thread, so these are written by a thread of Bun's pool, one write at a time. Lines that come
// meanwhile wait, up to a bound; those above it are dropped, and how many is told when the output flows again.
//
//   print ──▶ waiting lines ──▶ one write under way ──▶ the file descriptor
//                 └ full: dropped, and counted
//
// An output that is gone (a closed pipe or terminal) takes nothing more and breaks nothing. Where the lines of a write
// are lost (a full disk), they count as dropped.

import { write } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What may wait, in UTF-16 units: some minutes of a busy room's log. */
const defaultCapacity = 1024 * 1024;
/** When a descriptor that does not block is tried again. */
const retryMs = 50;

/** fs.write, as far as it is used: `done` is told how many bytes were taken. */
export type Write = (
  fd: number,
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null, bytesWritten: number) => void,
) => void;

/** The descriptor's other end is closed for good. */
const gone = new Set(["EPIPE", "EIO", "EBADF", "ENXIO", "ECONNRESET"]);

export class Output {
  /** Told how many lines were dropped, once the output flows again; what it prints then follows those that waited. */
  onDropped: ((count: number) => void) | undefined;
  readonly #fd: number;
  readonly #capacity: number;
  readonly #write: Write;
  #waiting: string[] = [];
  #waitingLength = 0;
  #droppedLines = 0;
  #writing = false;
  #gone = false;
  #idle = Promise.withResolvers<void>();

  /** `capacity`: what may wait, in UTF-16 units. */
  constructor(fd: number, capacity: number = defaultCapacity, writeBytes: Write = write) {
    this.#fd = fd;
    this.#capacity = capacity;
    this.#write = writeBytes;
  }

  /** Writes the line and its end, as soon as the output takes it. */
  print(line: string): void {
    if (this.#gone) return;
    if (this.#waitingLength + line.length > this.#capacity) {
      this.#droppedLines++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    if (!this.#writing) this.#writeLines(this.#takeWaiting());
  }

  /** Resolves once all lines are written, or after `withinMs`: an output that is not read must not keep a program. */
  async flush(withinMs: number): Promise<void> {
    if (this.#writing) await Promise.race([this.#idle.promise, sleep(withinMs, undefined, { ref: false })]);
  }

  #takeWaiting(): string[] {
    const lines = this.#waiting;
    this.#waiting = [];
    this.#waitingLength = 0;
    return lines;
  }

  #writeLines(lines: string[]): void {
    this.#writing = lines.length > 0 && !this.#gone;
    if (this.#writing) return this.#writeBytes(Buffer.from(`${lines.join("\n")}\n`), lines.length);
    this.#idle.resolve();
    this.#idle = Promise.withResolvers<void>();
  }

  #writeBytes(bytes: Uint8Array, lines: number): void {
    this.#write(this.#fd, bytes, (error, taken) => {
      if (error?.code === "EAGAIN") setTimeout(() => this.#writeBytes(bytes, lines), retryMs).unref();
      else if (error) this.#failed(error.code ?? "", lines);
      else if (taken < bytes.length) this.#writeBytes(bytes.subarray(taken), lines);
      else this.#written();
    });
  }

  #written(): void {
    const dropped = this.#droppedLines;
    this.#droppedLines = 0;
    const lines = this.#takeWaiting();
    if (dropped > 0) this.onDropped?.(dropped);
    this.#writeLines([...lines, ...this.#takeWaiting()]);
  }

  #failed(code: string, lines: number): void {
    this.#gone = gone.has(code);
    this.#droppedLines += lines + this.#takeWaiting().length;
    this.#writeLines([]);
  }
}
