// What the client shows of the room on a real pseudo-terminal, strangers' text included.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { key, open, size, types } from "../support/members.ts";
import { CuttingProxy } from "../support/proxy.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

describe.concurrent("reading", () => {
  test("whispers are answered, members ignored, the bell rings for mentions", async () => {
    // An ignore is kept: not where other tests would find it.
    using folder = temporaryFolder();
    await using room = await open([], size, { XDG_CONFIG_HOME: folder.path });
    const { server, ada } = room;
    using bob = await PlainClient.join(server.port, "bob");
    bob.say("nothing special");
    await ada.shows("nothing special");
    expect(ada.bells).toBe(0);
    bob.say("look here, Ada");
    await ada.shows("look here, Ada");
    expect(ada.bells).toBe(1);
    bob.say("/msg ada psst");
    await ada.shows("[bob to ada] psst");
    ada.type(`/reply what is it${key.enter}`);
    await bob.line("[ada to bob] what is it");
    ada.type(`/ignore bob${key.enter}`);
    await ada.shows("bob is hidden now");
    bob.say("unheard");
    await bob.line("bob: unheard");
    using cyd = await PlainClient.join(server.port, "cyd");
    cyd.say("after it");
    await ada.shows("after it");
    ada.type(`/unignore bob${key.enter}`);
    await ada.shows("bob is shown again");
    bob.say("heard");
    await ada.shows("heard");
    expect(ada.screen.join()).not.toContain("unheard");
  });

  test("messages that came while one was away are set apart and counted", async () => {
    await using server = await Server.start();
    await using proxy = await CuttingProxy.start(server.port);
    await using ada = new Terminal(["bun", join(root, "ChatClient.ts"), `ada@localhost:${proxy.port}`], size);
    await ada.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
    using bob = await JsonClient.join(server.port, "bob");
    bob.send({ type: "say", text: "before" });
    await ada.shows("bob: before");
    // As a laptop that sleeps: the connection dies meanwhile.
    ada.kill("SIGSTOP");
    proxy.cutAll(() => 0);
    for (const text of ["one", "two", "three"]) bob.send({ type: "say", text });
    await bob.event("said", { text: "three" });
    ada.kill("SIGCONT");
    await ada.shows("── now ──");
    const rows = ada.screen.map((row) => row.replace(/^\d\d:\d\d /, "").trimEnd());
    expect(rows.slice(-8)).toEqual([
      "bob: before",
      "── 3 while you were away ──",
      "bob: one",
      "bob: two",
      "bob: three",
      "── now ──",
      "  2 here",
      "ada>",
    ]);
  });

  test("/search shows the lines with the words, set apart", async () => {
    await using room = await open();
    const { server, ada } = room;
    using bob = await PlainClient.join(server.port, "bob");
    bob.say("the quick brown fox");
    bob.say("nothing to see");
    await ada.shows("nothing to see");
    ada.type(`/clear${key.enter}/search brown qui${key.enter}`);
    await ada.until("the result", ({ screen }) => {
      const rows = screen.map((row) => row.replace(/^\d\d:\d\d /, "").trimEnd());
      return (
        rows.join("|") === '── found "brown qui" ──|[1] bob: the quick brown fox|── now ──|  2 here|ada>'
      );
    });
  });
});

describe.concurrent("strangers' text", () => {
  const attacks: [name: string, bytes: string][] = [
    ["title", "\x1b]0;owned\x07"],
    ["title, C1", "\x9d0;owned\x9c"],
    ["title without an end", "\x1b]0;owned"],
    ["clipboard", "\x1b]52;c;b3duZWQ=\x07"],
    ["link", "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\"],
    ["clear", "\x1b[2J\x1b[3J\x1b[H"],
    ["cursor up", "\x1b[5A"],
    ["cursor home, C1", "\x9bH"],
    ["cursor position", "\x1b[1;1H"],
    ["save and restore", "\x1b7\x1b[H\x1b8"],
    ["scroll region", "\x1b[1;2r"],
    ["alternate screen", "\x1b[?1049h"],
    ["hidden cursor", "\x1b[?25l"],
    ["mouse", "\x1b[?1000h\x1b[?1006h"],
    ["bracketed paste off", "\x1b[?2004l"],
    ["paste end", "\x1b[201~"],
    ["autowrap off", "\x1b[?7l"],
    ["origin mode", "\x1b[?6h"],
    ["device status, which types an answer", "\x1b[6n"],
    ["device attributes", "\x1b[c"],
    ["reset", "\x1bc"],
    ["DCS", '\x1bP$q"p\x1b\\'],
    ["APC", "\x1b_x\x1b\\"],
    ["shift out", "\x0e"],
    ["charset", "\x1b(0"],
    ["backspaces", "x\b\b\b\b\b\b\b\bbob"],
    ["carriage return", "x\rbob: forged"],
    ["line feed", "x\nbob: forged"],
    ["vertical tab and form feed", "\v\f"],
    ["line separators", "x\u2028bob: forged\u2029bob: forged\x85"],
    ["bell", "\x07\x07\x07"],
    ["right to left", "\u202etxt.exe\u2066"],
    ["zero width", "a\u200b\u2060\ufeffb"],
    ["tags", "a\u{e0041}\u{e0042}"],
    ["marks", `z${"\u0301".repeat(200)}`],
    ["lone surrogate", "\ud800"],
    ["NUL and DEL", "\0\x7f"],
  ];

  test.each([size, { cols: 40, rows: 10 }])(
    "strangers' text moves nothing but text, at $cols × $rows",
    async (at) => {
      await using room = await open(["--time", "off"], at);
      const { server, ada } = room;
      const titles = new Set<string>();
      let clipboard = 0;
      ada.emulator.onTitleChange((title) => titles.add(title));
      ada.emulator.parser.registerOscHandler(52, () => {
        clipboard++;
        return true;
      });
      using eve = await JsonClient.join(server.port, "eve");
      ada.type("draft");
      await types(ada, "ada> draft");
      const modes = { ...ada.emulator.modes };
      for (const [i, [, bytes]] of attacks.entries()) {
        eve.send({ type: "say", text: `${bytes}#${i}` });
        eve.send({ type: "act", text: `${bytes}#${i}` });
        eve.send({ type: "tell", to: "ada", text: `${bytes}#${i}` });
        eve.send({ type: "rename", name: `e${bytes}` });
        eve.send({ type: "join", name: bytes });
        await ada.until(
          `attack ${i}`,
          ({ screen }) => screen.join("").includes(`to ada] `) && screen.join("").includes(`#${i}`),
        );
        await types(ada, "ada> draft");
      }
      // A window that no key was pressed in counts what came.
      const own = new RegExp(`^(\\(\\d+!?\\) )?ada@localhost:${server.port}$`);
      expect([...titles].filter((title) => !own.test(title))).toEqual([]);
      expect({ clipboard, bells: ada.emulator.buffer.active.type }).toEqual({
        clipboard: 0,
        bells: "normal",
      });
      expect(ada.emulator.modes).toEqual(modes);
      expect(ada.scrolled.filter((row) => row.startsWith("bob"))).toEqual([]);
      expect(ada.scrolled.some((row) => row.includes("␛]0;owned"))).toBe(true);
      ada.type(`!${key.enter}`);
      await eve.event("said", { text: "draft!" });
    },
  );
});

test.concurrent("50,000 lines come in order while keys are typed, the draft intact", async () => {
  await using room = await open(["--time", "off"]);
  const { server, ada } = room;
  using bob = await JsonClient.join(server.port, "bob");
  const count = 50_000;
  const draft = "typed while they come";
  let typed = 0;
  for (let from = 0; from < count; from += 1000) {
    const lines = Array.from({ length: 1000 }, (_, i) =>
      JSON.stringify({ type: "say", text: `line ${from + i}` }),
    );
    bob.sendBytes(`${lines.join("\n")}\n`);
    if (typed < draft.length) ada.type(draft.charAt(typed++));
    await bob.event("said", { text: `line ${from + 999}` });
  }
  await ada.until("the last line", ({ screen }) => screen.some((row) => row === `bob: line ${count - 1}`));
  await types(ada, `ada> ${draft}`);
  const heard = ada.scrolled.flatMap((row) => /^bob: line (\d+)$/.exec(row)?.[1] ?? []);
  expect(heard).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
});
