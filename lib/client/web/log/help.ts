// The commands and the keys, as rows among the messages.

import { commands } from "../page/completion.ts";
import { element } from "../page/dom.ts";
import { noticeRow } from "./rows.ts";

const keys = [
  "Enter says it, Shift-Enter begins another line; Tab completes a name or a command",
  "Up and Down: what you said before; PageUp and PageDown: the messages; Esc: the latest one",
  "Ctrl-Shift-F searches; a name at the side begins a whisper",
];

export function helpRows(): HTMLElement[] {
  const rows = commands.map(({ usage, summary }) =>
    element("li", "notice command", element("code", "", usage), element("span", "", summary)),
  );
  return [...rows, ...keys.map((text) => noticeRow(text))];
}
