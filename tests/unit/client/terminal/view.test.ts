import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import picocolors from "picocolors";
import { type Event, limits } from "../../../../lib/protocol/events.ts";
import { testMs } from "../../../support/transcript.ts";
import { at, moved, type Options, open, said } from "./viewed.ts";

setDefaultTimeout(testMs);

/** What is read of these events, one after the other, those who came and went included. */
function shown(events: Event[], options: Options = {}): string[] {
  const { view, show } = open(options);
  return [...events.flatMap(show), ...view.settle()];
}

/** Every type of event, made of one name and one text. */
function eventsOf(name: string, text: string): { [T in Event["type"]]: Event & { type: T } } {
  return {
    said: { type: "said", ...at, from: name, text, id: text },
    acted: { type: "acted", ...at, from: name, text },
    told: { type: "told", ...at, from: name, to: name, text },
    joined: { type: "joined", ...at, name, text },
    left: { type: "left", ...at, name: `${name}2`, text },
    renamed: { type: "renamed", ...at, from: name, to: name },
    kicked: { type: "kicked", ...at, name, by: name, text },
    banned: { type: "banned", ...at, by: name, text },
    unbanned: { type: "unbanned", ...at, name, by: name },
    muted: { type: "muted", ...at, name, by: name },
    unmuted: { type: "unmuted", ...at, name, by: name },
    freed: { type: "freed", ...at, name, by: name },
    opped: { type: "opped", ...at, name },
    deopped: { type: "deopped", ...at, name, by: name },
    whois: { type: "whois", name, traces: [{ name, names: [name], address: text }] },
    whowas: { type: "whowas", name, traces: [{ name, names: [name], address: text }] },
    note: { type: "note", text },
    topic: { type: "topic", ...at, text, by: name },
    deleted: { type: "deleted", ...at, seqs: [1, 2], name, by: `${name}2`, saidAt: 0 },
    moved: { type: "moved", ...at, name },
    erased: { type: "erased", ...at },
    welcome: {
      type: "welcome",
      name,
      token: text,
      epoch: text,
      seq: 1,
      members: [{ name, away: true }],
      topic: text,
      limits,
    },
    members: { type: "members", seq: 1, members: [{ name }, { name }], id: text },
    history: { type: "history", events: [said(name, text), { type: "left", ...at, name, text }] },
    waiting: { type: "waiting", events: [said(name, text)] },
    results: { type: "results", text, events: [said(name, text)] },
    bans: { type: "bans", bans: [{ name, by: name, at: 2, text }] },
    subject: { type: "subject", text },
    error: { type: "error", code: "empty", text, id: text },
    bye: { type: "bye", code: "left", text },
    gap: { type: "gap", from: 1, to: 2 },
    help: { type: "help", text },
    pong: { type: "pong", id: text },
    seen: { type: "seen", id: text, seq: 1 },
    epoch: { type: "epoch", epoch: text },
  };
}

describe("each event is shown as a person would read it", () => {
  const members = [{ name: "amy", away: true as const }, { name: "cy" }];
  test.each<[events: Event[], lines: string[]]>([
    [[said("bob", "hi")], ["bob: hi"]],
    [[said("bob", "hi\namy: hi\n  code")], ["bob: hi", "     amy: hi", "       code"]],
    [
      [{ type: "acted", ...at, from: "bob", text: "waves\n* amy waves" }],
      ["* bob waves", "      * amy waves"],
    ],
    [
      [{ type: "told", ...at, from: "bob", to: "amy", text: "hi\ncy: hi" }],
      ["[bob to amy] hi", "             cy: hi"],
    ],
    [[moved("joined", "bob")], ["bob joined"]],
    [[moved("left", "bob", "bye\namy: hi")], ["bob left: bye amy: hi"]],
    [[{ type: "renamed", ...at, from: "bob", to: "rob" }], ["bob is now rob"]],
    [
      [{ type: "welcome", name: "me", epoch: "e", seq: 1, members, limits }],
      ["You are connected as me. Here: amy (away), cy. /help for help."],
    ],
    [
      [{ type: "welcome", name: "me", epoch: "e", seq: 1, members, topic: "tea", limits }],
      ["You are connected as me. Here: amy (away), cy. /help for help.", "The topic is: tea"],
    ],
    [[{ type: "members", seq: 1, members: [] }], ["Nobody else is here."]],
    [[{ type: "kicked", ...at, name: "bob", by: "amy", text: "enough" }], ["bob was kicked by amy (enough)"]],
    [[{ type: "banned", ...at, name: undefined, by: "server" }], ["An address was banned by server"]],
    [[{ type: "unbanned", ...at, name: "bob", by: "amy" }], ["bob was unbanned by amy"]],
    [[{ type: "muted", ...at, name: "bob", by: "amy" }], ["bob was muted by amy"]],
    [[{ type: "unmuted", ...at, name: "bob", by: "amy" }], ["bob was unmuted by amy"]],
    [[{ type: "freed", ...at, name: "bob", by: "amy" }], ["The name bob was set free by amy"]],
    [[{ type: "told", ...at, from: "bob", to: "cy", text: "hi", away: true }], ["[bob to cy (away)] hi"]],
    [[{ type: "opped", ...at, name: "bob" }], ["bob is an operator now"]],
    [[{ type: "topic", ...at, text: "tea", by: "amy" }], ["amy set the topic: tea"]],
    [[{ type: "topic", ...at, text: undefined, by: "amy" }], ["amy took the topic away"]],
    [
      [
        {
          type: "deleted",
          ...at,
          seqs: [7],
          name: "bob",
          by: "bob",
          saidAt: new Date(2026, 1, 2, 15, 4).getTime(),
        },
      ],
      ["bob took back a message, said at 15:04"],
    ],
    [
      [{ type: "deleted", ...at, seqs: [7, 5], name: "bob", by: "amy", saidAt: 0 }],
      ["amy took back 2 messages of bob"],
    ],
    [[{ type: "subject", text: "tea" }], ["The topic is: tea"]],
    [[{ type: "subject" }], ["There is no topic."]],
    [[{ type: "bans", bans: [] }], ["Nobody is banned."]],
    [
      [
        {
          type: "bans",
          bans: [
            { name: "bob", by: "amy", at: 0, text: "spam" },
            { name: "192.0.2.1", by: "server", at: 86_400_000 },
          ],
        },
      ],
      ["bob, by amy on 1970-01-01: spam", "192.0.2.1, by server on 1970-01-02"],
    ],
    [
      [{ type: "history", events: [said("bob", "1\n2"), moved("left", "bob"), said("amy", "3")] }],
      ["── earlier ──", "bob: 1", "     2", "amy: 3", "── now ──"],
    ],
    [[{ type: "history", events: [moved("left", "bob")] }], []],
    [
      [{ type: "results", text: "hi", events: [said("bob", "oh hi")] }],
      ['── found "hi" ──', "bob: oh hi", "── now ──"],
    ],
    [[{ type: "results", text: "hi", events: [] }], ['Nothing was found for "hi"']],
    [[{ type: "gap", from: 1, to: 2 }], ["! Some lines are missing here: they are no longer kept"]],
    [[{ type: "error", code: "empty", text: "A message needs some text" }], ["! A message needs some text"]],
    [[{ type: "help", text: "/me\n/who" }], ["/me", "/who"]],
    [
      [
        { type: "pong", id: "1" },
        { type: "seen", id: "1", seq: 1 },
      ],
      [],
    ],
    [[JSON.parse('{"type":"sneezed","seq":1,"at":2,"text":"x"}')], []],
  ])("the events %j are shown as a person reads them", (events, lines) => {
    expect(shown(events)).toEqual(lines);
  });

  test("the welcome is told once, not again after a drop", () => {
    const welcome: Event = { type: "welcome", name: "me", epoch: "e", seq: 1, members: [], limits };
    expect(shown([welcome, welcome])).toHaveLength(1);
  });
});

describe("coming and going is quiet", () => {
  test("members who come and go together share a line before the next message", () => {
    const events = [moved("joined", "a"), moved("left", "b"), moved("joined", "c"), said("c", "hi")];
    expect(shown(events)).toEqual(["a, c joined · b left", "c: hi"]);
  });

  test("a member who leaves with words has a row of their own", () => {
    const events = [
      moved("joined", "a"),
      moved("left", "bob", "bye) left · server joined · alice was kicked by server (x"),
      moved("left", "c"),
    ];
    expect(shown(events)).toEqual([
      "a joined · c left",
      "bob left: bye) left · server joined · alice was kicked by server (x",
    ]);
    expect(shown([moved("joined", "a"), moved("left", "a", "oops")])).toEqual(["a came and went: oops"]);
  });

  test("a member back at once never left; one gone at once came and went", () => {
    expect(shown([moved("left", "a"), moved("joined", "a")])).toEqual([]);
    expect(shown([moved("joined", "a"), moved("left", "a")])).toEqual(["a came and went"]);
  });

  test("active shows who spoke lately come and go, none shows no one", () => {
    const events = [said("bob", "hi"), moved("left", "bob"), moved("left", "lurker"), moved("joined", "new")];
    expect(shown(events, { joins: "active" })).toEqual(["bob: hi", "bob left"]);
    expect(shown(events, { joins: "none" })).toEqual(["bob: hi"]);
  });
});

describe("the time", () => {
  const morning = new Date(2026, 10, 22, 9, 5, 7).getTime();

  test("the time is local, short or full", () => {
    expect(shown([said("bob", "hi", morning)], { time: "short" }).at(-1)).toBe("09:05 bob: hi");
    expect(shown([said("bob", "hi", morning)], { time: "full" }).at(-1)).toBe("2026-11-22 09:05:07 bob: hi");
  });

  test("all that happens has its time, where it is shown in full", () => {
    const at = { seq: 1, at: morning };
    const events: Event[] = [
      { type: "joined", ...at, name: "bob" },
      { type: "renamed", ...at, from: "bob", to: "rob" },
      { type: "topic", ...at, text: "tea", by: "ann" },
      { type: "kicked", ...at, name: "rob", by: "ann" },
      { type: "left", ...at, name: "ann", text: "bye" },
    ];
    const lines = shown(events, { time: "full" }).filter((line) => !line.startsWith("──"));
    expect(lines.length).toBeGreaterThanOrEqual(5);
    for (const line of lines) expect(line).toStartWith("2026-11-22 09:05:07 ");
  });

  test("the time marks each new day", () => {
    const nextDay = new Date(2026, 10, 23, 0, 0, 1).getTime();
    const lines = shown(
      [said("a", "1", morning), said("a", "2", morning + 60_000), said("a", "3", nextDay)],
      {
        time: "short",
      },
    );
    expect(lines.slice(-4)).toEqual(["09:05 a: 1", "09:06 a: 2", "── Mon Nov 23 2026 ──", "00:00 a: 3"]);
  });
});

describe("long lines", () => {
  const narrow = { columns: () => 20 };

  test("/help breaks at words, its summaries under their commands", () => {
    const text =
      "/me TEXT                    say what you do: /me waves\n/who                        list who is here";
    const lines = shown([{ type: "help", text }], { columns: () => 30 });
    expect(lines).toEqual(["/me TEXT", "    say what you do: /me waves", "/who", "    list who is here"]);
    expect(shown([{ type: "help", text }], { columns: () => 80 })).toEqual(text.split("\n"));
  });

  test("long lines break at words, under their text", () => {
    expect(shown([said("bob", "one two three four five six")], narrow)).toEqual([
      "bob: one two three",
      "     four five six",
    ]);
  });

  test("long lines leave a URL whole", () => {
    const url = "https://example.com/a/long/path";
    expect(shown([said("bob", `see ${url} ok`)], narrow)).toEqual(["bob: see", `     ${url}`, "     ok"]);
  });

  test("long lines are measured in columns, not in characters", () => {
    for (const line of shown([said("bob", "日本語 ".repeat(8))], narrow)) {
      expect(Bun.stringWidth(line.trimEnd())).toBeLessThanOrEqual(20);
    }
  });

  test("long lines of a long name stand under a small margin", () => {
    expect(shown([said("x".repeat(15), "one two three")], narrow)).toEqual([
      "xxxxxxxxxxxxxxx:",
      "    one two three",
    ]);
  });
});

describe("a mention", () => {
  test("a mention is one's own name as a word, in any case, or a whisper", () => {
    const { chat, happen, rings } = open();
    expect(rings(said("bob", "hi Me!"))).toBe(true);
    expect(rings(said("bob", "some meat"))).toBe(false);
    expect(rings(said("bob", "me-too"))).toBe(false);
    expect(rings(said("ME", "it is me"))).toBe(false);
    expect(rings({ type: "told", ...at, from: "bob", to: "me", text: "psst" })).toBe(true);
    expect(rings({ type: "history", events: [said("bob", "me")] })).toBe(false);
    expect(chat.whisperer?.name).toBe("bob");
    happen({ type: "renamed", ...at, from: "me", to: "a-b_c" });
    expect(rings(said("bob", "hey A-B_C, look"))).toBe(true);
    expect(rings(said("bob", "xa-b_c a-b_cx"))).toBe(false);
    // What a hostile server may call us is no pattern.
    happen({ type: "renamed", ...at, from: "a-b_c", to: "(((*" });
    expect(rings(said("bob", "hey (((*"))).toBe(false);
  });

  test("the bell rings at mentions, never or always, as wanted", () => {
    for (const [bell, expected] of [
      ["off", false],
      ["all", true],
    ] as const) {
      const { rings } = open({ bell });
      expect(rings(said("bob", bell === "off" ? "me" : "x"))).toBe(expected);
    }
  });

  test("a mention stands out, and so do the words searched for", () => {
    const colors = picocolors.createColors(true);
    expect(shown([said("bob", "hi me")], { colors }).join()).toContain(`hi ${colors.inverse("me")}`);
    const found: Event = {
      type: "results",
      text: "cat hé",
      events: [said("bob", "a CATalog, héllo he\u0301y")],
    };
    const line = shown([found], { colors })[1];
    expect(line).toContain(
      `a ${colors.inverse("CAT")}alog, ${colors.inverse("hé")}llo ${colors.inverse("hé")}y`,
    );
  });
});

test("a full room is named in part at the start, and whole by /who", () => {
  const names = Array.from({ length: 80 }, (_, i) => `m${i}`);
  const members = names.map((name) => ({ name }));
  const { show } = open();
  const welcome = show({ type: "welcome", name: "me", epoch: "e", seq: 1, members, limits }).join(" ");
  expect(welcome).toContain("Here: m0, m1, m2,");
  expect(welcome).toContain("m29 and 50 more. /help for help.");
  expect(show({ type: "members", seq: 1, members }).join(" ")).toContain("m78, m79.");
});

test("an ignored member's words are hidden, whatever the name's case", () => {
  const { chat, show, rings } = open();
  chat.ignored.add("bob");
  expect(show(said("BOB", "hi"))).toEqual([]);
  const whisper: Event = { type: "told", ...at, from: "bob", to: "me", text: "hi" };
  expect(show(whisper)).toEqual([]);
  expect(rings(whisper)).toBe(false);
  chat.ignored.remove("Bob");
  expect(show(said("bob", "hi"))).toEqual(["bob: hi"]);
});

describe("nothing that a terminal would obey is left in a line", () => {
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

  test("a line has nothing a terminal obeys, for any name, text and width", () => {
    fc.assert(
      fc.property(text, text, fc.constantFrom(Infinity, 10, 40), (name, text, columns) => {
        for (const line of shown(Object.values(eventsOf(name, text)), { columns: () => columns })) {
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });

  test("a notice, a problem and a divider have nothing a terminal obeys", () => {
    const one = open().view;
    for (const lines of [one.notice("\x1b[2J"), one.problem("\x1b[2J"), one.divider("\x1b[2J")]) {
      expect(lines.join()).toContain("␛[2J");
    }
  });
});

describe("colours", () => {
  const colors = picocolors.createColors(true);
  const colorOf = (name: string) => shown([said(name, "hi")], { colors })[0]?.split(name)[0];
  const names = Array.from({ length: 50 }, (_, i) => `n${i}`);

  test("colours change nothing but colours", () => {
    for (const event of Object.values(eventsOf("bob", "hi"))) {
      expect(shown([event], { colors }).map((line) => Bun.stripANSI(line))).toEqual(shown([event]));
    }
  });

  test("colours are the same for a name each time, in any view, event and case", () => {
    for (const name of names) {
      expect(colorOf(name)).toBe(colorOf(name));
      expect(colorOf(name.toUpperCase())).toBe(colorOf(name));
    }
  });

  test("colours differ among names", () => {
    expect(new Set(names.map(colorOf)).size).toBe(6);
  });
});
