// What a soak must not lose: the book of every line that its sender was told is in the room, and of what each witness
// has heard. A line's key is its first word, and no two lines have the same. Who reads a line that was taken back only
// after that does not hear it.

export class Book {
  /** What did not hold, as it was found. */
  readonly problems: string[] = [];
  /** Key → seq; undefined where the dialect does not tell it. */
  readonly #acknowledged = new Map<string, number | undefined>();
  readonly #heard: Map<string, number>[];
  /** The positions of lines that were taken back, and those that a witness did not hear of. */
  readonly #takenBack = new Set<number>();
  readonly #skipped: { witness: number; seq: number }[] = [];

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

  takeBack(seqs: readonly number[]): void {
    for (const seq of seqs) this.#takenBack.add(seq);
  }

  skip(witness: number, seq: number): void {
    this.#skipped.push({ witness, seq });
  }

  /** At the end: all that was acknowledged was heard by every witness, in the one place it has. */
  close(): void {
    const isTakenBack = (seq: number | undefined) => seq !== undefined && this.#takenBack.has(seq);
    for (const { witness, seq } of this.#skipped) {
      if (!isTakenBack(seq)) this.problem(`Witness ${witness} did not hear ${seq}`);
    }
    const [first = new Map<string, number>()] = this.#heard;
    for (const [witness, heard] of this.#heard.entries()) {
      const lost = [...this.#acknowledged, ...first].flatMap(([key, seq]) =>
        heard.has(key) || isTakenBack(seq) ? [] : [key],
      );
      if (lost.length > 0)
        this.problem(`Witness ${witness} missed ${lost.length} lines: ${lost.slice(0, 10)}`);
      for (const [key, seq] of heard) {
        const acknowledged = this.#acknowledged.get(key) ?? seq;
        const elsewhere = first.get(key) ?? (isTakenBack(seq) ? seq : undefined);
        if (acknowledged !== seq || elsewhere !== seq) {
          this.problem(
            `${key} is ${seq} at witness ${witness}, ${elsewhere} at the first, acknowledged as ${acknowledged}`,
          );
        }
      }
    }
  }
}
