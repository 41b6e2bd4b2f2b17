// Which dialect a connection speaks, by its first line. A new dialect has its line here.

import type { Dialect } from "./dialect.ts";
import { json } from "./json.ts";
import { plain } from "./plain.ts";

/** A program opens with `{`, a person with a name. */
export function dialectOf(firstLine: string): Dialect {
  return firstLine.trimStart().startsWith("{") ? json : plain;
}
