// The functions that write the tables of schema.ts. A call of one is one statement: one transaction and one round trip. A
// new version replaces them; servers of an older one go on calling them, so none may get other parameters.

export const functions = `
-- A name for this run of PostgreSQL with these tables.
CREATE OR REPLACE FUNCTION chat.run() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT concat_ws(' ', pg_postmaster_start_time(), current_database(), pg_relation_filenode('chat.events'),
    (SELECT max(mark) FROM chat.mark))
$$;

-- Opens the room for a server, or again for one that has read up to \`known_last\` in \`known_epoch\`. If all that it has read
-- is there, it gets no \`facts\`; with \`facts\` it has to begin again. \`keep\`: how many events to keep, and as the answer,
-- how many the room's servers keep.
CREATE OR REPLACE FUNCTION chat.attach(
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
  -- The facts of events up to \`bare\` are not with them any more: who has not read these cannot go on from there.
  IF known_last <= known_end AND known_last >= r.bare THEN RETURN; END IF;
  SELECT coalesce(json_object_agg(key, value), '{}') INTO facts FROM chat.facts WHERE room = the_room;
END $$;

-- Takes the texts of the messages out of the history that a \`deleted\` names; a farewell stays, without its words.
CREATE OR REPLACE FUNCTION chat.erase(the_room text, deleted json) RETURNS void LANGUAGE sql AS $$
  UPDATE chat.events SET
    type = CASE type WHEN 'left' THEN 'left' ELSE 'erased' END,
    reader = CASE type WHEN 'left' THEN reader ELSE '' END,
    event = CASE type WHEN 'left' THEN json_build_object('name', event -> 'name') ELSE '{}' END,
    words = NULL
  WHERE room = the_room AND type IN ('said', 'acted', 'told', 'left')
    AND seq IN (SELECT value::bigint FROM json_array_elements_text(deleted -> 'seqs'))
$$;

-- Appends a batch of a server that has read up to \`known_last\`. Answers with the fate of each entry, after a comma (t:
-- taken, c: contradicted, or the number under which it was appended before), the last number and the time; with NULL if
-- the server has to attach first. For a batch that was appended before it only repeats the answer.
CREATE OR REPLACE FUNCTION chat.append(
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
    type text, author text, reader text, id text, keys text[], vals text[], facts json, event text, words text, at float8
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
        (the_room, last, coalesce(to_timestamp(e.at / 1000), now), e.type, e.author, e.reader, e.id, the_server, e.facts, e.event::json, e.words::tsvector);
      IF e.type = 'deleted' THEN PERFORM chat.erase(the_room, e.event::json); END IF;
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

-- The heartbeat of a server. Answers with the room's epoch and last event, and the last heartbeat of each server, with the
-- event up to which it had read by then.
CREATE OR REPLACE FUNCTION chat.beat(
  the_room text, the_server text, known_last bigint, OUT epoch text, OUT last float8, OUT servers json
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO chat.servers VALUES (the_room, the_server, clock_timestamp(), known_last)
    ON CONFLICT (room, server) DO UPDATE SET heard = clock_timestamp(), read = known_last;
  DELETE FROM chat.servers WHERE room = the_room AND heard < clock_timestamp() - interval '1 day';
  SELECT r.epoch, r.last INTO epoch, last FROM chat.rooms r WHERE room = the_room;
  SELECT json_object_agg(server, concat_ws(' ', read, heard)) INTO servers FROM chat.servers WHERE room = the_room AND NOT gone;
END $$;

-- Says that a server has ended: a batch of it that arrives later is not appended.
CREATE OR REPLACE FUNCTION chat.farewell(the_room text, the_server text) RETURNS void LANGUAGE sql AS $$
  UPDATE chat.servers SET gone = true WHERE room = the_room AND server = the_server
$$;

-- How far all servers have read that count as alive.
CREATE OR REPLACE FUNCTION chat.read_by_all(the_room text, lease interval) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT min(read) FROM chat.servers WHERE room = the_room AND NOT gone AND heard > clock_timestamp() - lease
$$;

-- Deletes some of the events that are no longer kept, since they are too many or too old, and that all servers have read.
-- Answers with their number.
CREATE OR REPLACE FUNCTION chat.trim(the_room text, lease interval, count int, age interval) RETURNS float8 LANGUAGE sql AS $$
  WITH gone AS (
    DELETE FROM chat.events WHERE room = the_room AND seq IN (
      SELECT seq FROM chat.events WHERE room = the_room
        AND seq <= (SELECT max(seq) FROM (
          SELECT seq, at FROM chat.events WHERE room = the_room ORDER BY seq LIMIT count
        ) oldest WHERE seq <= (SELECT last - keep FROM chat.rooms WHERE room = the_room) OR at < clock_timestamp() - age)
        AND seq <= chat.read_by_all(the_room, lease)
      ORDER BY seq FOR UPDATE SKIP LOCKED
    ) RETURNING seq
  ) SELECT count(*) FROM gone
$$;

-- Takes the facts from some of the events that all servers have read, after an hour, since a server that was lost for less
-- goes on with them. They are in chat.facts for as long as they hold, and have the addresses of members, which are to be
-- kept no longer. Answers with their number.
CREATE OR REPLACE FUNCTION chat.bare(the_room text, lease interval, count int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  upto bigint;
  bared float8;
BEGIN
  -- As chat.append does, before any event: two that wait for each other would not end.
  PERFORM FROM chat.rooms WHERE room = the_room FOR UPDATE;
  SELECT max(seq), count(*) INTO upto, bared FROM (
    SELECT seq FROM chat.events WHERE room = the_room AND facts IS NOT NULL
      AND at < clock_timestamp() - interval '1 hour' AND seq <= chat.read_by_all(the_room, lease)
      ORDER BY seq LIMIT bare.count
  ) read;
  IF bared = 0 THEN RETURN 0; END IF;
  UPDATE chat.events SET facts = NULL WHERE room = the_room AND facts IS NOT NULL AND seq <= upto;
  UPDATE chat.rooms SET bare = upto WHERE room = the_room AND rooms.bare < upto;
  RETURN bared;
END $$;
`;
