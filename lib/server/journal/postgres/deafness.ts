// A server that can write but not read shows nothing of what is written there or elsewhere. Its log says so once that
// has lasted, and again when it is over. While nothing can be written either, that is told instead.

import { messageOf } from "../../../protocol/errors.ts";

/** Longer than it takes to notice that nothing can be written. */
const lastsMs = 6_000;

export class Deafness {
  readonly #note: (message: string) => void;
  readonly #isTold: () => boolean;
  #sinceMs: number | undefined;
  #told = false;

  /** `isTold`: whether what is wrong is told otherwise. */
  constructor(note: (message: string) => void, isTold: () => boolean) {
    this.#note = note;
    this.#isTold = isTold;
  }

  /** Reading failed, for this reason. */
  failed(error: unknown): void {
    const now = performance.now();
    this.#sinceMs ??= now;
    if (this.#isTold()) this.#sinceMs = now;
    if (this.#told || now - this.#sinceMs < lastsMs) return;
    this.#told = true;
    this.#note(`What is written cannot be read back: PostgreSQL ${messageOf(error)}`);
  }

  /** Reading works. */
  over(): void {
    this.#sinceMs = undefined;
    if (this.#told) this.#note("What is written is read back again");
    this.#told = false;
  }
}
