// Whom a whisper reaches whose name is owned: its owner, also after having left, and never the next owner.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
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
  renamed,
  room,
  whisper,
} from "./played-client.ts";

setDefaultTimeout(testMs);

inPlayedRoom();

const owned = (name: string): Happening => ({ type: "joined", name, owned: true });
const freed: Happening = { type: "freed", name: "GUS", by: "ada" };
const addressees = () => room.sent("tell").map(({ to }) => to);

/** What may happen to gus, who owns his name and has whispered, and whom an answer reaches then. */
const fates: [what: string, happenings: Happening[], reached: string | undefined][] = [
  ["he leaves", [left("gus")], "gus"],
  ["he is kicked", [{ type: "kicked", name: "gus", by: "ada" }], "gus"],
  ["he leaves and comes back", [left("gus"), owned("Gus")], "Gus"],
  ["he comes back under another name", [left("gus"), owned("gus"), renamed("gus", "gustav")], "gustav"],
  ["he leaves, and his name is set free", [left("gus"), freed], undefined],
  ["his name is set free, and he leaves", [freed, left("gus")], undefined],
  ["his name is set free, and another owner comes", [left("gus"), freed, owned("gus")], undefined],
  ["he leaves, and a newcomer without a key comes", [left("gus"), joined("gus")], undefined],
  ["he leaves, and a member takes his name", [left("gus"), renamed("mallory", "gus")], undefined],
];

describe.each(fates)("a whisper for gus, who owns his name, then %s", (fate, happenings, reached) => {
  const answer = () => {
    client.enter("/reply secret");
    expect(addressees()).toEqual(reached === undefined ? [] : [reached]);
    expect(problems).toHaveLength(reached === undefined ? 1 : 0);
  };

  test(`after "${fate}" /reply reaches gus`, () => {
    room.happen(left("gus"), owned("gus"), whisper("gus"), ...happenings);
    answer();
  });

  test(`after a loss with "${fate}" /reply reaches gus`, () => {
    room.happen(left("gus"), owned("gus"), whisper("gus"));
    away(happenings);
    answer();
  });
});

test("a whisper that the room refuses is refused once, also for an owner", () => {
  room.happen(left("gus"), owned("gus"), left("gus"));
  client.enter("/msg gus secret");
  const [sent] = room.sent("tell");
  room.say({ type: "error", code: "no-such-member", text: "Nobody", id: String(sent?.id) });
  expect(addressees()).toEqual(["gus"]);
  expect(refused).toEqual(["/msg gus secret: Nobody"]);
});

test("a whisper to an unseen owner goes out as of when it was written", () => {
  room.cut();
  const { seq } = room;
  client.enter("/msg eve secret");
  away([owned("eve")]);
  expect(room.sent("tell")).toMatchObject([{ to: "eve", seq }]);
});

test("a whisper written in another epoch is not for an owner who came since", () => {
  room.cut();
  client.enter("/msg eve secret");
  away([owned("eve")], () => {
    room.epoch = "another";
  });
  expect(room.sent("tell")).toEqual([]);
  expect(refused).toHaveLength(1);
});

test("after a gap an owner who had left counts as somebody else", () => {
  room.happen(left("gus"), owned("gus"), whisper("gus"), left("gus"));
  away([owned("gus")], () => room.forget());
  client.enter("/reply secret");
  expect(addressees()).toEqual([]);
});
