// A file of settings: each is the name of a flag without its dashes, and its value. It is one JSON object, or lines:
//
//   # text behind a # is a comment
//   port = 53001
//   max-connections 500
//   stay
//
// The table of flags (flags.ts) says which names there are and what their values mean. Every problem is a UsageError of
// one sentence that names the file, and the line if it has lines.

import { readFileSync } from "node:fs";
import { codeOf, fileReasonOf, messageOf, UsageError } from "../protocol/errors.ts";

/** A setting as it stands in a file. */
export type Setting = {
  name: string;
  /** Undefined where a line has a name alone. JSON may have any value here. */
  value: unknown;
  /** The file, and the line if it has lines. */
  source: string;
};

/** How a file of settings is read. */
type Reading = {
  /** Whether a missing file is an error. */
  mustExist?: boolean;
  /** Which settings can stand in more than one line, or in a list: their values are put together with commas. */
  several?: (name: string) => boolean;
};

/** The settings in a file; without the file none. Throws a UsageError if it cannot be read. */
export function readSettings(path: string, { mustExist, several = () => false }: Reading = {}): Setting[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    if (codeOf(error) === "ENOENT" && !mustExist) return [];
    throw new UsageError(`Cannot read ${path}: ${fileReasonOf(error)}`);
  }
  return path.endsWith(".json") ? fromJson(text, path, several) : fromLines(text, path, several);
}

function fromJson(text: string, path: string, several: (name: string) => boolean): Setting[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${messageOf(error)}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`Cannot read ${path}: it is not a JSON object`);
  }
  return Object.entries(parsed).map(([name, given]: [string, unknown]) => {
    const value = several(name) && Array.isArray(given) ? given.join() : given;
    return { name, value, source: path };
  });
}

/** The part of a line before its comment. A # inside a word or in quotes around a value begins none. */
const beforeComment = /^(?!#)(?:(?<=[\s=])(?:"[^"]*"|'[^']*')|\s(?!#)|\S)*/;

/** A name, then the value behind blanks or an equals sign. */
const shape = /^(?<name>[^\s=]+)(?:(?:\s*=\s*|\s+)(?<value>.*))?$/;

function fromLines(text: string, path: string, several: (name: string) => boolean): Setting[] {
  const settings = new Map<string, Setting>();
  for (const [index, row] of text.split(/\r?\n/).entries()) {
    const line = beforeComment.exec(row)?.[0].trim() ?? "";
    if (line === "") continue;
    const source = `${path}, line ${index + 1}`;
    const { name, value } = shape.exec(line)?.groups ?? {};
    if (name === undefined) {
      throw new UsageError(`A setting is a name and a value, as in "port = 53000" (${source})`);
    }
    const earlier = settings.get(name);
    const given = value && unquoted(value);
    if (earlier?.value && given && several(name)) {
      settings.set(name, { name, value: `${earlier.value},${given}`, source });
      continue;
    }
    if (earlier) {
      const at = earlier.source.slice(path.length + 2);
      throw new UsageError(`"${name}" is set twice, in ${at} and here: remove one (${source})`);
    }
    settings.set(name, { name, value: given, source });
  }
  return [...settings.values()];
}

function unquoted(value: string): string {
  return /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
}
