// What a person enters, against a room that the test plays: above all, whom a whisper reaches.

import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { Client } from "../../../../lib/client/core/client.ts";
import { asTyped } from "../../../../lib/client/core/outbox.ts";
import type { Event } from "../../../../lib/protocol/events.ts";
import { nameKey } from "../../../../lib/protocol/names.ts";
import { type Happening, PlayedRoom } from "../../../support/played-room.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let room: PlayedRoom;
let client: Client;
let shown: Event[];
let problems: string[];
let notices: string[];
let refused: string[];
let refusedIds: unknown[];

beforeEach(() => {
  jest.useFakeTimers();
  room = new PlayedRoom();
  room.seq = 20;
  room.members = ["ada", "gus", "mallory"];
  [shown, problems, notices, refused, refusedIds] = [[], [], [], [], []];
  client = new Client(
    { servers: [room.connect], joins: "all" },
    {
      event: (event) => shown.push(event),
      problem: ({ text }) => problems.push(text),
      notice: (text) => notices.push(text),
      refused: (message, { text, id }) => {
        refused.push(`${asTyped(message)}: ${text}`);
        refusedIds.push(id);
      },
      state: () => {},
      nameless: () => {},
      closed: () => {},
    },
  );
  client.link.join("ada");
  room.welcome("ada");
});

afterEach(() => {
  client.link.quit();
  jest.advanceTimersByTime(10_000);
  jest.useRealTimers();
});

const renamed = (from: string, to: string): Happening => ({ type: "renamed", from, to });
const joined = (name: string): Happening => ({ type: "joined", name });
const left = (name: string): Happening => ({ type: "left", name });
const whisper = (from: string, to = "ada"): Happening => ({ type: "told", from, to, text: "psst" });

/** The wire is cut, something happens, and the wire is back. */
function away(happenings: Happening[], more: () => void = () => {}): void {
  room.cut();
  more();
  room.happen(...happenings);
  jest.advanceTimersByTime(1_000);
  room.welcome("ada");
}

/** Whom the whispers on the wire of now are for. */
const addressees = () => room.sent("tell").map(({ to }) => to);

/** What may happen to gus after he whispered, and whom an answer reaches then. */
const fates: [what: string, happenings: Happening[], reached: string | undefined][] = [
  ["nothing", [], "gus"],
  ["a new name", [renamed("gus", "gustav")], "gustav"],
  [
    "a new name, and another member takes the old one",
    [renamed("gus", "gustav"), renamed("mallory", "gus")],
    "gustav",
  ],
  ["a new name, and a newcomer takes the old one", [renamed("gus", "gustav"), joined("gus")], "gustav"],
  ["two new names", [renamed("gus", "a"), renamed("mallory", "gus"), renamed("a", "b")], "b"],
  [
    "a swap of names",
    [renamed("gus", "tmp"), renamed("mallory", "gus"), renamed("tmp", "mallory")],
    "mallory",
  ],
  ["a new name and back", [renamed("gus", "x"), renamed("x", "gus")], "gus"],
  ["another case", [renamed("gus", "GUS")], "GUS"],
  ["another width", [renamed("gus", "ｇｕｓ")], "ｇｕｓ"],
  ["he leaves", [left("gus")], undefined],
  ["he leaves, and another member takes his name", [left("gus"), renamed("mallory", "gus")], undefined],
  ["he leaves, and a newcomer takes his name", [left("gus"), joined("Gus")], undefined],
  ["a new name, and he leaves", [renamed("gus", "x"), left("x"), renamed("mallory", "x")], undefined],
  ["he is kicked", [{ type: "kicked", name: "gus", by: "ada" }, joined("gus")], undefined],
  ["he is banned", [{ type: "banned", name: "gus", by: "ada" }, renamed("mallory", "gus")], undefined],
  ["he is muted", [{ type: "muted", name: "gus", by: "ada" }], "gus"],
  ["his namesake of old is unbanned", [{ type: "unbanned", name: "gus", by: "ada" }], "gus"],
];

/** The last name he had, for the sentence that he has left. */
const lastName = (happenings: Happening[]) =>
  happenings.some((event) => event.type === "renamed" && event.to === "x") ? "x" : "gus";

describe.each(fates)("a whisper for gus, then %s", (fate, happenings, reached) => {
  test(`after "${fate}" /reply reaches gus, or nobody`, () => {
    room.happen(whisper("gus"), ...happenings);
    client.enter("/reply secret");
    expect(addressees()).toEqual(reached === undefined ? [] : [reached]);
    expect(problems).toEqual(reached === undefined ? [`${lastName(happenings)} has left`] : []);
  });

  test(`after a loss with "${fate}" /reply reaches gus, or nobody`, () => {
    room.happen(whisper("gus"));
    away(happenings);
    client.enter("/reply secret");
    expect(addressees()).toEqual(reached === undefined ? [] : [reached]);
  });

  test(`after a loss with "${fate}" and a whisper /reply reaches gus`, () => {
    away([whisper("gus"), ...happenings]);
    client.enter("/reply secret");
    expect(addressees()).toEqual(reached === undefined ? [] : [reached]);
  });

  test.each(["/reply ", "/msg gus "])(
    `a row that began with %j reaches gus, or nobody, after "${fate}"`,
    (start) => {
      room.happen(whisper("gus"));
      expect(client.chat.typing(start.trim())).toBeUndefined();
      expect(client.chat.typing(start) ?? start).toBe("/msg gus ");
      room.happen(...happenings);
      for (const row of ["/msg gus s", "/msg gus se", "/msg gus secret"]) client.chat.typing(row);
      client.enter("/msg gus secret");
      expect(addressees()).toEqual(reached === undefined ? [] : [reached]);
    },
  );

  test(`a whisper that waited reaches gus, or nobody, after "${fate}"`, () => {
    room.cut();
    client.enter("/msg gus secret");
    room.happen(...happenings);
    jest.advanceTimersByTime(1_000);
    room.welcome("ada");
    expect(addressees()).toEqual(reached === undefined ? [] : [reached]);
    expect(refusedIds).toEqual(reached === undefined ? [expect.any(String)] : []);
    const gone = `/msg gus secret: ${lastName(happenings)} has left`;
    expect(refused).toEqual(reached === undefined ? [gone] : []);
    expect(client.link.outbox.size).toBe(reached === undefined ? 0 : 1);
  });

  test(`a whisper without an ack reaches gus, or nobody, after "${fate}"`, () => {
    client.enter("/msg gus secret");
    expect(addressees()).toEqual(["gus"]);
    away(happenings);
    expect(addressees()).toEqual(reached === undefined ? [] : [reached]);
  });

  test(`a refused whisper reaches gus, or nobody, after "${fate}"`, () => {
    client.enter("/msg gus secret");
    const [{ id } = { id: "" }] = room.sent("tell");
    room.happen(...happenings);
    room.say({ type: "error", code: "no-such-member", text: "too late", id: String(id) });
    const isElsewhere = reached !== undefined && nameKey(reached) !== "gus";
    expect(addressees().slice(1)).toEqual(isElsewhere ? [reached] : []);
    expect(refused).toHaveLength(isElsewhere ? 0 : 1);
  });
});

describe("what cannot be known reaches nobody", () => {
  const lost: [what: string, lose: () => void][] = [
    [
      "after a gap",
      () => {
        room.happen(renamed("gus", "gustav"), renamed("mallory", "gus"));
        room.forget();
      },
    ],
    [
      "after a gap, with what came behind it",
      () => {
        room.forget();
        room.happen(renamed("gus", "gustav"), renamed("mallory", "gus"));
      },
    ],
    [
      "in another journal",
      () => {
        room.epoch = "another";
        room.seq = 0;
        room.forget();
        room.happen({ type: "said", from: "gus", text: "hi" });
      },
    ],
  ];

  function away(lose: () => void): void {
    room.cut();
    lose();
    jest.advanceTimersByTime(1_000);
    room.welcome("ada");
  }

  test.each(lost)("an answer after a gap, %s, reaches nobody", (_, lose) => {
    room.happen(whisper("gus"));
    away(lose);
    client.enter("/reply secret");
    expect(addressees()).toEqual([]);
    expect(problems).toEqual(["gus has left"]);
    // By the name of now it can be sent.
    client.enter("/msg gus hello");
    expect(addressees()).toEqual(["gus"]);
  });

  test.each(lost)("a whisper that waited reaches nobody after a gap, %s", (_, lose) => {
    client.enter("/msg gus secret");
    away(lose);
    expect(addressees()).toEqual([]);
    expect(refused).toEqual(["/msg gus secret: gus has left"]);
  });

  test.each(lost)("a row begun before a gap, %s, reaches nobody", (_, lose) => {
    client.chat.typing("/msg gus s");
    away(lose);
    client.enter("/msg gus secret");
    expect(addressees()).toEqual([]);
    expect(problems).toEqual(["gus has left"]);
  });

  test("an answer after a gap for a slow reader reaches nobody", () => {
    room.happen(whisper("gus"));
    room.say({ type: "gap", from: 22, to: 30 });
    client.enter("/reply secret");
    expect(addressees()).toEqual([]);
    expect(client.chat.people.names).toContain("gus");
  });
});

describe("whoever is behind a gap is somebody of now", () => {
  test("a whisper behind a gap can be answered", () => {
    away([]);
    room.cut();
    room.happen(renamed("gus", "gustav"));
    room.forget();
    room.happen(joined("gus"), whisper("gus"), renamed("gus", "guy"), renamed("mallory", "gus"));
    jest.advanceTimersByTime(1_000);
    room.welcome("ada");
    client.enter("/reply hello");
    expect(addressees()).toEqual(["guy"]);
  });
});

describe("/reply", () => {
  test("/reply needs a whisper first, and words", () => {
    client.enter("/reply hi");
    room.happen(whisper("gus"));
    client.enter("/reply");
    client.enter("/reply   ");
    expect(problems).toEqual([
      "Nobody has whispered to you yet",
      "A message needs some text",
      "A message needs some text",
    ]);
  });

  test("/reply never answers oneself, whatever one was called", () => {
    room.happen(whisper("ada", "gus"), renamed("ada", "eve"), whisper("eve", "gus"));
    client.enter("/reply hi");
    expect(problems).toEqual(["Nobody has whispered to you yet"]);
  });

  test("/reply never answers oneself, where a new name was missed", () => {
    room.cut();
    room.happen(whisper("ada", "gus"), renamed("ada", "eve"), renamed("mallory", "ada"));
    jest.advanceTimersByTime(1_000);
    room.welcome("eve");
    client.enter("/reply hi");
    expect(problems).toEqual(["Nobody has whispered to you yet"]);
    room.happen(whisper("ada", "eve"));
    client.enter("/reply hi");
    expect(addressees()).toEqual(["ada"]);
  });

  test("/reply answers the last whisper of a member that is not ignored", () => {
    room.happen(whisper("gus"), whisper("mallory"));
    client.enter("/ignore gus");
    room.happen(whisper("gus"));
    client.enter("/reply hi");
    expect(addressees()).toEqual(["mallory"]);
    room.happen(whisper("server"));
    client.enter("/reply hi");
    expect(problems).toEqual(["server is no member: say it aloud"]);
    expect(client.chat.people.names).not.toContain("server");
  });

  test("/reply becomes /msg in the row once a blank is behind it", () => {
    expect(client.chat.typing("/reply ")).toBeUndefined();
    room.happen(whisper("gus"), renamed("gus", "Gustav"));
    const becomes = (row: string) => client.chat.typing(row);
    expect(["/reply ", "/REPLY ", "/reply all\nat once"].map(becomes)).toEqual([
      "/msg Gustav ",
      "/msg Gustav ",
      "/msg Gustav all\nat once",
    ]);
    for (const row of ["/repl ", "/reply", "/replying ", " /reply ", "say /reply ", "//reply ", "/reply\n"]) {
      expect([row, becomes(row)]).toEqual([row, undefined]);
    }
    room.happen(left("Gustav"));
    expect(becomes("/reply ")).toBeUndefined();
  });
});

describe("/msg", () => {
  test("/msg goes to who has the name when it is entered at once", () => {
    room.happen(whisper("gus"), renamed("gus", "gustav"), renamed("mallory", "gus"));
    client.enter("/msg gus hi");
    expect(addressees()).toEqual(["gus"]);
  });

  test("/msg goes to who has the name when it was typed again", () => {
    client.chat.typing("/msg gus s");
    room.happen(renamed("gus", "gustav"), renamed("mallory", "gus"));
    client.chat.typing("");
    client.chat.typing("/msg gus ");
    client.enter("/msg gus hi");
    expect(addressees()).toEqual(["gus"]);
  });

  test("/msg keeps the addressee in the row, wherever the cursor moves", () => {
    client.chat.typing("/msg gus s");
    room.happen(renamed("gus", "gustav"), renamed("mallory", "gus"));
    for (let at = 0; at <= 10; at++) client.chat.typing("/msg gus s".slice(0, at), "/msg gus s".slice(at));
    client.enter("/msg gus secret");
    expect(addressees()).toEqual(["gustav"]);
  });

  test("/msg goes to the one in the row when another name is entered", () => {
    client.chat.typing("/msg gus s");
    room.happen(renamed("gus", "gustav"));
    client.enter("/msg mallory hi");
    client.enter("/msg gus hi");
    expect(addressees()).toEqual(["mallory", "gus"]);
  });

  test("/msg carries the last event seen, unless a program says which", () => {
    room.happen(whisper("gus"));
    client.enter("/msg gus hi");
    client.ask({ type: "tell", to: "gus", text: "hi", seq: 3 });
    expect(room.sent("tell").map(({ seq }) => seq)).toEqual([room.seq, 3]);
  });

  test("/msg to a free name is not for one who takes it meanwhile", () => {
    client.enter("/msg dan hi");
    expect(addressees()).toEqual(["dan"]);
    away([renamed("mallory", "dan")]);
    expect(addressees()).toEqual([]);
    expect(refused).toEqual(['/msg dan hi: Nobody here was called "dan" when you wrote that']);
  });
});

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

  test("a command needs a connection, a message waits for one", () => {
    room.cut();
    client.enter("/who");
    client.enter("hello");
    expect(problems).toEqual(["There is no connection now: try again"]);
    expect(client.link.outbox.unsent).toEqual(["1 message was not sent:", "hello"]);
  });

  test("/help lists the client's own commands, too", () => {
    client.enter("/help");
    expect(shown.at(-1)).toMatchObject({ type: "help" });
    expect(JSON.stringify(shown.at(-1))).toContain("/reply TEXT");
  });
});

test("an ignored member stays hidden under every name it takes", () => {
  const regards = (...names: string[]) =>
    names.map((from) => client.chat.regard({ type: "said", seq: 0, at: 0, from, text: "hi" }));
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
