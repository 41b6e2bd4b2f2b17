// What a room with a journal in memory shows of the past.

import { expect, setDefaultTimeout, test } from "bun:test";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { idleMetrics } from "../../../support/metrics.ts";
import { testMs } from "../../../support/transcript.ts";
import { said, textsOf, whisper } from "../journal/listened.ts";

setDefaultTimeout(testMs);

function newRoom(): { room: Room; journal: SqliteJournal } {
  const journal = SqliteJournal.open({ keepEvents: 1_000_000 });
  const room = new Room(journal, {
    seatMs: 1_000,
    onEvent: undefined,
    onEmpty: () => {},
    onJournalTrouble: () => {},
    metrics: idleMetrics(),
  });
  return { room, journal };
}

test("recall() goes on behind whispers of others, ten pages at a time", async () => {
  const { room, journal } = newRoom();
  journal.append([said("first"), said("second")]);
  journal.append(Array.from({ length: 25_000 }, () => whisper("psst", "b", "c")));
  let past = await room.archive.recall("a", room.seq, 500);
  expect(past).toMatchObject({ events: [], more: true });
  let asked = 1;
  for (; past.before !== undefined; asked++) past = await room.archive.recall("a", past.before - 1, 500);
  expect(textsOf(past.events)).toEqual(["first", "second"]);
  expect(asked).toBe(3);
});

test("recall() shows the same from memory and from the journal", async () => {
  const { room, journal } = newRoom();
  for (let i = 1; i <= 500; i++) journal.append([i % 3 ? said(`${i}`) : whisper(`${i}`, "b", "c")]);
  const all = Array.from({ length: 500 }, (_, i) => `${i + 1}`).filter((n) => Number(n) % 3 !== 0);
  for (const limit of [1, 20, 50, 100, 300]) {
    expect(textsOf((await room.archive.recall("a", room.seq, limit)).events)).toEqual(all.slice(-limit));
  }
  expect(textsOf((await room.archive.recall("b", 4, 2)).events)).toEqual(["3", "4"]);
  expect(textsOf((await room.archive.recall("a", 1_000, 2)).events)).toEqual(["499", "500"]);
});

test("a join that waits while the room begins again is told to try again", async () => {
  const { room, journal } = newRoom();
  const read = Promise.withResolvers<void>();
  journal.sync = () => read.promise;
  const outcome = Promise.withResolvers<unknown>();
  const nothing = () => {};
  const occupant = {
    address: "",
    leaving: false,
    answer: nothing,
    whisper: nothing,
    dismiss: nothing,
    pump: nothing,
  };
  const waiter = { happened: outcome.resolve, failed: outcome.resolve };
  // Its client was with another server, which knows of more than this one does.
  room.members.arrivals.take(
    occupant,
    { type: "join", name: "ada", token: "of another server", after: 5 },
    true,
    waiter,
  );
  room.beganAgain();
  read.resolve();
  expect(await outcome.promise).toMatchObject({ code: "unavailable", retryAfterMs: 1_000 });
  expect(journal.last).toBe(0);
});
