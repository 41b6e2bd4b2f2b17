// Lines of IRC: a line is read as it was written, and a row that is too long is cut without loss, between characters.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import {
  cut,
  escaped,
  isOpening,
  maxLineBytes,
  parseLine,
  pieces,
  serverLine,
  tagged,
  word,
} from "../../../../lib/dialects/irc/wire.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const middle = fc.stringMatching(/^[!-9;-~][!-~]{0,8}$/);
const trailing = fc
  .string({ unit: "grapheme", maxLength: 20 })
  .map((text) => text.replaceAll(/[\r\n\0]/g, ""));
const tags = fc.dictionary(
  fc.stringMatching(/^[a-z+/.-]{1,8}$/),
  fc.string({ unit: "binary", maxLength: 8 }),
);

test("a line is read as it was written, whatever is in its tags", () => {
  const line = fc.record({
    tags,
    command: fc.stringMatching(/^[A-Z]{1,8}$/),
    middle: fc.array(middle),
    trailing,
  });
  fc.assert(
    fc.property(line, fc.boolean(), ({ tags, command, middle, trailing }, hasSource) => {
      const written = Object.entries(tags)
        .filter(([, value]) => !value.includes("\0"))
        .map(([key, value]) => `${key}=${escaped(value)}`);
      const source = hasSource ? ":me!u@h " : "";
      const raw = `${written.length > 0 ? `@${written.join(";")} ` : ""}${source}${[command, ...middle].join(" ")} :${trailing}`;
      const expected = Object.entries(tags).filter(([, value]) => !value.includes("\0"));
      expect(parseLine(raw)).toEqual({ tags: new Map(expected), command, params: [...middle, trailing] });
    }),
    { numRuns: 2_000 },
  );
});

describe("parseLine()", () => {
  test.each([
    ["", undefined],
    ["   ", undefined],
    [":source", undefined],
    ["@tag", undefined],
    ["@tag=1 :source ", undefined],
    ["privmsg  #room   :a  b ", { tags: new Map(), command: "PRIVMSG", params: ["#room", "a  b "] }],
    ["PING :", { tags: new Map(), command: "PING", params: [""] }],
    ["TOPIC #room :a :b", { tags: new Map(), command: "TOPIC", params: ["#room", "a :b"] }],
    [
      "@a;b=;c=x\\s\\:\\\\ PING x",
      {
        tags: new Map([
          ["a", ""],
          ["b", ""],
          ["c", "x ;\\"],
        ]),
        command: "PING",
        params: ["x"],
      },
    ],
    ["PI\0NG x\r", { tags: new Map(), command: "PING", params: ["x"] }],
  ])("parseLine() reads %j", (raw, line) => {
    expect(parseLine(raw)).toEqual(line);
  });

  test("parseLine() refuses tags of more than 4,094 bytes", () => {
    expect(parseLine(`@a=${"x".repeat(4_092)} PING x`)).toMatchObject({ command: "PING" });
    expect(parseLine(`@a=${"x".repeat(4_093)} PING x`)).toBe("too-long");
    expect(parseLine(`@${"x".repeat(8_192)}`)).toBe("too-long");
  });
});

describe("isOpening()", () => {
  test.each([
    "CAP LS 302",
    "NICK ada",
    "USER a 0 * :A",
    "PASS x",
    "@t=1 :src NICK ada",
    "PING :x",
    "QUIT :bye",
  ])("%j is the first line of an IRC client", (line) => {
    expect(isOpening(line)).toBe(true);
  });

  test.each([
    "ada",
    "Nick",
    "NICK",
    "NICK ",
    "nick ada",
    "Nick Smith",
    "JOIN #room",
    '{"type":"join"}',
    "/help",
  ])("%j is not", (line) => {
    expect(isOpening(line)).toBe(false);
  });
});

const unit = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  fc.constantFrom("a", " ", "ж", "字", "👩‍👩‍👧", "👍🏽", "🇩🇪", "é", "1️⃣"),
);

test("the pieces of a row are the row, of no more bytes than they may have", () => {
  const segments = new Intl.Segmenter();
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 120 }), fc.integer({ min: 40, max: 120 }), (units, maxBytes) => {
      const row = units.join("");
      const found = pieces(row, maxBytes);
      expect(found.join("")).toBe(row);
      for (const piece of found) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(maxBytes);
      // No flag, family or accent is torn, as long as one fits.
      const starts = new Set([...segments.segment(row)].map(({ index }) => index));
      const isSimple = [...segments.segment(row)].every(
        ({ segment }) => Buffer.byteLength(segment) <= maxBytes / 2,
      );
      let at = 0;
      for (const piece of isSimple ? found : []) {
        if (/^[\p{L}\p{N}\p{Emoji}\p{RI} ]/u.test(piece)) expect(starts.has(at)).toBe(true);
        at += piece.length;
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a row is cut behind a blank, if there is one far enough in it", () => {
  expect(pieces("one two three", 10)).toEqual(["one two ", "three"]);
  expect(pieces("a bcdefghijklmn", 10)).toEqual(["a bcdefghi", "jklmn"]);
  expect(pieces("", 10)).toEqual([""]);
  expect(cut("ääää", 5)).toBe("ää");
});

test("a line of the server has 512 bytes at most, and its words no blanks", () => {
  expect(serverLine("401", "ada", ":b c\td", "No such nick")).toBe(":chat.room 401 ada b_c_d :No such nick");
  expect(serverLine("401", "", "x")).toBe(":chat.room 401 * :x");
  const long = serverLine("401", "ж".repeat(400), "字".repeat(400), "ж".repeat(4_000));
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(maxLineBytes);
  expect(word("::")).toBe("*");
});

test("a tag joins those that a line has", () => {
  expect(tagged(":a PING", "label", "x;y z")).toBe("@label=x\\:y\\sz :a PING");
  expect(tagged("@time=1 :a PING", "batch", "b1")).toBe("@batch=b1;time=1 :a PING");
});
