import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { pageLength, search } from "../../../../lib/server/journal/pages.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { JsonClient } from "../../../support/clients.ts";
import { idleMetrics } from "../../../support/metrics.ts";
import { prlimit } from "../../../support/parts.ts";
import { Server, temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";
import { find } from "./contract-search.ts";
import { said, textsOf } from "./listened.ts";

setDefaultTimeout(testMs);

function open({ path, keepEvents = 1_000_000 }: { path?: string; keepEvents?: number } = {}) {
  const journal = SqliteJournal.open({ path, keepEvents });
  return { journal, [Symbol.dispose]: () => journal.close() };
}

test("events that are not kept any more are not found", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  {
    using room = open({ path });
    room.journal.append(Array.from({ length: 1_000 }, (_, i) => said(`word ${i + 1}`)));
    expect((await find(room, "word")).length).toBe(1_000);
  }
  {
    using room = open({ path, keepEvents: 100 });
    expect((await find(room, "word"))[0]).toBe("word 901");
    for (let i = 0; i < 5; i++) {
      room.journal.append([said("another")]);
      expect((await find(room, "word"))[0]).toBe(`word ${902 + i}`);
    }
    expect(await find(room, "word 900")).toEqual([]);
  }
  // A server that keeps more again does not get them back.
  using room = open({ path });
  expect(await find(room, "word")).not.toContain("word 1");
});

test("events that were dropped before any search are passed over", async () => {
  using room = open({ keepEvents: 100 });
  for (let i = 0; i < 20; i++) room.journal.append(Array.from({ length: 100 }, () => said(`word ${i}`)));
  expect(new Set(await find(room, "word"))).toEqual(new Set(["word 19"]));
});

/** The journal with each of its slices in a turn of its own. */
const inTurns = (journal: SqliteJournal) => ({
  async matchesBefore(text: string, position: number, count: number) {
    await new Promise((resolve) => setImmediate(resolve));
    return journal.matchesBefore(text, position, count);
  },
});

test("thousands of events are indexed slice by slice, once for all searches", async () => {
  using room = open();
  const { journal } = room;
  const events = 10_000;
  for (let i = 0; i < events; i += 500) {
    journal.append(Array.from({ length: 500 }, (_, j) => said(`word number${i + j + 1}`)));
  }
  let turns = 0;
  let going = true;
  const goOn = () => {
    if (!going) return;
    turns += 1;
    journal.append([said(`more word ${turns}`)]);
    setImmediate(goOn);
  };
  goOn();
  const found = await Promise.all(
    ["word number1", "word number9999", "word"].map((text) =>
      search(inTurns(journal), text, events + 1, 1_000, "anyone"),
    ),
  );
  going = false;
  // Three who search take turns at the slices, then look up to a thousand matches through.
  expect(turns).toBeWithin(events / 100 / 3, (2 * events) / 100);
  expect(found.map(({ events }) => events.length)).toEqual([1_000, 1, 1_000]);
  // Not what was said since: what was asked for is enough.
  expect(found[2]?.events.at(-1)?.seq).toBe(events);
  expect((await find(room, "more word")).length).toBe(Math.min(journal.last - events, 1_000));
});

test("long events make short slices", async () => {
  using room = open();
  const long = "word ".repeat(800);
  for (let i = 0; i < 4; i++) room.journal.append(Array.from({ length: 250 }, () => said(long)));
  let turns = 0;
  let going = true;
  const count = () => {
    turns += 1;
    if (going) setImmediate(count);
  };
  count();
  await search(inTurns(room.journal), "word", Infinity, 1_000, "anyone");
  going = false;
  expect(turns).toBeGreaterThan((1_000 * long.length) / (pageLength + 5_000));
});

test("a search that fails is answered with an error", async () => {
  const journal = SqliteJournal.open({ keepEvents: 100 });
  journal.append([said("word")]);
  const room = new Room(journal, {
    seatMs: 1_000,
    onEvent: undefined,
    onEmpty: () => {},
    onJournalTrouble: () => {},
    metrics: idleMetrics(),
  });
  journal.close();
  const search = () => room.search("ada's seat", { type: "search", text: "word" });
  for (const answer of await Promise.all([search(), search()])) {
    expect(answer).toMatchObject({ type: "error", code: "unavailable" });
  }
});

prlimit.test("a search on a full disk is refused, and works again later", async () => {
  using folder = temporaryFolder();
  await using server = await Server.start(["--history", join(folder.path, "room.sqlite")]);
  const limit = (bytes: string) =>
    Bun.spawnSync([prlimit.found, "--pid", `${server.pid}`, `--fsize=${bytes}`]);
  using ada = await JsonClient.join(server.port, "ada");
  for (let i = 1; i <= 1_000; i++) ada.send({ type: "say", text: `word ${i}` });
  await ada.event("said", { text: "word 1000" });

  expect(limit("8192:unlimited").exitCode).toBe(0);
  ada.send({ type: "search", text: "word" });
  const problem = await ada.event("error");
  expect(problem).toMatchObject({ code: "unavailable", text: expect.stringContaining("the disk is full") });
  ada.send({ type: "who", id: "w" });
  await ada.event("members", { id: "w" });

  expect(limit("unlimited").exitCode).toBe(0);
  ada.send({ type: "say", text: "last word" });
  await ada.event("said", { text: "last word" });
  ada.send({ type: "search", text: "word", limit: 2 });
  const { events } = await ada.event("results");
  expect(textsOf(events)).toEqual(["word 1000", "last word"]);
});
