// What a person sees who reads back while others talk: on an emulator's screen, at two sizes.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { testMs } from "../../../../support/transcript.ts";
import { type Kind, PlayedPast } from "../../core/past/played-past.ts";
import { PlayedScreen } from "./played-screen.ts";

setDefaultTimeout(testMs);

const said = (count: number): Kind[] => Array(count).fill("said");
const upTo = (last: number, count: number) => Array.from({ length: count }, (_, i) => last - count + 1 + i);

/** Opens a pager in a room with so many messages. */
function opened(size: { columns: number; rows: number }, count: number): PlayedScreen {
  const screen = new PlayedScreen(size, new PlayedPast(said(count)));
  screen.print(upTo(count, 5).map((line) => `bob: line ${line}`));
  screen.pager.open();
  screen.room.answer();
  return screen;
}

describe.each([
  { columns: 80, rows: 24 },
  { columns: 40, rows: 10 },
])("on $columns × $rows", (size) => {
  const height = size.rows - 2;
  const step = height - 1;

  test("PageUp goes up page by page, each with a line of the one before", async () => {
    using screen = opened(size, 300);
    expect(await screen.lines()).toEqual(upTo(300 - step, height));
    expect((await screen.rows()).slice(-1)).toEqual(["ada> draft"]);
    screen.press("pageup");
    expect(await screen.lines()).toEqual(upTo(300 - 2 * step, height));
    screen.press("up");
    expect(await screen.lines()).toEqual(upTo(300 - 2 * step - 1, height));
    screen.press("pagedown");
    screen.press("down");
    expect(await screen.lines()).toEqual(upTo(300 - step, height));
  });

  test("up to the first line and back, each line is shown once and in order", async () => {
    using screen = opened(size, 250);
    const up: number[][] = [await screen.lines()];
    for (let i = 0; i < 100 && up.at(-1)?.[0] !== 1; i++) {
      screen.press("pageup");
      up.push(await screen.lines());
    }
    expect([...new Set(up.toReversed().flat())]).toEqual(upTo(250 - step, 250 - step));
    expect((await screen.rows())[0]).toBe("── nothing older is kept ──");
    screen.press("pageup");
    screen.press("up");
    expect((await screen.lines())[0]).toBe(1);
    const down: number[] = [];
    for (let i = 0; i < 100 && screen.pager.isOpen; i++) {
      down.push(...(await screen.lines()));
      screen.press("pagedown");
    }
    expect([...new Set(down)]).toEqual(upTo(250, 250));
    expect(screen.left).toBe(1);
  });

  test("lines that come move nothing, are counted, and are read on PageDown", async () => {
    using screen = opened(size, 300);
    const before = await screen.lines();
    for (let i = 0; i < 1_200; i++) {
      screen.room.happen("said");
      screen.pager.arrived();
    }
    expect(await screen.lines()).toEqual(before);
    expect((await screen.rows()).at(-2)).toContain("1,200 new");
    screen.press("pagedown");
    screen.press("pagedown");
    expect(await screen.lines()).toEqual(upTo(300 + step, height));
    for (let i = 0; i < 200 && (await screen.lines()).at(-1) !== 1_500; i++) screen.press("pagedown");
    expect((await screen.rows()).at(-2)).not.toContain("new");
    screen.press("pagedown");
    expect(screen.pager.isOpen).toBe(false);
  });

  test("the conversation is as it was when the page is left", async () => {
    using screen = new PlayedScreen(size, new PlayedPast(said(300)));
    screen.print(upTo(300, 50).map((line) => `bob: line ${line}`));
    const before = await screen.rows();
    const { length } = screen.emulator.buffer.active;
    screen.pager.open();
    screen.room.answer();
    screen.press("pageup");
    expect(await screen.rows()).not.toEqual(before);
    expect(screen.emulator.buffer.active.type).toBe("alternate");
    screen.press("escape");
    screen.print([]);
    expect(await screen.rows()).toEqual(before);
    expect([screen.emulator.buffer.active.type, screen.emulator.buffer.active.length]).toEqual([
      "normal",
      length,
    ]);
  });
});

test("a page that is resized keeps its last line, whatever the size", async () => {
  using screen = opened({ columns: 80, rows: 24 }, 300);
  const last = (await screen.lines()).at(-1);
  for (const [columns, rows] of [
    [40, 10],
    [20, 40],
    [100, 8],
    [80, 24],
  ] as const) {
    screen.resize(columns, rows);
    const lines = await screen.lines();
    expect([lines.length, lines.at(-1)]).toEqual([rows - 2, last]);
    expect((await screen.rows()).at(-1)).toBe("ada> draft");
  }
});

test("a page that grows beyond what was read is filled", async () => {
  using screen = opened({ columns: 80, rows: 24 }, 1_000);
  screen.resize(80, 250);
  screen.room.answer();
  expect(await screen.lines()).toEqual(upTo(979, 248));
});

test("a link is broken where the page ends, and stays whole in its rows", async () => {
  const link = `https://example.org/${"a".repeat(90)}`;
  const room = new PlayedPast(["said"], () => link);
  using screen = new PlayedScreen({ columns: 40, rows: 10 }, room);
  screen.pager.open();
  room.answer();
  const rows = await screen.rows();
  expect(rows.slice(1, 5).join("").replaceAll(" ", "")).toBe(`bob:${link}`);
  expect(screen.pager.rows({ columns: 40, rows: 8 }).every((row) => row.length <= 40)).toBe(true);
});

test("a terminal of few rows has no room for a page", () => {
  using screen = new PlayedScreen({ columns: 40, rows: 6 }, new PlayedPast(said(100)));
  expect([screen.pager.open(), screen.pager.around(50), screen.pager.isOpen]).toEqual([false, false, false]);
});

test("around an event it begins with that in the middle, and goes both ways", async () => {
  using screen = new PlayedScreen({ columns: 80, rows: 24 }, new PlayedPast(said(2_000)));
  screen.pager.around(1_000);
  screen.room.answerOne();
  // What comes behind it leaves it where it is.
  expect(await screen.lines()).toEqual(upTo(1_000, 11));
  screen.room.answer();
  expect(await screen.lines()).toEqual(upTo(1_011, 22));
  screen.press("pagedown");
  expect(await screen.lines()).toEqual(upTo(1_032, 22));
  screen.press("pageup");
  screen.press("pageup");
  expect(await screen.lines()).toEqual(upTo(990, 22));
});

test("an empty room, and one without a connection, say so", async () => {
  using empty = opened({ columns: 80, rows: 24 }, 0);
  expect((await empty.rows())[0]).toBe("── nothing older is kept ──");
  using offline = new PlayedScreen({ columns: 80, rows: 24 }, new PlayedPast(said(100)));
  offline.room.isOnline = false;
  offline.pager.open();
  expect((await offline.rows()).at(-2)).toContain("There is no connection now");
  offline.room.isOnline = true;
  offline.press("pageup");
  expect((await offline.lines()).length).toBe(22);
});

test("a message that is taken back is gone from the page", async () => {
  using screen = opened({ columns: 80, rows: 24 }, 100);
  const [first = 0] = await screen.lines();
  screen.pager.takeBack([first + 1]);
  const rows = await screen.rows();
  expect(rows.slice(0, 3)).toEqual([`bob: line ${first}`, "(taken back)", `bob: line ${first + 2}`]);
  expect(rows.length).toBe(24);
});

test("keys that are not its own are for the row", () => {
  using screen = opened({ columns: 80, rows: 24 }, 100);
  const taken = ["a", "enter", "left", "home", "end", "tab"].map((name) => screen.press(name));
  expect(taken).not.toContain(true);
});

test("wherever keys, talk and sizes lead, a page is a stretch of the past", async () => {
  const kind = fc.constantFrom<Kind>("said", "said", "said", "hidden");
  const move = fc.constantFrom("pageup", "pageup", "pageup", "pagedown", "pagedown", "up", "down");
  const step = fc.oneof(
    { weight: 6, arbitrary: move },
    { weight: 1, arbitrary: fc.record({ kinds: fc.array(kind, { maxLength: 40 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        columns: fc.integer({ min: 20, max: 90 }),
        rows: fc.integer({ min: 8, max: 30 }),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(kind, { maxLength: 400 }),
      fc.array(step, { maxLength: 25 }),
      async (kinds, steps) => {
        using screen = new PlayedScreen({ columns: 80, rows: 24 }, new PlayedPast(kinds));
        screen.pager.open();
        screen.room.answer();
        for (const step of steps) {
          if (typeof step === "string") screen.press(step);
          else if ("kinds" in step) screen.room.happen(...step.kinds);
          else screen.resize(step.columns, step.rows);
          if (!screen.pager.isOpen) break;
          screen.room.answer();
          const lines = await screen.lines();
          const [first = 0, last = 0] = [lines[0], lines.at(-1)];
          const all = screen.room.all.map(({ seq }) => seq);
          expect(lines).toEqual(all.filter((seq) => seq >= first && seq <= last));
          const height = screen.emulator.rows - 2;
          // Less than a screen only where there is no more: a row then tells of the start.
          if (lines.length > 0 && lines.length < height - 1) expect(first).toBe(all[0] ?? 0);
        }
      },
    ),
    { numRuns: 60 },
  );
});
