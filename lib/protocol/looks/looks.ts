// Names that look alike: rnallory looks like mallory, ινγ like ivy. Of names that share a look one at most is in the room. A
// look is a text in plain letters, by the rules of UTS #39, Unicode Security Mechanisms, with all of its confusables.txt and
// a few looks of our own. A name has up to three looks: in capitals, in small letters, and as it is written. So Νιν looks
// like Niv, and like NIN.
//
// Only a server compares looks. No file that a client needs may import this one, since its table is larger than the rest of a
// client.

import type { Fault } from "../events.ts";
import { alikeAllowed, nameKey, reserved, reservedFault } from "../names.ts";
import { confusables } from "./confusables.ts";

/**
 * Letters that look like the text in front of them and are not in confusables.txt: small capitals, which look like capitals in
 * a name that stands alone, and w, which looks like two v.
 */
const ownAlikes: Record<string, string> = {
  a: "ᴀ",
  b: "ʙ",
  d: "ᴅ",
  e: "ᴇ",
  f: "ꜰ",
  g: "ɢ",
  h: "ʜ",
  j: "ᴊ",
  k: "ᴋ",
  l: "ʟꞮ",
  n: "ɴ",
  p: "ᴘᴩ",
  q: "ꞯ",
  t: "ᴛ",
  rn: "ᴍ",
  vv: "w",
};

/** Marks that strike a letter through, which stand behind it in confusables.txt. Without them Đ looks like D. */
const strokes = /[\u0334-\u0338]/g;
/** A second dot above a small i or j, which cannot be seen. */
const doubleDot = /(?<=[ij]\p{M}*)\u0307/giu;
const invisible = /\p{Default_Ignorable_Code_Point}/gu;

const table = new Map<string, string>();
for (const entry of confusables.split(";")) {
  const [look = "", letters = ""] = entry.split(":").map((text) => fromDistances(text));
  for (const letter of letters) table.set(letter, look);
}
for (const [look, letters] of Object.entries(ownAlikes))
  for (const letter of letters) table.set(letter, look);

function fromDistances(text: string): string {
  let point = 0;
  return String.fromCodePoint(...text.split(" ").map((distance) => (point += Number.parseInt(distance, 36))));
}

const ascii = /^[\x21-\x7e]*$/;

/** The look of a text, in its own case. */
function lookOf(text: string): string {
  const plain = ascii.test(text) ? text : text.normalize("NFD").replace(invisible, "").replace(doubleDot, "");
  let look = "";
  for (const letter of plain) look += table.get(letter) ?? letter;
  return look;
}

/** A look without cases: A to Z become small letters, and these are looked up again, since m looks like rn. */
function folded(look: string): string {
  const small = lookOf(look.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  return ascii.test(small) ? small : small.normalize("NFD").replace(strokes, "");
}

/** The look of a name in capitals, by which the room keeps facts about the name. */
export function skeleton(name: string): string {
  return looks(name)[0] ?? "";
}

/** The latest looks by name: a join asks for the same ones several times. */
const known = new Map<string, readonly string[]>();
const mostKnown = 1_000;

/** All looks of a name, its skeleton first. Names with a look in common look alike. */
export function looks(name: string): readonly string[] {
  const before = known.get(name);
  if (before) return before;
  if (known.size >= mostKnown) known.clear();
  const key = nameKey(name);
  const all = [key.toUpperCase(), key, name.normalize("NFKC")].map((text) => folded(lookOf(text)));
  const found = [...new Set(all)];
  known.set(name, found);
  return found;
}

/** The looks of titles: only an operator may have a name with one of these. */
const titles = new Set(["admin", "administrator", "operator", "root"].flatMap(looks));
const reservedLooks = new Set(reserved.filter((name) => !alikeAllowed.has(name)).flatMap(looks));

/** Why the name is refused for its look; undefined if it is not. `isOperator`: titles are allowed. */
export function refusesLook(name: string, isOperator: boolean): Fault | undefined {
  const isReserved = looks(name).some((look) => reservedLooks.has(look));
  return isReserved || (!isOperator && isTitle(name)) ? reservedFault(name) : undefined;
}

/** Whether the name is a title, or looks like one. */
export function isTitle(name: string): boolean {
  return looks(name).some((look) => titles.has(look));
}
