// Clients of IRC come back from a server that was lost: they send no position, so what they missed is what that server had not
// read.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Journal } from "../../../../lib/server/journal/journal.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";
import { FakeSocket, metrics, textsHeard, turn, unlimited } from "./fake-socket.ts";

setDefaultTimeout(testMs);

let folder: ReturnType<typeof temporaryFolder>;
let room: Room;
let journal: SqliteJournal;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await end();
  folder[Symbol.dispose]();
});

/** A server that begins with the events in the file, as the only live one of several. */
async function begin(more: Partial<Pick<Journal, "server" | "isAlive" | "readBy">> = {}): Promise<void> {
  journal = Object.assign<SqliteJournal, object>(
    SqliteJournal.open({ path: join(folder.path, "a.db"), keepEvents: 1000 }),
    more,
  );
  room = new Room(journal, {
    seatMs: 30_000,
    onEvent: undefined,
    onEmpty: () => {},
    onJournalTrouble: () => {},
    metrics,
  });
  await turn();
}

/** Ends the server without a word to the journal, as a crash does. */
async function end(): Promise<void> {
  room.members.end({ type: "bye", code: "shutdown", text: "" });
  await turn();
  await journal.close();
}

async function opened(...lines: unknown[]): Promise<FakeSocket> {
  const client = new FakeSocket(room, { rate: unlimited });
  client.send(...lines);
  while (!/ 366 | 433 |welcome/.test(client.text)) await turn();
  return client;
}

function irc(name: string, key = ""): Promise<FakeSocket> {
  const pass = key === "" ? [] : [`PASS ${key}`];
  return opened(...pass, "CAP REQ server-time", `NICK ${name}`, `USER ${name} 0 * :x`, "CAP END");
}

async function say(from: FakeSocket, texts: string[]): Promise<void> {
  from.send(...texts.map((text) => ({ type: "say", text })));
  while (textsHeard(from).at(-1) !== texts.at(-1)) await turn();
}

/** The room's messages that it received, once the last of them is there. */
async function saidUpTo(last: string | undefined, client: FakeSocket): Promise<string[]> {
  const said = () => Array.from(client.text.matchAll(/ PRIVMSG #room :(.*)\r/g), ([, text = ""]) => text);
  while (said().at(-1) !== last) await turn();
  return said();
}

const missed = Array.from({ length: 30 }, (_, i) => `missed ${i}`);

test("what was said while a server was lost is shown to its members", async () => {
  await begin({ server: "there" });
  const there = [await irc("ada"), await irc("eve", "the-key-of-eve"), await irc("fay", "the-key-of-fay")];
  await say(await opened({ type: "join", name: "bob" }), ["seen"]);
  for (const client of there) expect(await saidUpTo("seen", client)).toEqual(["seen"]);
  const read = room.seq;
  await end();

  let isAlive = true;
  await begin({ isAlive: (server) => server === "here" || isAlive, readBy: () => read });
  const cyd = await opened({ type: "join", name: "cyd" });
  await say(cyd, missed);
  // Before it counts as lost, its members come back by their keys alone.
  expect((await irc("ada")).text).toContain(" 433 * ada ");
  // Its connection may have been dead for long, so it is shown the latest lines in any case.
  const eve = await saidUpTo(missed.at(-1), await irc("eve", "the-key-of-eve"));
  expect(eve.slice(-missed.length)).toEqual(missed);
  isAlive = false;
  room.members.expireLost();
  await say(cyd, ["late"]);
  expect(await saidUpTo("late", await irc("ada"))).toEqual([...missed.slice(11), "late"]);
  expect(await saidUpTo("late", await irc("fay", "the-key-of-fay"))).toEqual([...missed, "late"]);
});

test.each(["here", "there"])(
  "an owner whose connection was lost comes back after a crash of %s",
  async (server) => {
    await begin({ server });
    const eve = await irc("eve", "the-key-of-eve");
    const fay = await irc("fay", "the-key-of-fay");
    const bob = await opened({ type: "join", name: "bob" });
    await say(bob, ["seen"]);
    for (const client of [eve, fay]) await saidUpTo("seen", client);
    eve.session.closed();
    await say(bob, missed);
    await saidUpTo(missed.at(-1), fay);
    await end();

    await begin({ isAlive: (name) => name === "here", readBy: () => room.seq });
    await say(await opened({ type: "join", name: "cyd" }), ["late"]);
    expect(await saidUpTo("late", await irc("eve", "the-key-of-eve"))).toEqual([...missed, "late"]);
    expect(await saidUpTo("late", await irc("fay", "the-key-of-fay"))).toEqual(["late"]);
  },
);
