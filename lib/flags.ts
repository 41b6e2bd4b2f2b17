// A program's flags, from one table that parses them, checks them and makes --help. What is wrong with the command
// line is a UsageError: one sentence, exit code 2.

import { parseArgs } from "node:util";
import { version } from "../package.json";
import { visibleRow } from "./text.ts";

export type Flag<T> = {
  /** How its value is called in --help; absent for a switch. */
  value?: string;
  summary: string;
  default: T;
  /** Throws a UsageError if the text is not a value. */
  parse: (text: string, flag: string) => T;
};

export class UsageError extends Error {}

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
    parse(text, flag) {
      const parsed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      if (parsed >= min && parsed <= max) return parsed;
      throw new UsageError(`--${flag} takes a whole number from ${min} to ${max}, not "${text}"`);
    },
  };
}

export function toggle(summary: string): Flag<boolean> {
  return { summary, default: false, parse: () => true };
}

type Values<F> = { [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/**
 * The values of the flags in `args`, defaults where none were given. `--help` and `--version` print and exit.
 * Throws a UsageError for anything the table does not know.
 */
export function parseFlags<F extends Record<string, Flag<unknown>>>(
  flags: F,
  about: { usage: string; summary: string },
  args: string[] = Bun.argv.slice(2),
): Values<F> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  options.help = { type: "boolean" };
  options.version = { type: "boolean" };
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true });
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) values[name] = flag.default;
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") throw new UsageError(`"${token.value}" is not a flag: see --help`);
    if (token.name === "help") printAndExit(help(flags, about));
    if (token.name === "version") printAndExit(`chatroom ${version}`);
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (flag === undefined || token.rawName.length < 3) {
      throw new UsageError(`There is no flag ${token.rawName}: see --help`);
    }
    if (flag.value === undefined && token.value !== undefined) {
      throw new UsageError(`--${token.name} takes no value`);
    }
    if (
      flag.value !== undefined &&
      (token.value === undefined || (!token.inlineValue && /^--?\D/.test(token.value)))
    ) {
      throw new UsageError(`--${token.name} needs a value: --${token.name} ${flag.value}`);
    }
    values[token.name] = flag.parse(token.value ?? "", token.name);
  }
  return values as Values<F>;
}

function help(flags: Record<string, Flag<unknown>>, about: { usage: string; summary: string }): string {
  const rows = Object.entries(flags).map(([name, { value, summary, default: byDefault }]) => {
    const shown = byDefault === undefined || byDefault === false ? "" : ` (${byDefault})`;
    return [`--${name}${value === undefined ? "" : ` ${value}`}`, summary + shown];
  });
  rows.push(["--help", "print this and exit"], ["--version", "print the version and exit"]);
  const width = Math.max(...rows.map(([flag = ""]) => flag.length));
  const lines = rows.map(([flag = "", summary]) => `  ${flag.padEnd(width)}  ${summary}`);
  return [about.summary, "", `Usage: ${about.usage}`, "", ...lines].join("\n");
}

function printAndExit(text: string): never {
  console.log(text);
  process.exit(0);
}

/** Prints what went wrong in one sentence and ends: 2 for the command line, 1 for everything else. */
export function fail(error: unknown): never {
  process.stderr.write(`${visibleRow(error instanceof Error ? error.message : String(error))}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

/** What the start needs: without it the program ends with one sentence, of `explain` where the error has none. */
export function attempt<T>(step: () => T, explain: (error: unknown) => unknown = (error) => error): T {
  try {
    return step();
  } catch (error) {
    return fail(explain(error));
  }
}
