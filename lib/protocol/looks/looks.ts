// What a name looks like: rnallory like mallory, ινγ like ivy. Names that share a look are one claim, so one of them at most
// is in the room. The rules are those of UTS #39, Unicode Security Mechanisms, with all of its confusables.txt, and a few
// looks of our own. A name is one in any case, so it looks like what either of its cases looks like, and like what it is
// written as: Νιν like Niv, and like NIN.
//
// Only a server compares looks. No file that a client needs may import this one: the table is larger than all the rest.

import type { Fault } from "../events.ts";
import { alikeAllowed, nameKey, reserved, reservedFault } from "../names.ts";
import { confusables } from "./confusables.ts";

/**
 * What looks like the text in front and is not in confusables.txt: small capitals, which look like capitals in a name that
 * stands alone, and w, which two v look like.
 */
const ownAlikes: Record<string, string> = {
  ...{
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
  },
  ...{ rn: "ᴍ", vv: "w" },
};

/** Marks that strike a letter through: Đ is taken for D. In confusables.txt each stands behind its letter. */
const strokes = /[\u0334-\u0338]/g;
/** A dot above i or j, which is there already, in small letters. */
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

/** One look of a text, in the case that it is written in. */
function lookOf(text: string): string {
  const plain = ascii.test(text) ? text : text.normalize("NFD").replace(invisible, "").replace(doubleDot, "");
  let look = "";
  for (const letter of plain) look += table.get(letter) ?? letter;
  return look;
}

/** The look with small letters for A to Z, which a name in either case has. They have a look again: that of m is rn. */
function folded(look: string): string {
  const small = lookOf(look.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  return ascii.test(small) ? small : small.normalize("NFD").replace(strokes, "");
}

/** Equal for names that look alike in capitals, whatever their case: the key of facts about a name. */
export function skeleton(name: string): string {
  return looks(name)[0] ?? "";
}

/** The looks of the names that were asked about last: a join asks several times. */
const known = new Map<string, readonly string[]>();
const mostKnown = 1_000;

/** All that a name looks like, its skeleton first: names that have one of these in common look alike. */
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

/** Titles: only an operator can have one, or a name that looks like one. */
const titles = new Set(["admin", "administrator", "operator", "root"].flatMap(looks));
const reservedLooks = new Set(reserved.filter((name) => !alikeAllowed.has(name)).flatMap(looks));

/** Why no member may have the name; `isOperator`: the one who asks for it is one, or owns the name as one. */
export function refusesLook(name: string, isOperator: boolean): Fault | undefined {
  const isReserved = (look: string) => reservedLooks.has(look) || (!isOperator && titles.has(look));
  return looks(name).some(isReserved) ? reservedFault(name) : undefined;
}
