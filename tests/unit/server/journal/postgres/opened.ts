// What the tests of the journal in PostgreSQL share: one PostgreSQL for each file, a room for each test, and a role with no
// more rights than a server needs.

import { afterAll, beforeAll } from "bun:test";
import { PostgresJournal, type PostgresOptions } from "../../../../../lib/server/journal/postgres/journal.ts";
import { postgresql } from "../../../../support/parts.ts";
import { PostgresServer } from "../../../../support/postgres.ts";
import { Transcript } from "../../../../support/transcript.ts";
import { Listened, type Told } from "../listened.ts";

export let postgres: PostgresServer;
let rooms = 0;

/** A room of its own for a test: its name, and what opens a journal in it with all that its listener was told. */
export function newRoom() {
  const name = `room ${++rooms}`;
  const open = async (options: Partial<PostgresOptions> = {}): Promise<Listened<PostgresJournal>> => {
    const told = new Transcript<Told>();
    const journal = await PostgresJournal.open({
      url: postgres.url(),
      room: name,
      keepEvents: 1_000_000,
      note: (message) => told.push(["noted", message]),
      ...options,
    });
    return new Listened(journal, told);
  };
  return { name, open };
}

/** Starts PostgreSQL before the tests of the file, and ends it behind them. */
export function usePostgres(): void {
  beforeAll(async () => {
    if (!postgresql.found) return;
    postgres = await PostgresServer.start();
    // Makes the tables, and the role "lesser" that may use their rows.
    await (await PostgresJournal.open({ url: postgres.url(), room: "x", keepEvents: 1 })).close();
    for (const right of [
      "CREATE ROLE lesser LOGIN",
      "GRANT USAGE ON SCHEMA chat TO lesser",
      "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA chat TO lesser",
    ]) {
      await postgres.query(right);
    }
  });
  afterAll(async () => {
    await postgres?.[Symbol.asyncDispose]();
  });
}
