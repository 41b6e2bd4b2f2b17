// A wait that fails prints enough to see why, never the whole log.

import { expect, setDefaultTimeout, test } from "bun:test";
import { lastOf, testMs } from "./transcript.ts";

setDefaultTimeout(testMs);

test("few items are shown as they are, one a line", () => {
  expect(lastOf([])).toBe("");
  expect(lastOf(["one", { two: 2 }, undefined])).toBe('one\n{"two":2}\nundefined');
});

test("the last items are shown of many, and the start of a long one", () => {
  const items = Array.from({ length: 1000 }, (_, i) => ({ text: `${i} ${"x".repeat(16_000)}` }));
  const lines = lastOf(items).split("\n");
  expect(lines[0]).toBe("(980 before these)");
  expect(lines.at(-1)).toMatch(/^\{"text":"999 x+… \(\d+ more characters\)$/);
  expect(lines).toHaveLength(21);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(240);
});
