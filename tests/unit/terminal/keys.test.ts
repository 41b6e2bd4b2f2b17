// Bytes of a terminal → keys, wherever the bytes are cut, and with every way out of what has begun.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { type Key, KeyReader } from "../../../lib/terminal/keys.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

/** The keys in these chunks, as one text. */
function keysIn(...chunks: string[]): string {
  const reader = new KeyReader();
  return joined(chunks.flatMap((chunk) => reader.push(Buffer.from(chunk)))).join(" ");
}

/** Each key in words; text that came in pieces as one. */
function joined(keys: Key[]): string[] {
  const words: string[] = [];
  let text = "";
  const flush = () => {
    if (text !== "") words.push(JSON.stringify(text));
    text = "";
  };
  for (const key of keys) {
    if (key.type === "text") {
      text += key.text;
      continue;
    }
    flush();
    if (key.type === "paste") words.push(`paste${JSON.stringify(key.text)}`);
    else
      words.push(`${key.ctrl ? "ctrl-" : ""}${key.alt ? "alt-" : ""}${key.shift ? "shift-" : ""}${key.name}`);
  }
  flush();
  return words;
}

const table: [bytes: string, keys: string][] = [
  ["hé👍🏽", '"hé👍🏽"'],
  ["a\rb\n\x1b\n", '"a" enter "b" ctrl-j ctrl-alt-j'],
  ["\t\x7f\b", "tab backspace backspace"],
  ["\x01\x03\x04\x1a", "ctrl-a ctrl-c ctrl-d ctrl-z"],
  ["\x1b[A\x1b[B\x1b[C\x1b[D", "up down right left"],
  ["\x1bOA\x1bOD\x1bOH\x1bOF", "up left home end"],
  ["\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~", "home end home end home end"],
  ["\x1b[3~\x1b[5~\x1b[6~", "delete pageup pagedown"],
  ["\x1b[1;5C\x1b[1;3D\x1b[1;2A\x1b[3;5~", "ctrl-right alt-left shift-up ctrl-delete"],
  ["\x1b[Z", "shift-tab"],
  ["\x1bb\x1bf\x1bd\x1b\x7f\x1b\r", "alt-b alt-f alt-d alt-backspace alt-enter"],
  ["\x1b[200~one\rtwo\x1b[A\x03\x1b[201~x", 'paste"one\\rtwo\\u001b[A\\u0003" "x"'],
  // What a terminal answers when it is asked, sooner or later.
  ["\x1b[?62;22;52c\x1b[>0;276;0c\x1b[24;80R\x1b[?2004;1$y", "up"],
  ["\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b]10;rgb:ffff/ffff/ffff\x07", "up"],
  ["\x1bP>|xterm(390)\x1b\\\x1b_Gi=31;OK\x1b\\", "up"],
  // Keys that mean nothing here, a click, the focus.
  ["\x1b[11~\x1b[[A\x1b[M !!\x1b[<0;3;4M\x1b[I\x1b[O\x1b[27;5;13~\x1b[13;2u", "up"],
];

describe("keys come out as the bytes say", () => {
  test.each(table)("the bytes %j are the keys they say", (bytes, keys) => {
    const sentinel = keys === "up" ? "\x1b[A" : "";
    expect(keysIn(bytes + sentinel)).toBe(keys);
  });

  test.each(table)("the bytes %j are the same keys one at a time", (bytes, keys) => {
    const reader = new KeyReader();
    const sentinel = keys === "up" ? "\x1b[A" : "";
    const came = [...Buffer.from(bytes + sentinel)].flatMap((byte) => reader.push(Buffer.of(byte)));
    // Ctrl-C alone ends a paste, so there the paste is in two.
    const expected = bytes.includes("\x1b[200~") ? 'paste"one\\rtwo\\u001b[A"' : keys;
    expect(joined(came).join(" ")).toStartWith(expected);
  });
});

test("a pause inside a sequence leaves no part of it as text", () => {
  for (const sequence of ["\x1b[D", "\x1b[1;5C", "\x1bOA", "\x1b[3~"]) {
    for (let cut = 1; cut < sequence.length; cut++) {
      const reader = new KeyReader();
      const keys = [...reader.push(Buffer.from(sequence.slice(0, cut)))];
      expect(reader.waitsMs).toBeGreaterThanOrEqual(cut === 1 ? 50 : 200);
      keys.push(...reader.push(Buffer.from(sequence.slice(cut))));
      expect(joined(keys).join()).toBe(keysIn(sequence));
    }
  }
});

test("a paste whose end never comes expires, and keys work again", () => {
  const reader = new KeyReader();
  expect(reader.push(Buffer.from("\x1b[200~half a pas"))).toEqual([]);
  expect(reader.waitsMs).toBeGreaterThanOrEqual(500);
  expect(reader.expire()).toEqual([{ type: "paste", text: "half a pas" }]);
  expect(joined(reader.push(Buffer.from("te\r")))).toEqual(['"te"', "enter"]);
  expect(reader.waitsMs).toBeUndefined();
});

test.each(["\x1b", "\x1b[", "\x1b[20", "\x1b[201"])(
  "a paste that expires in its end %j keeps its text",
  (end) => {
    const reader = new KeyReader();
    reader.push(Buffer.from(`\x1b[200~text${end}`));
    expect(reader.expire()).toEqual([{ type: "paste", text: "text" }]);
  },
);

test("Ctrl-C during a paste ends it, and its text stays", () => {
  const reader = new KeyReader();
  reader.push(Buffer.from("\x1b[200~some text"));
  expect(joined(reader.push(Buffer.from("\x03")))).toEqual(['paste"some text"']);
  expect(joined(reader.push(Buffer.from("\x03")))).toEqual(["ctrl-c"]);
});

test("Escape is a key after a pause, and takes nothing along", () => {
  const reader = new KeyReader();
  expect(reader.push(Buffer.from("\x1b"))).toEqual([]);
  expect(joined(reader.expire())).toEqual(["escape"]);
  expect(joined(reader.push(Buffer.from("b")))).toEqual(['"b"']);
  // It is noticed at once, as far as a person can tell.
  reader.push(Buffer.from("\x1b"));
  expect(reader.waitsMs).toBeLessThanOrEqual(100);
  reader.expire();
  // What only begins with it is none.
  for (const begun of ["\x1b[", "\x1bO", "\x1b[1;", "\x1b]0;"]) {
    reader.push(Buffer.from(begun));
    expect(reader.expire()).toEqual([]);
  }
});

test("the rest of a sequence is no text, though ESC was taken for a key", () => {
  for (const [rest, keys] of [
    ["[D", "left"],
    ["[D\x1b[D", "left left"],
    ["[1;5C", "ctrl-right"],
    ["[5~", "pageup"],
    ["OA", "up"],
    ["[?62;22c\x1b[A", "up"],
    ["]11;rgb:1e1e/1e1e/2e2e\x07\x1b[A", "up"],
    ["[200~two\x1b[201~", 'paste"two"'],
    ["Oh no", '"Oh no"'],
    ["[x] done", '"[x] done"'],
    ["\x1b[D", "left"],
  ] as const) {
    const reader = new KeyReader();
    reader.push(Buffer.from("\x1b"));
    expect(joined(reader.expire())).toEqual(["escape"]);
    expect(joined(reader.push(Buffer.from(rest))).join(" ")).toBe(keys);
    // Much later it is text.
    reader.push(Buffer.from("\x1b"));
    expect(joined([...reader.expire(), ...reader.expire()])).toEqual(["escape"]);
    expect(reader.waitsMs).toBeUndefined();
    expect(joined(reader.push(Buffer.from("[D")))).toEqual(['"[D"']);
  }
  // Byte by byte.
  const reader = new KeyReader();
  reader.push(Buffer.from("\x1b"));
  reader.expire();
  expect(joined(["[", "1", ";", "5", "D"].flatMap((byte) => reader.push(Buffer.from(byte))))).toEqual([
    "ctrl-left",
  ]);
});

test("the focus is told, and is no key", () => {
  const told: boolean[] = [];
  const reader = new KeyReader({ focus: (isFocused) => told.push(isFocused) });
  expect(reader.push(Buffer.from("\x1b[O\x1b[I\x1b["))).toEqual([]);
  expect(reader.push(Buffer.from("Ox"))).toEqual([{ type: "text", text: "x" }]);
  expect(told).toEqual([false, true, false]);
});

test("a character cut between packets stays whole", () => {
  const bytes = Buffer.from("é👍");
  const reader = new KeyReader();
  expect(joined([...bytes].flatMap((byte) => reader.push(Buffer.of(byte))))).toEqual(['"é👍"']);
});

test("whatever comes, keys come out the same however it is cut", () => {
  const part = fc.oneof(
    fc.constantFrom(...table.map(([bytes]) => bytes).filter((bytes) => !bytes.includes("\x03"))),
    fc.string({ maxLength: 4 }),
    fc.constantFrom("\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b[200~", "\x1b[201~", "\x1b[1;", "\x9b"),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 5 }), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(""));
      const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const [whole, cut] = [new KeyReader(), new KeyReader()];
      let start = 0;
      const pieces = ends.flatMap((end) => {
        const keys = cut.push(bytes.subarray(start, end));
        start = end;
        return keys;
      });
      const all = [...whole.push(bytes), ...whole.expire()];
      // Only a lone Ctrl-C can tell the difference, and there is none.
      if (!bytes.includes(3)) expect(joined([...pieces, ...cut.expire()])).toEqual(joined(all));
      // Whatever has begun, nothing keeps the keyboard.
      expect(joined(whole.push(Buffer.from("k")))).toEqual(['"k"']);
    }),
  );
});

test("a sequence without end is dropped before it grows large", () => {
  const reader = new KeyReader();
  for (let i = 0; i < 100; i++) reader.push(Buffer.from(i === 0 ? "\x1b]" : "x".repeat(1_000)));
  expect(joined(reader.push(Buffer.from("\rk"))).at(-1)).toBe('"k"');
});

test("the answer where the cursor is is no key", () => {
  const columns: number[] = [];
  const reader = new KeyReader({ cursor: (column) => columns.push(column) });
  expect(reader.push(Buffer.from("\x1b[24;80R\x1b[1;"))).toEqual([]);
  expect(reader.push(Buffer.from("1Rx"))).toEqual([{ type: "text", text: "x" }]);
  expect(columns).toEqual([79, 0]);
});
