import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { CatchUp, type Missed } from "../../../../lib/client/kept/missed.ts";
import type { Event, Message, Recorded } from "../../../../lib/protocol/events.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const left = { epoch: "e", seq: 100, at: 5 };

let events: Event[];
let missed: Missed[];
let found: string[];
let asked: object[];
let connected: boolean;
let catchUp: CatchUp;

beforeEach(() => {
  jest.useFakeTimers();
  [events, missed, found, asked, connected] = [[], [], [], [], true];
  // Who speaks tells how it concerns us.
  const regards = { me: "own", gus: "ignored", eve: "mention" } as const;
  catchUp = new CatchUp(({ from }) => (Object.hasOwn(regards, from) ? regards[from as "me"] : "other"), {
    event: (event) => events.push(event),
    missed: (what) => missed.push(what),
    found: (id) => found.push(id),
    ask: (command) => {
      asked.push(command);
      return connected;
    },
  });
});

afterEach(() => {
  jest.useRealTimers();
});

function said(seq: number, from = "bob", id?: string): Message {
  return { type: "said", seq, at: seq, from, text: `${seq}`, ...(id !== undefined && { id }) };
}

function saidFrom(first: number, last: number, from = "bob"): Message[] {
  return Array.from({ length: last - first + 1 }, (_, i) => said(first + i, from));
}

function history(past: Recorded[], more: { id?: string; before?: number } = {}): Event {
  return { type: "history", events: past, ...more };
}

const seqs = (some: Event[] = []) => some.map((event) => ("seq" in event ? event.seq : 0));

test("events that were not missed go straight through", () => {
  catchUp.event(said(1));
  catchUp.end();
  expect(seqs(events)).toEqual([1]);
  expect(missed).toEqual([]);
});

describe("after a drop", () => {
  beforeEach(() => catchUp.dropped());

  test("messages of others are counted, those of ignored people hidden", () => {
    const renamed: Event = { type: "renamed", seq: 4, at: 4, from: "bob", to: "cyd" };
    const joined: Event = { type: "joined", seq: 5, at: 5, name: "dan" };
    for (const event of [said(1), said(2, "gus"), said(3, "me"), renamed, joined, said(6, "eve")]) {
      catchUp.event(event);
    }
    // Who came and went is no part of the block.
    expect(events).toEqual([joined]);
    catchUp.end();
    expect(missed).toMatchObject([
      { messages: 2, mentions: 1, hasMore: false, hasGap: false, since: undefined },
    ]);
    expect(seqs(missed[0]?.last)).toEqual([1, 3, 4, 6]);
    catchUp.event(said(7));
    expect(seqs(events)).toEqual([5, 7]);
  });

  test.each([
    ["whispers between others", []],
    ["our own messages", [said(1, "me"), said(2, "me")]],
    ["messages of ignored people", [said(1, "gus")]],
  ])("of %s alone there is no block", (_, some) => {
    for (const event of some) catchUp.event(event);
    catchUp.end();
    expect(missed).toEqual([]);
    expect(events).toEqual(some.filter(({ from }) => from === "me"));
  });

  test("of very many the last are held, and those for us before them", () => {
    for (let seq = 1; seq <= 100_000; seq++) catchUp.event(said(seq, seq % 500 === 7 ? "eve" : "bob"));
    catchUp.end();
    expect(missed).toMatchObject([{ messages: 100_000, mentions: 200 }]);
    expect(seqs(missed[0]?.last)).toEqual(Array.from({ length: 200 }, (_, i) => 99_801 + i));
    expect(seqs(missed[0]?.before)).toEqual(Array.from({ length: 100 }, (_, i) => (i + 100) * 500 + 7));
  });

  test("a gap is told, and answers are shown at once", () => {
    catchUp.event({ type: "gap", from: 1, to: 9 });
    catchUp.event({ type: "pong" });
    expect(events).toEqual([{ type: "pong" }]);
    catchUp.end();
    expect(missed).toMatchObject([{ messages: 0, hasGap: true, isUnknown: false }]);
  });
});

describe("at a start", () => {
  beforeEach(() => catchUp.started(left));

  test("one page may be all, and live events wait for it", () => {
    catchUp.event(said(104));
    catchUp.event(history([said(101), said(102, "gus"), said(103, "eve", "x1")]));
    expect(missed).toEqual([]);
    catchUp.event(history([], { id: "missed" }));
    expect(missed).toMatchObject([{ since: 5, messages: 2, mentions: 1, hasMore: false }]);
    expect(seqs(missed[0]?.last)).toEqual([101, 103]);
    expect(seqs(events)).toEqual([104]);
    expect(found).toEqual(["x1"]);
  });

  test.each([0, 1, 9])("with %d missed, some of what was said before is shown", (count) => {
    catchUp.event(history(saidFrom(101, 100 + count)));
    expect(asked).toEqual([{ type: "history", before: 101, limit: 10, id: "missed" }]);
    catchUp.event(said(200));
    const joined: Recorded = { type: "joined", seq: 95, at: 95, name: "dan" };
    catchUp.event(history([...saidFrom(91, 94), joined, ...saidFrom(96, 100, "me")], { id: "missed" }));
    expect(missed).toMatchObject([{ messages: count, mentions: 0, hasMore: false, before: [] }]);
    expect(seqs(missed[0]?.seen)).toEqual([91, 92, 93, 94, 96, 97, 98, 99, 100]);
    expect(seqs(missed[0]?.last)).toEqual(seqs(saidFrom(101, 100 + count)));
    expect(seqs(events)).toEqual([200]);
  });

  test("with ten missed nothing is shown of what was said before", () => {
    catchUp.event(history(saidFrom(101, 110)));
    expect(asked).toEqual([]);
    expect(missed).toMatchObject([{ messages: 10, seen: [] }]);
  });

  test.each<[string, () => void]>([
    ["comes too late", () => void jest.advanceTimersByTime(3_000)],
    ["is lost with the connection", () => catchUp.end()],
    ["cannot be read", () => catchUp.event({ type: "error", code: "unavailable", text: "", id: "missed" })],
  ])("what was said before and %s is left out, and nothing is unsure", (_, end) => {
    catchUp.event(history([said(101)]));
    end();
    expect(missed).toMatchObject([{ messages: 1, hasMore: false, seen: [] }]);
    catchUp.event(history(saidFrom(91, 100), { id: "missed" }));
    expect(missed).toHaveLength(1);
    expect(seqs(events)).not.toContain(91);
  });

  test("older pages are asked for until the position is reached", () => {
    catchUp.event(history(saidFrom(701, 900)));
    expect(asked).toEqual([{ type: "history", before: 701, limit: 500, id: "missed" }]);
    catchUp.event(history([...saidFrom(201, 300, "eve"), ...saidFrom(301, 700)], { id: "missed" }));
    catchUp.event(history(saidFrom(51, 200), { id: "missed" }));
    expect(asked).toHaveLength(2);
    expect(missed).toMatchObject([{ messages: 800, mentions: 100, hasMore: false }]);
    expect(seqs(missed[0]?.last)).toEqual(Array.from({ length: 200 }, (_, i) => 701 + i));
    expect(seqs(missed[0]?.before)).toEqual(Array.from({ length: 100 }, (_, i) => 201 + i));
  });

  test("whispers that waited are counted once, wherever they come", () => {
    const told = (seq: number): Recorded => ({ ...said(seq, "eve"), type: "told", to: "ada" });
    catchUp.event({ type: "waiting", events: [told(150), told(300)] });
    catchUp.event(history(saidFrom(701, 900)));
    const older = [...saidFrom(210, 299), told(300), said(350, "eve"), ...saidFrom(400, 700)];
    catchUp.event(history(older, { id: "missed" }));
    expect(missed).toMatchObject([{ messages: 2 + 200 + 90 + 1 + 301, mentions: 3, hasMore: false }]);
    expect(seqs(missed[0]?.before)).toEqual([150, 300, 350]);
  });

  test("a page that ended early is gone on from where it ended", () => {
    catchUp.event(history([], { before: 5_000 }));
    catchUp.event(history([said(4_000)], { id: "missed", before: 3_000 }));
    catchUp.event(history([said(90), said(200)], { id: "missed" }));
    expect(asked).toMatchObject([{ before: 5_000 }, { before: 3_000 }, { before: 101 }]);
    catchUp.event(history([said(90)], { id: "missed" }));
    expect(missed).toMatchObject([{ messages: 2, hasMore: false }]);
  });

  test("no more than ten thousand are counted", () => {
    let last = 100_000;
    catchUp.event(history(saidFrom(last - 199, last)));
    for (last -= 200; missed.length === 0; last -= 500) {
      catchUp.event(history(saidFrom(last - 499, last), { id: "missed" }));
    }
    expect(missed).toMatchObject([{ messages: 10_200, hasMore: true }]);
    expect(asked).toHaveLength(20);
  });

  test.each<[string, () => void]>([
    ["a server that takes long", () => void jest.advanceTimersByTime(3_000)],
    ["a connection that is lost", () => catchUp.end()],
  ])("%s ends the count, and what comes later is no history to show", (_, end) => {
    catchUp.event(history(saidFrom(701, 900)));
    catchUp.event(said(901));
    end();
    expect(missed).toMatchObject([{ messages: 200, hasMore: true }]);
    catchUp.event(history(saidFrom(201, 700), { id: "missed" }));
    expect(seqs(events)).toEqual([901]);
    // What a person asks for is.
    catchUp.event(history([said(5)], { id: "look" }));
    expect(events).toHaveLength(2);
  });

  test("a history that cannot be read ends it, with the problem shown", () => {
    const problem: Event = { type: "error", code: "unavailable", text: "The history cannot be read now" };
    catchUp.event(problem);
    expect(events).toEqual([problem]);
    expect(missed).toMatchObject([{ messages: 0, hasMore: true }]);
  });

  test("where there is no connection for the next page it ends", () => {
    connected = false;
    catchUp.event(history(saidFrom(701, 900)));
    expect(missed).toMatchObject([{ messages: 200, hasMore: true }]);
  });

  test("a position that is not known shows the history as it is", () => {
    catchUp.event({ type: "gap", from: 0, to: 3 });
    const waited: Event = { type: "waiting", events: [said(1, "eve")] };
    catchUp.event(waited);
    catchUp.event(history([said(1), said(2)]));
    expect(events).toEqual([waited]);
    expect(missed).toMatchObject([{ isUnknown: true }]);
    expect(seqs(missed[0]?.last)).toEqual([1, 2]);
    expect(asked).toEqual([]);
  });

  test("events that are no longer kept are told as a gap", () => {
    catchUp.event({ type: "gap", from: 101, to: 500 });
    catchUp.event(history([said(501)]));
    expect(missed).toMatchObject([{ messages: 1, hasGap: true, isUnknown: false }]);
  });
});
