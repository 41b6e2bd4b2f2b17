// Lines on stdout or stderr, printed without waiting for the reader. Lines that come while a write is under way wait, up to
// a bound; those above it are dropped, and `onDropped` is called with their number when the output flows again.
//
//   print ──▶ waiting lines ──▶ one write under way ──▶ the file descriptor
//                 └ full: dropped, and counted
//
// An output that is gone (a closed pipe or terminal) takes nothing more and breaks nothing. Where the lines of a write
// are lost (a full disk), they count as dropped, and the next text begins a line of its own.

import { setTimeout as sleep } from "node:timers/promises";
import { type Outcome, type Write, writeText } from "./writer.ts";

/** How much may wait, in UTF-16 units: some minutes of a busy room's log. */
const defaultCapacity = 1024 * 1024;

export class Output {
  /** Called with the number of dropped lines once the output flows again. Lines that it prints come behind those that waited. */
  onDropped: (count: number) => void = () => {};
  readonly #write: Write;
  readonly #capacity: number;
  #waiting: string[] = [];
  #waitingLength = 0;
  #droppedLines = 0;
  #writing = false;
  #gone = false;
  /** The output ends within a line whose rest was lost. */
  #torn = false;
  #idle = Promise.withResolvers<void>();

  /** `write` is one that `writeTo` made. `capacity`: how much text may wait, in UTF-16 units. */
  constructor(write: Write, capacity: number = defaultCapacity) {
    this.#write = write;
    this.#capacity = capacity;
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
    if (!this.#writing) {
      this.#idle.resolve();
      this.#idle = Promise.withResolvers<void>();
      return;
    }
    const written = (outcome: Outcome) => {
      this.#gone = outcome === "gone";
      this.#torn = outcome === "torn" || (this.#torn && outcome === "lost");
      if (outcome === "taken") this.#written();
      else this.#lost(lines.length);
    };
    writeText(this.#write, `${this.#torn ? "\n" : ""}${lines.join("\n")}\n`, written);
  }

  #written(): void {
    const dropped = this.#droppedLines;
    this.#droppedLines = 0;
    const lines = this.#takeWaiting();
    if (dropped > 0) this.onDropped(dropped);
    this.#writeLines([...lines, ...this.#takeWaiting()]);
  }

  #lost(lines: number): void {
    this.#droppedLines += lines + this.#takeWaiting().length;
    this.#writeLines([]);
  }
}
