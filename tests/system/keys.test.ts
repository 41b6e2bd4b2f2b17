// The keys of the client, on a real pseudo-terminal.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { key, open, types } from "../support/members.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

describe.concurrent("the keys", () => {
  test("keys edit the row as in a shell", async () => {
    await using room = await open();
    const { ada } = room;
    const steps: [keys: string, row: string, x?: number][] = [
      ["one two three", "ada> one two three"],
      [key.ctrl("A"), "ada> one two three", 5],
      [key.ctrl("E"), "ada> one two three"],
      [key.ctrl("B"), "ada> one two three", 17],
      [key.ctrl("F"), "ada> one two three"],
      [key.ctrl("W"), "ada> one two ", 13],
      ["three", "ada> one two three"],
      [key.alt("b"), "ada> one two three", 13],
      [key.alt("b"), "ada> one two three", 9],
      [key.alt("d"), "ada> one three", 9],
      [key.home, "ada> one three", 5],
      [key.delete, "ada> ne three", 5],
      [key.end, "ada> ne three"],
      [key.home + key.alt("f"), "ada> ne three", 8],
      [key.ctrl("K"), "ada> ne ", 8],
      [key.ctrl("U"), "ada> ", 5],
      [key.ctrl("Y"), "ada> ne ", 8],
    ];
    for (const [keys, row, x] of steps) {
      ada.type(keys);
      await types(ada, row, x);
    }
  });

  test("Up and Down go through what was typed, the draft last", async () => {
    await using room = await open();
    const { ada } = room;
    for (const text of ["first", "second"]) {
      ada.type(text + key.enter);
      await ada.shows(`ada: ${text}`);
    }
    ada.type("a draft");
    for (const [keys, text] of [
      [key.up, "second"],
      [key.up, "first"],
      [key.up, "first"],
      [key.down, "second"],
      [key.down, "a draft"],
    ] as const) {
      ada.type(keys);
      await types(ada, `ada> ${text}`);
    }
  });

  test("Tab goes round commands and names, most recently active first", async () => {
    await using room = await open();
    const { server, ada } = room;
    using anna = await PlainClient.join(server.port, "anna");
    using andy = await PlainClient.join(server.port, "andy");
    anna.say("hello");
    await ada.shows("anna: hello");
    andy.say("hello");
    await ada.shows("andy: hello");
    for (const [keys, row] of [
      ["an", "ada> an"],
      [key.tab, "ada> andy: "],
      [key.tab, "ada> anna: "],
      [key.tab, "ada> andy: "],
      ["hi an", "ada> andy: hi an"],
      [key.tab, "ada> andy: hi andy "],
      [`${key.ctrl("U")}/wh`, "ada> /wh"],
      [key.tab, "ada> /who "],
    ] as const) {
      ada.type(keys);
      await types(ada, row);
    }
  });

  test("wide characters and emoji stay whole wherever the row is cut", async () => {
    await using room = await open([], { cols: 40, rows: 10 });
    const { ada } = room;
    ada.type("日本語".repeat(20));
    await ada.until("the end of it", ({ row }) => row.startsWith("ada> …") && row.endsWith("日本語"));
    expect(Bun.stringWidth(ada.row)).toBeLessThanOrEqual(40);
    ada.type(`${key.ctrl("U")}👩‍👩‍👧‍👦x`);
    await ada.until("the family", ({ row }) => row === "ada> 👩‍👩‍👧‍👦x");
  });

  test("Ctrl-L draws the conversation anew, and /clear takes it away", async () => {
    await using room = await open();
    const { ada } = room;
    ada.type(`hello${key.enter}`);
    await ada.shows("ada: hello");
    ada.type("draft");
    await types(ada, "ada> draft");
    const before = ada.screen;
    // Another program wrote something on the same terminal.
    const { promise, resolve } = Promise.withResolvers<void>();
    ada.emulator.write("\x1b7\x1b[1;1Hrubbish\x1b[9;9Hrubbish\x1b8", resolve);
    await promise;
    expect(ada.screen.join()).toContain("rubbish");
    ada.type(key.ctrl("L"));
    await ada.until("the same screen", ({ screen }) => screen.join("|") === before.join("|"));
    ada.type(`${key.ctrl("U")}/clear${key.enter}`);
    await ada.until("an empty screen", ({ screen }) => screen.join("|").trimEnd() === "  1 here|ada>");
    ada.type(key.ctrl("L"));
    await ada.until("an empty screen", ({ screen }) => screen.join("|").trimEnd() === "  1 here|ada>");
  });

  test("a resized terminal has the row again, draft and cursor in it", async () => {
    await using room = await open();
    const { ada } = room;
    ada.type("a draft that is longer than the narrow terminal will be");
    await ada.until("the draft", ({ row }) => row.endsWith("will be"));
    ada.resize(30, 10);
    await ada.until("the narrow row", ({ row }) => row.startsWith("ada> …") && row.endsWith("will be"));
    ada.resize(80, 24);
    await types(ada, "ada> a draft that is longer than the narrow terminal will be");
  });

  test("a paste of 20 lines is one message, of more is refused", async () => {
    await using room = await open();
    const { server, ada } = room;
    using bob = await JsonClient.join(server.port, "bob");
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `l${i + 1}`);
    ada.type(key.paste(lines(21).join("\r")));
    await ada.shows("A message has at most 20 lines, not 21");
    await types(ada, "ada> ", 5);
    ada.type("draft ");
    ada.type(key.paste(lines(30).join("\r")));
    await types(ada, "ada> draft ", 11);
    ada.type(key.ctrl("U"));
    // The newline at the end of what was copied is no line.
    ada.type(`${key.paste(`${lines(20).join("\r")}\r`)}${key.enter}`);
    expect((await bob.event("said")).text).toBe(lines(20).join("\n"));
    expect(bob.texts).toHaveLength(1);
    ada.type(key.up);
    await ada.until("the last lines of it", ({ screen }) => {
      const rows = ["↑12  l13", ...[14, 15, 16, 17, 18, 19, 20].map((line) => `     l${line}`)];
      return screen.slice(-8).join("|") === rows.join("|");
    });
  });

  test("a paste presses no keys, whatever is in it", async () => {
    await using room = await open();
    const { server, ada } = room;
    using bob = await JsonClient.join(server.port, "bob");
    ada.type(key.paste("a\x03b\tc\rd"));
    await ada.until("the paste", ({ row }) => row === "     d");
    ada.type(key.enter);
    expect((await bob.event("said")).text).toContain("\nd");
  });

  test("messages under way take no more rows than there are", async () => {
    await using room = await open([], { cols: 30, rows: 4 });
    const { server, ada } = room;
    process.kill(server.pid, "SIGSTOP");
    for (let i = 0; i < 8; i++) ada.type(`msg${i}${key.enter}`);
    ada.type("draft");
    await types(ada, "ada> draft");
    await ada.until("the count", ({ screen }) => screen.at(-2) === "… and 7 more");
    process.kill(server.pid, "SIGCONT");
    await ada.until("the last message", ({ screen }) => screen.some((row) => row.endsWith("ada: msg7")));
    const stale = ada.scrolled.filter((row) => row.startsWith("…"));
    expect(stale).toEqual([]);
  });
});
