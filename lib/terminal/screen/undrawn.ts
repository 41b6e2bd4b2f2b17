// Lines that the terminal has not taken yet, in blocks: a burst of lines is drawn block by block, so that its whole text is
// never put together. Each block is one flat text, since a line that was put together from parts keeps them in memory.
// Above the bound the oldest blocks are dropped, and their lines counted.

/** A block is complete with this many UTF-16 units, or with the line that goes beyond. */
const blockLength = 16 * 1024;

type Block = { text: string; lines: number };

export class Undrawn {
  readonly #maxLength: number;
  readonly #blocks: Block[] = [];
  /** The block that is not complete. */
  #lines: string[] = [];
  #linesLength = 0;
  #length = 0;
  #skipped = 0;

  /** `maxLength`: how much waits at most, in UTF-16 units; if there is more, the newer half stays. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** How much waits, in UTF-16 units. */
  get length(): number {
    return this.#length;
  }

  add(lines: string[]): void {
    for (const line of lines) {
      this.#lines.push(line);
      this.#linesLength += line.length + 1;
      this.#length += line.length + 1;
      if (this.#linesLength >= blockLength) this.#complete();
    }
    if (this.#length > this.#maxLength) this.#skipOldest();
  }

  /** Takes the oldest block off; empty if there is none. Each line ends with a newline. */
  take(): string {
    if (this.#blocks.length === 0) this.#complete();
    const block = this.#blocks.shift();
    if (!block) return "";
    const skipped = this.#skipped === 0 ? "" : `… ${this.#skipped} lines were not shown\n`;
    this.#skipped = 0;
    this.#length -= block.text.length;
    return skipped + block.text;
  }

  /** Takes everything off. */
  takeAll(): string {
    let text = "";
    while (!this.isEmpty) text += this.take();
    return text;
  }

  #complete(): void {
    if (this.#lines.length === 0) return;
    this.#blocks.push({ text: `${this.#lines.join("\n")}\n`, lines: this.#lines.length });
    this.#lines = [];
    this.#linesLength = 0;
  }

  #skipOldest(): void {
    while (this.#length > this.#maxLength / 2) {
      const block = this.#blocks.shift();
      if (!block) return;
      this.#length -= block.text.length;
      this.#skipped += block.lines;
    }
  }
}
