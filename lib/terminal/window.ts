// The window around a terminal: its title, and notifications of the desktop. Both are strings that end with BEL, and may
// contain a stranger's words, so every control character is made visible: no word can end the string.
//
//   ESC [ 22 ; 0 t   keeps the title      ESC ] 0 ; TEXT BEL            sets it (xterm's control sequences)
//   ESC [ 23 ; 0 t   has it back          ESC ] 9 ; TEXT BEL            a notification (iTerm2, kitty, Windows Terminal)
//                                         ESC ] 777 ; notify ; TITLE ; TEXT BEL   the same (rxvt, foot, Ghostty)

import { visibleRow } from "../protocol/text.ts";

export const bell = "\x07";
export const titleKept = "\x1b[22;0t";
/** In a terminal that keeps no titles, the window is left without one. */
export const titleBack = "\x1b]0;\x07\x1b[23;0t";

/** The longest title or part of a notification, in characters. */
const maxLength = 200;

export function titled(text: string): string {
  return `\x1b]0;${cleaned(text)}\x07`;
}

/** A notification, by the number of its sequence. A semicolon would end a part of it, or make another command of it. */
export function notification(sequence: 9 | 777, title: string, text: string): string {
  const [head, body] = [title, text].map((part) => cleaned(part).replaceAll(";", ","));
  return sequence === 9 ? `\x1b]9;${head}: ${body}\x07` : `\x1b]777;notify;${head};${body}\x07`;
}

function cleaned(text: string): string {
  return [...visibleRow(text)].slice(0, maxLength).join("");
}
