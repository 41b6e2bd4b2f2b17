// What a soak must not lose: the book of every line that its sender was told is in the room, and of what each witness
// has heard. A line's key is its first word, and no two lines have the same.

export class Book {
  /** What did not hold, as it was found. */
  readonly problems: string[] = [];
  /** Key → seq; undefined where the dialect does not tell it. */
  readonly #acknowledged = new Map<string, number | undefined>();
  readonly #heard: Map<string, number>[];

  constructor(witnesses: number) {
    this.#heard = Array.from({ length: witnesses }, () => new Map());
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  get heard(): number {
    return this.#heard[0]?.size ?? 0;
  }

  problem(problem: string): void {
    this.problems.push(problem);
    console.error(`! ${problem}`);
  }

  acknowledge(key: string, seq: number | undefined): void {
    this.#acknowledged.set(key, seq);
  }

  hear(witness: number, key: string, seq: number): void {
    const heard = this.#heard[witness];
    const before = heard?.get(key);
    if (before !== undefined) this.problem(`Witness ${witness} heard ${key} twice, as ${before} and ${seq}`);
    heard?.set(key, seq);
  }

  /** At the end: all that was acknowledged was heard by every witness, in the one place it has. */
  close(): void {
    for (const [witness, heard] of this.#heard.entries()) {
      const lost = [...this.#acknowledged.keys()].filter((key) => !heard.has(key));
      if (lost.length > 0)
        this.problem(`Witness ${witness} missed ${lost.length} lines: ${lost.slice(0, 10)}`);
      const { size } = heard;
      if (size !== this.heard)
        this.problem(`Witness ${witness} heard ${size} lines, the first ${this.heard}`);
      for (const [key, seq] of heard) {
        const acknowledged = this.#acknowledged.get(key) ?? seq;
        const elsewhere = this.#heard[0]?.get(key);
        if (acknowledged !== seq || elsewhere !== seq) {
          this.problem(
            `${key} is ${seq} at witness ${witness}, ${elsewhere} at the first, acknowledged as ${acknowledged}`,
          );
        }
      }
    }
  }
}
