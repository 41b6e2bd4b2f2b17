// Events as rows of PostgreSQL: makes a row of an entry and an entry of a row, and reads rows. The columns are for people, and
// for PostgreSQL to search in; `event` has the rest of the event as JSON. Rows are checked as they are read, since another
// version of this server or a person may have written them.

import { factsIn } from "../facts.ts";
import { type Entry, serversOnly } from "../journal.ts";
import { pageLength } from "../pages.ts";
import { lexemesIn } from "../search.ts";
import { validEvent } from "../valid.ts";
import type { PostgresConnection } from "./client/connection.ts";

type EventRow = {
  seq: number;
  at: number;
  type: string;
  author: string;
  reader: string | null;
  server: string;
  facts: unknown;
  event: unknown;
};

/** The columns of the room that each row of an event has, too. */
type RoomRow = { epoch: string; last: number; bare: number };

/** An entry in the form that chat.append takes. */
export function rowOf({
  event: { type, seq: _, at: __, ...content },
  author,
  reader,
  facts,
  expects,
  at,
}: Entry) {
  const id = "id" in content ? content.id : undefined;
  const text = "text" in content ? content.text : undefined;
  return {
    type,
    author: storable(author),
    reader,
    id: id === undefined ? undefined : storable(id),
    ...(expects && { keys: Object.keys(expects).map(storable), vals: Object.values(expects).map(storable) }),
    facts: facts && Object.fromEntries(Object.entries(facts).map((fact) => fact.map(storable))),
    // As a text of JSON within the JSON: its escapes keep characters that a text of PostgreSQL cannot hold.
    event: JSON.stringify(content),
    words: text === undefined ? undefined : lexemesIn(text),
    at,
  };
}

/** The text with lone surrogates and U+0000 replaced: a text of PostgreSQL cannot hold these. */
function storable<T extends string | null>(text: T): T | string {
  return text === null ? text : text.toWellFormed().replaceAll("\0", "\ufffd");
}

type EventReaderOptions = {
  room: string;
  /** The epoch that the reader takes for the room's. */
  state: { readonly epoch: string };
  /** Called if the room has another epoch: the read throws the error that it returns. */
  changed: () => Error;
  /** Called for an event that this version cannot read: a `moved`, which no member sees, takes its place. */
  unreadable?: (seq: number) => void;
};

/** Reads events of one room over one connection. */
export class EventReader {
  /** The room's latest event, and the latest event that has lost its facts, as of the latest read. */
  last = 0;
  bare = 0;
  readonly #connection: PostgresConnection;
  readonly #options: EventReaderOptions;

  constructor(connection: PostgresConnection, options: EventReaderOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** At most `count` entries after a position, oldest first. Like the next two it throws a PostgresError. */
  after(position: number, count: number): Promise<Entry[]> {
    return this.#read(after, [position, count]);
  }

  /** At most `count` entries before a position, newest first. */
  before(position: number, count: number): Promise<Entry[]> {
    return this.#read(before, [position, count]);
  }

  /** At most `count` entries before a position whose words match a query of lexemes, newest first. */
  matchesBefore(query: string, position: number, count: number): Promise<Entry[]> {
    return this.#read(matching, [position, count, query]);
  }

  async #read(statement: string, values: unknown[]): Promise<Entry[]> {
    const { room, state, changed } = this.#options;
    const { epoch } = state;
    const rows = await this.#connection.run<RoomRow & (EventRow | { seq: null })>(statement, [
      room,
      ...values,
    ]);
    const [first] = rows;
    if (first?.epoch !== epoch || epoch !== state.epoch) throw changed();
    this.last = first.last;
    this.bare = first.bare;
    return rows.flatMap((row) => {
      if (row.seq === null) return [];
      const entry = entryOf(row);
      if (entry) return [entry];
      this.#options.unreadable?.(row.seq);
      const { seq, author, server } = row;
      return [{ event: { type: "moved", seq, at: 0, name: "" }, author, server, reader: serversOnly }];
    });
  }
}

/** The entry of a row; undefined if this version cannot read the event. */
function entryOf({ seq, at, type, author, reader, server, facts, event }: EventRow): Entry | undefined {
  const own = { type, seq, at };
  const valid = validEvent(Object.assign({ ...own }, typeof event === "object" ? event : {}, own));
  if (!valid) return undefined;
  const changed = factsIn(facts);
  return {
    event: valid,
    author,
    server,
    ...(reader !== null && { reader }),
    ...(changed && { facts: changed }),
  };
}

/**
 * A statement that selects events of room $1 by position $2: at most $3, and no more than fit in a page. Each row has the columns
 * of the room's row, too; if no event is found, there is one row with these alone.
 */
function reading(where: string, order: "ASC" | "DESC"): string {
  return `
    SELECT r.epoch, r.last::float8, r.bare::float8, e.* FROM chat.rooms r LEFT JOIN LATERAL (
      SELECT seq::float8, (extract(epoch FROM at) * 1000)::float8 AS at, type, author, reader, server, facts, event
      FROM (
        SELECT *, sum(length) OVER (ORDER BY seq ${order}) - length AS before FROM (
          SELECT * FROM chat.events WHERE room = $1 AND ${where} ORDER BY seq ${order} LIMIT $3
        ) first
      ) sized WHERE before < ${pageLength} ORDER BY seq ${order}
    ) e ON true WHERE r.room = $1`;
}

const after = reading("seq > $2", "ASC");
const before = reading("seq < $2", "DESC");
const matching = reading("seq < $2 AND words @@ $4::tsquery", "DESC");
