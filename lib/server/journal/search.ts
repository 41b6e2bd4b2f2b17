// The index of the journal's texts: an FTS5 table beside it. To say something must stay cheap, so a text is not indexed
// when it is said. The index catches up when a member searches, one slice with each call, so that the caller can leave
// time for others between. Events that are not kept any more are never found; later slices remove them from the index.

import type { Database, Statement } from "bun:sqlite";
import type { Entry, Matches } from "./journal.ts";

const schema = `
  CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    text, entry UNINDEXED, prefix = '1', tokenize = 'unicode61 remove_diacritics 2'
  );
  -- FTS5 merges a fixed number of pages at a time: with smaller pages a slice takes less time.
  INSERT INTO words (words, rank) VALUES ('pgsz', 1000);
`;

/** The events that one call adds, removes or reads at most. */
const sliceEvents = 100;

/** A search looks for this many of its words at most, and for the last one. */
const searchedWords = 10;

/** The journal that is searched. */
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
  /** The last event that is in the index. */
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

  /** As Journal.matchesBefore. Throws SQLite's error. */
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

  /** Adds the next events, and removes some that are not kept any more. */
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

  /** Adds one slice of events; returns the `seq` of the last. */
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

/** The query for FTS5: every word, the last as a beginning. Within quotes FTS5 knows no operators. */
function matching(text: string): string | undefined {
  const words = wordsOf(text);
  return words.length === 0 ? undefined : `${words.map((word) => `"${word}"`).join(" ")} *`;
}

/** The words to look for: each once, the last at the end, and no more than are found quickly. */
function wordsOf(text: string): string[] {
  const words = text.split(/[\s"]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return [...new Set(words.slice(0, -1))].slice(0, searchedWords).concat(words.slice(-1));
}

/** For journals without such an index: tells whether a text has every word, the last as a beginning. */
export function matcher(text: string): (text: string) => boolean {
  const words = wordsOf(text).map((word, i, { length }) => ` ${folded(word)}${i === length - 1 ? "" : " "}`);
  return (text) => {
    const padded = ` ${folded(text)} `;
    return words.length > 0 && words.every((word) => padded.includes(word));
  };
}

/** The words of a text as an index of PostgreSQL takes them (tsvector); long ones in pieces. */
export function lexemesIn(text: string): string {
  return piecesOf(folded(text)).join(" ");
}

/** What such an index is asked for these words (tsquery), to be looked at with `matcher`; undefined if there is no word. */
export function lexemesOf(text: string): string | undefined {
  const pieces = wordsOf(text).flatMap((word) => piecesOf(folded(word)));
  return pieces.length === 0 ? undefined : `${pieces.join(" & ")}:*`;
}

function piecesOf(words: string): string[] {
  return words.match(/[^ ]{1,64}/gu) ?? [];
}

/** The words of a text in lower case and without accents, with a blank between them. */
function folded(text: string): string {
  const plain = text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu)?.join(" ") ?? "";
}

/** The statement that deletes at most $rows rows with a key below $oldest. */
export function trimming(table: string, key: string): string {
  return `DELETE FROM ${table} WHERE ${key} IN
    (SELECT ${key} FROM ${table} WHERE ${key} < $oldest ORDER BY ${key} LIMIT $rows)`;
}
