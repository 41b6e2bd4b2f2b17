// The questions before the chat, in @clack/prompts. Only where somebody can answer them: on a terminal.

import { isCancel, spinner, text } from "@clack/prompts";
import { cleanName } from "../names.ts";
import { isFault, limits } from "../protocol.ts";
import { visibleRow } from "../text.ts";

const wonderMs = 300;

/** Asks for a name; `problem` is what was wrong with the last one. Undefined if nobody wants to answer. */
export async function askName(problem?: string): Promise<string | undefined> {
  // The prompt does not settle on Ctrl-D by itself.
  const leave = new AbortController();
  const onKey = (_: unknown, key: { name?: string; ctrl?: boolean }) => {
    if (key.ctrl && key.name === "d") leave.abort();
  };
  process.stdin.on("keypress", onKey);
  const answer = await text({
    message: problem ? `${visibleRow(problem)}. What is your name?` : "What is your name?",
    placeholder: `1 to ${limits.nameLength} letters, digits, "_" or "-"`,
    signal: leave.signal,
    validate(value) {
      const name = cleanName(value ?? "");
      return isFault(name) ? name.text : undefined;
    },
  });
  process.stdin.off("keypress", onKey);
  return isCancel(answer) ? undefined : answer;
}

/** Shows that something is under way, if it takes long enough to wonder. */
export async function whileWaiting<T>(message: string, work: Promise<T>): Promise<T> {
  let shown: ReturnType<typeof spinner> | undefined;
  const timer = setTimeout(() => {
    shown = spinner();
    shown.start(message);
  }, wonderMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    shown?.clear();
  }
}
