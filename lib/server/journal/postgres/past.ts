// The past of a room in PostgreSQL: pages of its events in either direction, and searches. All reject with an Error that says
// in words why the past cannot be read.

import { messageOf } from "../../../protocol/errors.ts";
import type { Entry, Journal, Matches } from "../journal.ts";
import { firstOf } from "../pages.ts";
import { lexemesOf, matcher } from "../search.ts";
import { askTwice, insist } from "./client/connection.ts";
import type { EventReader } from "./events.ts";

export class PostgresPast implements Pick<Journal, "entriesAfter" | "entriesBefore" | "matchesBefore"> {
  readonly #reader: EventReader;
  readonly #kept: { readonly first: number };
  readonly #isClosed: () => boolean;

  /** `kept`: its `first` is the oldest event that is kept. `isClosed`: whether the journal has ended. */
  constructor(reader: EventReader, kept: { readonly first: number }, isClosed: () => boolean) {
    this.#reader = reader;
    this.#kept = kept;
    this.#isClosed = isClosed;
  }

  /** Asks until PostgreSQL answers, since members that catch up need these entries. */
  async entriesAfter(position: number, count: number): Promise<Entry[]> {
    const from = Math.max(position, this.#kept.first - 1);
    const entries = await insist(() => this.#reader.after(from, count), this.#isClosed).catch(inWords);
    return firstOf(entries, count);
  }

  async entriesBefore(position: number, count: number): Promise<Entry[]> {
    return firstOf(await this.#lookBack(() => this.#reader.before(position, count)), count);
  }

  async matchesBefore(text: string, position: number, count: number): Promise<Matches> {
    const query = lexemesOf(text);
    if (query === undefined) return { entries: [], before: 0 };
    const found = await this.#lookBack(() => this.#reader.matchesBefore(query, position, count));
    const matches = matcher(text);
    const entries = found.filter(({ event }) => "text" in event && matches(event.text ?? ""));
    return { entries, before: found.at(-1)?.event.seq ?? 0 };
  }

  async #lookBack(ask: () => Promise<Entry[]>): Promise<Entry[]> {
    return (await askTwice(ask).catch(inWords)).filter(({ event }) => event.seq >= this.#kept.first);
  }
}

function inWords(error: unknown): never {
  throw new Error(`PostgreSQL ${messageOf(error)}`);
}
