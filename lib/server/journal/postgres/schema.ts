// The tables of the journal in PostgreSQL, in the schema `chat`, and the calls of the functions that write them. All rooms
// of a database share them.
//
//   rooms     a room, its epoch, its last event, how many are kept; up to `bare`, events have lost their facts.
//             The server that has locked the row numbers events
//   epochs    where each epoch of a room begins
//   events    the events with the facts they changed; `words` has the words of their texts, for searches
//   facts     the facts that hold now
//   servers   the last heartbeat of each server, and the outcome of its last batch, since it may ask for that again
//
// Why there are epochs: if the database loses its newest events, their numbers are given a second time. That happens when a
// standby without them takes over, when a backup is restored, and when PostgreSQL crashes before the latest commits are on the
// disk. Each begins another run of PostgreSQL, or brings other tables; so with each run the room begins an epoch, after its
// last event. A position (epoch, number) beyond the end of its epoch is of a lost event; all others are valid at any server.

import { randomBytes } from "node:crypto";
import { SQL } from "bun";
import type { Epochs } from "../journal.ts";
import type { PostgresConnection } from "./client/connection.ts";
import { PostgresError } from "./client/errors.ts";
import { functions } from "./functions.ts";

/** The format of the tables, `version` in chat.format. Tables of a higher one are refused. */
const format = 2;

/** The key of the advisory lock under which one server at a time creates the tables. */
const creationLock = 5_300_053_000;

/** The class of the advisory locks of servers: each holds one while it has a connection for writing. */
const serverLocks = 530_001;

/** The code (SQLSTATE) of a statement that this user may not run. */
const insufficientPrivilege = "42501";

/** One call of chat.trim deletes at most this many events. */
const trimmedEvents = 1_000;

const tables = `
CREATE SCHEMA IF NOT EXISTS chat;
CREATE TABLE chat.format (version int NOT NULL);
CREATE TABLE chat.rooms (
  room text PRIMARY KEY, epoch text NOT NULL, run text NOT NULL, last bigint NOT NULL, keep bigint NOT NULL,
  bare bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE chat.epochs (
  room text, epoch text, start bigint NOT NULL, begun timestamptz NOT NULL DEFAULT clock_timestamp(),
  nr bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (room, epoch)
);
CREATE TABLE chat.events (
  room text, seq bigint, at timestamptz NOT NULL, type text NOT NULL, author text NOT NULL, reader text, id text,
  server text NOT NULL, facts json, event json NOT NULL, words tsvector,
  length int NOT NULL GENERATED ALWAYS AS (octet_length(event::text)) STORED,
  PRIMARY KEY (room, seq)
);
CREATE UNIQUE INDEX said ON chat.events (room, author, id) WHERE id IS NOT NULL;
CREATE INDEX words ON chat.events USING gin (words) WITH (gin_pending_list_limit = 256);
CREATE INDEX bare ON chat.events (room, seq) WHERE facts IS NOT NULL;
CREATE TABLE chat.facts (room text, key text, value text NOT NULL, PRIMARY KEY (room, key));
CREATE TABLE chat.servers (
  room text, server text, heard timestamptz NOT NULL, read bigint NOT NULL, gone boolean NOT NULL DEFAULT false,
  batch bigint NOT NULL DEFAULT 0, outcome text NOT NULL DEFAULT '', PRIMARY KEY (room, server)
) WITH (fillfactor = 50);

-- PostgreSQL empties this table after a crash of any of its processes, even if it goes on without a restart.
CREATE UNLOGGED TABLE chat.mark (mark text);

INSERT INTO chat.format VALUES (${format});
`;

/** For each format, the statements that turn the tables of the format before it into its own. */
const renewals: Record<number, string> = {
  2: `
    ALTER TABLE chat.rooms ADD COLUMN bare bigint NOT NULL DEFAULT 0;
    CREATE INDEX bare ON chat.events (room, seq) WHERE facts IS NOT NULL;
  `,
};

// ---- Calls of the functions ----

/** The room, for a server that opens it or attaches again. */
type Attached = {
  /** How many events the servers of the room keep. */
  keep: number;
  epoch: string;
  last: number;
  first: number;
  epochs: Epochs;
  /** Null for a server that can go on after the events that it has read. */
  facts: Record<string, string> | null;
  /** The latest heartbeats of the servers that are alive, for a server that opens the room: their seats are in use. */
  servers?: Beat["servers"];
};

type Attaching = {
  server: string;
  /** How far the server has read; undefined: it opens the room anew. */
  known: { epoch: string; last: number } | undefined;
  keepEvents: number;
  leaseMs: number;
};

/** Attaches a server to its room. */
export async function attach(
  client: SQL,
  room: string,
  { server, known, keepEvents, leaseMs }: Attaching,
): Promise<Attached> {
  const newEpoch = randomBytes(8).toString("hex");
  const values = [room, newEpoch, known?.epoch ?? null, known?.last ?? null, keepEvents, `${leaseMs} ms`];
  return client.begin(async (client) => {
    // A dead server loses its lock at once, but counts as lost only after its lease.
    await client.unsafe(`SELECT pg_advisory_lock_shared(${serverLocks}, hashtext($1))`, [server]);
    const [attached] = await client.unsafe<[Attached]>(
      "SELECT * FROM chat.attach($1, $2, $3, $4, $5, $6)",
      values,
    );
    // The next server that attaches must find this one alive, or it could set another `keep`.
    const isHere = known === undefined && attached.keep === keepEvents;
    if (!isHere) return attached;
    const [beat] = await client.unsafe<[Pick<Beat, "servers">]>(
      `SELECT json_object_agg(key, value) AS servers FROM chat.beat($1, $2, $3) beat, json_each_text(beat.servers)
        WHERE EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = ${serverLocks}
          AND objid = (hashtext(key)::bigint & 4294967295)::oid)`,
      [room, server, attached.last],
    );
    return { ...attached, servers: beat.servers };
  });
}

/** The outcome of a batch. `fates`: for each entry a comma and its fate, as chat.append writes it. */
export type Outcome = { fates: string; last: number; at: number };

/** Appends a batch, whose `rows` are JSON. Undefined if the server has to attach again first. */
export async function append(
  connection: PostgresConnection,
  room: string,
  { server, epoch, last }: { server: string; epoch: string; last: number },
  batch: { number: number; rows: string },
): Promise<Outcome | undefined> {
  const values = [room, server, batch.number, epoch, last, batch.rows];
  const [outcome] = await connection.run<Outcome | { fates: null }>(
    "SELECT * FROM chat.append($1, $2, $3, $4, $5, $6)",
    values,
  );
  return outcome?.fates == null ? undefined : outcome;
}

/** The answer to a heartbeat: the room's epoch, its latest event, and the latest heartbeat of each of its servers. */
type Beat = { epoch: string | null; last: number | null; servers: Record<string, string> };

export async function beat(
  connection: PostgresConnection,
  room: string,
  server: string,
  last: number,
): Promise<Beat> {
  const [beat] = await connection.run<Beat>("SELECT * FROM chat.beat($1, $2, $3)", [room, server, last]);
  return beat ?? { epoch: null, last: null, servers: {} };
}

export async function farewell(connection: PostgresConnection, room: string, server: string): Promise<void> {
  await connection.run("SELECT chat.farewell($1, $2)", [room, server]);
}

/** Deletes events and facts that are no longer kept, in slices, so that no other statement waits long. */
export async function trim(
  connection: PostgresConnection,
  room: string,
  leaseMs: number,
  keepMs: number | undefined,
): Promise<void> {
  const lease = `${leaseMs} ms`;
  const age = keepMs === undefined ? null : `${keepMs} ms`;
  await inSlices(connection, "SELECT chat.trim($1, $2, $3, $4) AS count", [room, lease, trimmedEvents, age]);
  await inSlices(connection, "SELECT chat.bare($1, $2, $3) AS count", [room, lease, trimmedEvents]);
}

async function inSlices(connection: PostgresConnection, statement: string, values: unknown[]): Promise<void> {
  for (let count = trimmedEvents; count === trimmedEvents; ) {
    const [row] = await connection.run<{ count: number }>(statement, values);
    count = row?.count ?? 0;
  }
}

/** Brings tables of an older format to the present one; only their owner can do so. */
async function renew(client: SQL): Promise<void> {
  const [{ version }] = await client`SELECT max(version) AS version FROM chat.format`;
  if (version === null || version >= format) return;
  await client
    .begin(async (client) => {
      await client`SELECT pg_advisory_xact_lock(${creationLock})`;
      const [{ version }] = await client`SELECT max(version) AS version FROM chat.format`;
      for (let next = version + 1; next <= format; next++) await client.unsafe(renewals[next] ?? "");
      if (version < format) await client.unsafe(functions);
      await client`UPDATE chat.format SET version = ${format}`;
    })
    .catch((error) => {
      if (!(error instanceof SQL.PostgresError && error.errno === insufficientPrivilege)) throw error;
      throw new PostgresError(
        "holds tables of an older version: start a server once as the user who owns them",
      );
    });
}

/**
 * Creates the tables if they are missing. Throws a PostgresError if they cannot be used. Those of a newer version stop only a
 * server that begins: one that runs goes on with them, since they keep the functions that it calls.
 */
export async function prepare(client: SQL, isFirst: boolean): Promise<void> {
  await client.begin(async (client) => {
    await client`SELECT pg_advisory_xact_lock(${creationLock})`;
    const [{ made }] = await client`SELECT to_regclass('chat.format') IS NOT NULL AS made`;
    if (!made) await client.unsafe(tables + functions);
  });
  await renew(client);
  const [{ version, encoding }] = await client`
    SELECT max(version) AS version, current_setting('server_encoding') AS encoding FROM chat.format`;
  if (version === null) throw new PostgresError("holds tables without a version: chat.format is empty");
  // In another encoding a message that cannot be stored would be refused, with all others of its turn.
  if (encoding !== "UTF8") throw new PostgresError(`has this database in ${encoding}: take one in UTF8`);
  if (version > format && isFirst) {
    throw new PostgresError(
      `holds the tables of a newer version (${version}, this one knows ${format}): update this server`,
    );
  }
  const forbidden: { name: string }[] = await client`
    SELECT relname AS name FROM pg_class WHERE relnamespace = 'chat'::regnamespace AND relkind = 'r'
      AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
        AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) AND relname <> 'format'`;
  if (forbidden.length > 0) {
    const tables = forbidden.map(({ name }) => `chat.${name}`).join(", ");
    throw new PostgresError(`does not let this user read and write all of ${tables}`);
  }
}
