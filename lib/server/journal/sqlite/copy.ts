// Copies and reads a history in an SQLite file, which a server may have open: this takes no lock.

import { Database, SQLiteError } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, openSync } from "node:fs";
import type { Entry, Epochs } from "../journal.ts";
import { firstOf, pageEvents, pagesUpTo } from "../pages.ts";
import { epochsIn, format, reasonOf, versionOf } from "./file.ts";
import { Turns } from "./turns.ts";

/**
 * Copies the history to another file, as of one moment and without deleted texts. The target must not exist; only its owner can
 * read it. Throws an Error of one sentence, or that of the file system.
 */
export function copyHistory(path: string, target: string): void {
  using db = openHistory(path);
  try {
    closeSync(openSync(target, "wx", 0o600));
    db.run("VACUUM INTO ?", [target]);
    // SQLite does not sync a copy to the disk.
    const file = openSync(target, "r+");
    fsyncSync(file);
    closeSync(file);
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error;
    throw new Error(`Cannot copy the history in "${path}": ${reasonOf(error)}`);
  }
}

/**
 * The epochs of a history, and its present entries, page by page, oldest first. `note` is called with a sentence about entries
 * that cannot be read.
 */
export function readHistory(
  path: string,
  note: (message: string) => void,
): { epochs: Epochs; pages: AsyncIterable<Entry[]> } {
  const db = openHistory(path);
  const turns = new Turns(db, (first, last) => note(`Events ${first} to ${last} cannot all be read`));
  const end = db.query<{ last: number | null }, []>("SELECT max(last) AS last FROM turns").get()?.last ?? 0;
  async function* pages(): AsyncIterable<Entry[]> {
    try {
      yield* pagesUpTo(end, (position) => firstOf(turns.after(position), pageEvents));
    } catch (error) {
      throw new Error(`Cannot read the history in "${path}": ${reasonOf(error)}`);
    } finally {
      db.close();
    }
  }
  return { epochs: epochsIn(db), pages: pages() };
}

function openHistory(path: string): Database {
  if (!existsSync(path)) throw new Error(`There is no history in "${path}": --history names another file`);
  try {
    const db = new Database(path, { readwrite: true, create: false });
    db.run("PRAGMA busy_timeout = 5000");
    if (versionOf(db) > format) throw new Error("it was written by another version");
    if (db.query("SELECT 1 FROM sqlite_schema WHERE name = 'turns'").get()) return db;
    db.close();
    throw new Error("it is not a history file");
  } catch (error) {
    throw new Error(`Cannot read the history in "${path}": ${reasonOf(error)}`);
  }
}
