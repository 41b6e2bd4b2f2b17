import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import picocolors from "picocolors";
import { View } from "../../lib/client/view.ts";
import { type Event, limits, type Recorded } from "../../lib/protocol.ts";

const plain = new View(picocolors.createColors(false));
const colored = new View(picocolors.createColors(true));
const at = { seq: 1, at: 2 };

const said = (from: string, text: string): Recorded => ({ type: "said", ...at, from, text });

/** Every type of event, made of one name and one text. */
function eventsOf(name: string, text: string): { [T in Event["type"]]: Event & { type: T } } {
  return {
    said: { type: "said", ...at, from: name, text, id: text },
    acted: { type: "acted", ...at, from: name, text },
    told: { type: "told", ...at, from: name, to: name, text },
    joined: { type: "joined", ...at, name, text },
    left: { type: "left", ...at, name, text },
    renamed: { type: "renamed", ...at, from: name, to: name },
    welcome: {
      type: "welcome",
      name,
      token: text,
      epoch: text,
      seq: 1,
      members: [{ name, away: true }],
      limits,
    },
    members: { type: "members", seq: 1, members: [{ name }, { name }], id: text },
    history: { type: "history", events: [said(name, text), { type: "left", ...at, name, text }] },
    error: { type: "error", code: "empty", text, id: text },
    bye: { type: "bye", code: "left", text },
    gap: { type: "gap", from: 1, to: 2 },
    help: { type: "help", text },
    pong: { type: "pong", id: text },
    seen: { type: "seen", id: text, seq: 1 },
  };
}

describe("render()", () => {
  const cases: [event: Event, lines: string[]][] = [
    [said("bob", "hi"), ["bob: hi"]],
    [said("bob", "hi\namy: hi\n"), ["bob: hi", "    amy: hi", "    "]],
    [{ type: "acted", ...at, from: "bob", text: "waves\n* amy waves" }, ["* bob waves", "    * amy waves"]],
    [{ type: "told", ...at, from: "bob", to: "amy", text: "hi\ncy: hi" }, ["[bob to amy] hi", "    cy: hi"]],
    [{ type: "joined", ...at, name: "bob" }, ["bob joined"]],
    [{ type: "left", ...at, name: "bob" }, ["bob left"]],
    [{ type: "left", ...at, name: "bob", text: "bye\namy: hi" }, ["bob left (bye amy: hi)"]],
    [{ type: "renamed", ...at, from: "bob", to: "rob" }, ["bob is now rob"]],
    [
      {
        type: "welcome",
        name: "bob",
        epoch: "e",
        seq: 1,
        members: [{ name: "amy", away: true }, { name: "cy" }],
        limits,
      },
      ["You are connected as bob. Here: amy (away), cy. /help for help."],
    ],
    [
      { type: "welcome", name: "bob", epoch: "e", seq: 0, members: [], limits },
      ["You are connected as bob. Nobody else is here. /help for help."],
    ],
    [{ type: "members", seq: 1, members: [{ name: "bob" }] }, ["Here: bob."]],
    [{ type: "history", events: [said("bob", "1\n2"), said("amy", "3")] }, ["bob: 1", "    2", "amy: 3"]],
    [{ type: "history", events: [] }, []],
    [{ type: "gap", from: 1, to: 2 }, ["Some lines are missing here: they are no longer kept"]],
    [{ type: "error", code: "empty", text: "A message needs some text" }, ["! A message needs some text"]],
    [{ type: "bye", code: "left", text: "Goodbye" }, ["! Goodbye"]],
    [{ type: "help", text: "/me\n/who" }, ["/me", "/who"]],
    [{ type: "pong", id: "1" }, []],
    [{ type: "seen", id: "1", seq: 1 }, []],
  ];
  test.each(cases)("shows %j", (event, lines) => {
    expect(plain.render(event)).toEqual(lines);
  });

  test("shows nothing of an event it does not know", () => {
    const event: Event = JSON.parse('{"type":"moved","seq":1,"at":2,"text":"x"}');
    expect(plain.render(event)).toEqual([]);
  });

  test("shows what a terminal would obey, wherever it stands in an event", () => {
    const shown = Object.values(eventsOf("\x1b[1mbob\x9b", "\x1b]0;title\x07\u202e"));
    const lines = shown.flatMap((event) => plain.render(event)).join("\n");
    expect(lines).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(lines).toContain("␛[1mbob�: ␛]0;title␇�");
  });

  test("gives lines that hold no control, LF included, whatever the names and the texts", () => {
    const part = fc.constantFrom(
      "\x1b[31m",
      "\n",
      "\r",
      "\t",
      "\0",
      "\x9b2J",
      "\u202e",
      "\ud800",
      "bob: hi",
      "é",
    );
    const text = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, (name, text) => {
        for (const event of Object.values(eventsOf(name, text))) {
          for (const line of plain.render(event))
            expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });
});

describe("problem() and notice()", () => {
  test("are one line each", () => {
    expect(plain.problem("No connection")).toEqual(["! No connection"]);
    expect(plain.notice("Back again")).toEqual(["Back again"]);
  });

  test("show what a terminal would obey, since a problem may be told by the server", () => {
    expect(plain.problem("\x1b[2J").join()).toBe("! ␛[2J");
  });
});

describe("colours", () => {
  /** What is left of a line without the colours themselves. */
  const bare = (lines: string[]) => lines.map((line) => Bun.stripANSI(line));
  const colorOf = (name: string) => colored.render(said(name, "hi"))[0]?.split(name)[0];
  const names = Array.from({ length: 50 }, (_, i) => `n${i}`);

  test("change nothing but colours", () => {
    for (const event of Object.values(eventsOf("bob", "hi"))) {
      expect(bare(colored.render(event))).toEqual(plain.render(event));
    }
  });

  test("stand around the name alone, and end before the text", () => {
    expect(colored.render(said("bob", "hi\nyou"))).toEqual([
      expect.stringMatching(/^\x1b\[3[1-6]mbob\x1b\[39m: hi$/),
      "    you",
    ]);
  });

  test("are the same for a name each time, in any view, event and case", () => {
    const again = new View(picocolors.createColors(true));
    for (const name of names) {
      const start = colorOf(name) ?? "?";
      expect(again.render(said(name, "hi"))[0]).toStartWith(`${start}${name}`);
      expect(colored.render({ type: "acted", ...at, from: name, text: "" })[0]).toStartWith(
        `* ${start}${name}`,
      );
      expect(colorOf(name.toUpperCase())).toBe(start);
    }
  });

  test("are several for several names", () => {
    expect(new Set(names.map(colorOf)).size).toBe(6);
  });

  test("set apart what the room says from what members say", () => {
    const [joined = ""] = colored.render({ type: "joined", ...at, name: "bob" });
    const [bye = ""] = colored.render({ type: "bye", code: "left", text: "Goodbye" });
    expect(joined).toBe("\x1b[2mbob joined\x1b[22m");
    expect(bye).toBe("\x1b[33m! Goodbye\x1b[39m");
  });
});
