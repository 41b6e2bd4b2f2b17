import { expect, setDefaultTimeout, test } from "bun:test";
import { InputHistory } from "../../../../lib/terminal/row/history.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

function typed(...lines: string[]): InputHistory {
  const history = new InputHistory();
  for (const line of lines) history.add(line);
  return history;
}

test("Up goes back to the oldest line, Down to the draft, and no further", () => {
  const history = typed("one", "two", "three");
  expect([1, 2, 3, 4].map(() => history.previous("a draft"))).toEqual(["three", "two", "one", undefined]);
  expect(["one", "two", "three", "a draft"].map((line) => history.next(line))).toEqual([
    "two",
    "three",
    "a draft",
    undefined,
  ]);
});

test("a line that was changed is there again below the others", () => {
  const history = typed("one", "two");
  history.previous("");
  expect(history.previous("two, changed")).toBe("one");
  expect(history.next("one")).toBe("two");
  expect(history.next("two")).toBe("two, changed");
  // A draft goes before it.
  history.add("three");
  history.previous("a draft");
  history.previous("three, changed");
  history.next("two");
  expect(history.next("three")).toBe("a draft");
});

test("an empty history keeps the draft in its row", () => {
  expect(typed().previous("draft")).toBeUndefined();
  expect(typed().next("draft")).toBeUndefined();
});

test("a line typed again is kept once, in its new place; blanks are not", () => {
  const history = typed("a", "b", "  ", "a");
  expect([1, 2, 3].map(() => history.previous(""))).toEqual(["a", "b", undefined]);
});

test("the history keeps 200 lines", () => {
  const history = typed(...Array.from({ length: 250 }, (_, i) => `${i}`));
  const lines = Array.from({ length: 201 }, () => history.previous(""));
  expect([lines[0], lines[199], lines[200]]).toEqual(["249", "50", undefined]);
});

test("Up starts at the last line again once one was sent", () => {
  const history = typed("a", "b");
  history.previous("");
  history.previous("");
  history.add("c");
  expect(history.previous("")).toBe("c");
});

const withPassword = ["/op secret", "/OP secret", "/Op\tsecret", "/op\u00a0secret", "/op\nsecret"];
const slips = [" /op secret", "\u200b/op secret", "／op secret", "／ｏｐ　secret"];

test.each([...withPassword, ...slips])("the history does not keep %j", (line) => {
  const history = typed("before", line, "/opera is on");
  expect(history.previous("")).toBe("/opera is on");
  expect(history.previous("")).toBe("before");
});

test("/op alone comes back, since it holds no password", () => {
  expect(typed("/op").previous("")).toBe("/op");
});

test("the draft is below a line that is only looked at", () => {
  const history = typed("one", "two");
  expect(history.draftBelow("draft")).toBe("draft");
  history.previous("draft");
  expect(history.draftBelow("two")).toBe("draft");
  expect(history.draftBelow("two, changed")).toBe("two, changed");
  history.next("two");
  expect(history.draftBelow("draft")).toBe("draft");
  history.previous("");
  expect(history.draftBelow("two")).toBe("two");
});
