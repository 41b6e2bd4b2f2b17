// Names. A person who reads a name must know whose it is. So no name mixes scripts, which would allow ada with a Cyrillic а,
// and names that differ in case or width alone are one name: they have the same key, which is compared and never shown. The
// rules for scripts are "Highly Restrictive" of UTS #39, Unicode Security Mechanisms. Names that look alike are compared in
// looks.ts, which only a server needs.

import { type Fault, fault, isFault, limits } from "./events.ts";
import { visibleRow } from "./text.ts";

const nameShape = /^[\p{L}\p{N}_-][\p{L}\p{M}\p{N}_-]*$/u;
const invisible = /\p{Default_Ignorable_Code_Point}/u;

// Letters that look like punctuation, so that adaː would be read as ada with a colon: the modifier letters that belong to no
// script, and five of Latin. Among them are the ʻ of Hawaiian and the ʼ of Ukrainian, which look like quotation marks: such
// names must do without. Two kinds are allowed, since a script needs them: the ー of kana, and the tone marks of Bopomofo
// behind a syllable.
const likePunctuation =
  /[[\p{Lm}&&\p{sc=Common}]--[\p{scx=Katakana}ˇˉˊˋ]]|(?<!\p{sc=Bopomofo})[ˇˉˊˋ]|[ǃꞏꟷꞋꞌ]/v;

// The scripts that UAX #31 recommends, in groups that people mix in one word. All other scripts form one more group.
const writings = [
  "Latin Han Hiragana Katakana",
  "Latin Han Bopomofo",
  "Latin Han Hangul",
  ...`Arabic Armenian Bengali Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Hebrew Kannada Khmer Lao
    Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan`.split(/\s+/),
].map((scripts) => scripts.replace(/\w+/g, "\\p{scx=$&}").replaceAll(" ", ""));

// Digits, "_", "-" and marks that several scripts share may stand beside letters of any script.
const oneWriting = new RegExp(
  [...writings, `[^${writings.join("")}]`]
    .map((letters) => `^[\\p{scx=Common}\\p{sc=Inherited}${letters}]*$`)
    .join("|"),
  "v",
);

/** A key that is equal for names that differ in case or width alone: the room takes them for one name. */
export function nameKey(name: string): string {
  // Upper case and back folds letters whose upper case is two: ß is SS. First to lower case, since ẞ is its own upper.
  return name.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase().normalize("NFKC");
}

/**
 * Names that no member may have, since a reader would take its lines for the server's or for those of a group: the words with
 * which the server begins lines, on the wire and in its log, and the services of other chats. A server also refuses names
 * that look like one of them (looks.ts), except for those in `alikeAllowed`.
 */
export const reserved =
  `server system room all everyone everybody nobody nothing welcome here you the there an its it more join event events
  history today sigint sigterm sighup nickserv chanserv memoserv saslserv operserv hostserv botserv authserv global q`.split(
    /\s+/,
  );

/** Reserved words that look like names of people, as all looks like Ali: only the words themselves are refused. */
export const alikeAllowed = new Set(["all", "an", "it", "its", "the", "q"]);

const reservedKeys = new Set(reserved);

/** The name in the form in which the room keeps it (NFKC: full-width letters become plain ones), or its fault. */
export function cleanName(raw: string): string | Fault {
  const name = raw.normalize("NFKC").trim();
  if (name === "") return fault("bad-name", "A name needs at least one character");
  if ([...name].length > limits.nameLength) {
    return fault("bad-name", `A name has at most ${limits.nameLength} characters: choose a shorter one`);
  }
  if (!nameShape.test(name) || invisible.test(name) || likePunctuation.test(name) || /\p{M}{4}/u.test(name)) {
    const near = nearName(name);
    const way = near === undefined ? "choose another one" : `${near} would do`;
    return fault("bad-name", `A name is made of letters, digits, "_" and "-": ${way}`);
  }
  if (!oneWriting.test(name)) {
    return fault("bad-name", "This name mixes scripts, such as Latin and Cyrillic: write all of it in one");
  }
  return reservedKeys.has(nameKey(name)) ? reservedFault(name) : name;
}

/** The name of another member in the form in which the room keeps it, or the fault that no member can have it. */
export function memberName(raw: string): string | Fault {
  const name = cleanName(raw);
  const shown = visibleRow(raw.slice(0, limits.nameLength));
  return isFault(name) ? { ...name, text: `Nobody here is called "${shown}"` } : name;
}

export function reservedFault(name: string): Fault {
  return fault("name-reserved", `"${name}" is reserved: choose another name`);
}

/** The name with a number behind it, or with the next number: ada, ada2, ada3. */
export function nextName(name: string): string {
  const [, letters = "", number = "1"] = /^(.*?)([1-9]\d{0,8})?$/su.exec(name) ?? [];
  const next = `${Number(number) + 1}`;
  return [...letters].slice(0, limits.nameLength - next.length).join("") + next;
}

/** A valid name that is like this one, with "_" for blanks and without signs; undefined if there is none. */
export function nearName(name: string): string | undefined {
  const letters = name.replaceAll(new RegExp(likePunctuation, "gv"), "");
  const near = letters.replaceAll(/\s+/g, "_").replaceAll(/[^\p{L}\p{M}\p{N}_-]/gu, "");
  return near === name || isFault(cleanName(near)) ? undefined : near;
}
