// A Keep of files that their owner alone can read: a folder for each kind of text, and in it a file for each name at each
// server, so that clients that run at the same time do not overwrite each other's. A file is replaced as a whole, so that it
// is never half written, whenever the program is killed.

import { createHash } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Place, serverKey } from "../../protocol/addresses.ts";
import { nameKey } from "../../protocol/names.ts";
import type { Keep, Kind } from "../kept/keep.ts";

/** How many files of each kind are kept; those that were written longest ago are deleted. */
const keptFiles = 100;

export class Files implements Keep {
  readonly #folder: string;
  readonly #file: string;

  /** `folder` is made with the first file. `servers`: those of the room, in any order. */
  constructor(folder: string, servers: readonly Place[], name: string) {
    const place = servers.map(serverKey).sort().join(", ");
    const key = createHash("sha256")
      .update(`${nameKey(name)}@${place}`)
      .digest("hex")
      .slice(0, 32);
    this.#folder = folder;
    this.#file = `${key}.txt`;
  }

  get(kind: Kind): string | undefined {
    try {
      return readFileSync(this.#path(kind), "utf8");
    } catch {
      return undefined;
    }
  }

  /** A text that cannot be written is lost without a word: the chat goes on, and at the end there may be no window. */
  set(kind: Kind, value: string | undefined): void {
    const path = this.#path(kind);
    try {
      if (value === undefined) return rmSync(path, { force: true });
      if (writeWhole(path, value)) removeOldest(dirname(path), keptFiles);
    } catch {}
  }

  #path(kind: Kind): string {
    return join(this.#folder, kind, this.#file);
  }
}

/** Replaces the text of a file, or of the file that it links to; true if the file is new. Throws the errors of node:fs. */
export function writeWhole(path: string, text: string): boolean {
  const isNew = statSync(path, { throwIfNoEntry: false }) === undefined;
  const target = isNew ? path : realpathSync(path);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  const temporary = `${target}.${process.pid}~`;
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return isNew;
}

function removeOldest(folder: string, kept: number): void {
  const files = readdirSync(folder).map((name) => join(folder, name));
  if (files.length <= kept) return;
  const dated = files.map((path) => ({ path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
  dated.sort((one, other) => other.at - one.at);
  for (const { path } of dated.slice(kept)) rmSync(path, { force: true });
}
