// Reading back and forth: however the server cuts its pages and which events are missing, the window shows the past without
// a hole, each line once and in order, and never more lines than it keeps.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { Window } from "../../../../../lib/client/core/past/window.ts";
import { testMs } from "../../../../support/transcript.ts";
import { begunAt, type Kind, PlayedPast } from "./played-past.ts";

setDefaultTimeout(testMs);

const kind: fc.Arbitrary<Kind> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Kind>("said") },
  { weight: 1, arbitrary: fc.constant<Kind>("renamed") },
  { weight: 2, arbitrary: fc.constant<Kind>("hidden") },
  { weight: 2, arbitrary: fc.constant<Kind>("joined") },
);
const stretch = fc.oneof(
  fc.array(kind, { maxLength: 150 }),
  fc
    .tuple(fc.nat(400), fc.constantFrom<Kind>("hidden", "joined"))
    .map(([length, kind]): Kind[] => Array(length).fill(kind)),
);
const past = fc.array(stretch, { maxLength: 5 }).map((stretches) => stretches.flat());
const step = fc.oneof(
  fc.constant({ type: "older" as const }),
  fc.constant({ type: "newer" as const }),
  fc.record({ type: fc.constant("happen" as const), kinds: fc.array(kind, { maxLength: 30 }) }),
  fc.constant({ type: "drop" as const }),
);

const ignore = () => {};
const said = { type: "said" as const, at: 0, from: "ada", text: "now" };

/** Reads in one direction until nothing more comes; how many pages that took. */
function readOut(room: PlayedPast, window: Window, direction: "older" | "newer"): number {
  const isDone = () => (direction === "older" ? window.isOldest : window.reaches(room.now));
  let pages = 0;
  for (; !isDone() && pages < 1_000; pages++) {
    if (direction === "older") window.older(ignore);
    else window.newer(room.now, ignore);
    room.answer();
  }
  return pages;
}

test("a window shows the past without a hole, each line once and in order", () => {
  fc.assert(
    fc.property(
      past,
      fc.array(step, { maxLength: 15 }),
      fc.record({
        start: fc.double({ min: 0, max: 1, noNaN: true }),
        kept: fc.integer({ min: 110, max: 250 }),
        pageEvents: fc.integer({ min: 1, max: 200 }),
        pagePositions: fc.integer({ min: 1, max: 300 }),
      }),
      (kinds, steps, { start, kept, pageEvents, pagePositions }) => {
        const room = new PlayedPast(kinds);
        Object.assign(room, { pageEvents, pagePositions });
        const window = new Window(room.pages, 1 + Math.round(start * room.now), kept);
        for (const step of steps) {
          if (step.type === "happen") room.happen(...step.kinds);
          else if (step.type === "drop") room.pages.lost();
          else if (step.type === "older") window.older(ignore);
          else window.newer(room.now, ignore);
          // The commands asked before are lost with the connection.
          if (step.type === "drop") room.asked.length = 0;
          else room.answer();
          const [first, last] = [window.events[0]?.seq ?? 1, window.events.at(-1)?.seq ?? 0];
          expect(window.events).toEqual(room.all.filter(({ seq }) => seq >= first && seq <= last));
          expect(window.events.length).toBeLessThanOrEqual(kept);
        }
        expect(readOut(room, window, "older")).toBeLessThan(1_000);
        expect(window.events).toEqual(room.all.slice(0, window.events.length));
        expect(readOut(room, window, "newer")).toBeLessThan(1_000);
        expect(window.events.slice(-10)).toEqual(room.all.slice(-10));
        expect(window.events.length).toBe(Math.min(room.all.length, kept));
      },
    ),
    { numRuns: 150 },
  );
});

test("a page whose events the window gave up meanwhile leaves no hole", () => {
  const room = new PlayedPast(Array(150).fill("said"));
  const window = new Window(room.pages, 151);
  window.older(ignore);
  room.answer();
  let done = 0;
  window.older(() => done++);
  for (let seq = 151; seq <= 260; seq++) {
    room.happen("said");
    window.add({ ...said, seq }, 60);
  }
  room.answer();
  expect([done, window.isReading, window.isOldest]).toEqual([1, false, false]);
  expect(window.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, i) => 201 + i));
  expect(readOut(room, window, "older")).toBeGreaterThan(0);
  expect(window.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 260 }, (_, i) => 1 + i));
});

test("a window has no hole, whatever happens while a page is under way", () => {
  const step = fc.oneof(
    fc.constantFrom("older" as const, "newer" as const, "answer" as const, "lost" as const),
    fc.record({ kinds: fc.array(kind, { maxLength: 80 }), isAtEnd: fc.boolean() }),
  );
  const size = fc.record({
    atEnd: fc.integer({ min: 1, max: 60 }),
    kept: fc.integer({ min: 110, max: 250 }),
    pageEvents: fc.integer({ min: 1, max: 200 }),
    pagePositions: fc.integer({ min: 1, max: 300 }),
  });
  fc.assert(
    fc.property(past, fc.array(step, { maxLength: 40 }), size, (kinds, steps, { atEnd, kept, ...page }) => {
      const room = Object.assign(new PlayedPast(kinds), page);
      const window = new Window(room.pages, room.now + 1, kept);
      // The last event that the client was shown.
      let { now } = room;
      for (const step of steps) {
        if (step === "older") window.older(ignore);
        else if (step === "newer") window.newer(now, ignore);
        else if (step === "answer") room.answerOne();
        else if (step === "lost") {
          room.pages.lost();
          room.asked.length = 0;
        } else {
          for (const kind of step.kinds) {
            const isWhole = window.reaches(now);
            room.happen(kind);
            if (kind === "hidden") continue;
            now = room.now;
            const event = room.all.at(-1);
            if (!isWhole) continue;
            if (kind === "joined") window.passes(now);
            else if (event) window.add(event, step.isAtEnd ? atEnd : undefined);
          }
        }
        const last = window.reaches(now) ? now : (window.events.at(-1)?.seq ?? 0);
        expect(window.events).toEqual(room.all.filter(({ seq }) => seq >= window.from && seq <= last));
      }
    }),
    { numRuns: 150 },
  );
});

test("a page is asked for once, and is not joined to a window that is closed", () => {
  const room = new PlayedPast(Array(300).fill("said"));
  const window = new Window(room.pages, 301);
  let done = 0;
  for (let i = 0; i < 3; i++) window.older(() => done++);
  expect([room.asked.length, window.isReading]).toEqual([1, true]);
  room.answer();
  expect([done, window.events.length, window.isReading]).toEqual([1, 100, false]);
  window.older(() => done++);
  window.close();
  room.answer();
  expect([done, window.events.length]).toEqual([1, 100]);
});

test("of a message that is taken back nothing is left but its place", () => {
  const room = new PlayedPast(Array(30).fill("said"));
  const window = new Window(room.pages, 31);
  window.older(ignore);
  room.answer();
  window.takeBack([29, 12, 99]);
  expect(window.events.filter(({ type }) => type === "erased")).toEqual([
    { type: "erased", seq: 12, at: begunAt + 12 },
    { type: "erased", seq: 29, at: begunAt + 29 },
  ]);
  expect(window.events.map(({ seq }) => seq)).toEqual(room.all.map(({ seq }) => seq));
});

test("a message that is taken back while pages are read has no text, either", () => {
  const room = new PlayedPast(Array(30).fill("said"));
  room.pageEvents = 10;
  const window = new Window(room.pages, 31);
  window.older(ignore);
  room.answerOne();
  room.pages.event({ type: "deleted", seq: 31, at: 0, name: "bob", by: "bob", saidAt: 0, seqs: [29, 9] });
  room.hide(9);
  room.answer();
  expect(window.events.filter(({ type }) => type === "erased").map(({ seq }) => seq)).toEqual([29]);
  expect(window.events.map(({ seq }) => seq)).not.toContain(9);
});

test("without a connection a window says so, and reads on later", () => {
  const room = new PlayedPast(Array(300).fill("said"));
  const window = new Window(room.pages, 301);
  const problems: (string | undefined)[] = [];
  room.isOnline = false;
  window.older((problem) => problems.push(problem?.code));
  room.isOnline = true;
  window.older((problem) => problems.push(problem?.code));
  room.pages.lost();
  window.older((problem) => problems.push(problem?.code));
  room.answer();
  expect(problems).toEqual(["unavailable", "unavailable", undefined]);
  expect(window.events.length).toBe(100);
});

test("a window that begins with a page takes events of now behind it", () => {
  const room = new PlayedPast(Array(130).fill("said"));
  const window = new Window(room.pages, 101, 120);
  window.begin({ events: room.all.slice(50, 100), next: 51 });
  for (const event of room.all.slice(100, 120)) expect(window.add(event)).toBe(true);
  window.older(ignore);
  room.answer();
  expect(window.events).toEqual(room.all.slice(0, 120));
  // Full: the window keeps the lines being read, and ends before the new event.
  expect(window.add({ ...said, seq: 121 })).toBe(false);
  expect([window.reaches(120), window.reaches(121)]).toEqual([true, false]);
  // At the end it is shorter, and the events it gave up are read again.
  expect(window.add({ ...said, seq: 121 }, 60)).toBe(true);
  expect(window.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, i) => 62 + i));
  window.passes(122);
  expect(window.reaches(122)).toBe(true);
  window.older(ignore);
  room.answer();
  expect(window.events).toEqual(room.all.slice(0, 120));
});
