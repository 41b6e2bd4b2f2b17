// Reads the history of a room in PostgreSQL from its beginning, beside the servers that may use it.

import type { Entry, Epochs } from "../journal.ts";
import { pageEvents, pagesUpTo } from "../pages.ts";
import { askTwice, PostgresConnection } from "./client/connection.ts";
import { PostgresError } from "./client/errors.ts";
import { PostgresHosts } from "./client/hosts.ts";
import { EventReader } from "./events.ts";

/** The epochs and the present entries of a room, page by page, oldest first. Throws and rejects as PostgresConnection does. */
export async function readRoom(
  url: string,
  room: string,
  note: (message: string) => void,
): Promise<{ epochs: Epochs; pages: AsyncIterable<Entry[]> }> {
  const connection = new PostgresConnection(new PostgresHosts(url), {});
  const [known] = await askTwice(() =>
    connection.run<{ epoch: string; last: number; epochs: Epochs }>(
      `SELECT epoch, last::float8, (SELECT json_agg(json_build_array(epoch, start) ORDER BY nr) FROM chat.epochs WHERE room = $1) AS epochs
        FROM chat.rooms WHERE room = $1`,
      [room],
    ),
  );
  if (!known) throw new PostgresError(`has no room "${room}"`);
  const { epoch, last, epochs } = known;
  const changed = () => new PostgresError("was restarted: try again");
  const reader = new EventReader(connection, {
    room,
    state: { epoch },
    changed,
    unreadable: (seq) => note(`Event ${seq} cannot be read`),
  });
  async function* pages(): AsyncIterable<Entry[]> {
    try {
      yield* pagesUpTo(last, (position) => askTwice(() => reader.after(position, pageEvents)));
    } finally {
      connection.close();
    }
  }
  return { epochs, pages: pages() };
}
