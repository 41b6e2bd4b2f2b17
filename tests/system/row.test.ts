// The row one types in, on a real pseudo-terminal: what of a text is shown, and what is left on the screen.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { JsonClient } from "../support/clients.ts";
import { key, open, types } from "../support/members.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

test.concurrent("Ctrl-C clears a row with text in it, and leaves on an empty one", async () => {
  await using room = await open();
  const { server, ada } = room;
  using bob = await JsonClient.join(server.port, "bob");
  for (const text of ["half a line", "/msg bob half a whisper"]) {
    ada.type(text);
    await types(ada, `ada> ${text}`);
    ada.type(key.ctrl("C"));
    await types(ada, "ada> ");
    // What was cleared by mistake can be had again.
    ada.type(key.ctrl("Y"));
    await types(ada, `ada> ${text}`);
    ada.type(key.ctrl("C"));
    await types(ada, "ada> ");
  }
  ada.type(key.ctrl("C"));
  expect(await ada.exited).toBe(0);
  expect(bob.texts).toEqual([]);
});

test.concurrent("Shift-Tab goes back in the completions", async () => {
  await using room = await open();
  const { ada } = room;
  for (const [keys, row] of [
    ["/m\t", "ada> /me "],
    ["\t", "ada> /msg "],
    ["\x1b[Z", "ada> /me "],
  ] as const) {
    ada.type(keys);
    await types(ada, row);
  }
});

test.concurrent("the lines of a paste can be looked at and changed before Enter", async () => {
  await using room = await open();
  const { server, ada } = room;
  using bob = await JsonClient.join(server.port, "bob");
  ada.type(`start end${key.left.repeat(4)}${key.paste("p1\rp2\rp3")}`);
  await types(ada, "     p3 end", 7);
  ada.type(`${key.up}!`);
  await types(ada, "     p2!");
  ada.type(key.up);
  await types(ada, "ada> startp1", 8);
  expect(ada.screen.slice(-3)).toEqual(["ada> startp1", "     p2!", "     p3 end"]);
  ada.type(key.enter);
  expect((await bob.event("said")).text).toBe("startp1\np2!\np3 end");
});

test.concurrent("a long text shows what is on both sides of the cursor", async () => {
  await using room = await open([], { cols: 40, rows: 10 });
  const { ada } = room;
  const text = Array.from({ length: 80 }, (_, i) => String.fromCharCode(0x41 + (i % 26))).join("");
  ada.type(text + key.left.repeat(20));
  await ada.until("the middle", ({ row, cursor }) => {
    const [before, after] = [row.slice(0, cursor.x), row.slice(cursor.x)];
    return before.endsWith(text.slice(50, 60)) && after.startsWith(text.slice(60, 68));
  });
});

test.concurrent("a long name leaves the end of the label to be seen", async () => {
  await using room = await open([], { cols: 40, rows: 10 });
  const { server, ada } = room;
  const name = "a_name_of_as_many_as_32_letters_";
  ada.type(`/nick ${name}${key.enter}`);
  await ada.until("the new label", ({ row }) => row.startsWith("…") && row.includes("32_letters_> "));
  await server.kill("SIGKILL");
  await ada.until("that it is offline", ({ row }) => row.includes("s_ (offline)> "));
});

describe.concurrent("a terminal that becomes narrower", () => {
  const text = Array.from({ length: 30 }, (_, i) => `word${i}`).join(" ");

  test("a narrower terminal keeps nothing of the row that was there before", async () => {
    await using room = await open();
    const { server, ada } = room;
    using bob = await JsonClient.join(server.port, "bob");
    bob.send({ type: "say", text: "above" });
    await ada.shows("bob: above");
    ada.type(text);
    await ada.until("the draft", ({ row }) => row.endsWith("word29"));
    for (const cols of [60, 45, 30, 50, 80]) {
      ada.resize(cols, 24);
      await ada.until("the draft", ({ row }) => row.endsWith("word29") && row.length >= cols - 8);
    }
    expect(ada.scrolled.filter((row) => row.includes("word"))).toHaveLength(1);
    expect(ada.scrolled.filter((row) => row.endsWith("bob: above"))).toHaveLength(1);
  });

  test("a narrower terminal keeps nothing of the messages that wait", async () => {
    await using room = await open();
    const { server, ada } = room;
    using bob = await JsonClient.join(server.port, "bob");
    bob.send({ type: "say", text: "above" });
    await ada.shows("bob: above");
    process.kill(server.pid, "SIGSTOP");
    ada.type(`${text}${key.enter}second${key.enter}${text}`);
    await ada.until("the draft", ({ row }) => row.startsWith("ada> …") && row.endsWith("word29"));
    for (const cols of [60, 45, 30]) {
      ada.resize(cols, 24);
      await ada.until("the draft", ({ row }) => row.endsWith("word29") && row.length >= cols - 8);
    }
    // The two messages that wait, and the row.
    expect(ada.scrolled.filter((row) => /word|second/.test(row))).toHaveLength(3);
    expect(ada.scrolled.filter((row) => row.endsWith("bob: above"))).toHaveLength(1);
    process.kill(server.pid, "SIGCONT");
  });
});
