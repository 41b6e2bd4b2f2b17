// The questions before the chat, in @clack/prompts. Clack reads and draws through the same Tty as the chat: so a closed
// window ends a question, Ctrl-Z and `fg` draw it anew, and no key is lost between a question and the chat.
// A question that is left without an answer gives undefined; a certificate is refused then.
// Clack is loaded with the first question: most starts ask nothing, and loading it would be a fifth of their time.

import { PassThrough, Writable } from "node:stream";
import picocolors from "picocolors";
import { type Fault, isFault, limits } from "../../../protocol/events.ts";
import { cleanName, nearName, nextName } from "../../../protocol/names.ts";
import { visibleRow } from "../../../protocol/text.ts";
import type { Key } from "../../../terminal/keys.ts";
import { isCtrl, type Tty, type TtyReader, wrapOff, wrapOn } from "../../../terminal/tty.ts";
import type { Unknown } from "../trust.ts";

/** A shorter wait than this is not shown. */
const wonderMs = 300;
/** How long each picture of the spinner stays. */
const spinMs = 80;

/** Asks for a name, and offers one; `refused`: a name that was tried, and its fault. Undefined if the question was left. */
export function askName(tty: Tty, refused?: { name: string; problem: Fault }): Promise<string | undefined> {
  const offered = refused ? nameInstead(refused) : ownName();
  return answered(tty, (clack, io) =>
    clack.text({
      message: refused ? `${visibleRow(refused.problem.text)}. What is your name?` : "What is your name?",
      placeholder: offered || `1 to ${limits.nameLength} letters, digits, "_" or "-"`,
      defaultValue: offered,
      ...io,
      validate(value) {
        const name = cleanName(value || offered);
        return isFault(name) ? name.text : undefined;
      },
    }),
  );
}

/** A name to take instead of one that was refused; empty if there is none at hand. */
function nameInstead({ name, problem }: { name: string; problem: Fault }): string {
  const isOfAnother = problem.code === "name-owned" || problem.code === "name-taken";
  return (isOfAnother ? nextName(name) : nearName(name)) ?? "";
}

/** The user's name on this machine as it may be in the room; empty if it may not. */
function ownName(): string {
  const { USER = "" } = process.env;
  const name = cleanName(USER);
  return isFault(name) ? (nearName(USER) ?? "") : name;
}

/** Asks for a password, which is not shown. Once given, it leaves no trace of its length. Undefined if the question was left. */
export function askPassword(tty: Tty, problem: string): Promise<string | undefined> {
  return answered(tty, (clack, io) => clack.password({ message: visibleRow(problem), ...io }));
}

/** Shows the certificate of a server, and asks whether it is the right one. */
export async function askTrust(tty: Tty, address: string, { fingerprint, doubt }: Unknown): Promise<boolean> {
  // Two rows, which are easier to compare than one that the terminal breaks.
  const half = fingerprint.length / 2;
  const rows = [fingerprint.slice(0, half), fingerprint.slice(half)];
  const message = "Is that the server's, and may it be remembered?";
  const answer = await answered(tty, ({ log, confirm }, io) => {
    const { output } = io;
    log.warn(visibleRow(`The certificate of ${address} is not known: ${doubt}. Its SHA-256 fingerprint is`), {
      output,
    });
    log.message(rows.map(visibleRow).join("\n"), { output });
    return confirm({ message, initialValue: false, ...io });
  });
  return answer ?? false;
}

type Clack = typeof import("@clack/prompts");

/** The streams that clack reads from and draws to. */
type Streams = { input: PassThrough; output: Writable };

/** The answer to a question; undefined if it was left with Ctrl-C or Ctrl-D, or the terminal is gone. */
async function answered<T>(
  tty: Tty,
  ask: (clack: Clack, streams: Streams) => Promise<T>,
): Promise<Exclude<T, symbol> | undefined> {
  const clack = await import("@clack/prompts");
  const input = new PassThrough();
  let isAnswered = false;
  const { output, drawn } = drawingOn(tty, (text) =>
    isAnswered ? text.replaceAll(clack.S_PASSWORD_MASK, "") : text,
  );
  const reader: TtyReader = {
    key: (key) => {
      const bytes = bytesOf(key);
      isAnswered = bytes === ctrlC || bytes === "\r";
      input.write(bytes);
    },
    resized: () => void output.emit("resize"),
    // Clack draws relative to where it began, so the same bytes draw the question again.
    resumed: () => tty.write(drawn()),
    gone: () => void input.write(ctrlC),
  };
  // Keys that were typed before the question are no answer to it, and are dropped.
  tty.attach(reader);
  const answer = await ask(clack, { input, output });
  tty.detach(reader);
  return clack.isCancel(answer) ? undefined : (answer as Exclude<T, symbol>);
}

/** A stream that draws on the terminal, changed by `shown`; `drawn` returns all that was drawn so far. */
function drawingOn(tty: Tty, shown: (text: string) => string): { output: Writable; drawn: () => string } {
  let drawn = "";
  const output = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      const text = shown(String(chunk));
      drawn += text;
      tty.write(text);
      done();
    },
  });
  Object.defineProperties(output, {
    columns: { get: () => tty.columns },
    rows: { get: () => tty.rows },
    isTTY: { value: true },
  });
  return { output, drawn: () => drawn };
}

const ctrlC = "\x03";

const sequences: Record<string, string> = {
  enter: "\r",
  tab: "\t",
  backspace: "\x7f",
  up: "\x1b[A",
  down: "\x1b[B",
  right: "\x1b[C",
  left: "\x1b[D",
  home: "\x1b[H",
  end: "\x1b[F",
  delete: "\x1b[3~",
};

/** A key as a terminal sends it; of a paste its first line. Clack does not know Ctrl-D, which leaves as Ctrl-C does. */
function bytesOf(key: Key): string {
  if (isCtrl(key, "d")) return ctrlC;
  if (key.type === "text") return key.text;
  if (key.type === "paste") return key.text.split(/[\r\n]/)[0] ?? "";
  if (key.ctrl && /^[a-z]$/.test(key.name)) return String.fromCharCode(key.name.charCodeAt(0) - 0x60);
  return sequences[key.name] ?? "";
}

/** Shows a spinner while work is under way, if that takes long. Keys are kept for the question or the row that follows. */
export async function whileWaiting<T>(tty: Tty, message: string, work: Promise<T>): Promise<T> {
  const frames = ["◒", "◐", "◓", "◑"];
  const erase = "\r\x1b[J";
  let turns = 0;
  const timer = setInterval(() => {
    const frame = picocolors.magenta(frames[turns % frames.length] ?? "");
    if (turns++ * spinMs >= wonderMs && !tty.isBusy)
      tty.write(`${erase}${wrapOff}${frame}  ${message}${wrapOn}`);
  }, spinMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (turns * spinMs > wonderMs) tty.write(erase);
  }
}
