// The full text of the journal, to search in: an FTS5 table beside it. Saying must stay cheap, so nothing is indexed
// when it is said: the index lags behind until somebody searches, and catches up a slice with each call, so that whoever
// calls can leave time for others between. What has fallen out of the journal is never found, and goes with later slices.

import type { Database, Statement } from "bun:sqlite";
import type { Entry, Matches } from "./journal.ts";

const schema = `
  CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    text, entry UNINDEXED, prefix = '1', tokenize = 'unicode61 remove_diacritics 2'
  );
  -- FTS5 merges so many pages at a time: with smaller ones a slice has less to wait for.
  INSERT INTO words (words, rank) VALUES ('pgsz', 1000);
`;

/** Events that the index takes up, lets go or looks at in one call. */
const sliceEvents = 100;

/** So many words of a search count, and the last one. */
const searchedWords = 10;

/** What is searched in. */
export interface Source {
  /** The oldest `seq` kept, and the newest. */
  readonly first: number;
  readonly last: number;
  entriesAfter(position: number, count: number): Entry[];
}

export class SearchIndex {
  readonly #db: Database;
  readonly #source: Source;
  readonly #add: Statement<unknown, [number, string, string]>;
  readonly #match: Statement<{ entry: string }, [string, number, number, number]>;
  readonly #trim: Statement<unknown, [{ $oldest: number; $rows: number }]>;
  /** The last event that `words` knows. */
  #indexed: number;

  constructor(db: Database, source: Source) {
    this.#db = db;
    this.#source = source;
    db.run(schema);
    this.#add = db.prepare("INSERT INTO words (rowid, text, entry) VALUES (?, ?, ?)");
    this.#match = db.prepare(
      "SELECT entry FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
    );
    this.#trim = db.prepare(trimming("words", "rowid"));
    const newest = db.query<{ last: number | null }, []>("SELECT max(rowid) AS last FROM words").get();
    this.#indexed = newest?.last ?? 0;
  }

  /** Journal.matchesBefore; throws what SQLite throws. */
  matchesBefore(text: string, position: number, count: number): Matches {
    const query = matching(text);
    if (query === undefined) return { entries: [], before: 0 };
    if (this.#indexed < Math.min(position - 1, this.#source.last)) {
      this.#indexSlice();
      return { entries: [], before: position };
    }
    const rows = this.#match.all(query, this.#source.first, position, Math.min(count, sliceEvents));
    const entries = rows.map(({ entry }): Entry => JSON.parse(entry));
    return { entries, before: entries.at(-1)?.event.seq ?? 0 };
  }

  /** Takes up the next events, and lets go of some that have fallen out. */
  #indexSlice(): void {
    try {
      this.#db.run("BEGIN");
      this.#trim.run({ $oldest: this.#source.first, $rows: sliceEvents });
      const indexed = this.#indexAfter(Math.max(this.#indexed, this.#source.first - 1));
      this.#db.run("COMMIT");
      this.#indexed = indexed;
    } catch (error) {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      throw error;
    }
  }

  /** Says which event was the last of the slice. */
  #indexAfter(after: number): number {
    const entries = this.#source.entriesAfter(after, sliceEvents);
    for (const entry of entries) {
      const { event } = entry;
      if ("text" in event && event.text !== undefined) {
        this.#add.run(event.seq, event.text, JSON.stringify(entry));
      }
    }
    return entries.at(-1)?.event.seq ?? this.#source.last;
  }
}

/** The text as FTS5 asks for it: every word, the last as a beginning. In quotes nothing is an operator. */
function matching(text: string): string | undefined {
  const words = wordsOf(text);
  return words.length === 0 ? undefined : `${words.map((word) => `"${word}"`).join(" ")} *`;
}

/** Each word once, the last by itself, and no more than are looked for in no time. */
function wordsOf(text: string): string[] {
  const words = text.split(/[\s"]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return [...new Set(words.slice(0, -1))].slice(0, searchedWords).concat(words.slice(-1));
}

/** The same where there is no index: whether a text has every word, the last as a beginning. */
export function matcher(text: string): (text: string) => boolean {
  const words = wordsOf(text).map((word, i, { length }) => ` ${folded(word)}${i === length - 1 ? "" : " "}`);
  return (text) => {
    const padded = ` ${folded(text)} `;
    return words.length > 0 && words.every((word) => padded.includes(word));
  };
}

/** Its words alone, regardless of case and accents, with a blank between them. */
function folded(text: string): string {
  const plain = text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu)?.join(" ") ?? "";
}

/** Deletes a few of the rows below a bound. */
export function trimming(table: string, key: string): string {
  return `DELETE FROM ${table} WHERE ${key} IN
    (SELECT ${key} FROM ${table} WHERE ${key} < $oldest ORDER BY ${key} LIMIT $rows)`;
}
