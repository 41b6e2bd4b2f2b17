// The lines that were typed before, for Up, Down and Ctrl-R. Below the newest line comes the draft, which stood in the row
// at the first Up. A line typed again is kept once, in its new place; a line with a password never.

import { holdsPassword } from "../../protocol/typed.ts";

/** How many lines are kept. */
const keptLines = 200;

/** A line that was found: how many lines up it is, and where the words are in it, in UTF-16 units. */
export type Found = { line: string; up: number; at: number };

export class InputHistory {
  /** Oldest first. */
  readonly lines: string[] = [];
  /** How many lines up the row is; 0 is the draft. */
  #up = 0;
  #draft = "";

  add(line: string): void {
    this.#up = 0;
    if (line.trim() === "" || holdsPassword(line)) return;
    const before = this.lines.indexOf(line);
    if (before !== -1) this.lines.splice(before, 1);
    this.lines.push(line);
    if (this.lines.length > keptLines) this.lines.shift();
  }

  /** The text that is not entered yet: the draft if the row, `current`, is an unchanged earlier line, else the row. */
  draftBelow(current: string): string {
    const isLookedAt = this.#up > 0 && this.#draft !== "" && this.lines.at(-this.#up) === current;
    return isLookedAt ? this.#draft : current;
  }

  /** The line before the one shown, which is `current`; undefined at the top. */
  previous(current: string): string | undefined {
    if (this.#up === this.lines.length) return undefined;
    this.#leave(current);
    this.#up++;
    return this.lines.at(-this.#up);
  }

  /** Goes to the line that was found; `current` is the text in the row. */
  show({ up }: Found, current: string): void {
    this.#leave(current);
    this.#up = up;
  }

  /** The line after the one shown, which is `current`, the draft last; undefined below that. */
  next(current: string): string | undefined {
    if (this.#up === 0) return undefined;
    this.#leave(current);
    this.#up--;
    return this.#up === 0 ? this.#draft : this.lines.at(-this.#up);
  }

  /** Keeps the row before another line is shown: the draft, or without a draft, an earlier line that was changed. */
  #leave(current: string): void {
    const isChanged = this.#draft === "" && this.lines.at(-this.#up) !== current;
    if (this.#up === 0 || isChanged) this.#draft = current;
  }
}
