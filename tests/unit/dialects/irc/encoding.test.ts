// Events as lines of IRC: each as RFC 1459 has it, none too long, none with a tag that was not asked for.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { encodingOf, type Variant } from "../../../../lib/dialects/irc/encoding.ts";
import { hostOf, nameOfMask } from "../../../../lib/dialects/irc/masks.ts";
import { parseLine } from "../../../../lib/dialects/irc/wire.ts";
import type { Recorded } from "../../../../lib/protocol/events.ts";
import { cleanName } from "../../../../lib/protocol/names.ts";
import { cleanText } from "../../../../lib/protocol/text.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const channel = { name: "#room", epoch: "e1", begun: new Date(0) };
const bare: Variant = { time: false, ids: false, multiline: false };
const at = Date.UTC(2026, 10, 25, 17, 26, 1, 250);
const lines = (event: Omit<Recorded, "seq" | "at">, variant: Partial<Variant> = {}) =>
  encodingOf(channel, { ...bare, ...variant })
    .encode({ seq: 7, at, ...event } as Recorded)
    .split("\r\n")
    .slice(0, -1);

const said = { type: "said", from: "ada", text: "hi there" } as const;

describe("encode()", () => {
  const events: [event: Omit<Recorded, "seq" | "at">, lines: string[]][] = [
    [said, [":ada!u@ada PRIVMSG #room :hi there"]],
    [{ ...said, notice: true } as never, [":ada!u@ada NOTICE #room :hi there"]],
    [
      { type: "acted", from: "Ada", text: "waves" } as never,
      [":Ada!u@ada PRIVMSG #room :\x01ACTION waves\x01"],
    ],
    [{ type: "told", from: "ada", to: "bob", text: "psst" } as never, [":ada!u@ada PRIVMSG bob :psst"]],
    [{ type: "joined", name: "ada" } as never, [":ada!u@ada JOIN #room"]],
    [{ type: "left", name: "ada", text: "bye" } as never, [":ada!u@ada QUIT :bye"]],
    [{ type: "left", name: "ada" } as never, [":ada!u@ada QUIT :"]],
    [{ type: "renamed", from: "ada", to: "eve" } as never, [":ada!u@ada NICK :eve"]],
    [{ type: "kicked", name: "ada", by: "natty" } as never, [":natty!u@natty KICK #room ada :natty"]],
    [
      { type: "banned", name: "ada", by: "natty", text: "spam" } as never,
      [":natty!u@natty MODE #room +b ada!*@*", ":natty!u@natty KICK #room ada :spam"],
    ],
    [{ type: "banned", by: "natty" } as never, [":chat.room NOTICE #room :An address was banned by natty"]],
    [{ type: "unbanned", name: "ada", by: "natty" } as never, [":natty!u@natty MODE #room -b ada!*@*"]],
    [{ type: "muted", name: "ada", by: "natty" } as never, [":natty!u@natty MODE #room +q ada!*@*"]],
    [{ type: "muted", name: "*", by: "natty" } as never, [":natty!u@natty MODE #room +m"]],
    [{ type: "unmuted", name: "ada", by: "natty" } as never, [":natty!u@natty MODE #room -q ada!*@*"]],
    [{ type: "opped", name: "ada" } as never, [":chat.room MODE #room +o ada"]],
    [{ type: "deopped", name: "ada", by: "server" } as never, [":server!u@server MODE #room -o ada"]],
    [{ type: "topic", by: "ada", text: "beans" } as never, [":ada!u@ada TOPIC #room :beans"]],
    [{ type: "topic", by: "ada" } as never, [":ada!u@ada TOPIC #room :"]],
    [
      { type: "deleted", seqs: [3], name: "ada", by: "ada", saidAt: at } as never,
      [":chat.room NOTICE #room :ada took back a message, said at 17:26 UTC"],
    ],
    [{ type: "moved", name: "ada" } as never, []],
    [{ type: "erased" } as never, []],
  ];

  test.each(events)("encode(%j)", (event, expected) => {
    expect(lines(event)).toEqual(expected);
  });

  test("a gap is told in the channel", () => {
    expect(encodingOf(channel, bare).encode({ type: "gap", from: 1, to: 2 })).toBe(
      ":chat.room NOTICE #room :Some lines are missing here: they are no longer kept.\r\n",
    );
  });

  test("a client gets the tags that it has asked for, and no others", () => {
    const time = "time=2026-11-25T17:26:01.250Z";
    expect(lines(said, { time: true })).toEqual([`@${time} :ada!u@ada PRIVMSG #room :hi there`]);
    expect(lines(said, { ids: true })).toEqual(["@msgid=e1-7 :ada!u@ada PRIVMSG #room :hi there"]);
    expect(lines(said, { time: true, ids: true })).toEqual([
      `@${time};msgid=e1-7 :ada!u@ada PRIVMSG #room :hi there`,
    ]);
  });

  test("a message of several rows is several messages, without blank ones", () => {
    expect(lines({ ...said, text: "one\n\n  two" } as never, { ids: true })).toEqual([
      "@msgid=e1-7 :ada!u@ada PRIVMSG #room :one",
      ":ada!u@ada PRIVMSG #room :  two",
    ]);
  });

  test("with draft/multiline it stays one, blank rows and long ones too", () => {
    const long = "x".repeat(500);
    const multiline = lines({ ...said, text: `one\n\n${long}` } as never, { ids: true, multiline: true });
    expect(multiline).toEqual([
      "@msgid=e1-7 :ada!u@ada BATCH +m7 draft/multiline #room",
      "@batch=m7 :ada!u@ada PRIVMSG #room :one",
      "@batch=m7 :ada!u@ada PRIVMSG #room :",
      `@batch=m7 :ada!u@ada PRIVMSG #room :${long.slice(0, 484)}`,
      `@batch=m7;draft/multiline-concat :ada!u@ada PRIVMSG #room :${long.slice(484)}`,
      ":chat.room BATCH -m7",
    ]);
  });

  test("in the batch of a history a message is in no batch of its own", () => {
    const encoding = encodingOf(channel, { time: false, ids: true, multiline: true });
    expect(encoding.linesOf({ ...said, seq: 7, at, text: "one\ntwo" }, "b1")).toEqual([
      "@batch=b1;msgid=e1-7 :ada!u@ada PRIVMSG #room :one",
      "@batch=b1 :ada!u@ada PRIVMSG #room :two",
    ]);
  });

  test("those who have asked for the same share an encoding", () => {
    expect(encodingOf(channel, { ...bare })).toBe(encodingOf(channel, { ...bare }));
    expect(encodingOf(channel, bare)).not.toBe(encodingOf({ ...channel }, bare));
    expect(encodingOf(channel, bare)).not.toBe(encodingOf(channel, { ...bare, time: true }));
  });
});

test("no line has more than 512 bytes, and all of a message is said", () => {
  const name = fc
    .oneof(
      fc.string({ unit: fc.constantFrom(..."aZ09_-äßéﾎ字жЖ한ไทย"), minLength: 1, maxLength: 32 }),
      fc.constantFrom("字".repeat(32), "ж".repeat(32), "𠀀".repeat(32), "natty"),
    )
    .filter((text) => typeof cleanName(text) === "string")
    .map((text) => cleanName(text) as string);
  const text = fc
    .array(
      fc.oneof(
        fc.string({ unit: "grapheme", maxLength: 300 }),
        fc.constantFrom("👩‍👩‍👧".repeat(99), "x ".repeat(700)),
      ),
      {
        minLength: 1,
        maxLength: 8,
      },
    )
    .map((rows) => cleanText(rows.join("\n")))
    .filter((text) => typeof text === "string");
  const variants = fc.record({ time: fc.boolean(), ids: fc.boolean(), multiline: fc.boolean() });
  const types = fc.constantFrom(
    "said",
    "acted",
    "told",
    "left",
    "kicked",
    "banned",
    "topic",
    "renamed",
    "deleted",
  );
  fc.assert(
    fc.property(types, name, name, text, variants, (type, from, to, text, variant) => {
      const reason = text.replaceAll("\n", " ").slice(0, 300);
      const isMessage = type === "said" || type === "acted" || type === "told";
      const event = {
        type,
        seq: 7,
        at,
        from,
        to,
        name: from,
        by: to,
        text: isMessage ? text : reason,
        seqs: [1],
        saidAt: at,
      };
      const encoded = encodingOf(channel, variant).encode(event as never);
      expect(encoded).toMatch(/^(?:[^\r\n\0]+\r\n)*$/);
      let said = "";
      for (const line of encoded.split("\r\n").slice(0, -1)) {
        const [, tags = ""] = /^@(\S+) /.exec(line) ?? [];
        expect(Buffer.byteLength(line.replace(/^@\S+ /, ""))).toBeLessThanOrEqual(510);
        if (!variant.time) expect(tags).not.toContain("time=");
        if (!variant.ids) expect(tags).not.toContain("msgid=");
        if (!variant.multiline) expect(tags).not.toContain("batch=");
        const parsed = parseLine(line);
        if (parsed !== "too-long" && parsed?.command === "PRIVMSG") {
          said += parsed.params[1]?.replace(/^\x01ACTION (.*)\x01$/s, "$1") ?? "";
        }
      }
      if (isMessage) expect(said).toBe(text.replaceAll("\n", ""));
    }),
    { numRuns: 1_000 },
  );
});

describe("hosts and masks", () => {
  test("a host is the name, or a number made of it", () => {
    expect(hostOf("Ada")).toBe("ada");
    expect(hostOf("Ада")).toBe(hostOf("АДА"));
    expect(hostOf("Ада")).toMatch(/^x-[a-z0-9]+$/);
  });

  const members = [{ name: "Ada" }, { name: "Ада" }];
  test.each([
    ["ada", "ada"],
    ["ada!*@*", "ada"],
    ["*!*@ada", "Ada"],
    ["*!u@ada", "Ada"],
    ["*!*u@*.ada", "Ada"],
    ["*!*@gone", "gone"],
    ["*!*@10.0.0.0/8", "10.0.0.0/8"],
    [`*!*@${hostOf("Ада")}`, "Ада"],
    ["*!*@*", undefined],
    ["*", undefined],
    ["a*!*@*", undefined],
    ["", undefined],
  ])("the mask %j means %j", (mask, name) => {
    expect(nameOfMask(mask, members)).toBe(name as string);
  });
});
