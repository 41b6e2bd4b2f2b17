import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { limits, type Recorded } from "../../../../lib/protocol/events.ts";
import type { Entry } from "../../../../lib/server/journal/journal.ts";
import { pageLength, search } from "../../../../lib/server/journal/pages.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { JsonClient } from "../../../support/clients.ts";
import { idleMetrics } from "../../../support/metrics.ts";
import { Server, temporaryFolder } from "../../../support/server.ts";

function said(text: string): Entry {
  return { event: { type: "said", seq: 0, at: 0, from: "ada", text }, author: "ada's seat" };
}

function whisper(text: string, author: string, reader: string): Entry {
  return { event: { type: "told", seq: 0, at: 0, from: "ada", to: "bob", text }, author, reader };
}

function open({ path, keepEvents = 1_000_000 }: { path?: string; keepEvents?: number } = {}) {
  const journal = SqliteJournal.open({ path, keepEvents });
  return { journal, [Symbol.dispose]: () => journal.close() };
}

const textsOf = (events: Recorded[]) => events.flatMap((event) => ("text" in event ? [event.text] : []));
const seqsOf = (events: Recorded[]) => events.map(({ seq }) => seq);

/** All that a stranger finds. */
async function find(journal: SqliteJournal, text: string) {
  return textsOf((await search(journal, text, Infinity, 1_000, "anyone")).events);
}

describe("words", () => {
  const texts = [
    "lunch at noon?",
    "No lunch today, Café Zürich is closed",
    "cafe\u0301 or tea",
    "see foo-bar at 10.0.0.1",
    "it's AND, OR, NOT and NEAR(x)",
    "two\nlines of lunchbox",
    "日本語で話す",
  ];
  const cases: [text: string, found: number[]][] = [
    ["lunch", [1, 2, 6]],
    ["lunch ", [1, 2, 6]],
    ["lunch no", [1, 2]],
    ["noon lunch", [1]],
    ["lun noon", []],
    ["lunchb", [6]],
    ["unch", []],
    ["LUNCH NOON", [1]],
    ["cafe", [2, 3]],
    ["CAFÉ", [2, 3]],
    ["zurich", [2]],
    ["lines two", [6]],
    ["日本", [7]],
    ["foo-ba", [4]],
    ["bar-foo", []],
    ["10.0.0", [4]],
    ["10.0.1", []],
    ["AND", [5]],
    ["and OR not", [5]],
    ["lunch OR tea", []],
    ["lunch NOT noon", []],
    ["NEAR(x", [5]],
    ["lunch*", [1, 2, 6]],
    ["lunch *", [1, 2, 6]],
    ["^lunch", [1, 2, 6]],
    ["text:lunch", []],
    ["{text entry} : lunch", []],
    ["-lunch + noon", [1]],
    ['"lunch noon"', [1]],
    ['"lunch', [1, 2, 6]],
    ['lu"nch', []],
    ["it's", [5]],
    ["ada", []],
    ["? ! lunch !!", [1, 2, 6]],
    ['"', []],
    ['""', []],
    ["*", []],
    ["!? () --", []],
    ["😀", []],
    ["", []],
    ["a ".repeat(limits.searchLength / 2), []],
    ["x".repeat(limits.searchLength), []],
  ];
  test.each(cases)("%j finds %j", async (text, found) => {
    using room = open();
    room.journal.append(texts.map(said));
    const { events, more } = await search(room.journal, text, Infinity, 100, "anyone");
    expect(seqsOf(events)).toEqual(found);
    expect(more).toBeUndefined();
  });

  test("the events come as they were recorded, whatever their type", async () => {
    using room = open();
    const events: Recorded[] = [
      { type: "said", seq: 0, at: 0, from: "ada", text: "word", id: "1" },
      { type: "joined", seq: 0, at: 0, name: "word" },
      { type: "acted", seq: 0, at: 0, from: "ada", text: "words" },
      { type: "left", seq: 0, at: 0, name: "ada", text: "last word" },
      { type: "left", seq: 0, at: 0, name: "word" },
    ];
    room.journal.append(events.map((event) => ({ event, author: "ada's seat" })));
    const found = await search(room.journal, "word", Infinity, 100, "anyone");
    expect(found).toEqual({ events: events.filter((event) => "text" in event) });
    expect(seqsOf(found.events)).toEqual([1, 3, 4]);
  });
});

test("whispers are found by their two ends alone, however many others there are", async () => {
  using room = open();
  room.journal.append([said("open word"), whisper("word for b", "a", "b"), whisper("word for c", "b", "c")]);
  room.journal.append(Array.from({ length: 1_000 }, () => whisper("word of others", "x", "y")));
  const seen = async (reader: string) => {
    const { events, more } = await search(room.journal, "word", Infinity, 100, reader);
    expect(more).toBeUndefined();
    return seqsOf(events);
  };
  expect(await Promise.all(["a", "b", "c", "d"].map(seen))).toEqual([[1, 2], [1, 2, 3], [1, 3], [1]]);
});

test("the newest come first, the ones before them when asked for, and no more than fit in a page", async () => {
  using room = open();
  room.journal.append(Array.from({ length: 10 }, (_, i) => said(i % 2 === 0 ? "even" : "odd")));
  const found = async (before: number, limit: number) => {
    const { events, more } = await search(room.journal, "even", before, limit, "anyone");
    return [...seqsOf(events), ...(more ? ["more"] : [])];
  };
  expect(await found(Infinity, 2)).toEqual([7, 9, "more"]);
  expect(await found(7, 2)).toEqual([3, 5, "more"]);
  expect(await found(3, 2)).toEqual([1]);
  expect(await found(1, 2)).toEqual([]);
  expect(await found(0, 2)).toEqual([]);
  expect(await found(Infinity, 5)).toEqual([1, 3, 5, 7, 9]);
  expect(await found(Infinity, 0)).toEqual(["more"]);

  room.journal.append(Array.from({ length: 100 }, () => said(`long ${"x".repeat(3_990)}`)));
  const { events, more } = await search(room.journal, "long", Infinity, 100, "anyone");
  expect(events.at(-1)?.seq).toBe(110);
  expect(textsOf(events).join("").length).toBeWithin(pageLength - 8_000, pageLength + 8_000);
  expect(more).toBe(true);
});

test("what is no longer kept is not found, and leaves the index bit by bit", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  {
    using room = open({ path });
    room.journal.append(Array.from({ length: 1_000 }, (_, i) => said(`word ${i + 1}`)));
    expect((await find(room.journal, "word")).length).toBe(1_000);
  }
  {
    using room = open({ path, keepEvents: 100 });
    expect((await find(room.journal, "word"))[0]).toBe("word 901");
    for (let i = 0; i < 5; i++) {
      room.journal.append([said("another")]);
      expect((await find(room.journal, "word"))[0]).toBe(`word ${902 + i}`);
    }
    expect(await find(room.journal, "word 900")).toEqual([]);
  }
  // Whoever keeps more again does not get them back.
  using room = open({ path });
  expect(await find(room.journal, "word")).not.toContain("word 1");
});

test("events that nobody searched for and that fell out are passed over", async () => {
  using room = open({ keepEvents: 100 });
  for (let i = 0; i < 20; i++) room.journal.append(Array.from({ length: 100 }, () => said(`word ${i}`)));
  expect(new Set(await find(room.journal, "word"))).toEqual(new Set(["word 19"]));
});

test("a restart keeps what is indexed and takes up what is not", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  for (const text of ["first word", "second word", "third word"]) {
    using room = open({ path });
    room.journal.append([said(text)]);
    if (text.startsWith("first")) expect(await find(room.journal, "word")).toEqual([text]);
  }
  using room = open({ path });
  expect(await find(room.journal, "word")).toEqual(["first word", "second word", "third word"]);
  expect(await find(room.journal, "word")).toHaveLength(3);
});

/** The journal with each of its slices in a turn of its own. */
const inTurns = (journal: SqliteJournal) => ({
  async matchesBefore(text: string, position: number, count: number) {
    await new Promise((resolve) => setImmediate(resolve));
    return journal.matchesBefore(text, position, count);
  },
});

test("thousands are indexed slice by slice, once for all who search", async () => {
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
  expect((await find(journal, "more word")).length).toBe(Math.min(journal.last - events, 1_000));
});

test("long events make short slices, so that none takes long", async () => {
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

test("a search that fails is an answer, and takes nobody along", async () => {
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

const prlimit = Bun.which("prlimit");

test.skipIf(prlimit === null)("on a full disk a search is refused, and goes on by itself", async () => {
  using folder = temporaryFolder();
  await using server = await Server.start(["--history", join(folder.path, "room.sqlite")]);
  const limit = (bytes: string) =>
    Bun.spawnSync([prlimit ?? "", "--pid", `${server.pid}`, `--fsize=${bytes}`]);
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
