// Every command that a client can send, in one table: its fields and their checks, how a person types it (typed.ts reads
// that), and who may give it when. `check` turns a raw command into a Command, a union that the compiler infers from the
// table. A new command is one entry here and one case in the server's speaker.ts, which carries commands out.

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
  /** How a person types it, `/word ARGUMENTS`. Absent: only programs send it. */
  usage?: string;
  summary?: string;
  /** Reads the unchecked fields in the words that a person typed behind the command's word; absent: it has none. */
  parse?: (words: string) => Record<string, unknown>;
  /** It may be given before `join`. */
  early?: true;
  /** Only operators may give it. */
  operator?: true;
};

/** An entry of the table with its `check`. The compiler infers the command's fields from the types that the checks return. */
function command<F extends Fields>(shape: F, entry: Entry = {}) {
  const fields = Object.entries(shape);
  return {
    ...entry,
    check(raw: Raw): Checked<F> | Fault {
      // The type is among the fields, so that the result is the whole command and `check` copies nothing.
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

/**
 * A command of moderation: an operator acts on a member or an address, for a time and for a reason. `seq` is the last event
 * that the operator had seen: the command means the member who had the name then. `split` parts the words that a person
 * typed behind the name into the time and the reason.
 */
function moderation(name: Field<string>, usage: string, summary: string, split: Split = reasonAlone) {
  return command(
    { name, for: optional(duration), text: optional(reason), seq: optional(count) },
    {
      usage,
      summary: `operators: ${summary}`,
      parse: (words) => {
        const [name, rest] = cutWord(words);
        const [time, reason] = split(rest);
        return { name, ...(time && { for: time }), text: reason || undefined };
      },
      operator: true,
    },
  );
}

/** Each part is empty if it was not typed. */
type Split = (words: string) => [time: string, reason: string];

const reasonAlone: Split = (words) => ["", words];
/** The first word is a time, right or wrong: the check of the field refuses a wrong one. */
const timeFirst: Split = cutWord;
/** A first word such as 1y or 30min is a wrong time: taken for a reason, it would make a ban without an end. */
const timeOrReason: Split = (words) => (/^\d+[a-z]+(?!\S)/i.test(words) ? cutWord(words) : ["", words]);

/** A question about a name that only operators may ask. */
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
    { usage: "/me TEXT", summary: "say what you do: /me waves", parse: (text) => ({ text }) },
  ),
  tell: command(
    // `seq`: the last event that the sender had seen. If the name has changed hands since then, nothing is sent.
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
  // A message of a sender without a seat, such as a script. A message with the same `id` is said once, as with `say`.
  post: command({ name, text, id, password: optional(string), key: optional(key) }, { early: true }),
  rename: command(
    { name },
    { usage: "/nick NAME", summary: "take another name", parse: (name) => ({ name }) },
  ),
  who: command({ id: optional(id) }, { usage: "/who", summary: "list who is here; * marks owned names" }),
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
    { usage: "/search WORDS", summary: "find WORDS in the history", parse: (text) => ({ text }) },
  ),
  delete: command(
    // With `seq` that message; with `name` the last `count` messages of that member; with neither the sender's last one.
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
  /** `name`: the operator whose password it is, as the server's file of operators has it; by default the sender's name. */
  op: command(
    { password: operatorPassword, name: optional(name) },
    { usage: "/op [NAME] PASSWORD", summary: "become an operator", parse: (password) => ({ password }) },
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
  ban: moderation(nameOrAddress, "/ban NAME|ADDRESS|NETWORK [1h|7d] [REASON]", "keep out", timeOrReason),
  unban: moderation(nameOrAddress, "/unban NAME|ADDRESS|NETWORK", "lift a ban"),
  mute: moderation(nameOrAll, "/mute NAME|* [1h]", "silence NAME, or all", timeFirst),
  unmute: moderation(nameOrAll, "/unmute NAME|*", "end that"),
  free: moderation(member, "/free NAME", "let anyone take an owned NAME"),
  whois: lookUp("/whois NAME", "tell NAME's address and names"),
  whowas: lookUp("/whowas NAME", "the same of those who left"),
  bans: command({}, { usage: "/bans", summary: "operators: list who is banned", operator: true }),
  help: command({}, { usage: "/help", summary: "list the commands", early: true }),
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

/** Checks every field of a command. Returns the command, or the first fault, with the command's `id`. */
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

/** The first word of a line, and the rest behind it. */
export function cutWord(line: string): [word: string, rest: string] {
  const [, word = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(line.trim()) ?? [];
  return [word, rest];
}
