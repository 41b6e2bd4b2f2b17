// Titles and notifications: nothing in a stranger's text ends them, or is obeyed.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { notification, titled } from "../../../lib/terminal/window.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

test("a title and a notification are what terminals know", () => {
  expect(titled("(3!) ada@localhost:53000")).toBe("\x1b]0;(3!) ada@localhost:53000\x07");
  expect(notification(9, "bob", "hi ada")).toBe("\x1b]9;bob: hi ada\x07");
  expect(notification(777, "bob", "hi; ada")).toBe("\x1b]777;notify;bob;hi, ada\x07");
});

test("no text ends the string that it is in", () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom("\x07", "\x1b", "\\", "\x9c", "\x9d", ";", "\n", "\x18", "\u202e", "\ud800", "x", "4"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    ),
    maxLength: 300,
  });
  fc.assert(
    fc.property(text, text, (head, body) => {
      const strings: [sent: string, start: string, semicolons: number][] = [
        [titled(body), "\x1b]0;", Infinity],
        [notification(9, head, body), "\x1b]9;", 0],
        [notification(777, head, body), "\x1b]777;notify;", 1],
      ];
      for (const [sent, start, semicolons] of strings) {
        expect(sent.startsWith(start) && sent.endsWith("\x07")).toBe(true);
        const inside = sent.slice(start.length, -1);
        expect(/[\p{Cc}\p{Cf}\p{Cs}]/u.test(inside.replaceAll(/[\u200c\u200d]/g, ""))).toBe(false);
        expect(inside.split(";").length - 1).toBeLessThanOrEqual(semicolons);
        expect([...inside].length).toBeLessThanOrEqual(402);
      }
    }),
  );
});
