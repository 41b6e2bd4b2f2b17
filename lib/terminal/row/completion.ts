// The completions of the word before the cursor, for Tab: commands at the start of a line, names everywhere.
// Names of members who spoke last come first, so the likeliest one needs the fewest keys. A name at the start of a line gets
// a colon, as one addresses a member. Behind an opening sign, as in `(be` and `@be`, the name is completed as well.

import { nameKey } from "../../protocol/names.ts";

/** The completions of a word. */
export type Completion = {
  /** Where the word starts that is replaced. */
  start: number;
  /** The words that may replace it, the likeliest first. */
  candidates: string[];
};

const openingSigns = /^[\p{Ps}\p{Pi}"'@]*/u;

/** The completions of a command's word, or else of a name. `words`: the commands, slash included; `names`: most recently active first. */
export function complete(text: string, words: string[], names: string[]): Completion {
  if (!/^\/\S*$/.test(text)) return completeName(text, names);
  const typed = text.toLowerCase();
  const matching = words.filter((known) => known.startsWith(typed));
  return { start: 0, candidates: matching.map((known) => `${known} `) };
}

/** The completions of a name. `names` come most recently active first. */
export function completeName(text: string, names: string[]): Completion {
  const start = text.search(/\S*$/);
  const nameStart = start + (openingSigns.exec(text.slice(start))?.[0].length ?? 0);
  const key = nameKey(text.slice(nameStart));
  const matching = names.filter((name) => nameKey(name).startsWith(key));
  const candidates = matching.map((name) => (nameStart === 0 ? `${name}: ` : `${name} `));
  return { start: nameStart, candidates };
}
