import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Raw } from "../../../lib/protocol/commands.ts";
import { isFault, limits } from "../../../lib/protocol/events.ts";
import { checkTyped, help, parseTyped, typed } from "../../../lib/protocol/typed.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

describe("parseTyped()", () => {
  const cases: [line: string, expected: Raw][] = [
    ["hi there", { type: "say", text: "hi there" }],
    ["", { type: "say", text: "" }],
    ["  //me waves", { type: "say", text: "  //me waves" }],
    ["//  /me waves", { type: "say", text: "/  /me waves" }],
    ["a /who in the middle", { type: "say", text: "a /who in the middle" }],
    ["//who", { type: "say", text: "/who" }],
    ["///", { type: "say", text: "//" }],
    ["one\n/who", { type: "say", text: "one\n/who" }],
    ["/me waves", { type: "act", text: "waves" }],
    ["/me   waves  twice ", { type: "act", text: "waves  twice" }],
    ["/me waves\n  and smiles", { type: "act", text: "waves\n  and smiles" }],
    ["/me\nwaves", { type: "act", text: "waves" }],
    ["/me", { type: "act", text: "" }],
    ["/ME waves", { type: "act", text: "waves" }],
    ["/msg bob hi there", { type: "tell", to: "bob", text: "hi there" }],
    ["/msg   bob   hi\nthere", { type: "tell", to: "bob", text: "hi\nthere" }],
    ["/msg bob /who", { type: "tell", to: "bob", text: "/who" }],
    ["/msg bob", { type: "tell", to: "bob", text: "" }],
    ["/msg", { type: "tell", to: "", text: "" }],
    ["/nick  bea ", { type: "rename", name: "bea" }],
    ["/nick bea lee", { type: "rename", name: "bea lee" }],
    ["/nick", { type: "rename", name: "" }],
    ["/who", { type: "who" }],
    ["/who is here", { type: "who" }],
    ["/history", { type: "history", limit: undefined }],
    ["/history 20", { type: "history", limit: 20 }],
    ["/search  good  lunch ", { type: "search", text: "good  lunch" }],
    ['/search "a" OR b*', { type: "search", text: '"a" OR b*' }],
    ["/search", { type: "search", text: "" }],
    ["/topic", { type: "topic", text: undefined }],
    ["/topic  tea  at five ", { type: "topic", text: "tea  at five" }],
    ["/topic -", { type: "topic", text: "-" }],
    ["/op pass word", { type: "op", password: "pass word" }],
    ["/op", { type: "op", password: "" }],
    ["/kick bob", { type: "kick", name: "bob", text: undefined }],
    ["/kick  bob   too  loud ", { type: "kick", name: "bob", text: "too  loud" }],
    ["/KICK bob", { type: "kick", name: "bob", text: undefined }],
    ["/kick", { type: "kick", name: "", text: undefined }],
    ["/ban bob spam", { type: "ban", name: "bob", text: "spam" }],
    ["/ban 2001:db8::1 spam", { type: "ban", name: "2001:db8::1", text: "spam" }],
    ["/ban bob 30m too loud", { type: "ban", name: "bob", for: "30m", text: "too loud" }],
    ["/ban bob 3 strikes", { type: "ban", name: "bob", text: "3 strikes" }],
    ["/kick bob 1h of this", { type: "kick", name: "bob", text: "1h of this" }],
    ["/mute bob 1h", { type: "mute", name: "bob", for: "1h", text: undefined }],
    ["/unban bob", { type: "unban", name: "bob", text: undefined }],
    ["/mute bob", { type: "mute", name: "bob", text: undefined }],
    ["/unmute bob", { type: "unmute", name: "bob", text: undefined }],
    ["/free bob", { type: "free", name: "bob", text: undefined }],
    ["/bans", { type: "bans" }],
    ["/bans all", { type: "bans" }],
    ["/help", { type: "help" }],
    ["/help me", { type: "help" }],
    ["/quit", { type: "quit", text: undefined }],
    ["/quit   good night ", { type: "quit", text: "good night" }],
  ];
  test.each(cases)("parseTyped() takes %j for what it means", (line, expected) => {
    expect(parseTyped(line)).toStrictEqual(expected);
  });

  const unknown: [line: string, word: string][] = [
    ["/wave", "/wave"],
    ["/wave at bob", "/wave"],
    ["/mewaves", "/mewaves"],
    ["/", "/"],
    ["/ who", "/"],
    ["/say hi", "/say"],
    ["/join bob", "/join"],
    ["/toString", "/toString"],
    ["/__proto__", "/__proto__"],
    ["/constructor x", "/constructor"],
  ];
  test.each(unknown)("parseTyped() knows no command in %j", (line, word) => {
    expect(parseTyped(line)).toEqual({
      type: "error",
      code: "unknown-command",
      text: `There is no command ${word}: /help lists them, //… says it as it is`,
    });
  });

  test("parseTyped() repeats nothing in a fault that a terminal obeys", () => {
    const problem = parseTyped("/\x1b]0;title\x07 x");
    expect(isFault(problem) && problem.text).toMatch(/^[^\p{Cc}]+$/u);
  });

  test("parseTyped() lets any line be said with a slash in front of its own", () => {
    fc.assert(
      fc.property(fc.constantFrom("", "/", "//", "/me "), fc.string({ unit: "grapheme" }), (start, rest) => {
        const line = start + rest;
        // A command behind blanks cannot be said with the blanks.
        fc.pre(!/^[^/\p{L}\p{N}\p{P}\p{S}]+\//u.test(line));
        const escaped = line.startsWith("/") ? `/${line}` : line;
        expect(parseTyped(escaped)).toEqual({ type: "say", text: line });
      }),
    );
  });
});

describe("checkTyped()", () => {
  const typedAs = (line: string) => {
    const raw = parseTyped(line);
    return isFault(raw) ? raw : checkTyped(raw);
  };

  test.each(["/history abc", "/history 0", "/HISTORY -5", "/history 1.5", "/history 1e99", "/history 5 6"])(
    "checkTyped() says how %j is written, in words without fields",
    (line) => {
      const text = "Write it as /history [N]: show the last N lines again";
      expect(typedAs(line)).toEqual({ type: "error", code: "bad-field", text });
    },
  );

  test("checkTyped() says how a command is written that lacks an argument", () => {
    const complete = ["/who", "/history", "/delete", "/topic", "/deop", "/bans", "/help", "/quit"];
    for (const { word, usage, summary } of typed) {
      const command = typedAs(`${word} `);
      if (complete.includes(word)) expect(isFault(command)).toBe(false);
      else expect(command).toMatchObject({ type: "error", text: `Write it as ${usage}: ${summary}` });
    }
    for (const line of ["/msg bob", "/MSG  bob  "]) {
      const text = "Write it as /msg NAME TEXT: whisper to one member";
      expect(typedAs(line)).toEqual({ type: "error", code: "empty", text });
    }
    expect(typedAs("/delete bob")).toMatchObject({ text: expect.stringContaining("/delete [NAME N|all]") });
  });

  test.each(["/mute bob 1x", "/mute bob being rude", "/mute * 10min", "/ban bob 1y", "/ban bob 30min spam"])(
    "checkTyped() takes no time from %j, and says how it is written",
    (line) => {
      expect(typedAs(line)).toMatchObject({ text: expect.stringMatching(/^Write it as \/(mute|ban) NAME/) });
    },
  );

  test("checkTyped() names the rule that an argument breaks", () => {
    const tooLong = `A name has at most ${limits.nameLength} characters: choose a shorter one`;
    expect(typedAs(`/nick ${"x".repeat(limits.nameLength + 1)}`)).toMatchObject({ text: tooLong });
    expect(typedAs(" ")).toMatchObject({ code: "empty" });
    expect(JSON.stringify(typedAs(" "))).not.toContain("Write it as");
    expect(checkTyped({ type: "join", name: "" })).toMatchObject({ code: "bad-name" });
    expect(typedAs("/nick bea")).toEqual({ type: "rename", name: "bea" });
  });
});

describe("help()", () => {
  test("help() has a line for each command that can be typed, and one for //", () => {
    const lines = help().split("\n");
    const words =
      "/me /msg /nick /who /history /search /delete /topic /op /deop " +
      "/kick /ban /unban /mute /unmute /free /whois /whowas /bans /help /quit";
    expect(typed.map(({ word }) => word)).toEqual(words.split(" "));
    expect(lines).toHaveLength(typed.length + 1);
    for (const [i, { usage, summary }] of typed.entries()) {
      expect(lines[i]).toStartWith(`${usage} `);
      expect(lines[i]).toEndWith(`  ${summary}`);
    }
    expect(lines.at(-1)).toStartWith("//TEXT ");
  });

  test("help() has its summaries one below the other", () => {
    const columns = help()
      .split("\n")
      .map((line) => line.search(/(?<= {2})\S/));
    expect(new Set(columns).size).toBe(1);
  });

  test("help() lists no word that cannot be typed", () => {
    for (const { word } of typed) expect(parseTyped(word)).not.toHaveProperty("code");
  });
});
