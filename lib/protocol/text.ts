// Text of strangers. A terminal obeys what it is sent, so no stranger's byte may reach one as a command:
// everything that controls, reorders or hides is replaced by a visible symbol, or dropped if nothing is lost with it.
// The server applies this once, where text enters; the client once more, where it prints. Names have stricter rules:
// names.ts.

import { type Fault, fault, limits } from "./events.ts";

const harmless = /^[\x20-\x7e]*$/;
// Controls, formats (but ZWNJ and ZWJ, which scripts and emoji need), lone surrogates, line and paragraph
// separators, and the letters and symbols that draw nothing. A flag such as Scotland's, which has formats in it, is
// matched as a whole, to be left alone.
const flagOrHostile =
  /\p{RGI_Emoji_Tag_Sequence}|(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{2800}]/gv;
/** Soft hyphen, word joiner, byte order mark, and the marks of a direction: copied along with text, and not missed. */
const needless = /^[\u{ad}\u{2060}\u{feff}\u{200e}\u{200f}\u{61c}]$/u;
// The lookbehind lets a match start only at the first of a row of joiners: started at each of them, a long row would take
// the square of its length.
const pileOfMarks = /(?<![\u200c\u200d])((?:[\u200c\u200d]*\p{M}){4})(?:[\u200c\u200d]*\p{M})+/gu;

/** A character that leaves a mark on the screen. */
const drawn = /[^\s\p{Default_Ignorable_Code_Point}]/u;

/** The text without anything that a terminal would obey or hide. LF stays; a tab becomes two spaces. */
export function visible(text: string): string {
  if (harmless.test(text)) return text;
  return text.replaceAll("\t", "  ").replace(flagOrHostile, shown).replace(pileOfMarks, "$1");
}

/** ␛ for ESC and so on, from Unicode's Control Pictures; � for what has no picture and is missed. */
function shown(flagOrHostile: string): string {
  const [character = "", ...tags] = flagOrHostile;
  if (tags.length > 0) return flagOrHostile;
  if (needless.test(character)) return "";
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\ufffd";
}

/** The same in one row, for names and for sentences: an LF becomes a blank. */
export function visibleRow(text: string): string {
  return visible(text).replaceAll("\n", " ");
}

/** A message as it may enter the room, or what is wrong with it. */
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
