// Tells the log when a server cannot read new events for a while, since its members then see none, and when that is over. While
// it cannot write either, the log tells of that instead.

import { messageOf } from "../../../protocol/errors.ts";

/** How long reading must fail before the log tells of it, in ms: longer than it takes to notice that writing fails, too. */
const lastsMs = 6_000;

export class ReadTrouble {
  readonly #note: (message: string) => void;
  readonly #isSilent: () => boolean;
  #sinceMs: number | undefined;
  /** Whether the log was told that reading fails. */
  #isTold = false;

  /** `isSilent`: whether nothing is to be told now, since writing fails, too, or the journal has ended. */
  constructor(note: (message: string) => void, isSilent: () => boolean) {
    this.#note = note;
    this.#isSilent = isSilent;
  }

  /** Reading failed, for this reason. */
  failed(error: unknown): void {
    const now = performance.now();
    this.#sinceMs ??= now;
    if (this.#isSilent()) this.#sinceMs = now;
    if (this.#isTold || now - this.#sinceMs < lastsMs) return;
    this.#isTold = true;
    this.#note(`New events cannot be read: PostgreSQL ${messageOf(error)}`);
  }

  /** Reading works again. */
  over(): void {
    this.#sinceMs = undefined;
    if (this.#isTold) this.#note("New events are read again");
    this.#isTold = false;
  }
}
