// Everything that may be asked, in one table: a command's fields and their checks, how a person types it, the line
// it has in /help, and what it does. A new command is one entry here. The table knows no socket and no server:
// what a command can do is the Caller interface, which the server's session implements.

import { isIP } from "node:net";
import { type Answer, type Fault, fault, isFault, limits, type Member, type Recorded } from "./events.ts";
import { cleanName } from "./names.ts";
import { cleanText, visibleRow } from "./text.ts";

/** A command whose fields have been checked, ready to be carried out for somebody. */
export type Command = {
  type: string;
  /** Whether it may come before `join`. */
  early: boolean;
  fields: Readonly<Record<string, unknown>>;
  run: (caller: Caller) => void;
};

/** A command as it came: whatever a program sent or a person typed. */
export type Raw = { type: string } & Record<string, unknown>;

/** What a command can do for, and on behalf of, the one who gave it. */
export interface Caller {
  /** The caller's name in the room. */
  readonly name: string;
  /** Whether it may keep order. */
  readonly operator: boolean;
  /** For the caller alone. */
  answer(answer: Answer): void;
  /** For the room: it happens as soon as the journal has it. */
  record(event: Recorded): void;
  tell(to: string, text: string, id: string | undefined): void;
  roster(): { seq: number; members: Member[] };
  join(request: JoinRequest): void;
  rename(name: string): void;
  /** Lets whoever knows the password keep order. */
  appoint(password: string): void;
  order(order: Order): void;
  bans(): void;
  /** What the room is about. */
  subject(): void;
  recall(request: { before?: number | undefined; limit?: number | undefined }): void;
  search(request: SearchRequest): void;
  quit(text: string | undefined): void;
}

export type JoinRequest = {
  name: string;
  password?: string | undefined;
  token?: string | undefined;
  epoch?: string | undefined;
  after?: number | undefined;
  history?: number | undefined;
};

/** What those who keep order may ask for. */
export type Order =
  | { type: "kick" | "mute" | "unmute"; name: string; text?: string | undefined }
  /** By name or by address. */
  | { type: "ban" | "unban"; name: string; text?: string | undefined }
  /** Without a text the topic is taken away. */
  | { type: "topic"; text: string | undefined };

export type SearchRequest = { text: string; before?: number | undefined; limit?: number | undefined };

// ---- Fields: a value as it came → the value as it is used, or a fault ----

type Field<T> = (value: unknown) => T | Fault;

const string: Field<string> = (value) =>
  typeof value === "string" ? value : fault("bad-field", "must be a string");

const text: Field<string> = (value) =>
  typeof value === "string" ? cleanText(value) : fault("bad-field", "must be a string");

/** One row of at most so many characters. */
function row(what: string, maxLength: number): Field<string> {
  return (value) => {
    if (typeof value !== "string") return fault("bad-field", "must be a string");
    const row = visibleRow(value).trim();
    if (row === "") return fault("empty", `${what} needs some words`);
    return [...row].length <= maxLength
      ? row
      : fault("too-long", `${what} has at most ${maxLength} characters: shorten it`);
  };
}

const reason = row("A reason", limits.topicLength);

const name: Field<string> = (value) =>
  typeof value === "string" ? cleanName(value) : fault("bad-field", "must be a string");

/** A member's name, or an address. */
const nameOrAddress: Field<string> = (value) =>
  typeof value === "string" && isIP(value.trim()) !== 0 ? value.trim() : name(value);

const id: Field<string> = (value) =>
  typeof value === "string" && /^[\x21-\x7e]+$/.test(value) && value.length <= limits.idLength
    ? value
    : fault("bad-field", `must be 1 to ${limits.idLength} printable ASCII characters`);

const count: Field<number> = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : fault("bad-field", "must be a whole number, 0 or more");

function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value) => (value === undefined || value === null ? undefined : field(value));
}

// ---- The table ----

type Fields = Record<string, Field<unknown>>;
type Checked<F extends Fields> = { [K in keyof F]: Exclude<ReturnType<F[K]>, Fault> };

type Entry<F extends Fields> = {
  /** How a person types it, `/word ARGUMENTS`. */
  usage?: string;
  summary?: string;
  /** What a person typed behind the word → the fields, unchecked. */
  parse?: (words: string) => Record<string, unknown>;
  early?: true;
  /** Only for those who keep order. */
  operator?: true;
  run: (caller: Caller, fields: Checked<F>) => void;
};

const notOperator = fault("not-operator", "That is for operators: /op PASSWORD makes you one");

/** An entry with the check its fields make: the compiler infers what `run` gets from what they return. */
function command<F extends Fields>(shape: F, entry: Entry<F>) {
  const fields = Object.entries(shape);
  return {
    ...entry,
    check(raw: Raw): Command | Fault {
      const checked: Record<string, unknown> = {};
      for (const [name, field] of fields) {
        const value = field(raw[name]);
        if (isFault(value)) {
          return value.code === "bad-field" ? { ...value, text: `Field "${name}" ${value.text}` } : value;
        }
        checked[name] = value;
      }
      return {
        type: raw.type,
        early: entry.early ?? false,
        fields: checked,
        run(caller) {
          if (entry.operator && !caller.operator) caller.answer(notOperator);
          else entry.run(caller, checked as Checked<F>);
        },
      };
    },
  };
}

/** What operators do to somebody. */
function order(
  type: "kick" | "ban" | "unban" | "mute" | "unmute",
  name: Field<string>,
  usage: string,
  summary: string,
) {
  return command(
    { name, text: optional(reason) },
    {
      usage,
      summary: `operators: ${summary}`,
      parse: (words) => {
        const [name, text] = cutWord(words);
        return { name, text: text === "" ? undefined : text };
      },
      operator: true,
      run: (caller, { name, text }) => caller.order({ type, name, text }),
    },
  );
}

export const commands = {
  join: command(
    {
      name,
      password: optional(string),
      token: optional(string),
      epoch: optional(string),
      after: optional(count),
      history: optional(count),
    },
    {
      early: true,
      run: (caller, request) => caller.join(request),
    },
  ),
  say: command(
    { text, id: optional(id) },
    {
      run: (caller, { text, id }) =>
        caller.record({ type: "said", seq: 0, at: 0, from: caller.name, text, id }),
    },
  ),
  act: command(
    { text, id: optional(id) },
    {
      usage: "/me TEXT",
      summary: "say what you do: /me waves",
      parse: (text) => ({ text }),
      run: (caller, { text, id }) =>
        caller.record({ type: "acted", seq: 0, at: 0, from: caller.name, text, id }),
    },
  ),
  tell: command(
    { to: name, text, id: optional(id) },
    {
      usage: "/msg NAME TEXT",
      summary: "whisper to one member",
      parse: (words) => {
        const [to, text] = cutWord(words);
        return { to, text };
      },
      run: (caller, { to, text, id }) => caller.tell(to, text, id),
    },
  ),
  rename: command(
    { name },
    {
      usage: "/nick NAME",
      summary: "take another name",
      parse: (name) => ({ name }),
      run: (caller, { name }) => caller.rename(name),
    },
  ),
  who: command(
    { id: optional(id) },
    {
      usage: "/who",
      summary: "list who is here",
      parse: () => ({}),
      run: (caller, { id }) => caller.answer({ type: "members", ...caller.roster(), id }),
    },
  ),
  history: command(
    { before: optional(count), limit: optional(count) },
    {
      usage: "/history [N]",
      summary: "show the last N lines again",
      parse: (words) => ({ limit: words === "" ? undefined : Number(words) }),
      run: (caller, request) => caller.recall(request),
    },
  ),
  search: command(
    { text: row("A search", limits.searchLength), before: optional(count), limit: optional(count) },
    {
      usage: "/search WORDS",
      summary: "find WORDS in the history",
      parse: (text) => ({ text }),
      run: (caller, request) => caller.search(request),
    },
  ),
  ping: command(
    { id: optional(id) },
    {
      early: true,
      run: (caller, { id }) => caller.answer({ type: "pong", id }),
    },
  ),
  topic: command(
    { text: optional(row("A topic", limits.topicLength)) },
    {
      usage: "/topic [TEXT]",
      summary: "show the topic; operators set it, /topic - takes it away",
      parse: (text) => ({ text: text === "" ? undefined : text }),
      run(caller, { text }) {
        if (text === undefined) caller.subject();
        else if (!caller.operator) caller.answer(notOperator);
        else caller.order({ type: "topic", text: text === "-" ? undefined : text });
      },
    },
  ),
  op: command(
    { password: string },
    {
      usage: "/op PASSWORD",
      summary: "become an operator",
      parse: (password) => ({ password }),
      run: (caller, { password }) => caller.appoint(password),
    },
  ),
  kick: order("kick", name, "/kick NAME [REASON]", "put somebody out"),
  ban: order(
    "ban",
    nameOrAddress,
    "/ban NAME|ADDRESS [REASON]",
    "put somebody out for good, with the address",
  ),
  unban: order("unban", nameOrAddress, "/unban NAME|ADDRESS", "lift a ban"),
  mute: order("mute", name, "/mute NAME", "let nobody hear somebody, until /unmute"),
  unmute: order("unmute", name, "/unmute NAME", "let them be heard again"),
  bans: command(
    {},
    {
      usage: "/bans",
      summary: "list who is banned",
      parse: () => ({}),
      operator: true,
      run: (caller) => caller.bans(),
    },
  ),
  help: command(
    {},
    {
      usage: "/help",
      summary: "list the commands",
      parse: () => ({}),
      early: true,
      run: (caller) => caller.answer({ type: "help", text: help() }),
    },
  ),
  quit: command(
    { text: optional(text) },
    {
      usage: "/quit [TEXT]",
      summary: "leave the room",
      parse: (text) => ({ text: text === "" ? undefined : text }),
      early: true,
      run: (caller, { text }) => caller.quit(text),
    },
  ),
};

/** The commands a person can type, for /help and for completion. */
export const typed: { word: string; usage: string; summary: string }[] = [];
const byWord = new Map<string, { type: string; parse: (words: string) => Record<string, unknown> }>();
for (const [type, { usage, summary = "", parse }] of Object.entries(commands)) {
  if (usage === undefined || parse === undefined) continue;
  const word = cutWord(usage)[0];
  typed.push({ word, usage, summary });
  byWord.set(word, { type, parse });
}

/** What /help says: a line a command. */
export function help(): string {
  return helpOf([...typed, { usage: "//TEXT", summary: "say something that starts with a slash" }]);
}

export function helpOf(commands: { usage: string; summary: string }[]): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return commands.map(({ usage, summary }) => `${usage.padEnd(width)}  ${summary}`).join("\n");
}

/** What a person typed → the command as a program would send it; its fields are not checked yet. */
export function parseTyped(line: string): Raw | Fault {
  if (!line.startsWith("/")) return { type: "say", text: line };
  if (line.startsWith("//")) return { type: "say", text: line.slice(1) };
  const [word, words] = cutWord(line);
  const entry = byWord.get(word.toLowerCase());
  return entry
    ? { type: entry.type, ...entry.parse(words) }
    : fault(
        "unknown-command",
        `There is no command ${visibleRow(word)}: /help lists them, //… says it as it is`,
      );
}

/** A command as it came → the same with every field checked, or what is wrong with it. */
export function check(raw: Raw): Command | Fault {
  const id = typeof raw.id === "string" ? raw.id : undefined;
  const entry = Object.hasOwn(commands, raw.type) ? commands[raw.type as keyof typeof commands] : undefined;
  const checked = entry
    ? entry.check(raw)
    : fault("unknown-command", `There is no command of type "${visibleRow(raw.type)}"`);
  return isFault(checked) && id !== undefined ? { ...checked, id } : checked;
}

/** The first word and what follows it. */
function cutWord(line: string): [word: string, rest: string] {
  const [, word = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(line.trim()) ?? [];
  return [word, rest];
}
