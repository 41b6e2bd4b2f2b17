// Every command that a client can send, in one table: its fields and their checks, how a person types it, its line in
// /help, and who may give it when. What goes through the table comes out as a Command, a union of checked
// commands that the compiler reads off the table. A new command is one entry here and one case in the server's
// speaker.ts, which carries commands out.

import { type Fault, fault, isFault, limits } from "./events.ts";
import {
  amount,
  count,
  duration,
  type Field,
  id,
  key,
  member,
  name,
  nameOrAddress,
  nameOrAll,
  notice,
  operatorPassword,
  optional,
  reason,
  row,
  string,
  text,
} from "./fields.ts";
import { visibleRow } from "./text.ts";

/** A command before its fields are checked, as a program sent it or a person typed it. */
export type Raw = { type: string } & Record<string, unknown>;

/** A command whose fields have been checked: one of the table. */
export type Command = {
  [T in keyof typeof commands]: { type: T } & Exclude<ReturnType<(typeof commands)[T]["check"]>, Fault>;
}[keyof typeof commands];

/** The command of that type, or of these. */
export type CommandOf<T extends Command["type"]> = Extract<Command, { type: T }>;

// ---- The table ----

type Fields = Record<string, Field<unknown>>;
type Value<F extends Fields, K extends keyof F> = Exclude<ReturnType<F[K]>, Fault>;
type Needed<F extends Fields> = { [K in keyof F]: undefined extends Value<F, K> ? never : K }[keyof F];
type Checked<F extends Fields> = { [K in Needed<F>]: Value<F, K> } & {
  [K in Exclude<keyof F, Needed<F>>]?: Value<F, K>;
};

type Entry = {
  /** How a person types it, `/word ARGUMENTS`. */
  usage?: string;
  summary?: string;
  /** What a person typed behind the word → the fields, unchecked. */
  parse?: (words: string) => Record<string, unknown>;
  /** It may be given before `join`. */
  early?: true;
  /** Only operators may give it. */
  operator?: true;
};

/** An entry with the check its fields make: the compiler infers a command's fields from what they return. */
function command<F extends Fields>(shape: F, entry: Entry = {}) {
  const fields = Object.entries(shape);
  return {
    ...entry,
    check(raw: Raw): Checked<F> | Fault {
      // The type as well, so that nothing has to be copied to make it the command.
      const checked: Record<string, unknown> = { type: raw.type };
      for (const [name, field] of fields) {
        const value = field(raw[name]);
        if (isFault(value)) {
          return value.code === "bad-field" ? { ...value, text: `Field "${name}" ${value.text}` } : value;
        }
        checked[name] = value;
      }
      return checked as Checked<F>;
    },
  };
}

/** Begins with a word written like a time: 1h, and also 1y, which the check refuses, so that it is taken for no reason. */
const timeFirst = /^\d+\p{L}+(?!\S)/u;

/**
 * A command of moderation: what an operator does to a member or an address, for how long and why. `seq` is the last event
 * its sender had seen: the member is meant who had the name then.
 */
function moderation(name: Field<string>, usage: string, summary: string) {
  const [takesTime, takesReason] = [usage.includes("[1h"), usage.includes("[REASON]")];
  return command(
    { name, for: optional(duration), text: optional(reason), seq: optional(count) },
    {
      usage,
      summary: `operators: ${summary}`,
      parse: (words) => {
        const [name, rest] = takesTime || takesReason ? cutWord(words) : [words, ""];
        const isTime = takesTime && (!takesReason || timeFirst.test(rest));
        const [time, reason] = !isTime ? ["", rest] : takesReason ? cutWord(rest) : [rest, ""];
        return { name, ...(time !== "" && { for: time }), text: reason === "" ? undefined : reason };
      },
      operator: true,
    },
  );
}

/** What operators ask about a name. */
function lookUp(usage: string, summary: string) {
  return command(
    { name: member, id: optional(id) },
    { usage, summary: `operators: ${summary}`, parse: (name) => ({ name }), operator: true },
  );
}

export const commands = {
  join: command(
    {
      name,
      password: optional(string),
      token: optional(string),
      key: optional(key),
      epoch: optional(string),
      after: optional(count),
      history: optional(count),
    },
    { early: true },
  ),
  say: command({ text, id: optional(id), notice }),
  act: command(
    { text, id: optional(id) },
    {
      usage: "/me TEXT",
      summary: "say what you do: /me waves",
      parse: (text) => ({ text }),
    },
  ),
  tell: command(
    // `seq` is the last event its sender had seen: a name that has changed hands since is not the one that was meant.
    { to: member, text, id: optional(id), seq: optional(count), notice },
    {
      usage: "/msg NAME TEXT",
      summary: "whisper to one member",
      parse: (words) => {
        const [to, text] = cutWord(words);
        return { to, text };
      },
    },
  ),
  // A message of a sender that takes no seat, such as a script: `id` makes it be said once, as that of `say` does.
  post: command({ name, text, id, password: optional(string), key: optional(key) }, { early: true }),
  rename: command(
    { name },
    {
      usage: "/nick NAME",
      summary: "take another name",
      parse: (name) => ({ name }),
    },
  ),
  who: command(
    { id: optional(id) },
    {
      usage: "/who",
      summary: "list who is here; * marks owned names",
      parse: () => ({}),
    },
  ),
  history: command(
    { before: optional(count), limit: optional(count), id: optional(id) },
    {
      usage: "/history [N]",
      summary: "show the last N lines again",
      parse: (words) => ({ limit: words === "" ? undefined : Number(words) || words }),
    },
  ),
  search: command(
    {
      text: row("A search", limits.searchLength),
      before: optional(count),
      limit: optional(count),
      id: optional(id),
    },
    {
      usage: "/search WORDS",
      summary: "find WORDS in the history",
      parse: (text) => ({ text }),
    },
  ),
  delete: command(
    // `seq`: that message. `name`: the last `count` that this member said, or all. Neither: the last of one's own.
    { seq: optional(count), name: optional(member), count: optional(amount) },
    {
      usage: "/delete [NAME N|all]",
      summary: "take back your last line; operators: those of NAME",
      parse: (words) => {
        if (words === "") return {};
        const [name, count] = cutWord(words);
        return { name, count: /^\d+$/.test(count) ? Number(count) : count.toLowerCase() };
      },
    },
  ),
  ping: command({ id: optional(id) }, { early: true }),
  topic: command(
    { text: optional(row("A topic", limits.topicLength)) },
    {
      usage: "/topic [TEXT]",
      summary: "show the topic; operators set it, /topic - takes it away",
      parse: (text) => ({ text: text === "" ? undefined : text }),
    },
  ),
  /** An operator with a password of its own has a name, too: by default the one it is here with. */
  op: command(
    { password: operatorPassword, name: optional(name) },
    {
      usage: "/op [NAME] PASSWORD",
      summary: "become an operator",
      parse: (password) => ({ password }),
    },
  ),
  deop: command(
    { name: optional(member) },
    {
      usage: "/deop [NAME]",
      summary: "operators: end that, for NAME too",
      parse: (name) => ({ name: name === "" ? undefined : name }),
      operator: true,
    },
  ),
  kick: moderation(member, "/kick NAME [REASON]", "put NAME out"),
  ban: moderation(nameOrAddress, "/ban NAME|ADDRESS|NETWORK [1h|7d] [REASON]", "keep out"),
  unban: moderation(nameOrAddress, "/unban NAME|ADDRESS|NETWORK", "lift a ban"),
  mute: moderation(nameOrAll, "/mute NAME|* [1h]", "silence NAME, or all"),
  unmute: moderation(nameOrAll, "/unmute NAME|*", "end that"),
  free: moderation(member, "/free NAME", "let anyone take an owned NAME"),
  whois: lookUp("/whois NAME", "tell NAME's address and names"),
  whowas: lookUp("/whowas NAME", "the same of those who left"),
  bans: command(
    {},
    {
      usage: "/bans",
      summary: "operators: list who is banned",
      parse: () => ({}),
      operator: true,
    },
  ),
  help: command(
    {},
    {
      usage: "/help",
      summary: "list the commands",
      parse: () => ({}),
      early: true,
    },
  ),
  quit: command(
    { text: optional(text) },
    {
      usage: "/quit [TEXT]",
      summary: "leave the room",
      parse: (text) => ({ text: text === "" ? undefined : text }),
      early: true,
    },
  ),
};

/** The commands a person can type, for /help and for completion. */
export const typed: { word: string; usage: string; summary: string }[] = [];
type Typed = { type: string; usage: string; summary: string } & Required<Pick<Entry, "parse">>;
const byWord = new Map<string, Typed>();
const byType = new Map<string, Typed>();
for (const [type, { usage, summary = "", parse }] of Object.entries(commands)) {
  if (usage === undefined || parse === undefined) continue;
  const word = cutWord(usage)[0];
  typed.push({ word, usage, summary });
  const entry = { type, usage, summary, parse };
  byWord.set(word, entry);
  byType.set(type, entry);
}

/** What /help says: a line a command. */
export function help(): string {
  return helpOf([...typed, { usage: "//TEXT", summary: "say something that starts with a slash" }]);
}

/** A row for each command: how it is typed, and its summary in a second column. */
export function helpOf(commands: { usage: string; summary: string }[]): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return commands.map(({ usage, summary }) => `${usage.padEnd(width)}  ${summary}`).join("\n");
}

/** Blanks, characters that cannot be seen, and cursor keys that nc sent as text, in front of a single slash. */
const unseenBeforeSlash =
  /^(?:\x1b[[O][\d;]*[A-Za-z~]|[\s\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800])+(?=[/／](?![/／]))/u;
/** The slash of Chinese and Japanese keyboards in front of a command's word, but not in a face, ／(^o^)＼. */
const wideSlash = /^／(?=[a-zａ-ｚ]+(?:\s|$))/i;
/** A line below the first that was to be a whisper, or has a password. */
const secretBelow = /\n\s*[/／](?:msg|reply|op)(?!\S)/i;
/** `/op` and more behind it. Any signs may stand before its slash, but a second slash makes it a line for all to see. */
const operatorLine = /^[^\p{L}\p{N}/\n]*\/op(?![\p{L}\p{N}])\s*\S/imu;

/**
 * What a person typed → the command as a program would send it, for `checkTyped` to check. A command behind
 * blanks, or with a wide slash, is a slip of the fingers: it is neither said, since a password may be in it, nor
 * carried out. Nor is a text with a whisper or a password in a line below its first.
 */
export function parseTyped(line: string): Raw | Fault {
  const written = line.replace(unseenBeforeSlash, "");
  const [below] = secretBelow.exec(written) ?? [];
  if (below !== undefined) {
    const text = `A line below the first begins with ${below.trim()}, and all would read it: send it by itself`;
    return fault("unknown-command", text);
  }
  const command = written.replace(wideSlash, "/");
  if (command.startsWith("//")) return { type: "say", text: command.slice(1) };
  if (!command.startsWith("/")) return { type: "say", text: line };
  const [word, words] = cutWord(command);
  const entry = byWord.get(word.toLowerCase());
  if (command !== line) {
    const meant = entry ? word : "a command";
    const rule =
      command === written
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
 * The same as `check` for what `parseTyped` made of a line. A person knows no fields: where an argument is missing, or is
 * none that the command takes, the fault says how the command is written.
 */
export function checkTyped(raw: Raw): Command | Fault {
  const checked = check(raw);
  const entry = byType.get(raw.type);
  if (!entry || !isFault(checked)) return checked;
  const isMissing = Object.values(raw).includes("");
  return isMissing || checked.code === "bad-field" ? { ...checked, text: written(entry) } : checked;
}

/** How a command is written, for a person who wrote it in another way. */
export function written({ usage, summary }: { usage: string; summary: string }): string {
  return `Write it as ${usage}: ${summary}`;
}

/**
 * Whether a line of the text holds the operators' password, so that the text must be kept nowhere. Lines count, too, that
 * parseTyped refuses as a slip of the fingers.
 */
export function holdsPassword(text: string): boolean {
  const lines = text.split("\n").map((line) => line.replace(unseenBeforeSlash, ""));
  // Wide slashes, letters and blanks become narrow ones.
  return operatorLine.test(lines.join("\n").normalize("NFKC"));
}

/** A command as it came → the same with every field checked, or what is wrong with it. */
export function check(raw: Raw): Command | Fault {
  const { type, id } = raw;
  const command = isType(type)
    ? commands[type].check(raw)
    : fault("unknown-command", `There is no command of type "${visibleRow(type)}"`);
  if (isFault(command)) return typeof id === "string" ? { ...command, id } : command;
  return command as Command;
}

function isType(type: string): type is Command["type"] {
  return Object.hasOwn(commands, type);
}

/** The first word and what follows it. */
function cutWord(line: string): [word: string, rest: string] {
  const [, word = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(line.trim()) ?? [];
  return [word, rest];
}
