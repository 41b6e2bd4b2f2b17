// The text in the row: what each key does to it, grapheme by grapheme.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Key } from "../../../../lib/terminal/keys.ts";
import { Editor } from "../../../../lib/terminal/row/editor.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

function key(words: string): Key {
  const parts = words.split("-");
  return {
    type: "key",
    name: parts.at(-1) ?? "",
    ctrl: parts.includes("ctrl"),
    alt: parts.includes("alt"),
    shift: false,
  };
}

/** The text with `|` where the cursor is. */
function shown({ before, after }: Editor): string {
  return `${before}|${after}`;
}

/** An editor with the cursor where `|` is. */
function at(text: string): Editor {
  const editor = new Editor();
  editor.set(text.replace("|", ""), text.indexOf("|"));
  return editor;
}

const presses: [before: string, keys: string, after: string][] = [
  ["hello|", "left left", "hel|lo"],
  ["hel|lo", "ctrl-b ctrl-f right", "hell|o"],
  ["|", "left right backspace delete up", "|"],
  ["one two|", "home", "|one two"],
  ["one| two", "end", "one two|"],
  ["one| two", "ctrl-a ctrl-e ctrl-a", "|one two"],
  ["one two  |", "alt-b", "one |two  "],
  ["|one, two", "alt-f alt-f", "one, |two"],
  ["|привет мир", "ctrl-right", "привет |мир"],
  ["one two|", "ctrl-w", "one |"],
  ["one two|", "alt-backspace", "one |"],
  ["|one two", "alt-d", "|two"],
  ["one |two", "ctrl-k", "one |"],
  ["one |two", "ctrl-u", "|two"],
  ["one |two", "ctrl-k home ctrl-y", "two|one "],
  ["one two|", "ctrl-w ctrl-w ctrl-y", "one |"],
  ["foo-bar baz|", "ctrl-w ctrl-w", "foo-|"],
  ["ab|", "ctrl-t", "ba|"],
  ["a|bc", "ctrl-t", "ba|c"],
  ["a👍🏽|b", "ctrl-t", "ab👍🏽|"],
  ["one\na|", "ctrl-t", "one\na|"],
  ["|ab", "ctrl-t", "|ab"],
  ["one two|", "ctrl-w backspace ctrl-_", "one |"],
  ["one two|", "ctrl-w left backspace ctrl-_ ctrl-_ ctrl-_ ctrl-_", "one two|"],
  ["a|b", "delete", "a|"],
  ["a|b", "ctrl-d", "a|"],
  // One press, one grapheme.
  ["a👩‍👩‍👧‍👦|", "backspace", "a|"],
  ["a👍🏽|b", "left", "a|👍🏽b"],
  ["|🏴󠁧󠁢󠁥󠁮󠁧󠁿b", "right", "🏴󠁧󠁢󠁥󠁮󠁧󠁿|b"],
  ["|e\u0301x", "delete", "|x"],
  ["नि|", "backspace", "|"],
  ["a❤️|", "alt-b", "a|❤️"],
  ["🇩🇪🇫🇷|", "backspace", "🇩🇪|"],
  // Several lines.
  ["one| two", "ctrl-j", "one\n| two"],
  ["one|", "alt-enter ctrl-j backspace", "one\n|"],
  ["one\ntwo|", "home", "one\n|two"],
  ["one|\ntwo", "end", "one|\ntwo"],
  ["one|\ntwo", "ctrl-k", "one|two"],
  ["one\n|two", "backspace", "one|two"],
  ["one\ntwo|", "ctrl-u", "|"],
];

test.each(presses)("the row %j takes the keys %s", (before, keys, after) => {
  const editor = at(before);
  for (const words of keys.split(" ")) editor.press(key(words));
  expect(shown(editor)).toBe(after);
});

test("a paste goes in at the cursor, and what is behind it stays behind it", () => {
  const editor = at("start| end");
  editor.press({ type: "paste", text: "p1\np2\np3" });
  expect(shown(editor)).toBe("startp1\np2\np3| end");
});

test("a key that is not for the text changes nothing", () => {
  for (const words of ["enter", "tab", "up", "pageup", "ctrl-c", "ctrl-l", "alt-x", "ctrl-alt-a"]) {
    const editor = at("a|b");
    expect(editor.press(key(words))).toBe(false);
    expect(shown(editor)).toBe("a|b");
  }
});

test("clear() takes all of it, and Ctrl-Y brings it back", () => {
  const editor = at("one|\ntwo");
  editor.clear();
  expect(shown(editor)).toBe("|");
  editor.press(key("ctrl-y"));
  expect(shown(editor)).toBe("one\ntwo|");
});

test("a long text is edited without waiting", () => {
  const editor = new Editor();
  for (const text of ["x".repeat(100_000), " ".repeat(100_000), "- ".repeat(50_000)]) {
    editor.set(text);
    for (const words of ["alt-b", "ctrl-w", "backspace", "left", "alt-d"]) editor.press(key(words));
    expect(editor.text.length).toBeLessThan(text.length);
  }
});

describe("moveLine()", () => {
  test.each([
    ["one\ntwo|", "up", "one|\ntwo"],
    ["a long one\ntwo|", "up", "a l|ong one\ntwo"],
    ["one|\nt", "down", "one\nt|"],
    ["a|b\n👍🏽c", "down", "ab\n|👍🏽c"],
  ] as const)("moveLine() moves %j one line %s", (before, direction, after) => {
    const editor = at(before);
    expect(editor.moveLine(direction)).toBe(true);
    expect(shown(editor)).toBe(after);
  });

  test("moveLine() comes back to its column behind a shorter line", () => {
    const editor = at("a long line\nb\nanother| one");
    editor.moveLine("up");
    expect(shown(editor)).toBe("a long line\nb|\nanother one");
    editor.moveLine("up");
    expect(shown(editor)).toBe("a long |line\nb\nanother one");
    editor.press(key("left"));
    editor.moveLine("down");
    editor.moveLine("down");
    expect(shown(editor)).toBe("a long line\nb\nanothe|r one");
  });

  test("moveLine() tells where there is no line to go to", () => {
    expect(at("one|\ntwo").moveLine("up")).toBe(false);
    expect(at("one\ntwo|").moveLine("down")).toBe(false);
    expect(at("|").moveLine("up")).toBe(false);
  });
});

test("the cursor stands between graphemes, whatever is pressed", () => {
  const any = fc.oneof(
    fc.constantFrom(...presses.flatMap(([, keys]) => keys.split(" "))).map(key),
    fc
      .constantFrom("a", " ", "👍🏽", "e\u0301", "नि", "-", "\n")
      .map((text): Key => ({ type: "text", text })),
  );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 40 }), (keys) => {
      const editor = new Editor();
      for (const pressed of keys) {
        editor.press(pressed);
        expect(editor.cursor).toBeWithin(0, editor.text.length + 1);
        expect(editor.before + editor.after).toBe(editor.text);
        expect(editor.text.isWellFormed() && editor.before.isWellFormed()).toBe(true);
      }
    }),
  );
});
