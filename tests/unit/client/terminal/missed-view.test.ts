// How the view shows missed messages, ignored members, and words to highlight.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { sinceWords } from "../../../../lib/client/kept/times.ts";
import { testMs } from "../../../support/transcript.ts";
import { open, said } from "./viewed.ts";

setDefaultTimeout(testMs);

describe("what was missed", () => {
  const missed = {
    since: undefined,
    messages: 3,
    mentions: 0,
    hasMore: false,
    before: [],
    last: [said("bob", "1"), said("bob", "2"), said("bob", "3")],
    seen: [],
    hasGap: false,
    isUnknown: false,
  };
  const lines = ["bob: 1", "bob: 2", "bob: 3"];

  test("is a block with a title that counts it, and an end", () => {
    const { view } = open();
    expect(view.missed(missed)).toEqual(["── 3 while you were away ──", ...lines, "── now ──"]);
    const since = Date.now();
    const clock = new Date(since).toTimeString().slice(0, 5);
    expect(view.missed({ ...missed, since })[0]).toBe(`── 3 since you left ${clock} ──`);
  });

  test("says how much is not shown, and shows what is for us of that", () => {
    const { view } = open();
    const many = {
      ...missed,
      messages: 1_240,
      mentions: 3,
      before: [said("bob", "me!")],
    };
    expect(view.missed(many)).toEqual([
      "── 1,240 while you were away, 3 of them for you · the last 3 ──",
      "bob: me!",
      "⋯",
      ...lines,
      "── now ──",
    ]);
    const [title] = view.missed({ ...missed, messages: 10_200, hasMore: true });
    expect(title).toBe("── more than 10,200 while you were away · the last 3 ──");
  });

  test("is no block if it is nothing", () => {
    const { view } = open();
    expect(view.missed({ ...missed, messages: 0, last: [] })).toEqual([]);
    expect(view.missed({ ...missed, messages: 0, last: [said("me", "mine")] })).toEqual(["me: mine"]);
  });

  test("stands below what was seen before it", () => {
    const { chat, view } = open();
    chat.ignored.add("gus");
    const seen = [said("me", "lunch?"), said("gus", "spam"), said("bob", "where")];
    const earlier = ["── earlier ──", "me: lunch?", "bob: where"];
    expect(view.missed({ ...missed, seen })).toEqual([
      ...earlier,
      "── 3 while you were away ──",
      ...lines,
      "── now ──",
    ]);
    const nothing = { ...missed, messages: 0, seen };
    expect(view.missed({ ...nothing, last: [] })).toEqual([...earlier, "── now ──"]);
    expect(view.missed({ ...nothing, last: [said("me", "mine")] })).toEqual([
      ...earlier,
      "me: mine",
      "── now ──",
    ]);
    expect(view.missed({ ...nothing, last: [], seen: [said("gus", "spam")] })).toEqual([]);
  });

  test("says in words what is lost, and that a position is unknown", () => {
    const { view } = open();
    const [title, gap] = view.missed({ ...missed, hasGap: true });
    expect([title, gap]).toEqual([
      "── 3 while you were away ──",
      "! Some of what was said while you were away is missing here: it is no longer kept",
    ]);
    expect(view.missed({ ...missed, messages: 0, last: [], hasGap: true })).toEqual([gap ?? ""]);
    expect(view.missed({ ...missed, messages: 0, hasGap: true, isUnknown: true })).toEqual([
      "! What you missed while you were away cannot be told: the room's history is another one now",
      "── earlier ──",
      ...lines,
      "── now ──",
    ]);
  });
});

test.each([
  ["2026-11-25T00:05", "00:05"],
  ["2026-11-24T23:59", "yesterday 23:59"],
  ["2026-11-23T18:04", "Monday 18:04"],
  ["2026-11-19T18:04", "Thursday 18:04"],
  ["2026-11-18T18:04", "18 November 18:04"],
  ["2025-12-31T18:04", "31 December 2025 18:04"],
  // A clock that was set back.
  ["2026-11-27T18:04", "27 November 18:04"],
])("%s on 25 November 2026 is told as %j", (at, words) => {
  expect(sinceWords(new Date(at).getTime(), new Date("2026-11-25T10:00"))).toBe(words);
});

describe("a highlight", () => {
  test.each([
    ["lunch", "LUNCH?", true],
    ["lunch", "lunches and prelunch", false],
    ["c++", "is c++ slow", true],
    ["c++", "cc+++", false],
    ["straße", "STRASSE Straße", true],
    ["山田", "山田さんは", true],
    ["ada", "adaさん、", true],
    ["ada", "請ada看", true],
    ["ada", "안녕 ada님", true],
    ["ada", "äada さん", false],
    ["철수", "철수야", true],
    ["a&&b", "if a&&b then", true],
    ["会議", "明日の会議です", true],
    ["été", "e\u0301te\u0301".normalize("NFC"), true],
    ["été", "l’e\u0301te\u0301!", true],
    ["été", "e\u0301te\u0301s", false],
    ["été", "étés", false],
    ["👍", "great 👍!", true],
    [".*", "anything", false],
    ["кот", "Кот, сюда", true],
    ["кот", "который", false],
  ])("of %j in %j: %j", (word, text, marks) => {
    const { chat, rings } = open();
    chat.highlight = [word];
    expect(rings(said("bob", text))).toBe(marks);
  });

  test("goes beside one's name, and can be taken away", () => {
    const { chat, rings } = open();
    chat.highlight = ["lunch", "tea"];
    expect([rings(said("bob", "tea, me?")), rings(said("bob", "Me")), rings(said("bob", "tea"))]).toEqual([
      true,
      true,
      true,
    ]);
    chat.highlight = [];
    expect(rings(said("bob", "tea"))).toBe(false);
  });
});

test("who is ignored comes, goes, says farewell and is renamed unseen", () => {
  const { chat, view, show } = open();
  chat.ignored.add("gus");
  const seq = { seq: 9, at: 2 };
  show({ type: "joined", ...seq, name: "gus" });
  expect(show({ type: "renamed", ...seq, from: "gus", to: "ada_is_dumb" })).toEqual([]);
  show({ type: "left", seq: 10, at: 2, name: "ada_is_dumb", text: "farewell" });
  expect(view.settle()).toEqual([]);
});

test("what a person asked for and nothing is shown of is told as nothing", () => {
  const { chat, show } = open();
  chat.ignored.add("gus");
  const events = [said("gus", "hi")];
  expect(show({ type: "results", text: "hi", events })).toEqual(['Nothing was found for "hi"']);
  expect(show({ type: "history", events, id: "look" })).toEqual(["Nothing was said yet"]);
  expect(show({ type: "history", events: [], before: 3, id: "look" })).toEqual(["Nothing was said lately"]);
  expect(show({ type: "history", events: [] })).toEqual([]);
});
