// Text from strangers. A terminal carries out control characters, so characters that control it, or that reorder or hide
// text, are replaced by visible symbols, or dropped if nothing is lost by that. The server does so once, as a text enters the
// room; a client once more, as it prints. Names have stricter rules: names.ts.

import { type Fault, fault, limits } from "./events.ts";

const harmless = /^[\x20-\x7e]*$/;
// Controls, formats (except ZWNJ and ZWJ, which scripts and emoji need), lone surrogates, line and paragraph separators, and
// letters and symbols that draw nothing. A flag with formats in it, such as Scotland's, is matched as a whole and kept.
const flagOrHostile =
  /\p{RGI_Emoji_Tag_Sequence}|(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{2800}]/gv;
/** Soft hyphen, word joiner, byte order mark and direction marks: people copy them along with text; they are dropped. */
const needless = /^[\u{ad}\u{2060}\u{feff}\u{200e}\u{200f}\u{61c}]$/u;
// More than four marks on one letter. The lookbehind lets a match start only at the first of a row of joiners: a match from
// each of them would take time in proportion to the square of the row's length.
const pileOfMarks = /(?<![\u200c\u200d])((?:[\u200c\u200d]*\p{M}){4})(?:[\u200c\u200d]*\p{M})+/gu;

/** A character that can be seen on the screen. */
const drawn = /[^\s\p{Default_Ignorable_Code_Point}]/u;

/** The text without characters that control a terminal or hide text. LF stays; a tab becomes two blanks. */
export function visible(text: string): string {
  if (harmless.test(text)) return text;
  return text.replaceAll("\t", "  ").replace(flagOrHostile, shown).replace(pileOfMarks, "$1");
}

/** The symbol for a character: ␛ for ESC and so on, from Unicode's Control Pictures; � for others; "" for needless ones. */
function shown(flagOrHostile: string): string {
  const [character = "", ...tags] = flagOrHostile;
  if (tags.length > 0) return flagOrHostile;
  if (needless.test(character)) return "";
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\ufffd";
}

/** As `visible`, in one row: an LF becomes a blank. */
export function visibleRow(text: string): string {
  return visible(text).replaceAll("\n", " ");
}

/** A message in the form in which it enters the room, or its fault. */
export function cleanText(raw: string): string | Fault {
  const text = harmless.test(raw) ? raw.trimEnd() : visible(raw.replaceAll("\r\n", "\n")).trimEnd();
  if (!drawn.test(text)) return fault("empty", "A message needs some text");
  if (text.length > limits.textLength && [...text].length > limits.textLength) {
    return fault("too-long", `A message has at most ${limits.textLength} characters: shorten or split it`);
  }
  if (text.includes("\n") && text.split("\n", limits.textLines + 1).length > limits.textLines) {
    return fault("too-long", `A message has at most ${limits.textLines} lines: split it`);
  }
  return text;
}
