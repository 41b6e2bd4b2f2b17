// Slips of the fingers in front of a command: which lines are neither said nor carried out, and which texts are kept
// nowhere, neither behind Up nor as a draft, since the operators' password may be in them.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { isFault } from "../../../lib/protocol/events.ts";
import { holdsPassword, parseTyped } from "../../../lib/protocol/typed.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

// Each of them leaves no mark on the screen, or none that a person would see.
const blanks = [
  " ",
  "  ",
  "\t",
  " \t ",
  "\n",
  "\r\n",
  "\u00a0",
  "\u2003",
  "\u3000",
  "\u1680",
  "\u2028",
].concat([
  "\u200b",
  "\u200d",
  "\ufeff",
  "\u00ad",
  "\u2060",
  "\u3164",
  "\u2800",
  "\u180e",
  "\ufe0f",
  "\0",
  "\x7f",
  "\x1b",
  "\x1b[A",
  "\x1bOB",
  " \x1b[1;5D\u200b",
]);
const behindBlanks: [line: string, meant: string][] = [
  ["/op hunter2", "/op"],
  ["/OP hunter2", "/OP"],
  ["/msg bob hunter2", "/msg"],
  ["/me\nhunter2", "/me"],
  ["/opp hunter2", "a command"],
  ["/op\u200bhunter2", "a command"],
  ["/ignore hunter2", "a command"],
  ["/ hunter2", "a command"],
];
test.each(behindBlanks)("parseTyped() neither says nor obeys %j behind blanks", (line, meant) => {
  for (const blank of blanks) {
    const text = `Did you mean ${meant}? Write it without the blank in front, or //… to say it`;
    expect(parseTyped(blank + line)).toEqual({ type: "error", code: "unknown-command", text });
  }
});

test.each([
  "／op hunter2",
  "／ｏｐ hunter2",
  " ／OP\u3000hunter2",
  "／msg bob hunter2",
  "／nosuch",
  "\u200b／reply x",
])("parseTyped() neither says nor obeys %j, with a wide slash", (line) => {
  const problem = parseTyped(line);
  expect(isFault(problem) && problem.text).toEndWith('? Write it with a narrow slash, "/"');
});

test.each(["／(^o^)＼", "／", "／／op x", "／十", "1／op", " ／(^o^)＼"])(
  "parseTyped() says %j, whose wide slash begins no command",
  (text) => expect(parseTyped(text)).toEqual({ type: "say", text }),
);

test.each(["hello\n/msg bob hunter2", "/me waves\n\n \t/OP hunter2", "/msg bob hi\r\n／reply hunter2"])(
  "parseTyped() says no secret that is below the first line: %j",
  (line) => {
    const problem = parseTyped(line);
    expect(isFault(problem) && problem.text).toMatch(
      /^A line below the first begins with \S+, and all would/,
    );
  },
);

test.each(["see\n/etc/hosts", "use\n> /msg NAME TEXT", "a\n/operation", "a\n//msg bob hi", "a\nb /op x"])(
  "parseTyped() says %j whole",
  (text) => expect(parseTyped(text)).toEqual({ type: "say", text }),
);

const commands = ["/op hunter2", "/OP\thunter2", "/op\nhunter2", "/op\u200bhunter2", "/op: hunter2"];
const wide = ["／op hunter2", "／ＯＰ\u3000hunter2", "/ｏｐ hunter2"];

test.each([...commands, ...wide])("holdsPassword() finds %j in any line, behind any blanks", (line) => {
  for (const blank of ["", "- ", ...blanks]) {
    expect([blank, holdsPassword(blank + line)]).toEqual([blank, true]);
    expect([blank, holdsPassword(`hi\n${blank}${line}\nall`)]).toEqual([blank, true]);
  }
});

const harmless = [
  "/op",
  " /OP  ",
  "／op",
  "hi\n/op",
  "/opera x",
  "/opé x",
  "//op is it",
  "a /op x",
  "／／op x",
  "op x",
];

test.each(harmless)("holdsPassword() lets %j be kept", (text) => {
  expect(holdsPassword(text)).toBe(false);
});

test("holdsPassword() finds every line that parseTyped() takes for /op", () => {
  const signs = fc.constantFrom(" ", "\n", "\u3000", "\u200b", "-", "\x1b", "[", "/", "x");
  const any = fc.array(signs, { maxLength: 3 }).map((signs) => signs.join(""));
  const word = fc.constantFrom("/op", "／op", "/oP", "／ＯＰ", "/opx", "//op");
  let found = 0;
  fc.assert(
    fc.property(any, word, any, (before, word, behind) => {
      const text = before + word + behind;
      const raw = parseTyped(text);
      const isTaken = raw.type === "op" && "password" in raw && raw.password !== "";
      const isSlip =
        "text" in raw && String(raw.text).startsWith("Did you mean /op?") && behind.trim() !== "";
      if (!isTaken && !isSlip) return;
      expect(holdsPassword(text)).toBe(true);
      found++;
    }),
    { numRuns: 2_000 },
  );
  expect(found).toBeGreaterThan(20);
});
