// Searches of a long past, through a server with a file: how long its index takes while the room is quiet, and then how
// long a member waits for its first search, for a word that is not there, and for one that only whispers of others have;
// and, while one search after the other goes on, for a pong.

import { SqliteJournal } from "../../lib/server/journal/sqlite/journal.ts";
import { JsonClient } from "../support/clients.ts";
import { cpuSecondsOf } from "../support/process.ts";
import { freePort } from "../support/server.ts";
import { runScript, temporaryFile } from "./processes.ts";

const pastEvents = 1_000_000;
/** Of so many events one is a whisper. */
const whisperShare = 5;
const eventsInTurn = 50;
const maxSeconds = 600;
const lookEveryMs = 1_000;
/** A server that takes less of a second than this has nothing to do. */
const idleShare = 0.02;

export type SearchResult = {
  /** The server's CPU until the index was complete. */
  indexSeconds: number;
  /** How long the answers took, in milliseconds; `pong` is the median while searches went on. */
  ms: { early: number; first: number; found: number; absent: number; whispered: number; pong: number };
};

/** Runs the server once, on Linux. */
export async function searchResult(): Promise<SearchResult> {
  const path = temporaryFile("past.sqlite");
  await writePast(path);
  const port = freePort();
  const keep = `${pastEvents + 1_000}`;
  const args = ["--host", "127.0.0.1", "--port", `${port}`, "--stay", "--quiet", "--rate", "0"];
  const server = runScript(
    "server",
    "../../ChatServer.ts",
    [...args, "--history", path, "--keep", keep],
    maxSeconds,
  );
  try {
    using ada = await joined(port);
    const early = await timed(ada, "said");
    await idle(server.pid, () => ada.send({ type: "ping" }));
    const indexSeconds = cpuSecondsOf([server.pid]) ?? 0;
    const first = await timed(ada, `number${pastEvents >> 1}`);
    const found = await timed(ada, "said");
    const absent = await timed(ada, "nowhere");
    const whispered = await timed(ada, "whispered");
    const pong = await pongWhileSearching(ada);
    return { indexSeconds, ms: { early, first, found, absent, whispered, pong } };
  } finally {
    await server.end();
  }
}

async function writePast(path: string): Promise<void> {
  const journal = SqliteJournal.open({ path, keepEvents: pastEvents });
  for (let i = 0; i < pastEvents; i += eventsInTurn) {
    journal.append(Array.from({ length: eventsInTurn }, (_, j) => pastEvent(i + j)));
  }
  await journal.close();
}

function pastEvent(i: number): Parameters<SqliteJournal["append"]>[0][number] {
  const from = `member${i % 50}`;
  const rest = `before, in words of every length number${i}`;
  if (i % whisperShare > 0) {
    return { event: { type: "said", seq: 0, at: 0, from, text: `line ${i}, said ${rest}` }, author: from };
  }
  const text = `line ${i}, whispered ${rest}`;
  return { event: { type: "told", seq: 0, at: 0, from, to: "eve", text }, author: from, reader: "eve" };
}

async function joined(port: number): Promise<JsonClient> {
  for (let tries = 0; ; tries++) {
    try {
      return await JsonClient.join(port, "ada");
    } catch (error) {
      if (tries > 100) throw error;
      await Bun.sleep(100);
    }
  }
}

let searches = 0;

async function timed(client: JsonClient, text: string): Promise<number> {
  const id = `s${searches++}`;
  const begun = performance.now();
  client.send({ type: "search", text, id });
  await client.event("results", { id });
  return performance.now() - begun;
}

/** The median of a hundred. */
async function pongWhileSearching(client: JsonClient): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < 100; i++) {
    const searched = timed(client, "line whispered number");
    const begun = performance.now();
    client.send({ type: "ping", id: `p${i}` });
    await client.event("pong", { id: `p${i}` });
    took.push(performance.now() - begun);
    await searched;
  }
  return took.sort((a, b) => a - b)[took.length >> 1] ?? 0;
}

/** Until the server has nothing to do; `look` is called each second, so that it hears of a member meanwhile. */
async function idle(pid: number, look: () => void): Promise<void> {
  for (let before = -1; ; ) {
    look();
    const now = cpuSecondsOf([pid]) ?? 0;
    if (before >= 0 && now - before < (idleShare * lookEveryMs) / 1000) return;
    before = now;
    await Bun.sleep(lookEveryMs);
  }
}
