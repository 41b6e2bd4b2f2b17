// The questions before the chat, in @clack/prompts. Only where somebody can answer them: on a terminal.

import { confirm, isCancel, log, password, spinner, text } from "@clack/prompts";
import { isFault, limits } from "../../protocol/events.ts";
import { cleanName } from "../../protocol/names.ts";
import { visibleRow } from "../../protocol/text.ts";
import type { Unknown } from "./trust.ts";

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

/** Shows the certificate of a server, and asks whether it is the right one. */
export async function askTrust(address: string, { fingerprint, doubt }: Unknown): Promise<boolean> {
  // Two rows, which are easier to compare than one that the terminal breaks.
  const half = fingerprint.length / 2;
  const rows = [fingerprint.slice(0, half), fingerprint.slice(half)];
  log.warn(visibleRow(`The certificate of ${address} is not known: ${doubt}. Its SHA-256 fingerprint is`));
  log.message(rows.map(visibleRow).join("\n"));
  const message = "Is that the server's, and may it be remembered?";
  return (await answered((signal) => confirm({ message, initialValue: false, signal }))) ?? false;
}

/** The answer to a question; it is none if Ctrl-C leaves it, or Ctrl-D, which the questions do not know. */
async function answered<T>(
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<Exclude<T, symbol> | undefined> {
  const leave = new AbortController();
  const onKey = (_: unknown, key: { name?: string; ctrl?: boolean }) => {
    if (key.ctrl && key.name === "d") leave.abort();
  };
  process.stdin.on("keypress", onKey);
  const answer = await ask(leave.signal).finally(() => process.stdin.off("keypress", onKey));
  return isCancel(answer) ? undefined : (answer as Exclude<T, symbol>);
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
