// Typed lines: a line becomes a command of the table in commands.ts, and /help lists how each is written. A line that
// looks like a command with a slip of the fingers is refused, since all would read what was meant for one member, or a
// password.

import { type Command, check, commands, cutWord, type Raw } from "./commands.ts";
import { type Fault, fault, isFault } from "./events.ts";
import { visibleRow } from "./text.ts";

/** The commands a person can type, for /help and for completion. */
export const typed = Object.entries(commands).flatMap(
  ([type, { usage, summary = "", parse = () => ({}) }]) =>
    usage === undefined ? [] : [{ type, word: cutWord(usage)[0], usage, summary, parse }],
);

/** The text of /help: a row for each command. */
export function help(): string {
  return helpOf([...typed, { usage: "//TEXT", summary: "say something that starts with a slash" }]);
}

/** A row for each command, in two columns: how it is typed, and its summary. */
export function helpOf(commands: { usage: string; summary: string }[]): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return commands.map(({ usage, summary }) => `${usage.padEnd(width)}  ${summary}`).join("\n");
}

/** Blanks, characters that cannot be seen, and cursor keys that nc sent as text, in front of a single slash. */
const unseenBeforeSlash =
  /^(?:\x1b[[O][\d;]*[A-Za-z~]|[\s\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800])+(?=[/／](?![/／]))/u;
/** The slash of Chinese and Japanese keyboards in front of a command's word, but not in a face, ／(^o^)＼. */
const wideSlash = /^／(?=[a-zａ-ｚ]+(?:\s|$))/i;
/** A row below the first that was meant as a whisper, or has a password in it. */
const secretBelow = /\n\s*[/／](?:msg|reply|op)(?!\S)/i;
/** A row with `/op` and a word behind it, with any signs before it but a second slash, which makes it a message. */
const operatorLine = /^[^\p{L}\p{N}/\n]*\/op(?![\p{L}\p{N}])\s*\S/imu;

/**
 * The command in a line that a person typed, in the form in which a program sends it, for `checkTyped` to check. These are
 * refused, neither said nor carried out, since a password or a whisper may be in them: a command behind blanks or with a
 * wide slash, and a text with such a command in a row below its first.
 */
export function parseTyped(line: string): Raw | Fault {
  const shown = line.replace(unseenBeforeSlash, "");
  const [below] = secretBelow.exec(shown) ?? [];
  if (below !== undefined) {
    const text = `A line below the first begins with ${below.trim()}, and all would read it: send it by itself`;
    return fault("unknown-command", text);
  }
  const command = shown.replace(wideSlash, "/");
  if (command.startsWith("//")) return { type: "say", text: command.slice(1) };
  if (!command.startsWith("/")) return { type: "say", text: line };
  const [word, words] = cutWord(command);
  const entry = typed.find((known) => known.word === word.toLowerCase());
  if (command !== line) {
    const meant = entry ? word : "a command";
    const rule =
      command === shown
        ? "Write it without the blank in front, or //… to say it"
        : 'Write it with a narrow slash, "/"';
    return fault("unknown-command", `Did you mean ${meant}? ${rule}`);
  }
  if (!entry) {
    const text = `There is no command ${visibleRow(word)}: /help lists them, //… says it as it is`;
    return fault("unknown-command", text);
  }
  return { type: entry.type, ...entry.parse(words) };
}

/**
 * Checks a command that `parseTyped` returned. A person does not know the names of fields, so where an argument is missing or
 * wrong the fault says how the command is written.
 */
export function checkTyped(raw: Raw): Command | Fault {
  const checked = check(raw);
  const entry = typed.find(({ type }) => type === raw.type);
  if (!entry || !isFault(checked)) return checked;
  const isMissing = Object.values(raw).includes("");
  return isMissing || checked.code === "bad-field" ? { ...checked, text: usageText(entry) } : checked;
}

/** The command in a line that a person typed, with its fields checked, or its fault. */
export function typedCommand(line: string): Command | Fault {
  const raw = parseTyped(line);
  return isFault(raw) ? raw : checkTyped(raw);
}

/** How a command is written, for a person who wrote it in another way. */
export function usageText({ usage, summary }: { usage: string; summary: string }): string {
  return `Write it as ${usage}: ${summary}`;
}

/**
 * Whether a row of the text is /op with a password, so that no history and no file may keep the text. This includes the slips
 * that `parseTyped` refuses.
 */
export function holdsPassword(text: string): boolean {
  const lines = text.split("\n").map((line) => line.replace(unseenBeforeSlash, ""));
  // Wide slashes, letters and blanks become narrow ones.
  return operatorLine.test(lines.join("\n").normalize("NFKC"));
}
