// What a person asks of the past, in a room whose pages are small: each answer is shown once, when all of it has come.

import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Past } from "../../../../../lib/client/core/past/past.ts";
import type { Event } from "../../../../../lib/protocol/events.ts";
import { testMs } from "../../../../support/transcript.ts";
import { type Kind, PlayedPast } from "./played-past.ts";

setDefaultTimeout(testMs);

let room: PlayedPast;
let past: Past;
/** The answers shown, each with its kind and its lines. */
let shown: { type: string; seqs: number[]; more: boolean }[];
let problems: string[];
let opened: number[];
/** Whether there is a screen to show the surroundings of a hit on. */
let hasScreen: boolean;

const said = (count: number): Kind[] => Array(count).fill("said");
const upTo = (last: number, count: number) => Array.from({ length: count }, (_, i) => last - count + 1 + i);

function open(kinds: Kind[], textOf?: (seq: number) => string): void {
  room = new PlayedPast(kinds, textOf);
  [shown, problems, opened, hasScreen] = [[], [], [], false];
  past = new Past({
    pages: room.pages,
    chat: { regard: ({ from }) => (from === "gus" ? "ignored" : "other") },
    link: {
      get position() {
        return { seq: room.now };
      },
    },
    handlers: {
      event: (event: Event) => {
        if (event.type !== "history" && event.type !== "results")
          throw new Error(`A ${event.type} was shown`);
        const more = event.type === "results" && event.more === true;
        shown.push({ type: event.type, seqs: event.events.map(({ seq }) => seq), more });
      },
      problem: ({ text }) => problems.push(text),
      around: (seq) => hasScreen && opened.push(seq) > 0,
    },
  });
}

beforeEach(() => open(said(3_000)));

describe("/history", () => {
  test.each([
    ["without a number shows 50 messages", undefined, 50, 1],
    ["shows as many as one page has", 500, 500, 1],
    ["shows more than one page has", 1_234, 1_234, 3],
    ["shows all there is", 9_999, 3_000, 6],
  ])("%s", (_, count, messages, questions) => {
    past.history(count);
    const limits = room.asked.map(({ limit }) => limit);
    let asked = 0;
    for (; room.asked.length > 0; asked++) room.answerOne();
    expect(limits).toEqual([Math.min(count ?? 50, 500)]);
    expect(asked).toBe(questions);
    expect(shown).toEqual([{ type: "history", seqs: upTo(3_000, messages), more: false }]);
    expect(problems).toEqual([]);
  });

  test("counts messages, however few of them the server's pages have", () => {
    const kinds = Array.from({ length: 2_000 }, (_, i): Kind => (i % 10 === 0 ? "said" : "hidden"));
    open(kinds);
    Object.assign(room, { pageEvents: 7, pagePositions: 30 });
    past.history(100);
    room.answer();
    expect(shown[0]?.seqs).toEqual(room.all.slice(-100).map(({ seq }) => seq));
  });

  test("ends at 10,000 lines, and says so", () => {
    open(said(10_100));
    past.history(20_000);
    room.answer();
    expect(shown[0]?.seqs).toEqual(upTo(10_100, 10_000));
    expect(problems).toEqual(["One /history shows at most 10,000 lines"]);
  });

  test("ends when there is as much text as can be kept", () => {
    open(said(10_000), () => "x".repeat(4_000));
    past.history(10_000);
    room.answer();
    expect(shown[0]?.seqs.length).toBeGreaterThan(1_000);
    expect(shown[0]?.seqs.length).toBeLessThan(1_600);
  });

  test("that is stopped shows what has come, and nothing else later", () => {
    past.history(2_000);
    room.answerOne();
    expect([past.progress, shown]).toEqual(["500 of 2,000 lines · Ctrl-C stops", []]);
    expect(past.stop()).toBe(true);
    room.answer();
    expect(shown).toEqual([{ type: "history", seqs: upTo(3_000, 500), more: false }]);
    expect([past.progress, past.stop()]).toEqual([undefined, false]);
    past.history();
    past.stop();
    expect([shown.length, problems]).toEqual([1, ["Stopped before anything was read"]]);
  });

  test("whose connection is lost shows what has come, and why there is no more", async () => {
    past.history(2_000);
    room.answerOne();
    room.pages.lost();
    await past.idle();
    expect([shown.length, shown[0]?.seqs.length]).toEqual([1, 500]);
    room.isOnline = false;
    past.history(10);
    expect([shown.length, problems]).toEqual([1, Array(2).fill("There is no connection now: try again")]);
  });
});

describe("/search", () => {
  test("numbers its hits from the newest, and goes on with older ones", () => {
    open(said(50));
    expect(past.searchOn()).toBe(false);
    past.search("line");
    room.answer();
    expect(shown).toEqual([{ type: "results", seqs: upTo(50, 20), more: true }]);
    expect([past.hits.numberOf(50), past.hits.numberOf(31), past.hits.numberOf(30)]).toEqual([
      1,
      20,
      undefined,
    ]);
    past.searchOn();
    room.answer();
    past.searchOn();
    room.answer();
    expect(shown.map(({ seqs, more }) => [seqs.at(-1), seqs.length, more])).toEqual([
      [50, 20, true],
      [30, 20, true],
      [10, 10, false],
    ]);
    expect(past.hits.numberOf(1)).toBe(50);
    past.searchOn();
    expect([shown.length, problems]).toEqual([3, ['Nothing older was found for "line"']]);
  });

  test("looks on where the server gave up before it found enough", () => {
    open([...said(5), ...Array<Kind>(5_000).fill("hidden"), ...said(3)]);
    room.pagePositions = 400;
    past.search("line");
    room.answer();
    expect(shown).toEqual([{ type: "results", seqs: [1, 2, 3, 4, 5, 5_006, 5_007, 5_008], more: false }]);
  });

  test("that found nothing searches what was said since when it goes on", () => {
    open([]);
    past.search("line");
    room.answer();
    room.happen("said");
    past.searchOn();
    room.answer();
    expect(shown.map(({ seqs }) => seqs)).toEqual([[], [1]]);
  });

  test("forgets the hits of a history that is another one now", () => {
    past.event({ type: "gap", from: 0, to: 10 });
    expect(past.searchOn()).toBe(false);
    past.search("line");
    room.answer();
    past.event({ type: "gap", from: 0, to: 10 });
    past.around("1");
    expect(problems).toEqual(["Search first: /search WORDS"]);
  });
});

describe("/around", () => {
  beforeEach(() => {
    past.search("line");
    room.answer();
    shown = [];
  });

  test("opens the newest hit, or the one with the number", () => {
    hasScreen = true;
    for (const number of ["", "1", "3", "[20]"]) past.around(number);
    expect(opened).toEqual([3_000, 3_000, 2_998, 2_981]);
  });

  test("without a screen shows five messages on either side", () => {
    room.happen("hidden", "hidden", "said");
    past.around("1");
    past.around("20");
    room.answer();
    expect(shown.map(({ seqs }) => seqs)).toEqual([[...upTo(3_000, 6), 3_003], upTo(2_986, 11)]);
  });

  test("of a hit that was taken back shows what was said before and behind it", () => {
    room.hide(2_990);
    past.around("11");
    room.answer();
    expect(shown[0]?.seqs).toEqual([...upTo(2_989, 6), ...upTo(2_995, 5)]);
  });

  test.each(["0", "21", "-1", "x", "1.5"])("of %j says which hits there are", (number) => {
    past.around(number);
    expect([opened, shown, problems]).toEqual([[], [], ["Say which one, 1 to 20: /around 1"]]);
  });
});
