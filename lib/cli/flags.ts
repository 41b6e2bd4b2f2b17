// A program's flags, from one table that parses them, checks them and makes --help. The environment and a file of settings
// set them too, but for those of one start, and the first of these wins:
//
//   command line > environment > file > default
//
// The file is the one that a flag --config names, where the table has that flag, or else `configPath`. All values are
// text, which the flag's parse() reads. A wrong value, even one that is overridden, is a UsageError: one sentence, which
// names where the value is from if it is not a flag's; exit code 2.

import { parseArgs } from "node:util";
import { version } from "../../package.json";
import { UsageError } from "../protocol/errors.ts";
import { readSettings, type Setting } from "./settings.ts";

/** A flag: how --help shows it, and how its text becomes a value. */
export type Flag<T> = {
  /** The name of its value in --help; absent for a switch. */
  value?: string;
  summary: string;
  default: T;
  /** It may be given more than once: its texts are put together with commas. */
  several?: true;
  /** It is for one start, so neither the environment nor the file of settings sets it. */
  oneStart?: true;
  /** Throws a UsageError if the text is not a value. */
  parse: (text: string, flag: string) => T;
};

/** The texts of --help, and the other sources of values: a positional, the environment, a file. */
export type About = {
  usage: string;
  summary: string;
  /** The one argument that needs no flag; each group in `shape` has the name of the flag that it sets. */
  positional?: { value: string; summary: string; shape: RegExp };
  /** A file of settings (settings.ts); it need not exist. */
  configPath?: string;
  /**
   * The beginning of environment variables: CHAT_ makes CHAT_MAX_AGE that of --max-age. Without it the environment and the
   * file of settings set no flags.
   */
  prefix?: string;
  /** Whether --help shows the variable of each flag, instead of the rule for them. */
  showsVariables?: true;
};

type Flags = Record<string, Flag<unknown>>;
type Values<F> = { [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** Any text but an empty one. */
export function text(value: string, summary: string): Flag<string | undefined>;
export function text(value: string, summary: string, byDefault: string): Flag<string>;
export function text(value: string, summary: string, byDefault?: string): Flag<string | undefined> {
  return {
    value,
    summary,
    default: byDefault,
    parse(text, flag) {
      if (text === "") throw new UsageError(`--${flag} needs a value: --${flag} ${value}`);
      return text;
    },
  };
}

/** A `parse` that calls `read`. If that returns undefined, the error says that the flag takes `wanted`. */
export function taking<T>(wanted: string, read: (text: string) => T | undefined): Flag<T>["parse"] {
  return (text, flag) => {
    const value = read(text);
    if (value === undefined) throw new UsageError(`--${flag} takes ${wanted}, not "${text}"`);
    return value;
  };
}

/** A whole number from `min` to `max`, both included. */
export function number(
  value: string,
  summary: string,
  byDefault: number,
  min: number,
  max: number,
): Flag<number> {
  return {
    value,
    summary,
    default: byDefault,
    parse: taking(`a whole number from ${min} to ${max}`, (text) => {
      const parsed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      return parsed >= min && parsed <= max ? parsed : undefined;
    }),
  };
}

/** One of a few words. */
export function choice<const T extends string>(
  summary: string,
  byDefault: NoInfer<T>,
  options: readonly T[],
): Flag<T> {
  const words = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(options);
  return {
    value: options.join("|"),
    summary,
    default: byDefault,
    parse: taking(words, (text) => options.find((option) => option === text)),
  };
}

/** A switch: true if it is given. Only the environment and the file of settings write true or false behind it. */
export function toggle(summary: string): Flag<boolean> {
  return {
    summary,
    default: false,
    parse: taking("true or false", (text) => (/^(?:true|false)$/.test(text) ? text === "true" : undefined)),
  };
}

/** A copy of a flag that is for one start. */
export function forOneStart<F extends Flag<unknown>>(flag: F): F {
  return { ...flag, oneStart: true };
}

/**
 * The values of the flags: each from the first source that sets it, else its default. `--help` and `--version` print and exit.
 * Throws a UsageError for anything the table does not know.
 */
export function parseFlags<F extends Flags>(
  flags: F,
  about: About,
  args: string[] = Bun.argv.slice(2),
  environment: Record<string, string | undefined> = process.env,
): Values<F> {
  // The command line first, so that --help works however wrong the environment or the file is.
  const given = fromArgs(flags, about, args);
  const defaults = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag.default]));
  const variables = fromEnvironment(flags, about, environment);
  const named = given[configFlag] ?? variables[configFlag];
  const file = typeof named === "string" ? { path: named, mustExist: true } : { path: about.configPath };
  const settings = fromFile(flags, about, file);
  return { ...defaults, ...settings, ...variables, ...given } as Values<F>;
}

/** The flag that names the file of settings, so that it cannot stand in one. */
const configFlag = "config";

/** The variables of the environment that begin with the table's prefix, but belong to no flag: mistyped names. */
export function unknownVariables(
  flags: Flags,
  about: About,
  environment: Record<string, string | undefined> = process.env,
): string[] {
  const { prefix } = about;
  if (prefix === undefined) return [];
  const known = Object.entries(flags).map(([name, flag]) => variableOf(name, flag, about));
  return Object.keys(environment).filter((name) => name.startsWith(prefix) && !known.includes(name));
}

/** The environment variable of a flag; undefined if it has none, and so cannot stand in the file of settings either. */
export function variableOf(name: string, { oneStart }: Flag<unknown>, { prefix }: About): string | undefined {
  return prefix && !oneStart ? prefix + name.replaceAll("-", "_").toUpperCase() : undefined;
}

function fromArgs(flags: Flags, about: About, args: string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const texts = new Map<string, string>();
  let positionals = 0;
  for (const token of tokensIn(args, flags)) {
    if (token.kind === "positional") {
      if (++positionals > 1) throw new UsageError(`"${token.value}" is one too many: see --help`);
      Object.assign(values, fromPositional(flags, about, token.value));
    } else if (token.kind === "option") {
      const { name } = token;
      const flag = flagOf(token, flags, about);
      const before = flag.several && texts.get(name);
      const text = (before ? `${before},` : "") + textOf(token, flag);
      texts.set(name, text);
      values[name] = flag.parse(text, name);
    }
  }
  return values;
}

function tokensIn(args: string[], flags: Flags) {
  const types = Object.entries(flags).map(([name, { value }]) => [
    name,
    { type: value === undefined ? ("boolean" as const) : ("string" as const) },
  ]);
  const switches = { help: { type: "boolean" as const }, version: { type: "boolean" as const } };
  const options = { ...Object.fromEntries(types), ...switches };
  return parseArgs({ args, options, strict: false, tokens: true }).tokens;
}

type OptionToken = Extract<ReturnType<typeof tokensIn>[number], { kind: "option" }>;

/** The flag that an argument names; --help and --version print and exit. */
function flagOf({ name, rawName }: OptionToken, flags: Flags, about: About): Flag<unknown> {
  if (name === "help") printAndExit(help(flags, about));
  if (name === "version") printAndExit(`chatroom ${version}`);
  const flag = flagNamed(name, flags);
  // A single dash, as in -p, begins no flag.
  if (flag === undefined || rawName.length < 3)
    throw new UsageError(`There is no flag ${rawName}: see --help`);
  return flag;
}

/** The text given with a flag, "true" for a switch. A word that looks like the next flag is no value of this one. */
function textOf({ name, value, inlineValue }: OptionToken, flag: Flag<unknown>): string {
  if (flag.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`);
    return "true";
  }
  if (value === undefined || (!inlineValue && /^--?\D/.test(value))) {
    throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`);
  }
  return value;
}

function fromPositional(flags: Flags, { positional }: About, text: string): Record<string, unknown> {
  if (positional === undefined) throw new UsageError(`"${text}" is not a flag: see --help`);
  const match = positional.shape.exec(text);
  if (match === null) throw new UsageError(`"${text}" is not ${positional.value}: see --help`);
  const values: Record<string, unknown> = {};
  for (const [name, part] of Object.entries<string | undefined>(match.groups ?? {})) {
    if (part !== undefined) values[name] = parseFrom(text, flagNamed(name, flags), name, part);
  }
  return values;
}

/** A variable that is set to nothing is not set. */
function fromEnvironment(
  flags: Flags,
  about: About,
  environment: Record<string, string | undefined>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) {
    const variable = variableOf(name, flag, about);
    const text = variable && environment[variable];
    if (variable && text) values[name] = parseFrom(variable, flag, name, text);
  }
  return values;
}

function fromFile(
  flags: Flags,
  about: About,
  { path, mustExist = false }: { path: string | undefined; mustExist?: boolean },
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  if (path === undefined) return values;
  const several = (name: string) => flagNamed(name, flags)?.several === true;
  for (const setting of readSettings(path, { mustExist, several })) {
    const { name, source } = setting;
    const flag = name === configFlag ? undefined : flagNamed(name, flags);
    if (!flag || variableOf(name, flag, about) === undefined) {
      throw new UsageError(`There is no setting "${name}" in ${source}: see --help`);
    }
    values[name] = parseFrom(source, flag, name, textIn(setting, flag));
  }
  return values;
}

/** The text of a setting. In JSON a switch may be true or false, and any other value a number. */
function textIn({ name, value, source }: Setting, flag: Flag<unknown>): string {
  const isSwitch = flag.value === undefined;
  if (value === undefined) {
    if (isSwitch) return "true";
    throw new UsageError(`--${name} needs a value: ${name} ${flag.value} (from ${source})`);
  }
  if (typeof value === "string" || typeof value === (isSwitch ? "boolean" : "number")) return String(value);
  const wanted = flag.value ?? "true or false";
  throw new UsageError(`--${name} takes ${wanted}, not ${JSON.stringify(value)} (from ${source})`);
}

function flagNamed(name: string, flags: Flags): Flag<unknown> | undefined {
  return Object.hasOwn(flags, name) ? flags[name] : undefined;
}

/** Parses a text that was not given as a flag: its error says where the text is from. */
function parseFrom(source: string, flag: Flag<unknown> | undefined, name: string, text: string): unknown {
  try {
    return flag?.parse(text, name);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${error.message} (from ${source})`) : error;
  }
}

function help(flags: Flags, about: About): string {
  const { usage, summary, positional, configPath, showsVariables } = about;
  const rows = Object.entries(flags).map(([name, flag]) => {
    const { value, summary, default: byDefault } = flag;
    const variable = showsVariables && variableOf(name, flag, about);
    const shown = [byDefault === false ? "" : `${byDefault ?? ""}`, variable].filter(Boolean);
    return [
      `--${name}${value === undefined ? "" : ` ${value}`}`,
      summary + (shown.length > 0 ? ` (${shown.join("; ")})` : ""),
    ];
  });
  if (positional) rows.unshift([positional.value, positional.summary]);
  rows.push(["--help", "print this and exit"], ["--version", "print the version and exit"]);
  const width = Math.max(...rows.map(([flag = ""]) => flag.length));
  const lines = rows.map(([flag = "", summary]) => `  ${flag.padEnd(width)}  ${summary}`);
  if (configPath !== undefined) {
    const which = showsVariables ? "Flags with a variable in brackets" : "All flags but those that exit";
    const example = Object.entries(flags).find(([name]) => name.includes("-"));
    const variable =
      showsVariables || !example ? "" : `, --${example[0]} as ${variableOf(...example, about)}`;
    const kind = configPath.endsWith(".json") ? "in the JSON object" : "and value in lines";
    lines.push(
      "",
      `${which} can also be set in the environment${variable}, or by name ${kind} of`,
      `${configPath}. The command line wins over the environment, that over the file.`,
    );
  }
  return [summary, "", `Usage: ${usage}`, "", ...lines].join("\n");
}

function printAndExit(text: string): never {
  console.log(text);
  process.exit(0);
}
