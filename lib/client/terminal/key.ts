// The client's key: 32 random bytes, made once and shown at each join, so that the names it takes are kept for it. Another
// machine with a copy of the file owns the same names. A person may put a key of their own into the file.
//
// Every server is shown the same key, so the operator of one room can take the person's names in another: for a server that
// is not trusted so far, use another XDG_CONFIG_HOME. A key for each server would need something to tell servers apart.
// Addresses do not: a room is localhost here and 192.0.2.7 there, and several servers stand in for each other. Nor does a name
// that the server gives itself, since another server may give itself the same.

import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { codeOf, messageOf } from "../../protocol/errors.ts";
import { isKey } from "../../protocol/keys.ts";

/** The key in this file, which is made if it is missing. Throws an Error of one sentence if it cannot be read or made. */
export function keyIn(path: string): string {
  try {
    return read(path) ?? make(path);
  } catch (error) {
    throw new Error(`Cannot use the key in ${path}, ${reasonOf(error)}: your name is not kept for you`);
  }
}

function read(path: string): string | undefined {
  try {
    const stats = statSync(path);
    // Reading a pipe would wait for its other end, perhaps for ever. A folder has words of its own.
    if (!stats.isFile() && !stats.isDirectory()) throw new Error("which is no regular file");
    const key = readFileSync(path, "utf8").trim();
    if (isKey(key)) {
      closeToOthers(path);
      return key;
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  throw new Error("which is damaged (without the file, a new one is made)");
}

/** Lets only the owner read a file that a person wrote or copied. On a disk without such rights it stays as it is. */
function closeToOthers(path: string): void {
  try {
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch {}
}

/** Links a whole file to its name, so that no client reads half a key. Of clients that start at once, one makes the key. */
function make(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}-${randomBytes(6).toString("hex")}`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, `${randomBytes(32).toString("base64url")}\n`);
    fsyncSync(file);
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    closeSync(file);
    unlinkSync(draft);
  }
  const key = read(path);
  if (key === undefined) throw new Error("which is a link to nowhere");
  return key;
}

/** The reason of an error, in words that follow a comma. */
function reasonOf(error: unknown): string {
  const reasons: Record<string, string> = {
    EACCES: "which this user may not use",
    EISDIR: "which is a folder",
    ENOSPC: "since the disk is full",
    ENOTDIR: "whose folder cannot be made",
    ENOENT: "whose folder cannot be made",
    EROFS: "which cannot be written",
  };
  return reasons[codeOf(error) ?? ""] ?? messageOf(error);
}
