// Whom a whisper reaches, in a room that the test plays.

import { describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { nameKey } from "../../../../lib/protocol/names.ts";
import type { Happening } from "../../../support/played-room.ts";
import { testMs } from "../../../support/transcript.ts";
import {
  away,
  client,
  inPlayedRoom,
  joined,
  left,
  problems,
  refused,
  refusedIds,
  renamed,
  room,
  whisper,
} from "./played-client.ts";

setDefaultTimeout(testMs);

inPlayedRoom();

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

describe("after a gap", () => {
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

describe("behind a gap", () => {
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
      "Write it as /reply TEXT: answer the last whisper",
      "Write it as /reply TEXT: answer the last whisper",
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
