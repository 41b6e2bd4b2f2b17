// Secrets, such as passwords: from a file or the environment, never from a flag, which every user of the machine can see.

import { readFileSync } from "node:fs";
import { fileReasonOf, UsageError } from "../protocol/errors.ts";

/** A password has to fit in a line on the wire. */
const secretLength = 1_000;

/**
 * The first line of the file at `path`, if one is given, else the value of the variable; undefined if neither is set. Throws
 * a UsageError if the file cannot be read, or its first line is empty or too long.
 */
export function secret(
  path: string | undefined,
  variable: string,
  environment: Record<string, string | undefined> = process.env,
): string | undefined {
  if (path === undefined) return environment[variable]?.trim() || undefined;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read the password in ${path}: ${fileReasonOf(error)}`);
  }
  const line = (text.split(/\r?\n/)[0] ?? "").trim();
  if (line.length > secretLength)
    throw new UsageError(`The password in ${path} is longer than ${secretLength} characters`);
  if (line === "") throw new UsageError(`There is no password in ${path}: its first line is empty`);
  return line;
}
