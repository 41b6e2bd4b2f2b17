import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import {
  linesText,
  type Progress,
  parseLines,
  parseProgress,
  progressText,
} from "../../../../lib/client/kept/keep.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const left = { epoch: "e", seq: 7, at: 1_700_000_000_000 };
const say = { type: "say", text: "hi", id: "1" };
const tell = { type: "tell", to: "bob", text: "psst", id: "2", seq: 3 };

test("a position and the messages that are unsent come back", () => {
  const progress: Progress = { left, unsent: [say, tell, { type: "act", text: "waves", id: "3" }] };
  expect(parseProgress(progressText(progress))).toEqual(progress);
  expect(parseProgress(undefined)).toEqual({ left: undefined, unsent: [] });
});

test("a message with the operators' password is not kept", () => {
  const secret = { type: "say", text: "  /op hunter2", id: "1" };
  expect(progressText({ left, unsent: [secret, say] })).not.toContain("hunter2");
  expect(linesText(["/op hunter2", " ／op hunter2", "hi"])).toBe('{"lines":["hi"]}');
});

test("of very many messages and lines the newest are kept", () => {
  const unsent = Array.from({ length: 1_000 }, (_, i) => ({ type: "say", text: "x", id: `${i}` }));
  expect(parseProgress(progressText({ left, unsent })).unsent.map(({ id }) => id)).toEqual(
    Array.from({ length: 200 }, (_, i) => `${i + 800}`),
  );
  const lines = Array.from({ length: 200 }, (_, i) => `${i} ${"x".repeat(10_000)}`);
  const text = linesText(lines);
  expect(text.length).toBeLessThan(70_000);
  expect(parseLines(text).at(-1)).toBe(lines.at(-1) ?? "");
  expect(parseLines(text)).toHaveLength(6);
});

test.each([
  ["another type", { type: "op", password: "x", id: "1" }],
  ["no id", { type: "say", text: "hi" }],
  ["no text", { type: "say", id: "1" }],
  ["a bad name", { type: "tell", to: "not a name", text: "hi", id: "1" }],
  ["a text with too many lines", { type: "say", text: "\n".repeat(100), id: "1" }],
])("an unsent message with %s is left out", (_, message) => {
  expect(parseProgress(JSON.stringify({ left, unsent: [message, say] })).unsent).toEqual([say]);
});

test.each([{ epoch: 1 }, { seq: -1 }, { seq: 1.5 }, { at: "x" }, { at: 1e300 }])(
  "a position with %j is none",
  (wrong) => {
    expect(parseProgress(JSON.stringify({ left: { ...left, ...wrong }, unsent: [] })).left).toBeUndefined();
  },
);

describe("whatever stands in a kept text", () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => new TextDecoder().decode(bytes));
  const json = fc.json();
  const likeOurs = fc
    .record({
      left: fc.oneof(
        fc.jsonValue(),
        fc.record({ epoch: fc.jsonValue(), seq: fc.jsonValue(), at: fc.double() }),
      ),
      unsent: fc.oneof(
        fc.jsonValue(),
        fc.array(fc.record({ type: fc.constant("say"), text: fc.jsonValue() })),
      ),
      lines: fc.jsonValue(),
    })
    .map((value) => JSON.stringify(value));
  const cut = fc
    .tuple(fc.nat(200), fc.constant(progressText({ left, unsent: [say, tell] })))
    .map(([length, text]) => text.slice(0, length));

  test("reading it ends well, and keeping what was read changes nothing", () => {
    fc.assert(
      fc.property(fc.oneof(bytes, json, likeOurs, cut), (text) => {
        const progress = parseProgress(text);
        expect(parseProgress(progressText(progress))).toEqual(progress);
        const lines = parseLines(text);
        expect(lines.every((line) => typeof line === "string")).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
