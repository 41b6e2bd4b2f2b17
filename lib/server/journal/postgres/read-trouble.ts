// Tells the log when a server cannot read new events for a while, since its members then see none, and when that is over. While
// it cannot write either, the log tells of that instead.

import { messageOf } from "../../../protocol/errors.ts";

/** How long reading must have failed before it is told, in ms: more than it takes to notice that writing fails, too. */
const lastsMs = 6_000;

export class ReadTrouble {
  readonly #note: (message: string) => void;
  readonly #isTold: () => boolean;
  #sinceMs: number | undefined;
  #isOpen = false;

  /** `isTold`: whether the log tells of trouble in writing, or the journal has ended. */
  constructor(note: (message: string) => void, isTold: () => boolean) {
    this.#note = note;
    this.#isTold = isTold;
  }

  /** Reading failed, for this reason. */
  failed(error: unknown): void {
    const now = performance.now();
    this.#sinceMs ??= now;
    if (this.#isTold()) this.#sinceMs = now;
    if (this.#isOpen || now - this.#sinceMs < lastsMs) return;
    this.#isOpen = true;
    this.#note(`New events cannot be read: PostgreSQL ${messageOf(error)}`);
  }

  /** Reading works again. */
  over(): void {
    this.#sinceMs = undefined;
    if (this.#isOpen) this.#note("New events are read again");
    this.#isOpen = false;
  }
}
