import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { dialectOf } from "../../../lib/dialects/choose.ts";
import { json } from "../../../lib/dialects/json.ts";
import { commands as table } from "../../../lib/protocol/commands.ts";
import { type Event, isFault, limits } from "../../../lib/protocol/events.ts";
import { testMs } from "../../support/transcript.ts";
import { feeds, read } from "./feeds.ts";

setDefaultTimeout(testMs);

/** Dialects without a state ask their session for nothing. */
const noHost = () => {
  throw new Error("No host is needed");
};

describe("json.parse()", () => {
  const commands: [line: string, early: boolean, fields: Record<string, unknown>][] = [
    ['{"type":"join","name":"ann"}', true, { name: "ann" }],
    [
      '{"type":"join","name":"ann","token":"t","epoch":"e","after":5,"history":0}',
      true,
      { name: "ann", token: "t", epoch: "e", after: 5, history: 0 },
    ],
    ['{"type":"say","text":"hi, \\"é\\" 😀","id":"a-1"}', false, { text: 'hi, "é" 😀', id: "a-1" }],
    ['{"type":"say","text":"one\\r\\ntwo\\u001b[2J\\ud83d"}', false, { text: "one\ntwo␛[2J�" }],
    [' { "text" : "hi" , "type" : "say" } ', false, { text: "hi" }],
    ['{"type":"act","text":"waves"}', false, { text: "waves" }],
    ['{"type":"tell","to":"bob","text":"hi"}', false, { to: "bob", text: "hi" }],
    ['{"type":"rename","name":"bea"}', false, { name: "bea" }],
    ['{"type":"who","id":"1"}', false, { id: "1" }],
    ['{"type":"history","before":9,"limit":2}', false, { before: 9, limit: 2 }],
    ['{"type":"search","text":" a\\nb ","before":9}', false, { text: "a b", before: 9 }],
    ['{"type":"ping"}', true, {}],
    ['{"type":"topic"}', false, {}],
    ['{"type":"op","password":"p"}', false, { password: "p" }],
    ['{"type":"ban","name":"2001:db8::1","text":"spam"}', false, { name: "2001:db8::1", text: "spam" }],
    ['{"type":"mute","name":"bob"}', false, { name: "bob" }],
    ['{"type":"bans"}', false, {}],
    ['{"type":"help","unknown":[1,{}]}', true, {}],
    ['{"type":"quit","text":"bye"}', true, { text: "bye" }],
  ];
  for (const [how, feed, pending] of feeds) {
    test.each(commands)(`json.parse() takes %s, fed ${how}`, (line, early, fields) => {
      const fed = read(feed(`${line}\n`));
      expect(fed).toEqual({ lines: [line], pending });
      const command = json.parse(fed.lines[0] ?? "", false);
      if (isFault(command)) throw new Error(command.text);
      expect(command).toEqual({ type: JSON.parse(line).type, ...fields });
      expect(table[command.type].early ?? false).toBe(early);
    });
  }

  const refused: [line: string, code: string][] = [
    ["", "bad-json"],
    ["hi", "bad-json"],
    ['{"type":"ping"', "bad-json"],
    ['{"type":"ping"} {"type":"ping"}', "bad-json"],
    ["{'type':'ping'}", "bad-json"],
    ['{"type":"say","text":"a\tb"}', "bad-json"],
    ["null", "bad-command"],
    ["5", "bad-command"],
    ['"ping"', "bad-command"],
    ['[{"type":"ping"}]', "bad-command"],
    ["{}", "bad-command"],
    ['{"type":5}', "bad-command"],
    ['{"type":null}', "bad-command"],
    ['{"__proto__":{"type":"ping"}}', "bad-command"],
    ['{"type":"wave"}', "unknown-command"],
    ['{"type":"__proto__"}', "unknown-command"],
    ['{"type":"say","text":1}', "bad-field"],
    ['{"type":"say","text":""}', "empty"],
    ['{"type":"join","name":"a b"}', "bad-name"],
  ];
  test.each(refused)("json.parse() refuses %s", (line, code) => {
    expect(json.parse(line, true)).toMatchObject({ type: "error", code });
  });

  test("json.parse() gives back the id of a command it refuses", () => {
    expect(json.parse('{"type":"say","text":"","id":"a-1"}', true)).toMatchObject({
      code: "empty",
      id: "a-1",
    });
  });
});

describe("json.encode()", () => {
  const events: { [T in Event["type"]]: [event: Event & { type: T }, line: string] } = {
    said: [
      { type: "said", seq: 1, at: 2, from: "ann", text: "one\ntwo\u2028", id: "a-1" },
      '{"type":"said","seq":1,"at":2,"from":"ann","text":"one\\ntwo\u2028","id":"a-1"}',
    ],
    acted: [
      { type: "acted", seq: 1, at: 2, from: "ann", text: "😀", id: undefined },
      '{"type":"acted","seq":1,"at":2,"from":"ann","text":"😀"}',
    ],
    told: [
      { type: "told", seq: 1, at: 2, from: "ann", to: "bob", text: 'a "b" \\ \x1b', id: "1" },
      '{"type":"told","seq":1,"at":2,"from":"ann","to":"bob","text":"a \\"b\\" \\\\ \\u001b","id":"1"}',
    ],
    joined: [{ type: "joined", seq: 1, at: 2, name: "é" }, '{"type":"joined","seq":1,"at":2,"name":"é"}'],
    left: [
      { type: "left", seq: 1, at: 2, name: "ann", text: "bye" },
      '{"type":"left","seq":1,"at":2,"name":"ann","text":"bye"}',
    ],
    renamed: [
      { type: "renamed", seq: 1, at: 2, from: "ann", to: "bea" },
      '{"type":"renamed","seq":1,"at":2,"from":"ann","to":"bea"}',
    ],
    kicked: [
      { type: "kicked", seq: 1, at: 2, name: "bob", by: "ann", text: "enough" },
      '{"type":"kicked","seq":1,"at":2,"name":"bob","by":"ann","text":"enough"}',
    ],
    banned: [
      { type: "banned", seq: 1, at: 2, name: undefined, by: "ann", text: undefined },
      '{"type":"banned","seq":1,"at":2,"by":"ann"}',
    ],
    unbanned: [
      { type: "unbanned", seq: 1, at: 2, name: "bob", by: "ann" },
      '{"type":"unbanned","seq":1,"at":2,"name":"bob","by":"ann"}',
    ],
    muted: [
      { type: "muted", seq: 1, at: 2, name: "bob", by: "ann" },
      '{"type":"muted","seq":1,"at":2,"name":"bob","by":"ann"}',
    ],
    freed: [
      { type: "freed", seq: 1, at: 2, name: "bob", by: "ann" },
      '{"type":"freed","seq":1,"at":2,"name":"bob","by":"ann"}',
    ],
    unmuted: [
      { type: "unmuted", seq: 1, at: 2, name: "bob", by: "ann" },
      '{"type":"unmuted","seq":1,"at":2,"name":"bob","by":"ann"}',
    ],
    deleted: [
      { type: "deleted", seq: 9, at: 2, seqs: [7, 5], name: "bob", by: "ann", saidAt: 1 },
      '{"type":"deleted","seq":9,"at":2,"seqs":[7,5],"name":"bob","by":"ann","saidAt":1}',
    ],
    erased: [{ type: "erased", seq: 7, at: 2 }, '{"type":"erased","seq":7,"at":2}'],
    opped: [{ type: "opped", seq: 1, at: 2, name: "ann" }, '{"type":"opped","seq":1,"at":2,"name":"ann"}'],
    deopped: [
      { type: "deopped", seq: 1, at: 2, name: "ann", by: "server" },
      '{"type":"deopped","seq":1,"at":2,"name":"ann","by":"server"}',
    ],
    whois: [
      {
        type: "whois",
        name: "ann",
        traces: [{ name: "ann", operator: true, names: ["bea"], address: "::1" }],
      },
      '{"type":"whois","name":"ann","traces":[{"name":"ann","operator":true,"names":["bea"],"address":"::1"}]}',
    ],
    whowas: [{ type: "whowas", name: "ann", traces: [] }, '{"type":"whowas","name":"ann","traces":[]}'],
    note: [{ type: "note", text: "hi" }, '{"type":"note","text":"hi"}'],
    topic: [
      { type: "topic", seq: 1, at: 2, by: "ann", text: undefined },
      '{"type":"topic","seq":1,"at":2,"by":"ann"}',
    ],
    moved: [{ type: "moved", seq: 1, at: 2, name: "ann" }, '{"type":"moved","seq":1,"at":2,"name":"ann"}'],
    welcome: [
      {
        type: "welcome",
        name: "ann",
        token: "t",
        epoch: "e",
        seq: 3,
        members: [{ name: "bob", away: true }],
        topic: "tea",
        limits,
      },
      `{"type":"welcome","name":"ann","token":"t","epoch":"e","seq":3,"members":[{"name":"bob","away":true}],` +
        '"topic":"tea","limits":{"lineBytes":16384,"nameLength":32,"textLength":4000,"textLines":20,"idLength":64,"historyEvents":500,' +
        '"searchLength":200,"searchEvents":100,"topicLength":300}}',
    ],
    error: [
      { type: "error", code: "slow-down", text: "Wait", id: "1", retryAfterMs: 5 },
      '{"type":"error","code":"slow-down","text":"Wait","id":"1","retryAfterMs":5}',
    ],
    bye: [{ type: "bye", code: "left", text: "Goodbye" }, '{"type":"bye","code":"left","text":"Goodbye"}'],
    members: [
      { type: "members", seq: 3, members: [{ name: "ann", away: undefined }], id: undefined },
      '{"type":"members","seq":3,"members":[{"name":"ann"}]}',
    ],
    history: [
      { type: "history", events: [{ type: "joined", seq: 1, at: 2, name: "ann" }] },
      '{"type":"history","events":[{"type":"joined","seq":1,"at":2,"name":"ann"}]}',
    ],
    waiting: [
      {
        type: "waiting",
        events: [{ type: "told", seq: 1, at: 2, from: "ann", to: "bob", text: "a", away: true }],
      },
      '{"type":"waiting","events":[{"type":"told","seq":1,"at":2,"from":"ann","to":"bob","text":"a","away":true}]}',
    ],
    results: [
      {
        type: "results",
        text: 'a "b"',
        events: [{ type: "said", seq: 1, at: 2, from: "ann", text: "b a" }],
        more: true,
      },
      '{"type":"results","text":"a \\"b\\"","events":[{"type":"said","seq":1,"at":2,"from":"ann","text":"b a"}],"more":true}',
    ],
    bans: [
      { type: "bans", bans: [{ name: "bob", by: "ann", at: 2, text: "spam" }] },
      '{"type":"bans","bans":[{"name":"bob","by":"ann","at":2,"text":"spam"}]}',
    ],
    subject: [{ type: "subject", text: "tea" }, '{"type":"subject","text":"tea"}'],
    pong: [{ type: "pong", id: "1" }, '{"type":"pong","id":"1"}'],
    epoch: [{ type: "epoch", epoch: "e" }, '{"type":"epoch","epoch":"e"}'],
    seen: [{ type: "seen", id: "1", seq: 4 }, '{"type":"seen","id":"1","seq":4}'],
    gap: [{ type: "gap", from: 1, to: 4 }, '{"type":"gap","from":1,"to":4}'],
    help: [{ type: "help", text: "/me\n/who" }, '{"type":"help","text":"/me\\n/who"}'],
  };

  for (const [how, feed, pending] of feeds) {
    test.each(Object.entries(events))(
      `json.encode() writes %s in a line, its type first, fed ${how}`,
      (_, [event, line]) => {
        const fed = read(feed(json.encode(event)));
        expect(fed).toEqual({ lines: [line], pending });
        expect(JSON.parse(line)).toEqual(event);
        expect(line).toStartWith(`{"type":"${event.type}"`);
      },
    );
  }

  test("json.encode() writes any text so that it comes back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const event: Event = { type: "said", seq: 1, at: 2, from: "ann", text };
        const { lines } = read([Buffer.from(json.encode(event))]);
        expect(lines.map((line) => JSON.parse(line))).toEqual([event]);
      }),
    );
  });
});

describe("dialectOf()", () => {
  test.each(['{"type":"join"}', "{", '  \t{"type":"ping"}'])(
    "dialectOf() takes %j for the first line of a program",
    (line) => {
      expect(dialectOf(line, noHost)).toBe(json);
    },
  );
});

test("json keeps seats, since programs keep tokens", () => {
  expect(json.keepsSeat).toBe(true);
});

test("a json welcome is the same in one piece and in two", () => {
  const newcomer = { type: "welcome", name: "ann", token: "t" } as const;
  const members = [{ name: "bob", away: true } as const, { name: "ann" }];
  for (const topic of [undefined, "tea"]) {
    const room = { epoch: "e", seq: 7, members, topic, limits: { ...limits, seatMs: 1 } };
    const pieces = json.encodeNewcomer(newcomer) + json.encodeRoom(room);
    expect(pieces).toBe(json.encode({ ...newcomer, ...room }));
  }
});

test("a command of no known type is refused under its id", () => {
  for (const type of ["error", "nonsense"])
    expect(json.parse(`{"type":"${type}","id":"x"}`, true)).toMatchObject({
      code: "unknown-command",
      id: "x",
    });
});
