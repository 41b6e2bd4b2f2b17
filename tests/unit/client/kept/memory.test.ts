// ada's client over its restarts, in a room that the test plays; what it keeps is in a map.

import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { Client } from "../../../../lib/client/core/client.ts";
import type { Keep } from "../../../../lib/client/kept/keep.ts";
import { Memory } from "../../../../lib/client/kept/memory.ts";
import type { Missed } from "../../../../lib/client/kept/missed.ts";
import type { Event, Recorded } from "../../../../lib/protocol/events.ts";
import { PlayedRoom } from "../../../support/played-room.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let kept: Map<string, string>;
let room: PlayedRoom;
let runs: Run[];

beforeEach(() => {
  jest.useFakeTimers();
  runs = [];
  kept = new Map();
  room = new PlayedRoom();
  room.seq = 20;
  room.members = ["ada", "bob"];
});

afterEach(() => {
  for (const { client } of runs) client.link.quit();
  jest.advanceTimersByTime(60_000);
  jest.useRealTimers();
});

function keepOf(name: string): Keep {
  return {
    get: (kind) => kept.get(`${name} ${kind}`),
    set: (kind, value) =>
      void (value === undefined ? kept.delete(`${name} ${kind}`) : kept.set(`${name} ${kind}`, value)),
  };
}

const positionOf = (name: string) => JSON.parse(kept.get(`${name} positions`) ?? "{}");

/** A run of the client, which has asked to join. */
class Run {
  readonly shown: Event[] = [];
  readonly missed: Missed[] = [];
  readonly offered: string[] = [];
  draft = "";
  isHidden = false;
  readonly client: Client;
  readonly memory: Memory;

  constructor(name = "ada") {
    runs.push(this);
    this.client = new Client(
      { servers: [room.connect], joins: "all" },
      {
        event: (event) => this.memory.event(event),
        problem: () => {},
        help: () => {},
        set: () => {},
        notice: () => {},
        refused: () => {},
        state: (state) =>
          state.type === "online" ? this.memory.online(state.isBack) : this.memory.offline(),
        caughtUp: () => this.memory.caughtUp(),
        nameless: () => {},
        closed: () => {},
      },
    );
    this.memory = new Memory(this.client, keepOf, {
      event: (event) => this.shown.push(event),
      missed: (missed) => this.missed.push(missed),
      offered: (lines) => this.offered.push(...lines),
      draft: () => this.draft,
      isHidden: () => this.isHidden,
    });
    this.memory.joining(name);
    this.client.link.join(name);
  }

  say(line: string): void {
    this.client.enter(line);
    this.memory.save();
  }

  /** The welcome at the room's position, and what else the room says at once. */
  welcome(...more: Event[]): void {
    room.welcome("ada");
    room.say(...more);
  }
}

function said(seq: number, text: string, id?: string): Recorded {
  return {
    type: "said",
    seq,
    at: 1,
    from: id === undefined ? "bob" : "ada",
    text,
    ...(id !== undefined && { id }),
  };
}

const history = (...events: Recorded[]): Event => ({ type: "history", events });
/** The answer to a start's request if little was missed. */
const seen: Event = { type: "history", events: [], id: "missed" };

test("a first start joins as any client, and its position is kept", () => {
  const run = new Run();
  run.welcome();
  expect(room.sent("join")[0]).not.toHaveProperty("after");
  room.happen({ type: "said", from: "bob", text: "hi" });
  jest.advanceTimersByTime(1_000);
  expect(positionOf("ada")).toMatchObject({ left: { epoch: "E", seq: 21 }, unsent: [] });
  expect(run.missed).toEqual([]);
});

test("the next start joins where the last one left, and shows the rest", () => {
  const first = new Run();
  first.welcome();
  first.memory.save();
  room.seq = 25;
  const second = new Run();
  second.welcome();
  expect(room.sent("join")).toMatchObject([{ epoch: "E", after: 20, history: 200 }]);
  room.happen({ type: "said", from: "bob", text: "live" });
  room.say(history(said(22, "one"), said(24, "ada: two")), seen);
  expect(second.missed).toMatchObject([{ messages: 2, mentions: 1 }]);
  expect(second.shown.map(({ type }) => type)).toEqual(["welcome", "said"]);
  expect(positionOf("ada")).toMatchObject({ left: { seq: 26 } });
});

test("what waits unseen counts as shown once it is", () => {
  const run = new Run();
  run.welcome();
  run.memory.save();
  run.isHidden = true;
  room.happen({ type: "said", from: "bob", text: "unseen" });
  jest.advanceTimersByTime(5_000);
  run.memory.save();
  expect(positionOf("ada")).toMatchObject({ left: { seq: 20 } });
  run.isHidden = false;
  run.memory.changed();
  jest.advanceTimersByTime(5_000);
  expect(positionOf("ada")).toMatchObject({ left: { seq: 21 } });
});

test("a position never gets ahead of what was shown", () => {
  const first = new Run();
  first.welcome();
  first.memory.save();
  room.seq = 5_000;
  const second = new Run();
  second.welcome();
  room.happen({ type: "said", from: "bob", text: "live" });
  jest.advanceTimersByTime(2_000);
  second.memory.save();
  expect(positionOf("ada")).toMatchObject({ left: { seq: 20 } });
});

describe("messages that were not sent", () => {
  /** Ends a run, as kill -9 does, with these lines typed while there is no connection; the ids they have. */
  function unsent(...lines: string[]): string[] {
    const run = new Run();
    run.welcome();
    room.cut();
    for (const line of lines) run.say(line);
    return positionOf("ada").unsent.map(({ id }: { id: string }) => id);
  }

  test("are sent with their ids at the next start, behind what was missed", () => {
    const ids = unsent("one", "/me waves");
    const run = new Run();
    run.welcome();
    expect(run.memory.waiting.map(({ id }) => id)).toEqual(ids);
    expect(room.sent("say")).toEqual([]);
    room.say(history(said(20, "before")), seen);
    expect(room.heard.slice(-2)).toEqual([
      { type: "say", text: "one", id: ids[0] ?? "" },
      { type: "act", text: "waves", id: ids[1] ?? "" },
    ]);
    expect(positionOf("ada").unsent).toHaveLength(2);
    room.happen({ type: "said", from: "ada", text: "one", id: ids[0] ?? "" });
    jest.advanceTimersByTime(1_000);
    expect(positionOf("ada").unsent).toHaveLength(1);
  });

  test("are not sent if they are in the room already", () => {
    const [first = ""] = unsent("one", "two");
    room.seq = 22;
    const run = new Run();
    run.welcome(history(said(21, "one", first)), seen);
    expect(room.sent("say")).toMatchObject([{ text: "two" }]);
    expect(run.offered).toEqual([]);
    // Our own message is no missed one, and seen in its place.
    expect(run.missed).toMatchObject([{ messages: 0, last: [{ text: "one" }] }]);
  });

  test.each<[string, Event[]]>([
    ["some is not kept", [{ type: "gap", from: 21, to: 30 }, history(said(31, "x"))]],
    ["the position is unknown", [{ type: "gap", from: 0, to: 1 }, history(said(2, "x"))]],
    [
      "the history cannot be read",
      [{ type: "error", code: "unavailable", text: "The history cannot be read" }],
    ],
  ])("are offered where they may be in the room: %s", (_, answers) => {
    unsent("one", "/msg bob psst");
    room.seq = 40;
    const run = new Run();
    run.welcome(...answers);
    expect(run.offered).toEqual(["one", "/msg bob psst"]);
    expect(room.sent("say")).toEqual([]);
    expect(positionOf("ada").unsent).toEqual([]);
  });

  test("are offered if the position was lost", () => {
    unsent("one");
    kept.set("ada positions", JSON.stringify({ ...positionOf("ada"), left: "?" }));
    const run = new Run();
    run.welcome(history(said(20, "x")));
    expect(run.offered).toEqual(["one"]);
    expect(room.sent("say")).toEqual([]);
  });

  test("wait for their own name", () => {
    unsent("one");
    const run = new Run("eve");
    room.welcome("eve");
    room.say(history(said(20, "x")));
    expect([run.offered, room.sent("say")]).toEqual([[], []]);
    expect(positionOf("ada").unsent).toHaveLength(1);
  });

  test("a whisper goes to the member that had the name when it was written", () => {
    const run = new Run();
    run.welcome();
    room.cut();
    run.say("/msg bob psst");
    expect(positionOf("ada").unsent).toMatchObject([{ to: "bob", seq: 20 }]);
    room.happen({ type: "renamed", from: "bob", to: "bert" });
    jest.advanceTimersByTime(1_000);
    room.welcome("ada");
    run.memory.save();
    // Under its present name, as of the rename.
    expect(positionOf("ada").unsent).toMatchObject([{ to: "bert", seq: 21 }]);
    const next = new Run();
    next.welcome(history(), seen);
    expect(room.sent("tell")).toMatchObject([{ to: "bert", seq: 21 }]);
  });
});

test("another name has what is kept for it, and gives up the old one", () => {
  kept.set("eve positions", JSON.stringify({ unsent: [{ type: "say", text: "earlier", id: "1" }] }));
  const run = new Run();
  run.welcome();
  room.happen({ type: "renamed", from: "ada", to: "eve" });
  expect(run.offered).toEqual(["earlier"]);
  room.cut();
  run.say("as eve");
  expect(positionOf("ada")).toMatchObject({ left: { seq: 21 }, unsent: [] });
  expect(positionOf("eve")).toMatchObject({ left: { seq: 21 }, unsent: [{ text: "as eve" }] });
});

test("what was shown under another name is not missed under the first", () => {
  const run = new Run();
  run.welcome();
  room.happen({ type: "renamed", from: "ada", to: "eve" }, { type: "renamed", from: "eve", to: "zoe" });
  // Another client under the first name has a message to send.
  const unsent = [{ type: "say", text: "another's", id: "1" }];
  kept.set("ada positions", JSON.stringify({ ...positionOf("ada"), unsent }));
  room.happen({ type: "said", from: "bob", text: "one" }, { type: "said", from: "bob", text: "two" });
  run.draft = "half a line";
  run.memory.typed();
  run.memory.lines = ["a line"];
  run.memory.save();
  expect(positionOf("zoe")).toMatchObject({ left: { seq: 24 }, unsent: [] });
  expect(positionOf("ada")).toMatchObject({ left: { seq: 24 }, unsent });
  expect(positionOf("eve")).toMatchObject({ left: { seq: 22 } });
  const next = new Run();
  next.welcome();
  expect(room.sent("join").at(-1)).toMatchObject({ name: "ada", after: 24 });
  expect([next.memory.takeDraft(), next.memory.lines]).toEqual(["half a line", ["a line"]]);
});

test("after a drop what was missed is told before it goes on", () => {
  const run = new Run();
  run.welcome();
  room.cut();
  room.happen({ type: "said", from: "bob", text: "1" }, { type: "told", from: "bob", to: "ada", text: "2" });
  jest.advanceTimersByTime(1_000);
  room.welcome("ada");
  expect(run.missed).toMatchObject([{ since: undefined, messages: 2, mentions: 1 }]);
  room.happen({ type: "said", from: "bob", text: "3" });
  expect(run.shown.at(-1)).toMatchObject({ text: "3" });
});

describe("what is typed", () => {
  test("the draft is kept within a second, and is there once", () => {
    const run = new Run();
    run.welcome();
    for (run.draft of ["h", "half a line"]) run.memory.typed();
    jest.advanceTimersByTime(1_000);
    const { memory } = new Run();
    expect(memory.takeDraft()).toBe("half a line");
    expect(memory.takeDraft()).toBe("");
    run.draft = "";
    run.memory.typed();
    run.memory.save();
    expect(kept.has("ada drafts")).toBe(false);
  });

  test("the draft outlives a start that does not come into the room", () => {
    kept.set("ada drafts", "half a line");
    const { memory } = new Run();
    memory.keepDraft();
    memory.save();
    expect(memory.takeDraft()).toBe("half a line");
  });

  test("text that was typed before the room let us in is a draft", () => {
    const run = new Run();
    run.draft = "hello";
    run.memory.keepDraft();
    run.memory.save();
    expect(kept.get("ada drafts")).toBe("hello");
    expect(kept.has("ada positions")).toBe(false);
  });

  test("lines are there for good", () => {
    new Run().memory.lines = ["one", "two"];
    expect(new Run().memory.lines).toEqual(["one", "two"]);
    expect(new Run().memory.lines).toEqual(["one", "two"]);
  });

  test("passwords are kept nowhere", () => {
    const run = new Run();
    run.welcome();
    run.memory.lines = ["one", "/op hunter2"];
    run.draft = "/op hunter2";
    run.memory.keepDraft();
    expect([...kept.values()].join()).toBe('{"lines":["one"]}');
  });
});

test("a name that was taken leaves nothing behind for the next one", () => {
  kept.set("ada positions", JSON.stringify({ left: { epoch: "E", seq: 3, at: 1 } }));
  const run = new Run();
  run.memory.joining("zoe");
  expect(run.client.link.firstJoin).toEqual({});
  run.memory.joining("ada");
  expect(run.client.link.firstJoin).toEqual({ epoch: "E", after: 3, history: 200 });
  // Another client may be in the room under that name, and has got further.
  const others = JSON.stringify({ left: { epoch: "E", seq: 9, at: 1 } });
  kept.set("ada positions", others);
  run.memory.save();
  expect(kept.get("ada positions")).toBe(others);
});
