// Events as rows: an entry becomes a row, a row becomes an entry, and the statements that read rows. The columns are for
// people and for PostgreSQL to search in; `event` holds the rest of the event as JSON. A row is checked like any other
// input, since another version of this server, or a person, may have written it.

import type { Answer, Recorded } from "../../../protocol/events.ts";
import { factsIn } from "../facts.ts";
import { type Entry, serversOnly } from "../journal.ts";
import { pageLength } from "../pages.ts";
import { lexemesIn } from "../search.ts";
import type { PostgresConnection } from "./connection.ts";

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

/** The room, as each row of its events shows it. */
type RoomRow = { epoch: string; last: number };

/** An entry as chat.append takes it. */
export function rowOf({
  event: { type, seq: _, at: __, ...content },
  author,
  reader,
  facts,
  expects,
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
    // JSON within the JSON: its escapes keep characters that a text of PostgreSQL cannot hold.
    event: JSON.stringify(content),
    words: text === undefined ? undefined : lexemesIn(text),
  };
}

/** The text without lone surrogates and U+0000, which PostgreSQL's texts cannot hold. */
function storable<T extends string | null>(text: T): T | string {
  return text === null ? text : text.toWellFormed().replaceAll("\0", "\ufffd");
}

/** Reads events of one room over one connection. */
export class EventReader {
  /** The room's last event, as of what was read last. */
  last = 0;
  readonly #connection: PostgresConnection;
  readonly #room: string;
  readonly #state: { readonly epoch: string };
  readonly #changed: () => Error;
  readonly #senseless: (seq: number) => void;

  /**
   * When the room's epoch is no longer that of `state`, `changed` is called and its error thrown. `senseless` is called
   * for each event that this version cannot read; a `moved` that no member sees takes its place.
   */
  constructor(
    connection: PostgresConnection,
    room: string,
    state: { readonly epoch: string },
    changed: () => Error,
    senseless: (seq: number) => void = () => {},
  ) {
    this.#connection = connection;
    this.#room = room;
    this.#state = state;
    this.#changed = changed;
    this.#senseless = senseless;
  }

  /** At most `count` entries after a position, oldest first. Like the next two it throws a PostgresError. */
  after(position: number, count: number): Promise<Entry[]> {
    return this.#read(after, [position, count]);
  }

  /** The same before a position, newest first. */
  before(position: number, count: number): Promise<Entry[]> {
    return this.#read(before, [position, count]);
  }

  /** The same, of entries whose words match a query. */
  matchesBefore(query: string, position: number, count: number): Promise<Entry[]> {
    return this.#read(matching, [position, count, query]);
  }

  async #read(statement: string, values: unknown[]): Promise<Entry[]> {
    const { epoch } = this.#state;
    const rows = await this.#connection.run<RoomRow & (EventRow | { seq: null })>(statement, [
      this.#room,
      ...values,
    ]);
    const [first] = rows;
    if (first?.epoch !== epoch || epoch !== this.#state.epoch) throw this.#changed();
    this.last = first.last;
    return rows.flatMap((row) => {
      if (row.seq === null) return [];
      const entry = entryOf(row);
      if (entry) return [entry];
      this.#senseless(row.seq);
      const { seq, author, server } = row;
      return [{ event: { type: "moved", seq, at: 0, name: "" }, author, server, reader: serversOnly }];
    });
  }
}

/** The entry of a row; undefined if this version cannot read the event. */
function entryOf({ seq, at, type, author, reader, server, facts, event }: EventRow): Entry | undefined {
  const own = { type, seq, at };
  const content = Object.assign({ ...own }, typeof event === "object" ? event : {}, own);
  const isSound = Math.abs(at) <= latestTime && !answers.has(type) && hasTexts(type, content);
  if (!isSound) return undefined;
  const changed = factsIn(facts);
  return {
    event: content as Recorded,
    author,
    server,
    ...(reader !== null && { reader }),
    ...(changed && { facts: changed }),
  };
}

/** Whether an event of a known type has all texts that it needs, and only texts under their keys. */
function hasTexts(type: string, content: Record<string, unknown>): boolean {
  const keys = needed.get(type);
  if (keys === undefined) return true;
  const isWhole = keys.every((key) => content[key] !== undefined);
  return isWhole && texts.every((key) => content[key] === undefined || typeof content[key] === "string");
}

/** The keys of all texts in events of this version; a newer one may add keys. */
const texts = ["from", "to", "name", "by", "text", "id"];

/** The latest time of a Date; PostgreSQL knows later ones, and "infinity". */
const latestTime = 8.64e15;

/** The types of answers to one client. In the room they must not happen: a `bye` would end every connection. */
const answers = new Set<string>(
  Object.keys({
    welcome: 1,
    error: 1,
    bye: 1,
    members: 1,
    history: 1,
    waiting: 1,
    results: 1,
    bans: 1,
    subject: 1,
    pong: 1,
    seen: 1,
    gap: 1,
    epoch: 1,
    whois: 1,
    whowas: 1,
    note: 1,
    help: 1,
  } satisfies Record<Answer["type"], 1>),
);

/** The texts that an event must have, by its type. Other types are of a newer version, and passed on as they are. */
const needed = new Map(
  Object.entries({
    said: ["from", "text"],
    acted: ["from", "text"],
    told: ["from", "to", "text"],
    joined: ["name"],
    left: ["name"],
    renamed: ["from", "to"],
    kicked: ["by"],
    banned: ["by"],
    unbanned: ["by"],
    muted: ["by"],
    unmuted: ["by"],
    opped: ["name"],
    freed: ["name", "by"],
    deopped: ["name", "by"],
    topic: ["by"],
    moved: ["name"],
  }),
);

/**
 * Selects events of the room $1 by position $2, at most $3 and no more than fit in a page. Each row has the room's epoch
 * and last event at that moment; if no event is found, there is one row with these alone.
 */
function reading(where: string, order: "ASC" | "DESC"): string {
  return `
    SELECT r.epoch, r.last::float8, e.* FROM chat.rooms r LEFT JOIN LATERAL (
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
