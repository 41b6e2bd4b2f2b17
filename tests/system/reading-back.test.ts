// Reading back on a real pseudo-terminal while others talk: nothing that comes moves the page, and nothing is lost.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { JsonClient } from "../support/clients.ts";
import { key, open, types } from "../support/members.ts";
import type { Terminal } from "../support/screen.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const pageUp = "\x1b[5~";
const pageDown = "\x1b[6~";
const escapeKey = "\x1b";

const isReading = ({ emulator }: Terminal) => emulator.buffer.active.type === "alternate";
/** The numbers of bob's lines on the screen. */
const lines = ({ screen }: Terminal) => screen.flatMap((row) => /^bob: line (\d+)$/.exec(row)?.[1] ?? []);

async function speak(bob: JsonClient, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) bob.send({ type: "say", text: `line ${i}` });
  await bob.event("said", { text: `line ${to}` });
}

/** Bob says a hundred lines, and ada opens the page above the newest. */
async function readBack({ server, ada }: Awaited<ReturnType<typeof open>>): Promise<JsonClient> {
  const bob = await JsonClient.join(server.port, "bob");
  await speak(bob, 1, 100);
  await ada.shows("bob: line 100");
  ada.type(pageUp);
  await ada.until("a page", isReading);
  return bob;
}

describe.concurrent("reading back", () => {
  test.each([
    { cols: 80, rows: 24 },
    { cols: 40, rows: 10 },
  ])("survives lines that come, other sizes and a draft, at $cols × $rows", async (at) => {
    await using room = await open(["--time", "off"], at);
    const { server, ada } = room;
    using bob = await JsonClient.join(server.port, "bob");
    await speak(bob, 1, 300);
    await ada.shows("bob: line 300");
    ada.type(`half a ${pageUp}`);
    await ada.until("a page", (t) => isReading(t) && lines(t).length === at.rows - 2);
    const first = lines(ada);
    expect(Number(first.at(-1))).toBeLessThan(300);
    await speak(bob, 301, 340);
    await ada.shows("40 new");
    expect(lines(ada)).toEqual(first);
    ada.type("line");
    await types(ada, "ada> half a line");
    // Another size, and back.
    ada.resize(at.cols + 7, at.rows + 3);
    await ada.until("the larger page", (t) => lines(t).length === at.rows + 1);
    expect(lines(ada).at(-1)).toBe(first.at(-1));
    ada.resize(at.cols, at.rows);
    await ada.until("the page", (t) => lines(t).length === at.rows - 2 && t.row === "ada> half a line");
    expect(lines(ada)).toEqual(first);
    // Up to the first line.
    for (let i = 0; i < 60 && ada.screen[0] !== "── nothing older is kept ──"; i++) {
      const [top] = ada.screen;
      ada.type(pageUp);
      await ada.until("an older page", (t) => t.screen[0] !== top);
    }
    expect(lines(ada)[0]).toBe("1");
    ada.type(escapeKey);
    await ada.until("the conversation", (t) => !isReading(t) && lines(t).includes("340"));
    await types(ada, "ada> half a line");
    ada.type(`!${key.enter}`);
    await bob.event("said", { text: "half a line!" });
  });

  test("the conversation has each line once behind a page at the same size", async () => {
    await using room = await open(["--time", "off"]);
    const { ada } = room;
    using bob = await readBack(room);
    await speak(bob, 101, 200);
    await ada.shows("100 new below");
    for (let i = 0; i < 40 && isReading(ada); i++) {
      const before = ada.screen.join();
      ada.type(pageDown);
      await ada.until("another page", (t) => t.screen.join() !== before);
    }
    await ada.until("the conversation", (t) => !isReading(t) && lines(t).includes("200"));
    const all = ada.scrolled.flatMap((row) => /^bob: line (\d+)$/.exec(row)?.[1] ?? []);
    expect(all).toEqual(Array.from({ length: 200 }, (_, i) => `${i + 1}`));
  });

  test("a hit is opened, and a /history is longer than a page of the server", async () => {
    await using room = await open(["--time", "off"]);
    const { server, ada } = room;
    using bob = await JsonClient.join(server.port, "bob");
    await speak(bob, 1, 600);
    bob.send({ type: "say", text: "lunch?" });
    await speak(bob, 601, 1_200);
    await ada.shows("bob: line 1200");
    ada.type(`/search LUNCH${key.enter}`);
    await ada.shows("[1] bob: lunch?");
    ada.type(`/around${key.enter}`);
    await ada.until("the hit and what came behind it", (t) => isReading(t) && lines(t).includes("601"));
    expect(lines(ada)).toContain("600");
    expect(ada.screen).toContain("[1] bob: lunch?");
    ada.type(`/history 1500${key.enter}`);
    const isShown = ({ scrolled, screen }: Terminal) =>
      scrolled.includes("── earlier ──") && screen.at(-3) === "── now ──";
    await ada.until("the history", (t) => !isReading(t) && isShown(t));
    const { scrolled } = ada;
    const earlier = scrolled.slice(scrolled.lastIndexOf("── earlier ──"));
    const all = earlier.flatMap((row) => /^bob: line (\d+)$/.exec(row)?.[1] ?? []);
    expect(all).toEqual(Array.from({ length: 1_200 }, (_, i) => `${i + 1}`));
  });

  test("Ctrl-C, and the end of the client, give the ordinary screen back", async () => {
    await using room = await open(["--time", "off"]);
    const { ada } = room;
    using _ = await readBack(room);
    ada.type(key.ctrl("C"));
    await ada.until("the conversation", (t) => !isReading(t));
    ada.type(pageUp);
    await ada.until("a page", isReading);
    ada.kill("SIGTERM");
    expect(await ada.exited).toBe(0);
    expect(isReading(ada)).toBe(false);
    expect(lines(ada)).toContain("100");
  });
});
