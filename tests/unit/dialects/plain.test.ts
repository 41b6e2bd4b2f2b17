import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { dialectOf } from "../../../lib/dialects/choose.ts";
import { greeting, plain } from "../../../lib/dialects/plain.ts";
import { commands as table } from "../../../lib/protocol/commands.ts";
import { type Event, isFault, limits } from "../../../lib/protocol/events.ts";
import { help } from "../../../lib/protocol/typed.ts";
import { testMs } from "../../support/transcript.ts";
import { feeds, read } from "./feeds.ts";

setDefaultTimeout(testMs);

/** Dialects without a state ask their session for nothing. */
const noHost = () => {
  throw new Error("No host is needed");
};

describe("plain.parse()", () => {
  type Case = [line: string, joined: boolean, type: string, early: boolean, fields: Record<string, unknown>];
  const commands: Case[] = [
    ["ann", false, "join", true, { name: "ann" }],
    [" Ａnn ", false, "join", true, { name: "Ann" }],
    ["/help", false, "help", true, {}],
    ["/quit", false, "quit", true, {}],
    ["/who", false, "who", false, {}],
    ["ann", true, "say", false, { text: "ann" }],
    ["hi, é 😀 ", true, "say", false, { text: "hi, é 😀" }],
    ["\x1b[2Jhi\tyou", true, "say", false, { text: "␛[2Jhi  you" }],
    ['{"type":"ping"}', true, "say", false, { text: '{"type":"ping"}' }],
    ["//who", true, "say", false, { text: "/who" }],
    ["/me waves", true, "act", false, { text: "waves" }],
    ["/msg bob hi there", true, "tell", false, { to: "bob", text: "hi there" }],
    ["/nick bea", true, "rename", false, { name: "bea" }],
    ["/who", true, "who", false, {}],
    ["/history 5", true, "history", false, { limit: 5 }],
    ["/search good lunch", true, "search", false, { text: "good lunch" }],
    ["/topic tea at five", true, "topic", false, { text: "tea at five" }],
    ["/op pass word", true, "op", false, { password: "pass word" }],
    ["/ban 192.0.2.1 spam", true, "ban", false, { name: "192.0.2.1", text: "spam" }],
    ["/kick bob", true, "kick", false, { name: "bob" }],
    ["/help", true, "help", true, {}],
    ["/quit bye", true, "quit", true, { text: "bye" }],
  ];
  for (const [how, feed, pending] of feeds) {
    test.each(commands)(
      `plain.parse() takes %j (joined: %p) for %s, fed ${how}`,
      (line, joined, type, early, fields) => {
        const fed = read(feed(`${line}\r\n`));
        expect(fed).toEqual({ lines: [line], pending });
        const command = plain.parse(fed.lines[0] ?? "", joined);
        if (isFault(command)) throw new Error(command.text);
        expect<unknown>(command).toEqual({ type, ...fields });
        expect(table[command.type].early ?? false).toBe(early);
      },
    );
  }

  test.each(["secret", " with blanks ", "/quit", "", '{"type":"ping"}'])(
    "plain.parse() takes %j for the password of a name that needs one",
    (password) => {
      const command = plain.parse(password, false, { name: "ann", missing: "password" });
      if (isFault(command)) throw new Error(command.text);
      expect(command).toEqual({ type: "join", name: "ann", password });
    },
  );

  const refused: [line: string, joined: boolean, code: string][] = [
    ["", false, "bad-name"],
    ["ann lee", false, "bad-name"],
    ["GET / HTTP/1.1", false, "bad-name"],
    ["server", false, "name-reserved"],
    ["/wave", false, "unknown-command"],
    ["", true, "empty"],
    ["   ", true, "empty"],
    ["/wave", true, "unknown-command"],
    ["/me", true, "empty"],
    ["/msg bob", true, "empty"],
    ["/msg", true, "bad-name"],
    ["/nick a b", true, "bad-name"],
    ["/history all", true, "bad-field"],
    ["/search", true, "empty"],
    ["/op", true, "empty"],
    [" /op secret", true, "unknown-command"],
    ["\u00a0/op secret", false, "unknown-command"],
    ["//ann", false, "bad-name"],
    ["x".repeat(limits.textLength + 1), true, "too-long"],
  ];
  test.each(refused)("plain.parse() refuses %j (joined: %p)", (line, joined, code) => {
    expect(plain.parse(line, joined)).toMatchObject({ type: "error", code });
  });
});

describe("plain.encode()", () => {
  const at = { seq: 1, at: 2 };
  const texts: { [T in Event["type"]]: [event: Event & { type: T }, text: string][] } = {
    said: [
      [{ type: "said", ...at, from: "ann", text: "hi", id: "1" }, "ann: hi\n"],
      [
        { type: "said", ...at, from: "ann", text: "hi\nbob: hi\n\n! x" },
        "ann: hi\n    bob: hi\n    \n    ! x\n",
      ],
    ],
    acted: [[{ type: "acted", ...at, from: "ann", text: "waves\nbob: hi" }, "* ann waves\n    bob: hi\n"]],
    told: [
      [{ type: "told", ...at, from: "ann", to: "bob", text: "hi\ncy: hi" }, "[ann to bob] hi\n    cy: hi\n"],
      [{ type: "told", ...at, from: "ann", to: "bob", text: "hi", away: true }, "[ann to bob (away)] hi\n"],
    ],
    joined: [[{ type: "joined", ...at, name: "ann" }, "ann joined\n"]],
    left: [
      [{ type: "left", ...at, name: "ann", text: undefined }, "ann left\n"],
      [{ type: "left", ...at, name: "ann", text: "bye\nbob: hi" }, "ann left (bye\n    bob: hi)\n"],
    ],
    renamed: [[{ type: "renamed", ...at, from: "ann", to: "bea" }, "ann is now bea\n"]],
    kicked: [
      [{ type: "kicked", ...at, name: "bob", by: "ann" }, "bob was kicked by ann\n"],
      [{ type: "kicked", ...at, name: "bob", by: "ann", text: "enough" }, "bob was kicked by ann (enough)\n"],
    ],
    banned: [
      [{ type: "banned", ...at, name: "bob", by: "ann", text: "spam" }, "bob was banned by ann (spam)\n"],
      [{ type: "banned", ...at, by: "server" }, "An address was banned by server\n"],
      [
        { type: "banned", ...at, name: "bob", by: "ann", text: "spam", until: 7 * 86_400_002 },
        "bob was banned by ann for 1w (spam)\n",
      ],
    ],
    unbanned: [[{ type: "unbanned", ...at, name: "bob", by: "ann" }, "bob was unbanned by ann\n"]],
    muted: [
      [{ type: "muted", ...at, name: "bob", by: "ann" }, "bob was muted by ann\n"],
      [
        { type: "muted", ...at, name: "*", by: "ann", until: 5_400_002 },
        "Everyone but operators was muted by ann for 90m\n",
      ],
    ],
    unmuted: [[{ type: "unmuted", ...at, name: "bob", by: "ann" }, "bob was unmuted by ann\n"]],
    freed: [[{ type: "freed", ...at, name: "bob", by: "ann" }, "The name bob was set free by ann\n"]],
    opped: [[{ type: "opped", ...at, name: "ann" }, "ann is an operator now\n"]],
    deopped: [
      [{ type: "deopped", ...at, name: "ann", by: "ann" }, "ann is no operator any more\n"],
      [{ type: "deopped", ...at, name: "ann", by: "bob" }, "ann is no operator any more (by bob)\n"],
    ],
    whois: [
      [
        {
          type: "whois",
          name: "ann",
          traces: [
            {
              name: "ann",
              operator: true,
              away: true,
              names: ["bea", "cy"],
              address: "192.0.2.1",
              since: 0,
              muted: true,
            },
          ],
        },
        "ann (operator, away), at 192.0.2.1, here since 1970-01-01 00:00 UTC, before that bea, cy, muted\n",
      ],
      [{ type: "whois", name: "ann", traces: [] }, "Nobody here is called ann: try /whowas ann.\n"],
    ],
    whowas: [
      [
        { type: "whowas", name: "ann", traces: [{ name: "ann", names: [], until: 60_000 }] },
        "ann, until 1970-01-01 00:01 UTC\n",
      ],
      [{ type: "whowas", name: "ann", traces: [] }, "Nobody called ann has left lately.\n"],
    ],
    note: [[{ type: "note", text: "hi" }, "! hi.\n"]],
    topic: [
      [{ type: "topic", ...at, by: "ann", text: "tea" }, "ann set the topic: tea\n"],
      [{ type: "topic", ...at, by: "ann" }, "ann took the topic away\n"],
    ],
    deleted: [
      [
        { type: "deleted", ...at, seqs: [7], name: "ann", by: "ann", saidAt: 54_240_000 },
        "ann took back a message, said at 15:04 UTC\n",
      ],
      [
        { type: "deleted", ...at, seqs: [7], name: "bob", by: "ann", saidAt: 0 },
        "ann took back a message of bob, said at 00:00 UTC\n",
      ],
      [
        { type: "deleted", ...at, seqs: [7, 5], name: "bob", by: "ann", saidAt: 0 },
        "ann took back 2 messages of bob\n",
      ],
    ],
    erased: [[{ type: "erased", ...at }, ""]],
    moved: [[{ type: "moved", ...at, name: "ann" }, "ann is with another server now\n"]],
    bans: [
      [{ type: "bans", bans: [] }, "Nobody is banned.\n"],
      [
        {
          type: "bans",
          bans: [
            { name: "bob", by: "ann", at: 0, text: "spam" },
            { name: "192.0.2.1", by: "server", at: 86_400_000 },
          ],
        },
        "bob, by ann on 1970-01-01: spam\n192.0.2.1, by server on 1970-01-02\n",
      ],
    ],
    subject: [
      [{ type: "subject", text: "tea" }, "The topic is: tea\n"],
      [{ type: "subject", text: undefined }, "There is no topic.\n"],
    ],
    welcome: [
      [
        {
          type: "welcome",
          name: "ann",
          epoch: "e",
          seq: 3,
          members: [{ name: "bob", away: true }, { name: "cy" }],
          limits,
        },
        "You are connected as ann. Here: bob (away), cy. Type to talk, /help for help.\n",
      ],
      [
        { type: "welcome", name: "ann", epoch: "e", seq: 0, members: [], topic: "tea", limits },
        "You are connected as ann. Here: nobody else. Type to talk, /help for help.\nThe topic is: tea\n",
      ],
    ],
    members: [
      [
        { type: "members", seq: 3, members: [{ name: "ann" }, { name: "bob", away: true }] },
        "Here: ann, bob (away).\n",
      ],
    ],
    history: [
      [{ type: "history", events: [] }, "Nothing was said yet.\n"],
      [{ type: "history", events: [], before: 9 }, "Nothing was said lately.\n"],
      [
        {
          type: "history",
          events: [
            { type: "joined", ...at, name: "ann" },
            { type: "said", ...at, from: "ann", text: "hi\nyou" },
          ],
        },
        "ann joined\nann: hi\n    you\n",
      ],
    ],
    waiting: [
      [
        { type: "waiting", events: [{ type: "told", ...at, from: "ann", to: "bob", text: "a", away: true }] },
        "[ann to bob (away)] a\n",
      ],
    ],
    results: [
      [{ type: "results", text: "x", events: [] }, "Nothing was found.\n"],
      [
        {
          type: "results",
          text: "hi",
          events: [
            { type: "said", ...at, from: "ann", text: "hi\nyou" },
            { type: "told", ...at, from: "ann", to: "bob", text: "hi" },
          ],
          more: true,
        },
        "ann: hi\n    you\n[ann to bob] hi\n",
      ],
    ],
    error: [
      [{ type: "error", code: "empty", text: "A message needs some text" }, "! A message needs some text.\n"],
    ],
    bye: [
      [
        { type: "bye", code: "shutdown", text: "The server is shutting down" },
        "! The server is shutting down.\n",
      ],
    ],
    gap: [[{ type: "gap", from: 1, to: 4 }, "! Some lines are missing here: they are no longer kept.\n"]],
    help: [[{ type: "help", text: help() }, `${help()}\n`]],
    pong: [
      [{ type: "pong" }, "! pong\n"],
      [{ type: "pong", id: "1" }, "! pong 1\n"],
    ],
    epoch: [[{ type: "epoch", epoch: "e" }, ""]],
    seen: [[{ type: "seen", id: "1", seq: 4 }, "! seen 1\n"]],
  };

  for (const [how, feed, pending] of feeds) {
    test.each<[Event, string]>(Object.values(texts).flat())(
      `plain.encode() writes %j, fed ${how}`,
      (event, text) => {
        const fed = read(feed(plain.encode(event)));
        expect(fed).toEqual({ lines: text.split("\n").slice(0, -1), pending });
      },
    );
  }

  test("plain.encode() starts a message alone at the margin", () => {
    const text = fc.array(fc.constantFrom("bob: hi", "* bob waves", "", " ", "! Goodbye."), { minLength: 1 });
    const type = fc.constantFrom("said" as const, "acted" as const);
    fc.assert(
      fc.property(type, text, (type, lines) => {
        const past: Event = { type, ...at, from: "ann", text: lines.join("\n") };
        for (const event of [past, { type: "history" as const, events: [past, past] }]) {
          const written = plain.encode(event).split("\n").slice(0, -1);
          const atMargin = written.filter((line) => !line.startsWith("    "));
          expect(atMargin).toHaveLength(event === past ? 1 : 2);
          for (const line of atMargin) expect(line).toMatch(/^(\* )?ann/);
        }
      }),
    );
  });
});

describe("dialectOf()", () => {
  test.each(["ann", "/help", '"{"', "a{", ""])(
    "dialectOf() takes %j for the first line of a person",
    (line) => {
      expect(dialectOf(line, noHost)).toBe(plain);
    },
  );
});

test("the greeting is one line", () => {
  expect(read([Buffer.from(greeting)])).toEqual({ lines: [greeting.trimEnd()], pending: false });
});

test("plain keeps no seats, since nc keeps no token", () => {
  expect(plain.keepsSeat).toBe(false);
});

test("a plain welcome is the same in one piece and in two", () => {
  const newcomer = { type: "welcome", name: "ann", token: "t" } as const;
  const members = [{ name: "bob", away: true } as const, { name: "ann" }];
  for (const topic of [undefined, "tea"]) {
    const room = { epoch: "e", seq: 7, members, topic, limits: { ...limits, seatMs: 1 } };
    const pieces = plain.encodeNewcomer(newcomer) + plain.encodeRoom(room);
    expect(pieces).toBe(plain.encode({ ...newcomer, ...room }));
  }
});
