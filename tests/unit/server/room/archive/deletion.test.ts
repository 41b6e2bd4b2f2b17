// Who may take back which messages, and who is told. A room in memory, with members that keep what they are sent.

import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { json } from "../../../../../lib/dialects/json.ts";
import type { CommandOf } from "../../../../../lib/protocol/commands.ts";
import type { Event, Fault, Recorded } from "../../../../../lib/protocol/events.ts";
import { Reader } from "../../../../../lib/server/delivery/reader.ts";
import type { Entry } from "../../../../../lib/server/journal/journal.ts";
import { SqliteJournal } from "../../../../../lib/server/journal/sqlite/journal.ts";
import { Room } from "../../../../../lib/server/room/room.ts";
import type { Seat } from "../../../../../lib/server/seats/seats.ts";
import { idleMetrics } from "../../../../support/metrics.ts";
import { testMs } from "../../../../support/transcript.ts";

setDefaultTimeout(testMs);

let room: Room;
let journal: SqliteJournal;
let ada: Member;
let bob: Member;
let eve: Member;

class Member {
  readonly seat: Seat;
  /** What its socket was sent. */
  written = "";
  /** Whether its socket takes anything. */
  takes = true;
  readonly reader = new Reader(
    {
      write: (bytes, offset, length) => {
        if (!this.takes) return 0;
        this.written += Buffer.from(bytes).toString("utf8", offset, offset + length);
        return length;
      },
    },
    (error) => {
      throw error;
    },
  );

  constructor(seat: Seat) {
    this.seat = seat;
  }

  static async join(name: string): Promise<Member> {
    const { promise, resolve, reject } = Promise.withResolvers<Member>();
    const request = { type: "join", name, history: 0 } as const;
    let member: Member | undefined;
    const occupant = {
      address: "192.0.2.1",
      leaving: false,
      answer: () => {},
      whisper: (event: Recorded) => member?.reader.whisper(event),
      pump: () => member?.reader.pump(),
      dismiss: () => {},
    };
    room.members.arrivals.take(occupant, request, true, {
      happened: (taken) => {
        member = new Member(taken.seat);
        const { reader } = member;
        void room.entering.enter(taken, json, request, reader).then(() => member && resolve(member));
      },
      failed: ({ text }) => reject(new Error(text)),
    });
    return promise;
  }

  async say(text: string, reader?: Member): Promise<number> {
    const { id: author, name: from } = this.seat;
    const at = { seq: 0, at: 0 };
    const event: Recorded = reader
      ? { type: "told", ...at, from, to: reader.seat.name, text }
      : { type: "said", ...at, from, text };
    room.record({ event, author, ...(reader && { reader: reader.seat.id }) });
    await room.afterTurn();
    return room.seq;
  }

  delete(request: Omit<CommandOf<"delete">, "type">, isOperator = false): Promise<Fault | undefined> {
    const { name, id: author } = this.seat;
    return room.archive.delete(
      { type: "delete", ...request },
      { name, author, expects: undefined, isOperator },
    );
  }

  /** The deletions that it was told of. */
  get deletions(): (Recorded & { type: "deleted" })[] {
    const lines = this.written.split("\n").filter((line) => line !== "");
    const events = lines.map((line): Event => JSON.parse(line));
    return events.filter((event) => event.type === "deleted");
  }
}

beforeEach(async () => {
  journal = SqliteJournal.open({ keepEvents: 100_000 });
  room = new Room(journal, {
    seatMs: 30_000,
    onEvent: undefined,
    onEmpty: () => {},
    onJournalTrouble: () => {},
    metrics: idleMetrics(),
  });
  ada = await Member.join("ada");
  bob = await Member.join("bob");
  eve = await Member.join("eve");
});

function entryOf({ seat }: Member, text: string): Entry {
  return { event: { type: "said", seq: 0, at: 0, from: seat.name, text }, author: seat.id };
}

/** The texts in the history, whispers to any seat among them. */
function texts(): string[] {
  return journal.entriesAfter(0, 1_000).flatMap(({ event }) => ("text" in event ? (event.text ?? []) : []));
}

describe("one's own", () => {
  test("a deletion without a number takes back what its author said last", async () => {
    await ada.say("one");
    const two = await ada.say("two");
    await bob.say("three");
    expect(await ada.delete({})).toBeUndefined();
    for (const member of [ada, bob, eve]) {
      expect(member.deletions).toMatchObject([{ seqs: [two], name: "ada", by: "ada" }]);
    }
    expect(texts()).toEqual(["one", "three"]);
    expect(await ada.delete({})).toBeUndefined();
    expect(await ada.delete({})).toMatchObject({ code: "no-such-message" });
    expect(texts()).toEqual(["three"]);
  });

  test("a deletion with a number takes back that message, once", async () => {
    const one = await ada.say("one");
    await ada.say("two");
    expect(await ada.delete({ seq: one })).toBeUndefined();
    expect(texts()).toEqual(["two"]);
    for (const seq of [one, 1, 0, room.seq + 1]) {
      expect(await ada.delete({ seq })).toMatchObject({ code: "no-such-message" });
    }
  });

  test("a member takes its own messages back by its name, too", async () => {
    for (const text of ["one", "two", "three"]) await ada.say(text);
    expect(await ada.delete({ name: "ADA", count: 2 })).toBeUndefined();
    expect(texts()).toEqual(["one"]);
  });

  test("a member that has said nothing is told so", async () => {
    const text = "You have said nothing yet that can be taken back";
    expect(await ada.delete({})).toMatchObject({ code: "no-such-message", text });
    const named = '"ada" has said nothing yet that can be taken back';
    expect(await ada.delete({ name: "ada" })).toMatchObject({ code: "no-such-message", text: named });
  });

  test("a whisper that is taken back is told to its two ends alone", async () => {
    const seq = await ada.say("psst", bob);
    expect(await ada.delete({})).toBeUndefined();
    expect(ada.deletions).toMatchObject([{ seqs: [seq] }]);
    expect(bob.deletions).toMatchObject([{ seqs: [seq] }]);
    expect(eve.deletions).toEqual([]);
    expect(texts()).toEqual([]);
  });
});

describe("others' messages", () => {
  test("a member who is no operator takes back nothing of others", async () => {
    const seq = await ada.say("one");
    for (const request of [{ seq }, { name: "ada", count: 1 }, { name: "ada" }, { name: "nobody" }]) {
      expect(await bob.delete(request)).toMatchObject({ code: "not-operator" });
    }
    expect(texts()).toEqual(["one"]);
  });

  test("a whisper of others looks like none", async () => {
    const seq = await ada.say("psst", bob);
    expect(await eve.delete({ seq })).toMatchObject({ code: "no-such-message" });
    expect(texts()).toEqual(["psst"]);
  });

  test("an operator takes back the last messages of a member", async () => {
    const seqs = [];
    for (const text of ["one", "two", "three"]) seqs.push(await ada.say(text));
    await bob.say("four");
    expect(await eve.delete({ name: "ada", count: 2 }, true)).toBeUndefined();
    expect(bob.deletions).toMatchObject([{ seqs: seqs.slice(1).reverse(), name: "ada", by: "eve" }]);
    expect(texts()).toEqual(["one", "four"]);
    expect(await eve.delete({ name: "ada", count: 5 }, true)).toBeUndefined();
    expect(texts()).toEqual(["four"]);
  });

  test("all of a member's are taken back, whispers too, in events that end", async () => {
    for (let i = 0; i < 250; i++) room.record(entryOf(ada, `${i}`));
    await ada.say("psst", bob);
    await bob.say("stays");
    expect(await eve.delete({ name: "ada", count: Infinity }, true)).toBeUndefined();
    expect(texts()).toEqual(["stays"]);
    expect(eve.deletions.map(({ seqs }) => seqs.length)).toEqual([50, 50, 50, 50, 50]);
    expect(bob.deletions.flatMap(({ seqs }) => seqs)).toHaveLength(251);
    expect(ada.deletions.flatMap(({ seqs }) => seqs)).toHaveLength(251);
  });

  test("a name means the member that has it, or all who had it", async () => {
    await ada.say("of the first ada");
    room.members.leave(ada.seat, "last words");
    await room.afterTurn();
    const other = await Member.join("ada");
    await other.say("of the second ada");
    expect(await eve.delete({ name: "ada" }, true)).toBeUndefined();
    expect(texts()).toEqual(["of the first ada", "last words"]);
    room.members.leave(other.seat);
    await room.afterTurn();
    expect(await eve.delete({ name: "ada" }, true)).toBeUndefined();
    expect(texts()).toEqual([]);
  });
});

test("what was taken back is not sent to a reader that was behind it", async () => {
  bob.takes = false;
  const secret = await ada.say("secret");
  await ada.say("stays");
  await ada.say("hush", bob);
  // One line may be half written already: here none of these is.
  expect(await ada.delete({ seq: secret })).toBeUndefined();
  expect(await ada.delete({})).toBeUndefined();
  bob.takes = true;
  bob.reader.drain();
  while (bob.deletions.length < 2) await room.afterTurn();
  expect(bob.written).toContain("stays");
  expect(bob.written).not.toMatch(/secret|hush/);
});

test("a newcomer is not shown what was taken back", async () => {
  await ada.say("secret");
  await ada.delete({});
  const past = await room.archive.recall("anyone", room.seq, 50);
  expect(past.events.map(({ type }) => type)).toEqual(["joined", "joined", "joined", "deleted"]);
});
