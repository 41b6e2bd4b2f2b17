// The list above the row: commands with their summaries, behind a slash, and names behind an @ or at Tab. While it is shown,
// the focus stays in the row, and a screen reader is told which entry is chosen.

import { typed } from "../../../protocol/typed.ts";
import { completeName } from "../../../terminal/row/completion.ts";
import { localCommands } from "../../core/client.ts";
import { byId, element, show } from "./dom.ts";

/** A completion of the word before the cursor, as it stands in the list. */
type Choice = { text: string; label: string; summary: string };

/** Commands that the page does not offer, since it has a menu and a search. */
const elsewhere = ["/set", "/around"];
export const commands = [...typed, ...localCommands].filter(({ word }) => !elsewhere.includes(word));
const shownNames = 8;

export class CompletionList {
  readonly #entry: HTMLTextAreaElement;
  readonly #names: () => string[];
  readonly #list = byId("list", HTMLUListElement);
  #choices: Choice[] = [];
  /** The offset of the word that a choice replaces. */
  #start = 0;
  #chosen = 0;
  /** Whether Tab has put a choice in the row, so that the next Tab goes on to the next one. */
  #isRound = false;

  /** `names` come most recently active first. */
  constructor(entry: HTMLTextAreaElement, names: () => string[]) {
    this.#entry = entry;
    this.#names = names;
    this.#list.onpointerdown = (event) => {
      event.preventDefault();
      const option = event.target instanceof Element ? event.target.closest("li") : null;
      const index = option ? [...this.#list.children].indexOf(option) : -1;
      if (index === -1) return;
      this.#chosen = index;
      this.take();
    };
  }

  get isOpen(): boolean {
    return !this.#list.hidden;
  }

  /** The text of the row has changed: shows its completions. */
  look(): void {
    this.#isRound = false;
    const { value, selectionStart } = this.#entry;
    const before = value.slice(0, selectionStart);
    // The word of a command, or a name behind an @.
    this.#offer(/^\/\w*$|(?:^|\s)[("']*@[^\s@]*$/.test(before) ? before : undefined);
    // A command that is typed whole needs no list.
    if (this.#choices.length === 1 && this.isWhole) this.close();
  }

  /** Whether the chosen word is typed already, as is /who with /whois below it. */
  get isWhole(): boolean {
    const { value, selectionStart } = this.#entry;
    const typed = value.slice(this.#start, selectionStart);
    return !this.#isRound && this.#choices[this.#chosen]?.text.trim() === typed.toLowerCase();
  }

  /** Tab: completes the word before the cursor, or goes on to the next choice. False if there is nothing to complete. */
  tab(step: 1 | -1): boolean {
    if (this.#isRound) {
      this.choose(step);
      this.#put();
      return true;
    }
    if (!this.isOpen) {
      const before = this.#entry.value.slice(0, this.#entry.selectionStart);
      if (!/\S$/.test(before)) return false;
      this.#offer(before);
      if (this.#choices.length === 0) return false;
    }
    this.#put();
    this.#isRound = this.#choices.length > 1;
    if (!this.#isRound) this.close();
    return true;
  }

  choose(step: 1 | -1): void {
    const { length } = this.#choices;
    this.#chosen = (this.#chosen + step + length) % length;
    this.#draw();
  }

  /** Puts the choice in the row, and closes. */
  take(): void {
    if (!this.#isRound) this.#put();
    this.#entry.dispatchEvent(new Event("input"));
    this.close();
  }

  close(): void {
    this.#isRound = false;
    this.#choices = [];
    show(this.#list, false);
    this.#entry.removeAttribute("aria-activedescendant");
  }

  #offer(before: string | undefined): void {
    this.#choices = before === undefined ? [] : this.#choicesFor(before);
    this.#chosen = 0;
    if (this.#choices.length === 0) return this.close();
    this.#draw();
    show(this.#list, true);
  }

  #choicesFor(before: string): Choice[] {
    if (/^\/\w*$/.test(before)) {
      this.#start = 0;
      const typing = before.toLowerCase();
      const matching = commands.filter(({ word }) => word.startsWith(typing));
      return matching.map(({ word, usage, summary }) => ({ text: `${word} `, label: usage, summary }));
    }
    const { start, candidates } = completeName(before, this.#names());
    // The choice replaces the @, too.
    this.#start = before[start - 1] === "@" ? start - 1 : start;
    const shown = candidates.slice(0, shownNames);
    return shown.map((text) => ({ text, label: text.replace(/:? $/, ""), summary: "" }));
  }

  /** Puts the choice in the place of the word. */
  #put(): void {
    const entry = this.#entry;
    const text = this.#choices[this.#chosen]?.text ?? "";
    entry.setRangeText(text, this.#start, entry.selectionStart, "end");
  }

  #draw(): void {
    const options = this.#choices.map(({ label, summary }, index) => {
      const option = element("li", "", element("span", "label", label));
      if (summary !== "") option.append(element("span", "faint", summary));
      option.role = "option";
      option.id = `option-${index}`;
      option.ariaSelected = String(index === this.#chosen);
      return option;
    });
    this.#list.replaceChildren(...options);
    options[this.#chosen]?.scrollIntoView({ block: "nearest" });
    this.#entry.setAttribute("aria-activedescendant", `option-${this.#chosen}`);
  }
}
