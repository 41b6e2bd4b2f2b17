// What a person enters, and what of the others is shown, in a room that the test plays.

import { describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { unsentLines } from "../../../../lib/client/core/outbox.ts";
import { check } from "../../../../lib/protocol/commands.ts";
import type { Happening } from "../../../support/played-room.ts";
import { testMs } from "../../../support/transcript.ts";
import {
  away,
  client,
  inPlayedRoom,
  joined,
  left,
  notices,
  problems,
  renamed,
  room,
  shown,
  whisper,
} from "./played-client.ts";

setDefaultTimeout(testMs);

inPlayedRoom();

describe("what is entered", () => {
  test.each([" /reply x", "\t/ignore gus", "  /op secret", "\u00a0/clear", " /nosuch"])(
    "%j is neither said nor carried out",
    (line) => {
      room.happen(whisper("gus"));
      client.enter(line);
      expect(room.heard.filter(({ type }) => type !== "join")).toEqual([]);
      expect([problems.length, notices.length]).toEqual([1, 0]);
      expect(problems[0]).toStartWith("Did you mean");
    },
  );

  test("/op alone asks for the password where it can be asked for", () => {
    client.enter("/op");
    expect(problems).toHaveLength(1);
    let asked = 0;
    client.handlers.askOperatorPassword = () => asked++;
    for (const line of ["/op", "/OP  "]) client.enter(line);
    expect(asked).toBe(2);
    room.cut();
    client.enter("/op");
    expect([asked, problems.at(-1)]).toEqual([2, "There is no connection now: try again"]);
    jest.advanceTimersByTime(1_000);
    room.welcome("ada");
    client.enter("/op secret");
    expect(room.sent("op")).toEqual([{ type: "op", password: "secret" }]);
  });

  describe("the operators' password", () => {
    const op = { type: "op", password: "secret" };
    const lost = (happened = () => {}) => {
      room.cut();
      happened();
      jest.advanceTimersByTime(1_000);
      room.welcome("ada");
    };

    test("is sent again if the connection was lost before the answer", () => {
      client.enter("/op secret");
      lost();
      expect(room.sent("op")).toEqual([op]);
      room.happen({ type: "opped", name: "gus" });
      room.say({ type: "error", code: "slow-down", text: "The answer takes 1 s", retryAfterMs: 1_000 });
      lost();
      expect(room.sent("op")).toEqual([op]);
      room.happen({ type: "opped", name: "ada" });
      lost();
      expect(room.sent("op")).toEqual([]);
    });

    test("is not sent again once it was answered, also while it was away", () => {
      client.enter("/op secret");
      lost(() => room.happen({ type: "opped", name: "ada" }));
      expect(room.sent("op")).toEqual([]);
      client.enter("/op secret");
      room.say({ type: "error", code: "wrong-password", text: "That is not the operators' password" });
      lost();
      expect(room.sent("op")).toEqual([]);
      client.enter("/op secret");
      room.say({ type: "note", text: "You are an operator already" });
      lost();
      expect(room.sent("op")).toEqual([]);
    });

    test("waits for the connection if that was lost while it was asked for", () => {
      room.cut();
      client.operate("secret");
      expect(notices).toEqual(["The password is sent once the connection is back"]);
      jest.advanceTimersByTime(1_000);
      expect(room.sent("op")).toEqual([]);
      room.welcome("ada");
      expect(room.sent("op")).toEqual([op]);
      expect(problems).toEqual([]);
    });
  });

  test.each<[line: string, fields: Record<string, unknown>]>([
    ["/mute gus 90m", { name: "gus", for: "90m" }],
    ["/mute * 2w", { name: "*", for: "2w" }],
    ["/ban 192.0.2.7 1d too loud", { name: "192.0.2.7", for: "1d", text: "too loud" }],
    ["/delete gus ALL", { name: "gus", count: "all" }],
    ["/delete gus 12", { name: "gus", count: 12 }],
  ])("%s goes to the room in the words of the wire", (line, fields) => {
    client.enter(line);
    expect(problems).toEqual([]);
    const sent = room.heard.at(-1) ?? { type: "" };
    expect(sent).toMatchObject(fields);
    expect(check(sent)).toMatchObject({ type: sent.type });
    client.ask(sent);
    expect(room.heard.at(-1)).toEqual(sent);
  });

  test("a command needs a connection, a message waits for one", () => {
    room.cut();
    client.enter("/who");
    client.enter("hello");
    expect(problems).toEqual(["There is no connection now: try again"]);
    expect(unsentLines(client.link.outbox)).toEqual(["1 message was not sent:", "hello"]);
  });

  test("/history and /search are read page by page, and shown once", () => {
    const said = (seq: number) => ({ type: "said" as const, seq, at: 0, from: "gus", text: "tea" });
    const ids = (type: string) => room.sent(type).map(({ id }) => String(id));
    client.enter("/history 600");
    expect(room.sent("history")).toMatchObject([{ limit: 500 }]);
    room.say({ type: "history", events: [said(12), said(13)], before: 12, id: ids("history")[0] });
    expect(room.sent("history")[1]).toMatchObject({ limit: 500, before: 12 });
    room.say({ type: "history", events: [said(11)], id: ids("history")[1] });
    expect(shown.at(-1)).toMatchObject({ type: "history", events: [said(11), said(12), said(13)] });
    expect(shown.filter(({ type }) => type === "history")).toHaveLength(1);
    client.enter("/search");
    expect(problems).toEqual(["Write it as /search WORDS: find WORDS in the history"]);
    client.enter("/search tea");
    room.say({
      type: "results",
      text: "tea",
      events: [said(12), said(13)],
      more: true,
      id: ids("search")[0],
    });
    room.say({ type: "error", code: "unavailable", text: "Not now", id: ids("search")[1] });
    client.enter("/search");
    expect(room.sent("search").at(-1)).toMatchObject({ text: "tea", before: 12 });
    expect(shown.at(-1)).toMatchObject({ type: "results", more: true, events: [said(12), said(13)] });
    expect(problems).toEqual(["Write it as /search WORDS: find WORDS in the history", "Not now"]);
    const opened: number[] = [];
    client.handlers.around = (seq) => opened.push(seq) > 0;
    for (const line of ["/around", "/AROUND 2 "]) client.enter(line);
    expect(opened).toEqual([13, 12]);
  });

  test("a look back ends with the connection, and can be asked for again", async () => {
    client.enter("/history 600");
    room.cut();
    expect(problems).toEqual(["There is no connection now: try again"]);
    await client.past?.idle();
    client.enter("/history");
    expect(problems).toHaveLength(2);
  });

  test("a command that lacks an argument is told how it is written", () => {
    for (const line of ["/kick", "/msg gus", "/reply", "/UNIGNORE ", "/op", "/ignore"]) client.enter(line);
    expect(problems).toEqual([
      "Write it as /kick NAME [REASON]: operators: put NAME out",
      "Write it as /msg NAME TEXT: whisper to one member",
      "Write it as /reply TEXT: answer the last whisper",
      "Write it as /unignore NAME: show NAME again",
      "Write it as /op [NAME] PASSWORD: become an operator",
    ]);
  });

  test("/help lists the client's own commands, too", () => {
    client.enter("/help");
    expect(shown.at(-1)).toMatchObject({ type: "help" });
    expect(JSON.stringify(shown.at(-1))).toContain("/reply TEXT");
  });
});

test("what is asked of one message follows who is ignored", () => {
  const message = { type: "said", seq: 21, at: 21, from: "gus", text: "hello" } as const;
  expect(client.chat.regard(message)).toBe("other");
  client.enter("/ignore gus");
  expect([client.chat.regard(message), client.chat.isOfOthers(message)]).toEqual(["ignored", false]);
  client.enter("/unignore gus");
  expect([client.chat.regard(message), client.chat.isOfOthers(message)]).toEqual(["other", true]);
});

test("an ignored member stays hidden under every name it takes", () => {
  const regards = (...names: string[]) =>
    names.map((from) => client.chat.regard({ type: "said", seq: room.seq, at: 0, from, text: "hi" }));
  client.enter("/ignore gus");
  room.happen(renamed("gus", "tmp"), renamed("mallory", "gus"), renamed("tmp", "Mallory"));
  expect(regards("gus", "mallory")).toEqual(["other", "ignored"]);
  away([renamed("Mallory", "eve")]);
  expect(regards("gus", "eve", "mallory")).toEqual(["other", "ignored", "other"]);
  room.happen(left("eve"), joined("eve"));
  expect(regards("eve")).toEqual(["ignored"]);
  client.enter("/unignore EVE");
  expect(regards("eve")).toEqual(["other"]);
});

test("what others said is unread until it is read, what is for us apart", () => {
  const { chat } = client;
  const said = (from: string, text: string): Happening => ({ type: "said", from, text });
  room.happen(said("gus", "hi"), said("gus", "hi ada"), whisper("gus"), said("ada", "me"), joined("eve"));
  expect(chat.unread).toEqual({ messages: 3, mentions: 2 });
  chat.read();
  client.enter("/ignore gus");
  room.happen(said("gus", "ada!"));
  expect(chat.unread).toEqual({ messages: 0, mentions: 0 });
});
