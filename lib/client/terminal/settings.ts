// The settings that /set changes while the client runs. They are flags of options.ts: a change holds at once and is kept in
// the config file. At the next start the environment and the command line win over that file.

import { type About, type Flag, parseFlags, variableOf } from "../../cli/flags.ts";
import { readSettings } from "../../cli/settings.ts";
import { fileReasonOf, UsageError } from "../../protocol/errors.ts";
import { nameKey } from "../../protocol/names.ts";
import { writeWhole } from "./files.ts";
import { changeable, flags, type Options } from "./options.ts";

export type Name = (typeof changeable)[number];

/** The word that stands for a setting's default in /set. */
const byDefault = "-";

export class Settings {
  /** The values that hold now. */
  readonly values: Options;
  readonly #about: About;
  readonly #args: string[] | undefined;
  readonly #environment: Record<string, string | undefined>;
  /** The settings that /set or /ignore changed in this run. */
  readonly #changed = new Set<Name>();

  /** `values`: the result of parseFlags for the other arguments. */
  constructor(
    values: Options,
    about: About,
    args?: string[],
    environment: Record<string, string | undefined> = process.env,
  ) {
    this.values = values;
    this.#about = about;
    this.#args = args;
    this.#environment = environment;
  }

  /** Carries out the words typed behind /set, and returns the text to show. Throws a UsageError if it cannot. */
  command(words: string): string {
    const [, typed = "", value = ""] = /^(\S*)\s*(.*)$/s.exec(words.trim()) ?? [];
    if (typed === "") return changeable.map((name) => this.#row(name)).join("\n");
    const name = changeable.find((known) => known === typed.toLowerCase().replace(/^--/, ""));
    if (name === undefined) throw new UsageError(this.#unknown(typed));
    if (value === "") return `${this.#row(name)}: ${this.#flag(name).value}, or ${byDefault} for the default`;
    this.#set(name, value);
    const { source, isStronger } = this.#source(name);
    return `${this.#row(name)}${isStronger ? `; at the next start ${source} goes before it` : ""}`;
  }

  /** Gives a setting its value, from now on and for the next starts. */
  #set(name: Name, text: string): void {
    const flag = this.#flag(name);
    const value = text === byDefault ? flag.default : parsed(flag, name, text);
    Object.assign(this.values, { [name]: value });
    this.#changed.add(name);
    this.#keep(name, text === byDefault ? undefined : textOf(this.values[name]));
  }

  /**
   * Keeps the ignored people, which /ignore and renames change; changes that another client made in the file stay. Throws a
   * UsageError if they cannot be kept.
   */
  ignore(people: string[][]): void {
    const before = this.values.ignore;
    this.values.ignore = people;
    this.#changed.add("ignore");
    const kept = this.#ignoredInFile() ?? before;
    const others = kept.filter((person) => !isAmong(before, person) && !isAmong(people, person));
    const ours = people.filter((person) => isAmong(kept, person) || !isAmong(before, person));
    this.#keep("ignore", textOf([...others, ...ours]) || undefined);
  }

  /** Undefined if the file makes no sense. */
  #ignoredInFile(): string[][] | undefined {
    try {
      return parseFlags(flags, this.#about, [], {}).ignore;
    } catch {
      return undefined;
    }
  }

  /** Writes the value into the config file, and leaves all else in it as it is. */
  #keep(name: Name, text: string | undefined): void {
    const { configPath } = this.#about;
    if (configPath === undefined) return;
    try {
      const kept = readSettings(configPath).map(({ name, value }) => [name, value]);
      const settings = { ...Object.fromEntries(kept), [name]: text };
      writeWhole(configPath, `${JSON.stringify(settings, undefined, 2)}\n`);
    } catch (error) {
      throw new UsageError(
        `${name} holds until the end, but cannot be kept in ${configPath}: ${fileReasonOf(error)}`,
      );
    }
  }

  /** The names or values that may follow in a /set, for Tab; undefined if the text is no /set. */
  complete(text: string): { start: number; candidates: string[] } | undefined {
    const [, head = "", name, word = ""] = /^(\/set\s+(?:(\S+)\s+)?)(\S*)$/i.exec(text) ?? [];
    if (head === "") return undefined;
    const known = changeable.find((known) => known === name?.toLowerCase());
    if (name !== undefined && known === undefined) return { start: head.length, candidates: [] };
    const words = known === undefined ? [...changeable] : [...this.#choices(known), byDefault];
    const candidates = words.filter((candidate) => candidate.startsWith(word.toLowerCase()));
    return { start: head.length, candidates: candidates.map((word) => `${word} `) };
  }

  #row(name: Name): string {
    const value = textOf(this.values[name]) || "not set";
    return `${name} is ${value} (${this.#changed.has(name) ? "/set" : this.#source(name).source})`;
  }

  #choices(name: Name): string[] {
    const { value = "" } = this.#flag(name);
    return value.includes("|") ? value.split("|") : [];
  }

  #flag(name: Name): Flag<unknown> {
    return flags[name];
  }

  #unknown(typed: string): string {
    const names = new Intl.ListFormat("en-GB", { type: "conjunction" }).format(changeable);
    const isFlag = Object.hasOwn(flags, typed.replace(/^--/, ""));
    return isFlag
      ? `${typed} is for the start: it is a flag of the command line. While the client runs there are ${names}`
      : `There is no setting "${typed}": there are ${names}`;
  }

  /** Where the value came from when the client started, and whether that wins over the config file. */
  #source(name: Name): { source: string; isStronger: boolean } {
    const flag = this.#flag(name);
    const { configPath, ...withoutFile } = this.#about;
    // A flag that is given has another value than this default.
    const unset = Symbol("unset");
    const table: Record<string, Flag<unknown>> = { ...flags, [name]: { ...flag, default: unset } };
    const isGiven = parseFlags(table, withoutFile, this.#args, {})[name] !== unset;
    if (isGiven) return { source: `--${name}`, isStronger: true };
    const variable = variableOf(name, flag, this.#about);
    if (variable && this.#environment[variable]) return { source: variable, isStronger: true };
    const isKept = configPath && readSettings(configPath).some((kept) => kept.name === name);
    return { source: isKept ? configPath : "the default", isStronger: false };
  }
}

/** Throws a UsageError that names the setting as /set does. */
function parsed(flag: Flag<unknown>, name: Name, text: string): unknown {
  try {
    return flag.parse(text, name);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(error.message.replace(/^--/, "")) : error;
  }
}

/** Whether one of these people has a name of this person. */
function isAmong(people: string[][], person: string[]): boolean {
  const keys = new Set(person.map(nameKey));
  return people.some((names) => names.some((name) => keys.has(nameKey(name))));
}

/** A value as it is typed. */
function textOf(value: Options[Name]): string {
  if (typeof value === "string") return value;
  return value.map((word) => (typeof word === "string" ? word : word.join("/"))).join(",");
}
