// The lines that were drawn last, at least a screen of them, for drawing the screen anew.

/** How much is kept, in blocks and in UTF-16 units; the newest block always. */
const maxBlocks = 500;
const maxLength = 64 * 1024;

export class Shown {
  readonly #blocks: string[] = [];
  #length = 0;

  /** Adds lines, each of which ends with a newline. */
  add(block: string): void {
    if (block === "") return;
    this.#blocks.push(block);
    this.#length += block.length;
    while (this.#blocks.length > maxBlocks || (this.#length > maxLength && this.#blocks.length > 1)) {
      this.#length -= this.#blocks.shift()?.length ?? 0;
    }
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#length = 0;
  }

  /** The last `count` lines, fewer if fewer are kept. */
  last(count: number): string {
    if (count <= 0) return "";
    const lines = this.#blocks.join("").split("\n").slice(0, -1);
    return lines
      .slice(-count)
      .map((line) => `${line}\n`)
      .join("");
  }
}
