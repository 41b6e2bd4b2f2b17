// Opens the history that --history names: in a database, which several servers may share, in a file, or in memory. Connecting to
// a database takes a while, so that is done before the server listens. A file is opened after that, since it is named after the
// port by default.

import { join } from "node:path";
import { stateFolder } from "../../cli/folders.ts";
import type { Journal } from "../journal/journal.ts";
import { PostgresJournal } from "../journal/postgres/journal.ts";
import { SqliteJournal } from "../journal/sqlite/journal.ts";
import type { SharedFigures } from "./metrics/metrics.ts";
import { keepOf, type Options } from "./options.ts";

export type History = {
  journal: Journal;
  /** Where the history is, in words. */
  place: string;
  /** Figures for the metrics, if several servers may share the history. */
  figures?: () => SharedFigures;
};

export type HistoryPlace =
  | { kind: "database"; url: string }
  | { kind: "file"; path: string }
  | { kind: "memory" };

export function historyPlaceOf({ history }: Pick<Options, "history">, port: number): HistoryPlace {
  if (history === "none") return { kind: "memory" };
  if (history !== undefined && url.test(history)) return { kind: "database", url: history };
  return { kind: "file", path: history ?? join(stateFolder(), `${port}.sqlite`) };
}

/** A URL counts as a database, even with an unknown scheme: it may hold a password, which must not appear in a file's name. */
const url = /^\s*([a-z][a-z0-9+.-]*:\/\/|postgres(ql)?:)/i;

/**
 * Opens the history if it is in a database; else undefined. `note` is called with sentences for the person who runs the server.
 * Throws an Error of one sentence if the database cannot be used.
 */
export async function openDatabase(
  options: Options,
  note: (message: string) => void,
): Promise<History | undefined> {
  const place = historyPlaceOf(options, options.port);
  if (place.kind !== "database") return undefined;
  const { room, keep } = options;
  const journal = await PostgresJournal.open({ url: place.url, room, ...keepOf(keep), note });
  return { journal, place: journal.place, figures: () => journal.figures };
}

/** Opens the history in a file, or in memory. Throws an Error of one sentence if the file cannot be used. */
export function openFile(options: Options, port: number, note: (message: string) => void): History {
  const place = historyPlaceOf(options, port);
  const path = place.kind === "file" ? place.path : undefined;
  const journal = SqliteJournal.open({ path, ...keepOf(options.keep), note });
  return { journal, place: path ?? "memory, and gone with the server" };
}
