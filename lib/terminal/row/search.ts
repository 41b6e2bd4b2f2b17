// Ctrl-R: searches the lines that were typed before, newest first, while the words to find are being typed:
//
//   (search) lunch: see you at lunch     Ctrl-R: the next older one     Enter and other keys: take it into the row
//
// Ctrl-G, Ctrl-C and Escape leave it without taking anything: the text that was in the row was never touched.

import { type Key, keyName } from "../keys.ts";
import { lastGrapheme } from "./editor.ts";
import type { Found, InputHistory } from "./history.ts";

/** The effect of a key on the search: it goes on, is left, or its hit is taken; the key itself may be for the row. */
export type Outcome = "goes on" | "left" | "taken" | "taken, and the key is for the row";

export class Search {
  readonly #history: InputHistory;
  #words = "";
  #found: Found | undefined;

  constructor(history: InputHistory) {
    this.#history = history;
  }

  get label(): string {
    const state = this.#words === "" || this.#found ? "search" : "nothing found";
    return `(${state}) ${this.#words}: `;
  }

  /** The newest line with these words, or with Ctrl-R an older one. */
  get found(): Found | undefined {
    return this.#found;
  }

  press(key: Key): Outcome {
    if (key.type !== "key") return this.#type(key.text.split(/[\r\n]/, 1)[0] ?? "");
    switch (keyName(key)) {
      case "ctrl-r":
        return this.#older();
      case "backspace":
        this.#words = this.#words.slice(0, this.#words.length - lastGrapheme(this.#words).length);
        this.#found = this.#find();
        return "goes on";
      case "escape":
      case "ctrl-g":
      case "ctrl-c":
        return "left";
      case "enter":
        return "taken";
      default:
        return "taken, and the key is for the row";
    }
  }

  /** More of the words is typed: the line that was found stays if it has that, too. */
  #type(text: string): Outcome {
    this.#words += text;
    this.#found = this.#find(this.#found?.up);
    return "goes on";
  }

  #older(): Outcome {
    if (this.#found) this.#found = this.#find(this.#found.up + 1) ?? this.#found;
    return "goes on";
  }

  /** The newest line with the words, in any case, that is at least `up` lines up. */
  #find(up = 1): Found | undefined {
    if (this.#words === "") return undefined;
    const { lines } = this.#history;
    const pattern = new RegExp(this.#words.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&"), "iu");
    for (let at = up; at <= lines.length; at++) {
      const line = lines.at(-at) ?? "";
      const found = pattern.exec(line);
      if (found) return { line, up: at, at: found.index };
    }
    return undefined;
  }
}
