import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Terminal as Emulator } from "@xterm/headless";
import fc from "fast-check";
import { visible } from "../../../lib/protocol/text.ts";
import { wrap } from "../../../lib/terminal/wrap.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

describe("rows", () => {
  const cases: [what: string, head: string, text: string, rows: string[]][] = [
    ["are one where one is enough", "bob: ", "one two three", ["bob: one two three"]],
    ["keep their blanks there", "bob: ", "a\u00a0 b\u3000c", ["bob: a\u00a0 b\u3000c"]],
    ["break at blanks", "bob: ", "one two three four", ["bob: one two three", "     four"]],
    [
      "break at no-break blanks too",
      "bob: ",
      "one\u00a0two\u2007three\u202ffour",
      ["bob: one two three", "     four"],
    ],
    [
      "break a word wider than they are",
      "bob: ",
      `a ${"x".repeat(20)} b`,
      ["bob: a", `     ${"x".repeat(15)}`, "     xxxxx b"],
    ],
    ["break between wide letters", "bob: ", "日本語日本語日本語", ["bob: 日本語日本語日", "     本語"]],
    ["hang for each line of a text", "bob: ", "one\ntwo", ["bob: one", "     two"]],
    [
      "keep the blanks in front of a line",
      "bob: ",
      "if\n  then one two three",
      ["bob: if", "       then one two", "     three"],
    ],
    ["leave an empty line", "bob: ", "one\n\ntwo", ["bob: one", "     ", "     two"]],
    ["are none for blanks alone", "bob: ", `${" ".repeat(30)}server: hi`, ["bob: server: hi"]],
    ["do without a head", "", "one two three four five", ["one two three four", "  five"]],
    [
      "stand under a head too wide to stand beside",
      "x".repeat(17),
      "one two",
      ["x".repeat(17), "    one two"],
    ],
    ["break a head wider than they are", "x".repeat(22), "one", ["x".repeat(16), "    xxxxxx", "    one"]],
    [
      "break a wide head at its blanks",
      "/ban NAME [1h|7d] [REASON]  ",
      "keep out",
      ["/ban NAME", "    [1h|7d] [REASON]", "    keep out"],
    ],
    ["keep an emoji together", "bob: ", `${"x".repeat(14)}👍🏽`, [`bob: ${"x".repeat(14)}`, "     👍🏽"]],
  ];
  test.each(cases)("rows %s", (_, head, text, rows) => {
    expect(wrap(head, text, 20)).toEqual(rows);
  });

  test("rows stand beside a wide head if there is room enough", () => {
    const head = "/ban NAME|ADDRESS|NETWORK [1h|7d] [REASON]  ";
    const [first, second] = ["operators: keep out all who come", "from there, for as long as it says"];
    expect(wrap(head, `${first} ${second}`, 80)).toEqual([head + first, " ".repeat(44) + second]);
    expect(wrap(head, `${first} ${second}`, 79)).toEqual([head.trimEnd(), `    ${first} ${second}`]);
  });

  test("colours in the head and in the text take no room", () => {
    const red = (row: string) => `\x1b[31m${row}\x1b[39m`;
    expect(wrap(red("bob: "), "one two three four", 20, red)).toEqual([
      `${red("bob: ")}${red("one two three")}`,
      `     ${red("four")}`,
    ]);
  });

  test("a row is as long as its text where nothing wraps", () => {
    expect(wrap("bob: ", "x".repeat(1000), Infinity)).toEqual([`bob: ${"x".repeat(1000)}`]);
  });
});

describe("a link", () => {
  test.each(["https://example.com/a/long/path", "(http://example.com:8080/a/long/path)"])(
    "a link stays whole: %s",
    (url) => {
      expect(wrap("bob: ", `see ${url} ok`, 27)).toEqual(["bob: see", `     ${url}`, "     ok"]);
    },
  );

  test.each([
    ["a colon that would stand at the margin", "https://example.com/server:hi"],
    ["blanks of any kind", "https://example.com/\u00a0server\u00a0is"],
    ["letters that look like a colon", "https://example.com/server\ua789hi"],
    ["no address", "x://"],
  ])("a link with %s breaks like any other text", (_, text) => {
    for (const row of wrap("bob: ", `${text}${"y".repeat(30)}`, 20).slice(1))
      expect(row).toStartWith("     ");
  });
});

test("no row is wrapped by a terminal that counts more columns than Bun does", async () => {
  const columns = 40;
  const part = fc.oneof(
    fc.constantFrom(
      "\u0915\u093e\u093e\u093e\u093e",
      "👨‍👩‍👧‍👦",
      "1️⃣",
      "🇩🇪",
      "각",
      "㉈",
      "\u00a0",
      "\u3000",
      " ",
      "x",
      "é",
      "語",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  );
  const text = fc.array(part, { minLength: 10, maxLength: 60 }).map((parts) => visible(parts.join("")));
  await fc.assert(
    fc.asyncProperty(text, async (text) => {
      const emulator = new Emulator({ cols: columns, rows: 200, allowProposedApi: true });
      const rows = wrap("bob: ", text, columns);
      await new Promise<void>((done) => emulator.write(rows.join("\r\n"), done));
      const { active } = emulator.buffer;
      const wrapped = Array.from({ length: active.length }, (_, y) => active.getLine(y)?.isWrapped);
      emulator.dispose();
      expect(wrapped).not.toContain(true);
      for (const row of rows.slice(1)) expect(row).toStartWith("     ");
    }),
    { numRuns: 300 },
  );
});

test("a text loses nothing but blanks", () => {
  const unit = fc.oneof(
    fc.constantFrom(" ", "\n", "\u00a0", "x", "語", "\u0301"),
    fc.string({ unit: "binary", maxLength: 1 }),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 80 }), fc.integer({ min: 6, max: 40 }), (raw, columns) => {
      const text = visible(raw);
      expect(wrap("", text, columns).join("").replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
    }),
  );
});
