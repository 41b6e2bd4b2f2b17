// Mends a damaged file of a history, which is noticed at the start. All rows that can be read and make sense are copied to a new
// file, which takes the place of the damaged one; that stays beside it. The index of texts is made anew.

import { Database } from "bun:sqlite";
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { codeOf } from "../../../protocol/errors.ts";
import { idOf } from "../journal.ts";
import { type Row, storedAs, validEntries } from "./turns.ts";

/** Above the key of any row: the search for readable rows ends here. */
const lastKey = 2 ** 52;

export function isDamage(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_CORRUPT");
}

/** Whether pages of the tables are damaged. The texts in their rows are not checked. */
export function isDamaged(db: Database): boolean {
  const names = db.query<{ name: string }, []>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'",
  );
  return names.all().some(({ name }) => !isSound(db, name));
}

function isSound(db: Database, table: string): boolean {
  try {
    return (
      db.query<{ quick_check: string }, []>(`PRAGMA quick_check("${table}")`).get()?.quick_check === "ok"
    );
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

/**
 * Replaces the damaged file by a new one with all rows that can be read; `make` creates its tables. Returns a sentence for the
 * person who runs the server. Throws SQLite's error if no row can be read.
 */
export function mend(path: string, make: (path: string) => Database): string {
  const mended = `${path}.mended`;
  for (const file of filesOf(mended)) rmSync(file, { force: true });
  fillUp(path);
  let saved = 0;
  {
    using from = new Database(path, { readwrite: true, create: false });
    using to = make(mended);
    to.transaction(() => {
      saved = copyEvents(from, to);
      copyRows(from, to, "said", "seq");
      copyRows(from, to, "facts", "key");
      copyRows(from, to, "epochs", "rowid");
    })();
  }
  const damaged = freeName(`${path}.damaged`);
  const [before, after] = [filesOf(path), filesOf(damaged)];
  for (const [i, file] of before.entries()) if (existsSync(file)) renameSync(file, after[i] ?? file);
  chmodSync(damaged, 0o600);
  renameSync(mended, path);
  return `The history was damaged: the ${saved} events that can be read are kept; the damaged file is ${damaged} now`;
}

/** Fills a file that was cut off with zeros, up to its former length: SQLite reads nothing of a file that is too short. */
function fillUp(path: string): void {
  const header = Buffer.alloc(100);
  const file = openSync(path, "r");
  readSync(file, header, 0, 100, 0);
  closeSync(file);
  // The header is that of https://sqlite.org/fileformat2.html; a page size of 1 stands for 65,536.
  const [pageSize, pages] = [header.readUInt16BE(16), header.readUInt32BE(28)];
  const length = (pageSize === 1 ? 65_536 : pageSize) * pages;
  if (statSync(path).size < length) truncateSync(path, length);
}

/** Copies all events that make sense, and their ids. Returns their number. */
function copyEvents(from: Database, to: Database): number {
  const add = to.prepare<unknown, [number, number, string]>(
    "INSERT INTO turns (first, last, entries) VALUES (?, ?, ?)",
  );
  const addId = to.prepare<unknown, [number, string, string]>("INSERT OR IGNORE INTO said VALUES (?, ?, ?)");
  let [last, saved] = [0, 0];
  for (const row of readableRows(from)) {
    const entries = validEntries(row).entries.filter(({ event }) => event.seq > last);
    const [first, newest] = [entries[0]?.event.seq, entries.at(-1)?.event.seq];
    if (first === undefined || newest === undefined) continue;
    last = newest;
    saved += entries.length;
    add.run(first, newest, storedAs(entries));
    for (const { event, author } of entries) {
      const id = idOf(event);
      if (id !== undefined) addId.run(event.seq, author, id);
    }
  }
  return saved;
}

/** All rows of events that can be read, in order, without those on damaged pages. */
function* readableRows(db: Database): Iterable<Row> {
  const after = db.prepare<Row, [number]>(
    "SELECT first, last, entries FROM turns WHERE last > ? ORDER BY last LIMIT 1",
  );
  const next = (key: number): Row | undefined | "damaged" => {
    try {
      const row = after.get(key) ?? undefined;
      return !row || (row.last > key && validEntries(row).entries.length > 0) ? row : "damaged";
    } catch (error) {
      if (isDamage(error)) return "damaged";
      throw error;
    }
  };
  // At the end of a file that was cut off no key leads to rows.
  for (let key = 0; key < lastKey; ) {
    const row = next(key);
    if (row === undefined) return;
    if (row === "damaged") key = firstReadable(key, (key) => next(key) !== "damaged");
    else {
      yield row;
      key = row.last;
    }
  }
}

/** The first key after this one from which on rows can be read. A page has many rows, so the steps grow. */
function firstReadable(from: number, isReadable: (key: number) => boolean): number {
  let step = 1;
  while (!isReadable(from + step) && from + step < lastKey) step *= 2;
  let [low, high] = [from + Math.floor(step / 2), from + step];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isReadable(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Copies the rows of a small table: all that can be read from its beginning and, if a page is damaged, from its end. */
function copyRows(from: Database, to: Database, table: string, key: string): void {
  for (const order of ["ASC", "DESC"]) {
    try {
      for (const row of from.query(`SELECT * FROM ${table} ORDER BY ${key} ${order}`).iterate()) {
        const values = Object.values(row as Record<string, string | number>);
        if (values.every((value) => typeof value === "string" || typeof value === "number"))
          to.run(`INSERT OR IGNORE INTO ${table} VALUES (${values.map(() => "?").join(", ")})`, values);
      }
      return;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }
}

export function filesOf(path: string): string[] {
  return ["", "-wal", "-shm"].map((end) => `${path}${end}`);
}

function freeName(path: string): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? path : `${path}.${i}`;
    if (!existsSync(name)) return name;
  }
}
