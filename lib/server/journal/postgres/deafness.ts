// Tells the log when a server can write but not read for a while, since its members may then see no new events, and when
// that is over. While it cannot write either, the log tells of that instead.

import { messageOf } from "../../../protocol/errors.ts";

/** An error in reading is told if it lasts so long: more than it takes to notice that writing fails, too. */
const lastsMs = 6_000;

export class Deafness {
  readonly #note: (message: string) => void;
  readonly #isTold: () => boolean;
  #sinceMs: number | undefined;
  #told = false;

  /** `isTold`: whether the log tells of this trouble already. */
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
    this.#note(`New events cannot be read: PostgreSQL ${messageOf(error)}`);
  }

  /** Reading works. */
  over(): void {
    this.#sinceMs = undefined;
    if (this.#told) this.#note("New events are read again");
    this.#told = false;
  }
}
