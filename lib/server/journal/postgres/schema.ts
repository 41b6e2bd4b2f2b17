// The tables of the journal in PostgreSQL, and the functions that write them. A call of a function is one statement: one
// transaction and one round trip. All rooms of a database share the tables, in the schema `chat`.
//
//   rooms     a room, its epoch, its last event, how many are kept; the server that has locked the row numbers events
//   epochs    where each epoch of a room begins
//   events    the events with the facts they changed; `words` has the words of their texts, for searches
//   facts     the facts that hold now
//   servers   the last heartbeat of each server, and the outcome of its last batch, since it may ask for that again
//
// Why there are epochs: if the database loses its newest events, their numbers are given again. A standby without them
// takes over, a backup is restored, or PostgreSQL crashes before the last commits are on the disk. Each begins another
// run of PostgreSQL, or brings other tables; so with each run the room begins an epoch, after its last event. A position
// (epoch, number) beyond the end of its epoch is of a lost event; every other one is right, at any server.

import type { SQL } from "bun";
import type { Epochs } from "../journal.ts";
import { type PostgresConnection, PostgresError } from "./connection.ts";

/** The `version` in chat.format of tables made here; tables with a higher one are refused. */
const format = 1;

/** The key of the advisory lock that lets one server at a time create the tables. */
const creating = 5_300_053_000;

/** One call of chat.trim deletes at most this many events. */
const trimmedEvents = 1_000;

const schema = `
CREATE SCHEMA IF NOT EXISTS chat;
CREATE TABLE chat.format (version int NOT NULL);
CREATE TABLE chat.rooms (
  room text PRIMARY KEY, epoch text NOT NULL, run text NOT NULL, last bigint NOT NULL, keep bigint NOT NULL
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
CREATE TABLE chat.facts (room text, key text, value text NOT NULL, PRIMARY KEY (room, key));
CREATE TABLE chat.servers (
  room text, server text, heard timestamptz NOT NULL, read bigint NOT NULL, gone boolean NOT NULL DEFAULT false,
  batch bigint NOT NULL DEFAULT 0, outcome text NOT NULL DEFAULT '', PRIMARY KEY (room, server)
) WITH (fillfactor = 50);

-- PostgreSQL empties this table after a crash of any of its processes, even if it goes on without a restart.
CREATE UNLOGGED TABLE chat.mark (mark text);

-- A name for this run of PostgreSQL with these tables.
CREATE FUNCTION chat.run() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT concat_ws(' ', pg_postmaster_start_time(), current_database(), pg_relation_filenode('chat.events'),
    (SELECT max(mark) FROM chat.mark))
$$;

-- Opens the room for a server, or again for one that has read up to \`known_last\` in \`known_epoch\`. If all that it has read
-- is there, it gets no \`facts\`; with \`facts\` it has to begin again. \`keep\`: how many events to keep, and as the answer,
-- how many the room's servers keep.
CREATE FUNCTION chat.attach(
  the_room text, new_epoch text, known_epoch text, known_last bigint, INOUT keep float8, lease interval,
  OUT epoch text, OUT last float8, OUT first float8, OUT epochs json, OUT facts json
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  r chat.rooms;
  known_end bigint;
BEGIN
  INSERT INTO chat.rooms VALUES (the_room, new_epoch, '', 0, attach.keep) ON CONFLICT DO NOTHING;
  SELECT * INTO r FROM chat.rooms WHERE room = the_room FOR UPDATE;
  INSERT INTO chat.mark SELECT new_epoch WHERE NOT EXISTS (SELECT FROM chat.mark);
  r.last := greatest(r.last, (SELECT max(seq) FROM chat.events WHERE room = the_room));
  first := coalesce((SELECT min(seq) FROM chat.events WHERE room = the_room), r.last + 1);
  IF r.run <> chat.run() OR (r.epoch = known_epoch AND r.last < known_last) THEN
    r.epoch := new_epoch;
    r.run := chat.run();
    INSERT INTO chat.epochs VALUES (the_room, new_epoch, r.last + 1);
    -- A position in an epoch that ended before the oldest event gets the same answer as one in an unknown epoch.
    DELETE FROM chat.epochs WHERE room = the_room
      AND start < (SELECT max(start) FROM chat.epochs WHERE room = the_room AND start <= attach.first);
  END IF;
  IF r.keep <> attach.keep AND known_epoch IS NULL AND NOT EXISTS (
    SELECT FROM chat.servers WHERE room = the_room AND NOT gone AND heard > clock_timestamp() - lease
  ) THEN
    r.keep := attach.keep;
  END IF;
  UPDATE chat.rooms SET epoch = r.epoch, run = r.run, last = r.last, keep = r.keep WHERE room = the_room;
  epoch := r.epoch;
  last := r.last;
  keep := r.keep;
  SELECT json_agg(json_build_array(e.epoch, e.start) ORDER BY e.nr) INTO epochs FROM chat.epochs e WHERE room = the_room;
  SELECT coalesce((SELECT min(next.start) - 1 FROM chat.epochs next WHERE room = the_room AND next.nr > known.nr), r.last)
    INTO known_end FROM chat.epochs known WHERE room = the_room AND known.epoch = known_epoch;
  IF known_last <= known_end THEN RETURN; END IF;
  SELECT coalesce(json_object_agg(key, value), '{}') INTO facts FROM chat.facts WHERE room = the_room;
END $$;

-- Appends a batch of a server that has read up to \`known_last\`. Answers with the fate of each entry, after a comma (t:
-- taken, c: contradicted, or the number under which it was appended before), the last number and the time; with NULL if
-- the server has to attach first. For a batch that was appended before it only repeats the answer.
CREATE FUNCTION chat.append(
  the_room text, the_server text, the_batch bigint, known_epoch text, known_last bigint, entries text,
  OUT fates text, OUT last float8, OUT at float8
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  r chat.rooms;
  s chat.servers;
  e record;
  f record;
  before bigint;
  contradicted boolean;
  now timestamptz := date_trunc('milliseconds', clock_timestamp());
BEGIN
  SELECT * INTO r FROM chat.rooms WHERE room = the_room FOR UPDATE;
  IF r.epoch IS DISTINCT FROM known_epoch OR r.run <> chat.run() OR r.last < known_last THEN RETURN; END IF;
  SELECT * INTO s FROM chat.servers WHERE room = the_room AND server = the_server;
  IF s.batch >= the_batch OR s.gone THEN
    SELECT x[1], x[2], x[3] INTO fates, last, at FROM string_to_array(s.outcome, ' ') x;
    RETURN;
  END IF;
  last := greatest(r.last, (SELECT max(seq) FROM chat.events WHERE room = the_room));
  fates := '';
  FOR e IN SELECT * FROM json_to_recordset(entries::json) AS x (
    type text, author text, reader text, id text, keys text[], vals text[], facts json, event text, words text
  ) LOOP
    before := NULL;
    IF e.id IS NOT NULL THEN
      SELECT seq INTO before FROM chat.events WHERE room = the_room AND author = e.author AND id = e.id;
    END IF;
    IF before <= last - r.keep THEN
      UPDATE chat.events SET id = NULL WHERE room = the_room AND seq = before;
      before := NULL;
    END IF;
    -- Most entries expect no facts and bring none: for a batch of them these statements would be a fifth of the time.
    contradicted := false;
    IF e.keys IS NOT NULL THEN
      SELECT EXISTS (
        SELECT FROM unnest(e.keys, e.vals) AS x (key, value)
          WHERE (SELECT f.value FROM chat.facts f WHERE f.room = the_room AND f.key = x.key) IS DISTINCT FROM x.value
      ) INTO contradicted;
    END IF;
    IF before IS NOT NULL THEN
      fates := fates || ',' || before;
    ELSIF contradicted THEN
      fates := fates || ',c';
    ELSE
      fates := fates || ',t';
      last := last + 1;
      INSERT INTO chat.events VALUES
        (the_room, last, now, e.type, e.author, e.reader, e.id, the_server, e.facts, e.event::json, e.words::tsvector);
      CONTINUE WHEN e.facts IS NULL;
      FOR f IN SELECT * FROM json_each_text(e.facts) LOOP
        IF f.value IS NULL THEN
          DELETE FROM chat.facts WHERE room = the_room AND key = f.key;
        ELSE
          INSERT INTO chat.facts VALUES (the_room, f.key, f.value) ON CONFLICT (room, key) DO UPDATE SET value = f.value;
        END IF;
      END LOOP;
    END IF;
  END LOOP;
  at := extract(epoch FROM now) * 1000;
  -- Written even if nothing was appended: only a commit that writes waits for a synchronous standby, and the answer may
  -- tell of events that the standby does not have yet.
  INSERT INTO chat.servers VALUES (the_room, the_server, now, known_last, false, the_batch, concat_ws(' ', fates, last, at))
    ON CONFLICT (room, server) DO UPDATE SET heard = now, batch = the_batch, outcome = excluded.outcome;
  IF last > r.last THEN
    UPDATE chat.rooms SET last = append.last WHERE room = the_room;
    -- A server that is alone needs no notification.
    IF EXISTS (
      SELECT FROM chat.servers WHERE room = the_room AND server <> the_server AND NOT gone AND heard > now - interval '1 minute'
    ) THEN
      PERFORM pg_notify('chat_' || md5(the_room), last::text);
    END IF;
  END IF;
END $$;

-- The heartbeat of a server. Answers with the room's epoch and last event, and the last heartbeat of each server.
CREATE FUNCTION chat.beat(
  the_room text, the_server text, known_last bigint, OUT epoch text, OUT last float8, OUT servers json
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO chat.servers VALUES (the_room, the_server, clock_timestamp(), known_last)
    ON CONFLICT (room, server) DO UPDATE SET heard = clock_timestamp(), read = known_last;
  DELETE FROM chat.servers WHERE room = the_room AND heard < clock_timestamp() - interval '1 day';
  SELECT r.epoch, r.last INTO epoch, last FROM chat.rooms r WHERE room = the_room;
  SELECT json_object_agg(server, heard) INTO servers FROM chat.servers WHERE room = the_room AND NOT gone;
END $$;

-- Says that a server has ended: a batch of it that arrives later is not appended.
CREATE FUNCTION chat.farewell(the_room text, the_server text) RETURNS void LANGUAGE sql AS $$
  UPDATE chat.servers SET gone = true WHERE room = the_room AND server = the_server
$$;

-- Deletes some of the events that are no longer kept and that all servers have read. Answers with their number.
CREATE FUNCTION chat.trim(the_room text, lease interval, count int) RETURNS float8 LANGUAGE sql AS $$
  WITH gone AS (
    DELETE FROM chat.events WHERE room = the_room AND seq IN (
      SELECT seq FROM chat.events WHERE room = the_room AND seq <= least(
        (SELECT last - keep FROM chat.rooms WHERE room = the_room),
        (SELECT min(read) FROM chat.servers
          WHERE room = the_room AND NOT gone AND heard > clock_timestamp() - lease)
      ) ORDER BY seq LIMIT count FOR UPDATE SKIP LOCKED
    ) RETURNING seq
  ) SELECT count(*) FROM gone
$$;

INSERT INTO chat.format VALUES (${format});
`;

// ---- Calls of the functions ----

/** The room, for a server that opens it or attaches again. */
export type Attached = {
  /** How many events the room's servers keep. */
  keep: number;
  epoch: string;
  last: number;
  first: number;
  epochs: Epochs;
  /** Null for a server that can go on from what it has read. */
  facts: Record<string, string> | null;
};

/** `known`: how far the server has read; undefined if it opens the room anew. */
export async function attach(
  client: SQL,
  room: string,
  newEpoch: string,
  { server, known }: { server: string; known: { epoch: string; last: number } | undefined },
  keepEvents: number,
  leaseMs: number,
): Promise<Attached> {
  const values = [room, newEpoch, known?.epoch ?? null, known?.last ?? null, keepEvents, `${leaseMs} ms`];
  return client.begin(async (client) => {
    const [attached] = await client.unsafe<[Attached]>(
      "SELECT * FROM chat.attach($1, $2, $3, $4, $5, $6)",
      values,
    );
    // The next server that attaches must find this one alive, or it could set another `keep`.
    const isHere = known === undefined && attached.keep === keepEvents;
    if (isHere) await client.unsafe("SELECT chat.beat($1, $2, $3)", [room, server, attached.last]);
    return attached;
  });
}

/** The outcome of a batch; `fates` has a comma and a fate for each entry. */
export type Outcome = { fates: string; last: number; at: number };

/** Appends `entries`, rows as JSON. Undefined if the server has to attach again first. */
export async function append(
  connection: PostgresConnection,
  room: string,
  batch: number,
  { server, epoch, last }: { server: string; epoch: string; last: number },
  entries: string,
): Promise<Outcome | undefined> {
  const values = [room, server, batch, epoch, last, entries];
  const [outcome] = await connection.run<Outcome | { fates: null }>(
    "SELECT * FROM chat.append($1, $2, $3, $4, $5, $6)",
    values,
  );
  return outcome?.fates == null ? undefined : outcome;
}

/** The room's epoch, its last event, and the last heartbeat of each of its servers. */
export type Beat = { epoch: string | null; last: number | null; servers: Record<string, string> };

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

/** Deletes the events that are no longer kept, in slices, so that no other statement waits long. */
export async function trim(connection: PostgresConnection, room: string, leaseMs: number): Promise<void> {
  for (let count = trimmedEvents; count === trimmedEvents; ) {
    const values = [room, `${leaseMs} ms`, trimmedEvents];
    const [row] = await connection.run<{ count: number }>("SELECT chat.trim($1, $2, $3) AS count", values);
    count = row?.count ?? 0;
  }
}

/** Makes the tables if they are missing. Throws a PostgresError if they cannot be used. */
export async function prepare(client: SQL): Promise<void> {
  await client.begin(async (client) => {
    await client`SELECT pg_advisory_xact_lock(${creating})`;
    const [{ made }] = await client`SELECT to_regclass('chat.format') IS NOT NULL AS made`;
    if (!made) await client.unsafe(schema);
  });
  const [{ version, encoding }] = await client`
    SELECT max(version) AS version, current_setting('server_encoding') AS encoding FROM chat.format`;
  if (version === null) throw new PostgresError("holds tables without a version: chat.format is empty");
  // What it cannot store would be refused with all that is said in the same turn.
  if (encoding !== "UTF8") throw new PostgresError(`has this database in ${encoding}: take one in UTF8`);
  if (version > format) {
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
