// The questions before the chat, in @clack/prompts. Only where somebody can answer them: on a terminal.

import { password, spinner, text } from "@clack/prompts";
import { cleanName } from "../names.ts";
import { isFault, limits } from "../protocol.ts";
import { visibleRow } from "../text.ts";

const wonderMs = 300;

/** Asks for a name; `problem` is what was wrong with the last one. Undefined if nobody wants to answer. */
export function askName(problem?: string): Promise<string | undefined> {
  return answered((signal) =>
    text({
      message: problem ? `${visibleRow(problem)}. What is your name?` : "What is your name?",
      placeholder: `1 to ${limits.nameLength} letters, digits, "_" or "-"`,
      signal,
      validate(value) {
        const name = cleanName(value ?? "");
        return isFault(name) ? name.text : undefined;
      },
    }),
  );
}

/** Asks for the room's password, which is not shown. Undefined if nobody wants to answer. */
export function askPassword(problem: string): Promise<string | undefined> {
  return answered((signal) => password({ message: visibleRow(problem), signal }));
}

/** The answer to a question; it is none if Ctrl-C, or Ctrl-D, which the questions do not know, leaves it. */
async function answered(ask: (signal: AbortSignal) => Promise<string | symbol>): Promise<string | undefined> {
  const leave = new AbortController();
  const onKey = (_: unknown, key: { name?: string; ctrl?: boolean }) => {
    if (key.ctrl && key.name === "d") leave.abort();
  };
  process.stdin.on("keypress", onKey);
  const answer = await ask(leave.signal);
  process.stdin.off("keypress", onKey);
  return typeof answer === "string" ? answer : undefined;
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
