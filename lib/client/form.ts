// The questions before the chat, in @clack/prompts. Only where somebody can answer them: on a terminal.

import { confirm, isCancel, log, spinner, text } from "@clack/prompts";
import { isFault, limits } from "../protocol.ts";
import { cleanName, visibleRow } from "../text.ts";
import type { Unknown } from "./trust.ts";

const wonderMs = 300;

/** Asks for a name; `problem` is what was wrong with the last one. Undefined if nobody wants to answer. */
export async function askName(problem?: string): Promise<string | undefined> {
  const answer = await untilLeft((signal) =>
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
  return isCancel(answer) ? undefined : answer;
}

/** Shows the certificate of a server, and asks whether it is the right one. */
export async function askTrust(address: string, { fingerprint, doubt }: Unknown): Promise<boolean> {
  // Two rows, which are easier to compare than one that the terminal breaks.
  const half = fingerprint.length / 2;
  const rows = [fingerprint.slice(0, half), fingerprint.slice(half)];
  log.warn(visibleRow(`The certificate of ${address} is not known: ${doubt}. Its SHA-256 fingerprint is`));
  log.message(rows.map(visibleRow).join("\n"));
  const message = "Is that the server's, and may it be remembered?";
  return (await untilLeft((signal) => confirm({ message, initialValue: false, signal }))) === true;
}

/** A question of clack's does not settle on Ctrl-D by itself. */
async function untilLeft<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const leave = new AbortController();
  const onKey = (_: unknown, key: { name?: string; ctrl?: boolean }) => {
    if (key.ctrl && key.name === "d") leave.abort();
  };
  process.stdin.on("keypress", onKey);
  return ask(leave.signal).finally(() => process.stdin.off("keypress", onKey));
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
