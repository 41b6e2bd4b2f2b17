import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { check, commands, type Raw } from "../../../lib/protocol/commands.ts";
import { isFault, limits } from "../../../lib/protocol/events.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

describe("check()", () => {
  const long = "x".repeat(limits.idLength);
  const most = Number.MAX_SAFE_INTEGER;
  const taken: [raw: Raw, early: boolean, fields: Record<string, unknown>][] = [
    [{ type: "join", name: " Ａnn " }, true, { name: "Ann" }],
    [
      { type: "join", name: "ann", password: " p ", token: "t", epoch: "e", after: 0, history: most },
      true,
      { name: "ann", password: " p ", token: "t", epoch: "e", after: 0, history: most },
    ],
    [
      { type: "join", name: "ann", token: null, epoch: null, after: null, history: null },
      true,
      { name: "ann" },
    ],
    [{ type: "say", text: "hi\r\nyou " }, false, { text: "hi\nyou" }],
    [{ type: "say", text: "\x1b[2J", id: long }, false, { text: "␛[2J", id: long }],
    [{ type: "say", text: "hi", id: "!~", extra: 1 }, false, { text: "hi", id: "!~" }],
    [{ type: "act", text: "waves", id: "1" }, false, { text: "waves", id: "1" }],
    [{ type: "tell", to: "ＢＯＢ", text: "hi" }, false, { to: "BOB", text: "hi" }],
    [{ type: "rename", name: "bea" }, false, { name: "bea" }],
    [{ type: "who" }, false, {}],
    [{ type: "history" }, false, {}],
    [{ type: "history", before: 1, limit: 0 }, false, { before: 1, limit: 0 }],
    [{ type: "delete" }, false, {}],
    [{ type: "delete", seq: 7 }, false, { seq: 7 }],
    [{ type: "delete", name: "bob", count: 3 }, false, { name: "bob", count: 3 }],
    [{ type: "delete", name: "bob", count: "all" }, false, { name: "bob", count: Infinity }],
    [{ type: "ping", id: "p" }, true, { id: "p" }],
    [{ type: "topic" }, false, {}],
    [{ type: "topic", text: " a\n b\x07 " }, false, { text: "a  b␇" }],
    [
      { type: "topic", text: "😀".repeat(limits.topicLength) },
      false,
      { text: "😀".repeat(limits.topicLength) },
    ],
    [{ type: "op", password: " p" }, false, { password: " p" }],
    [{ type: "tell", to: "bob", text: "hi", seq: 0 }, false, { to: "bob", text: "hi", seq: 0 }],
    [{ type: "kick", name: "ＢＯＢ", text: "a\nb" }, false, { name: "BOB", text: "a b" }],
    [{ type: "ban", name: "bob" }, false, { name: "bob" }],
    [{ type: "ban", name: " 192.0.2.1 ", text: "spam" }, false, { name: "192.0.2.1", text: "spam" }],
    [{ type: "ban", name: "2001:db8::1" }, false, { name: "2001:db8::1" }],
    [{ type: "unban", name: "::ffff:192.0.2.1" }, false, { name: "::ffff:192.0.2.1" }],
    [{ type: "mute", name: "bob" }, false, { name: "bob" }],
    [{ type: "unmute", name: "bob" }, false, { name: "bob" }],
    [{ type: "bans" }, false, {}],
    [{ type: "help" }, true, {}],
    [{ type: "quit" }, true, {}],
    [{ type: "quit", text: "bye" }, true, { text: "bye" }],
  ];
  test.each(taken)("check() takes %j", (raw, early, fields) => {
    const command = check(raw);
    if (isFault(command)) throw new Error(command.text);
    expect<unknown>(command).toEqual({ type: raw.type, ...fields });
    expect(commands[command.type].early ?? false).toBe(early);
  });

  const aText = 'Field "text" must be a string';
  const aName = 'Field "name" must be a string';
  const anId = `Field "id" must be 1 to ${limits.idLength} printable ASCII characters`;
  const aCount = (field: string) => `Field "${field}" must be a whole number, 0 or more`;
  const bad: [raw: Raw, text: string][] = [
    [{ type: "join" }, aName],
    [{ type: "join", name: null }, aName],
    [{ type: "join", name: ["ann"] }, aName],
    [{ type: "join", name: "ann", token: 5 }, 'Field "token" must be a string'],
    [{ type: "join", name: "ann", epoch: {} }, 'Field "epoch" must be a string'],
    [{ type: "join", name: "ann", after: -1 }, aCount("after")],
    [{ type: "join", name: "ann", history: "9" }, aCount("history")],
    [{ type: "say" }, aText],
    [{ type: "say", text: null }, aText],
    [{ type: "say", text: 5 }, aText],
    [{ type: "say", text: "hi", id: 5 }, anId],
    [{ type: "act" }, aText],
    [{ type: "tell", text: "hi" }, 'Field "to" must be a string'],
    [{ type: "tell", to: "bob" }, aText],
    [{ type: "tell", to: "bob", text: "hi", seq: -1 }, aCount("seq")],
    [{ type: "tell", to: "bob", text: "hi", seq: "9" }, aCount("seq")],
    [{ type: "rename" }, aName],
    [{ type: "who", id: false }, anId],
    [{ type: "history", before: 1.5 }, aCount("before")],
    [{ type: "history", limit: Number.NaN }, aCount("limit")],
    [{ type: "history", limit: Infinity }, aCount("limit")],
    [{ type: "history", limit: most + 1 }, aCount("limit")],
    [{ type: "history", limit: true }, aCount("limit")],
    [{ type: "search" }, aText],
    [{ type: "search", text: ["hi"] }, aText],
    [{ type: "search", text: "hi", before: "9" }, aCount("before")],
    [{ type: "search", text: "hi", limit: -1 }, aCount("limit")],
    [{ type: "join", name: "ann", password: 5 }, 'Field "password" must be a string'],
    [{ type: "ping", id: [] }, anId],
    [{ type: "topic", text: 5 }, aText],
    [{ type: "op" }, 'Field "password" must be a string'],
    [{ type: "kick" }, aName],
    [{ type: "kick", name: "bob", text: ["x"] }, aText],
    [{ type: "ban", name: 5 }, aName],
    [{ type: "unban" }, aName],
    [{ type: "mute", name: {} }, aName],
    [{ type: "unmute" }, aName],
    [{ type: "quit", text: {} }, aText],
  ];
  test.each(bad)("check() names the bad field of %j", (raw, text) => {
    expect(check(raw)).toEqual({ type: "error", code: "bad-field", text });
  });

  const badIds: [what: string, id: string][] = [
    ["an empty one", ""],
    ["one too long", `${long}x`],
    ["one with a space", "a b"],
    ["one with a line end behind it", "a\n"],
    ["one with DEL", "\x7f"],
    ["one beyond ASCII", "é"],
  ];
  test.each(badIds)("check() takes no id like %s, and says which it was", (_, id) => {
    expect(check({ type: "say", text: "hi", id })).toEqual({
      type: "error",
      code: "bad-field",
      text: anId,
      id,
    });
  });

  const broken: [raw: Raw, code: string][] = [
    [{ type: "say", text: " " }, "empty"],
    [{ type: "say", text: "x".repeat(limits.textLength + 1) }, "too-long"],
    [{ type: "act", text: "x\n".repeat(limits.textLines + 1) }, "too-long"],
    [{ type: "tell", to: "bob lee", text: "hi" }, "bad-name"],
    [{ type: "tell", to: "bob", text: "" }, "empty"],
    [{ type: "rename", name: "" }, "bad-name"],
    [{ type: "rename", name: "Server" }, "name-reserved"],
    [{ type: "join", name: "x".repeat(limits.nameLength + 1) }, "bad-name"],
    [{ type: "search", text: " \n" }, "empty"],
    [{ type: "search", text: "😀".repeat(limits.searchLength + 1) }, "too-long"],
    [{ type: "quit", text: "" }, "empty"],
    [{ type: "op", password: "" }, "empty"],
    [{ type: "topic", text: " " }, "empty"],
    [{ type: "topic", text: "x".repeat(limits.topicLength + 1) }, "too-long"],
    [{ type: "kick", name: "bob", text: "x".repeat(limits.topicLength + 1) }, "too-long"],
    [{ type: "delete", name: "bob", count: "" }, "bad-field"],
    [{ type: "delete", name: "bob", count: 0 }, "bad-field"],
    [{ type: "delete", name: "bob", count: "some" }, "bad-field"],
    [{ type: "delete", name: "", count: 1 }, "bad-name"],
    [{ type: "delete", seq: "7" }, "bad-field"],
    [{ type: "kick", name: "192.0.2.1" }, "bad-name"],
    [{ type: "mute", name: "::1" }, "bad-name"],
    [{ type: "ban", name: "server" }, "name-reserved"],
    [{ type: "kick", name: "" }, "bad-name"],
  ];
  test.each(broken)("check() keeps to the rules of the room for %j", (raw, code) => {
    expect(check(raw)).toMatchObject({ type: "error", code });
  });

  test.each(["wave", "", "SAY", "me", "toString", "__proto__", "constructor", "hasOwnProperty"])(
    "check() knows no command of type %j",
    (type) => {
      expect(check({ type, text: "hi", name: "ann" })).toEqual({
        type: "error",
        code: "unknown-command",
        text: `There is no command of type "${type}"`,
      });
    },
  );

  test("check() gives a fault the id of its command", () => {
    for (const raw of [
      { type: "wave" },
      { type: "say" },
      { type: "say", text: "" },
      { type: "tell", to: "?" },
    ]) {
      expect(check({ ...raw, id: "m-1" })).toMatchObject({ type: "error", id: "m-1" });
    }
  });

  test("check() gives a fault no id that is none", () => {
    for (const id of [5, null, {}, undefined]) expect(check({ type: "wave", id })).not.toHaveProperty("id");
  });

  test("check() answers any JSON object with a command or a fault", () => {
    const keys = fc.constantFrom(
      "text",
      "name",
      "to",
      "id",
      "token",
      "epoch",
      "after",
      "history",
      "__proto__",
    );
    const type = fc.constantFrom(...Object.keys(commands), "valueOf");
    fc.assert(
      fc.property(type, fc.dictionary(keys, fc.jsonValue()), (type, fields) => {
        const command = check({ ...fields, type });
        if (isFault(command)) expect(command.text).not.toBe("");
        else expect<string>(command.type).toBe(type);
      }),
    );
  });
});

test("a message may say that a program sent it, and that alone", () => {
  for (const more of [{ type: "say" }, { type: "tell", to: "bob" }]) {
    expect(check({ ...more, text: "x", notice: true })).toMatchObject({ notice: true });
    for (const notice of [undefined, null, false]) {
      expect(check({ ...more, text: "x", notice })).not.toMatchObject({ notice: expect.anything() });
    }
    expect(check({ ...more, text: "x", notice: "yes" })).toMatchObject({ code: "bad-field" });
  }
});
