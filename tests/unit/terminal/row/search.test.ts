// Ctrl-R: the line that the search finds while words are typed, and the effect of each key on it.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Key } from "../../../../lib/terminal/keys.ts";
import { InputHistory } from "../../../../lib/terminal/row/history.ts";
import { Search } from "../../../../lib/terminal/row/search.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const named = (name: string, ctrl = false): Key => ({ type: "key", name, ctrl, alt: false, shift: false });
const ctrlR = named("r", true);
const typed = (text: string): Key[] => [...text].map((text) => ({ type: "text", text }));

function searched(lines: string[], ...keys: Key[]): string {
  const history = new InputHistory();
  for (const line of lines) history.add(line);
  const search = new Search(history);
  for (const key of keys) expect(search.press(key)).toBe("goes on");
  return search.label + (search.found?.line ?? "");
}

const lines = ["lunch at one", "tea", "Lunch at two", "a.b (c)", "two\nlunch lines"];

test.each<[keys: Key[], shown: string]>([
  [[], "(search) : "],
  [typed("tea"), "(search) tea: tea"],
  [typed("lunch"), "(search) lunch: two\nlunch lines"],
  [[...typed("lunch"), ctrlR], "(search) lunch: Lunch at two"],
  [[...typed("lunch"), ctrlR, ctrlR], "(search) lunch: lunch at one"],
  // There is none before it.
  [[...typed("lunch"), ctrlR, ctrlR, ctrlR], "(search) lunch: lunch at one"],
  // A longer search goes on from where it is.
  [[...typed("lunch"), ctrlR, ...typed(" at")], "(search) lunch at: Lunch at two"],
  [typed("nowhere"), "(nothing found) nowhere: "],
  [[...typed("teas"), named("backspace")], "(search) tea: tea"],
  [[...typed("t"), named("backspace"), named("backspace")], "(search) : "],
  // Words are no pattern.
  [typed("a.b (c"), "(search) a.b (c: a.b (c)"],
  [typed("[.*"), "(nothing found) [.*: "],
  [[{ type: "paste", text: "lunch at\ntwo" }], "(search) lunch at: Lunch at two"],
])("the search after the keys %j shows %j", (keys, shown) => {
  expect(searched(lines, ...keys)).toBe(shown);
});

test("Enter takes what was found; other keys take it and do their own work", () => {
  const search = new Search(new InputHistory());
  expect(search.press(named("enter"))).toBe("taken");
  for (const key of [named("left"), named("a", true), named("tab"), named("up")]) {
    expect(search.press(key)).toBe("taken, and the key is for the row");
  }
  for (const key of [named("escape"), named("g", true), named("c", true)]) {
    expect(search.press(key)).toBe("left");
  }
});

test("a password is never found", () => {
  expect(searched(["/op hunter2"], ...typed("hunter"))).toBe("(nothing found) hunter: ");
});
