// The file of operators: each line has a name, a blank and the hash of a password; empty lines and those that begin with # are
// ignored. --hash-password makes such a hash.
//
//   ada $argon2id$v=19$m=65536,t=2,p=1$…

import { readFileSync } from "node:fs";
import { fileReasonOf, UsageError } from "../../protocol/errors.ts";
import { isFault } from "../../protocol/events.ts";
import { cleanName, nameKey } from "../../protocol/names.ts";
import type { NamedOperator } from "../session/operators.ts";

const argon2 = /\$argon2(?:id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z\d+/]{11,}\$[A-Za-z\d+/]{22,}/;
const bcrypt = /\$2[abxy]\$\d\d\$[./A-Za-z\d]{53}/;
const shape = new RegExp(`^(\\S+)\\s+(${argon2.source}|${bcrypt.source})$`);

/** Reads the operators in a file. Throws a UsageError if it cannot be read, or if a line is wrong. */
export function readOperators(path: string): NamedOperator[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read the operators in ${path}: ${fileReasonOf(error)}`);
  }
  const operators = new Map<string, NamedOperator>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const row = line.trim();
    if (row === "" || row.startsWith("#")) continue;
    const place = `line ${index + 1} of ${path}`;
    const [, raw, hash] = shape.exec(row) ?? [];
    if (raw === undefined || hash === undefined) {
      throw new UsageError(`An operator is a name and a hash made by --hash-password: see ${place}`);
    }
    const name = cleanName(raw);
    if (isFault(name)) throw new UsageError(`${name.text} (in ${place})`);
    if (operators.has(nameKey(name))) throw new UsageError(`"${name}" is an operator twice (in ${place})`);
    operators.set(nameKey(name), { name, hash });
  }
  return [...operators.values()];
}

/** The hash of a password, which a person types hidden, or else the first line of stdin. Throws a UsageError if it is empty. */
export async function hashOfPassword(): Promise<string> {
  const given = process.stdin.isTTY ? await askHidden() : (await Bun.stdin.text()).split(/\r?\n/)[0];
  const password = given?.trim() ?? "";
  if (password === "") throw new UsageError("There is no password to hash: type one, or write it to stdin");
  return Bun.password.hash(password);
}

/** Asks on stderr, so that stdout has only the hash. Undefined if the person left the question. */
async function askHidden(): Promise<string | undefined> {
  const clack = await import("@clack/prompts");
  const given = await clack.password({ message: "Password", output: process.stderr });
  return clack.isCancel(given) ? undefined : given;
}
