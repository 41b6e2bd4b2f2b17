// The lines that were typed before, for Up and Down. The draft that stood in the row at the first Up comes back below the
// newest line. A line typed again is kept once, in its new place; a line with a password never.

import { holdsPassword } from "../../protocol/commands.ts";

/** How many lines are kept. */
const keptLines = 200;

export class InputHistory {
  readonly #lines: string[] = [];
  /** How many lines up the row is; 0 is the draft. */
  #up = 0;
  #draft = "";

  add(line: string): void {
    this.#up = 0;
    if (line.trim() === "" || holdsPassword(line)) return;
    const before = this.#lines.indexOf(line);
    if (before !== -1) this.#lines.splice(before, 1);
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
  }

  /** The text that is not entered yet: the draft while `current` is an unchanged earlier line, else `current`. */
  draftBelow(current: string): string {
    const isLookedAt = this.#up > 0 && this.#draft !== "" && this.#lines.at(-this.#up) === current;
    return isLookedAt ? this.#draft : current;
  }

  /** The line before the one shown, which is `current`; undefined at the top. */
  previous(current: string): string | undefined {
    if (this.#up === this.#lines.length) return undefined;
    if (this.#up === 0) this.#draft = current;
    this.#up++;
    return this.#lines.at(-this.#up);
  }

  /** The line after the one shown, the draft last; undefined below that. */
  next(): string | undefined {
    if (this.#up === 0) return undefined;
    this.#up--;
    return this.#up === 0 ? this.#draft : this.#lines.at(-this.#up);
  }
}
