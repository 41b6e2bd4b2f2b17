// Texts of several lines, the search in lines typed before, the status and the title, on screens of two sizes.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { JsonClient } from "../support/clients.ts";
import { key, open, types } from "../support/members.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const sizes = [
  { cols: 80, rows: 24 },
  { cols: 40, rows: 10 },
];

describe.each(sizes)("at $cols × $rows", (size) => {
  test.concurrent("several lines are typed, pasted, edited, recalled and searched for", async () => {
    await using room = await open([], size);
    const { server, ada } = room;
    using bob = await JsonClient.join(server.port, "bob");
    const bottom = (...rows: string[]) =>
      ada.until(rows.join("|"), ({ screen }) => screen.slice(-rows.length).join("|") === rows.join("|"));

    ada.type(`one${key.ctrl("J")}two${key.alt("\r")}${key.paste("three\rfour")}`);
    // As many rows as a third of the screen.
    const height = Math.floor(size.rows / 3);
    if (height >= 4) await bottom("  2 here", "ada> one", "     two", "     three", "     four");
    else await bottom("  2 here", "↑1   two", "     three", "     four");
    ada.type(`${key.ctrl("P")}${key.up}${key.home}>${key.end}<`);
    if (height >= 4) await bottom("ada> one", "     >two<", "     three", "     four");
    else await bottom("ada> one", "     >two<", "↓1   three");
    await ada.until("the cursor", ({ cursor }) => cursor.x === "     >two<".length);
    // Lines that come leave it as it is.
    bob.send({ type: "say", text: "meanwhile" });
    await ada.shows("bob: meanwhile");
    ada.type(key.enter);
    expect((await bob.event("said", { from: "ada" })).text).toBe("one\n>two<\nthree\nfour");
    await types(ada, "ada> ");

    ada.type(`second${key.enter}`);
    await bob.event("said", { text: "second" });
    ada.type(`draft${key.ctrl("R")}two`);
    if (height >= 4)
      await bottom("(search) two: one", "              >two<", "              three", "              four");
    else await bottom("(search) two: one", "              >two<", "↓1            three");
    ada.type(key.ctrl("G"));
    await bottom("  2 here", "ada> draft");
    ada.type(`${key.ctrl("R")}SEC${key.enter}`);
    // It is taken into the row, and not sent.
    await types(ada, "ada> second");
    ada.type(`${key.up}${key.ctrl("N")}${key.down}`);
    await types(ada, "ada> draft");
    await bob.roundTrip();
    expect(bob.texts.filter((text) => text === "second")).toHaveLength(1);
  });

  test.concurrent("the status says why it is offline and when it tries again", async () => {
    await using room = await open([], size);
    const { server, ada } = room;
    ada.type(`/topic${key.enter}`);
    await ada.shows("There is no topic");
    await ada.until("the status", ({ screen }) => screen.at(-2) === "  1 here");
    await server.kill("SIGKILL");
    await ada.until("the countdown", ({ screen }) =>
      (size.cols >= 80
        ? /^ {2}(again in \d+ s|trying again) · since \d\d:\d\d · nobody listens there$/
        : /^ {2}(again in \d+ s|trying again) · since \d\d:\d\d · nobody/
      ).test(screen.at(-2) ?? ""),
    );
    ada.type(`unsent${key.enter}draft`);
    await ada.until("what waits", ({ screen }) => screen.includes("… unsent"));
    // In a narrow window a long countdown cuts it off.
    if (size.cols >= 80)
      await ada.until("the count", ({ screen }) => / · 1 unsent · /.test(screen.at(-2) ?? ""));
    for (const cols of [size.cols - 10, size.cols - 17, size.cols]) {
      ada.resize(cols, size.rows);
      await ada.until("the draft", ({ row }) => row === "ada (offline)> draft");
    }
    await using again = await Server.start(["--stay", "--port", `${server.port}`]);
    ada.type(`${key.ctrl("U")}${key.enter}`);
    await ada.shows("ada: unsent");
    await ada.until("the status", ({ screen }) => screen.slice(-2).join("|").trimEnd() === "  1 here|ada>");
    expect(ada.scrolled.filter((row) => /since|unsent$/.test(row))).toHaveLength(1);
    expect(again.port).toBe(server.port);
  });
});

test.concurrent("the title counts the unread, and the desktop is told of mentions", async () => {
  await using room = await open(["--notify", "osc777"]);
  const { server, ada } = room;
  using bob = await JsonClient.join(server.port, "bob");
  const titles: string[] = [];
  const told: string[] = [];
  ada.emulator.onTitleChange((title) => titles.push(title));
  ada.emulator.parser.registerOscHandler(777, (text) => told.push(text) > 0);
  const own = `ada@localhost:${server.port}`;
  const title = (text: string) => ada.until(`the title "${text}"`, () => titles.at(-1) === text);
  expect(ada.written).toContain("\x1b[?1004h");

  bob.send({ type: "say", text: "hello" });
  await title(`(1) ${own}`);
  bob.send({ type: "say", text: "ada: look;\x1b]0;owned\x07" });
  await title(`(2!) ${own}`);
  bob.send({ type: "tell", to: "ada", text: "psst" });
  await title(`(3!) ${own}`);
  expect(told).toEqual(["notify;bob;ada: look,␛]0,owned␇", "notify;bob;psst"]);
  ada.type("x");
  await title(own);
  // The terminal tells of the focus: what comes while it is there is seen.
  ada.type("\x1b[O");
  bob.send({ type: "say", text: "ada, are you there?" });
  await title(`(1!) ${own}`);
  ada.type("\x1b[I");
  await title(own);
  bob.send({ type: "say", text: "there you are, ada" });
  await ada.shows("there you are");
  expect(titles.at(-1)).toBe(own);
  expect(told).toHaveLength(3);
  await types(ada, "ada> x");

  ada.type(`${key.ctrl("C")}${key.ctrl("C")}`);
  expect(await ada.exited).toBe(0);
  const last = (mode: string) => ada.written.lastIndexOf(mode);
  expect(last("\x1b[23;0t")).toBeGreaterThan(last(own));
  expect(last("\x1b[?1004l")).toBeGreaterThan(last("\x1b[?1004h"));
});

test.concurrent("a text that is too long stays in the row until it is shorter", async () => {
  await using room = await open();
  const { server, ada } = room;
  using bob = await JsonClient.join(server.port, "bob");
  const lines = Array.from({ length: 20 }, (_, i) => `l${i}`);
  ada.type(`${key.paste(lines.join("\r"))}${key.ctrl("J")}one more${key.enter}`);
  await ada.shows("A message has at most 20 lines: split it");
  await types(ada, "     one more");
  ada.type(`${key.ctrl("W")}${key.ctrl("W")}\x7f${key.enter}`);
  expect((await bob.event("said")).text).toBe(lines.join("\n"));
  ada.type(`${key.paste("x".repeat(4_001))}${key.enter}`);
  await ada.shows("A message has at most 4000 characters");
  ada.type(`\x7f${key.enter}`);
  expect((await bob.event("said", { text: "x".repeat(4_000) })).from).toBe("ada");
  expect(bob.texts).toHaveLength(2);
});

test.concurrent("a draft of several lines is there again at the next start", async () => {
  using state = temporaryFolder();
  await using server = await Server.start(["--stay"]);
  const start = () =>
    new Terminal(
      ["bun", join(root, "ChatClient.ts"), `ada@localhost:${server.port}`],
      sizes[0] ?? { cols: 80, rows: 24 },
      {
        XDG_STATE_HOME: state.path,
      },
    );
  await using ada = start();
  await ada.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
  ada.type(`one${key.ctrl("J")}${key.ctrl("J")} three`);
  await types(ada, "      three");
  ada.hangUp();
  expect(await ada.exited).toBe(0);
  await using again = start();
  await again.until(
    "the draft",
    ({ screen }) =>
      screen
        .slice(-3)
        .map((row) => row.trimEnd())
        .join("|") === "ada> one||      three",
  );
});

test.concurrent("a dumb terminal is told where a password is set", async () => {
  await using server = await Server.start(["--stay"], { CHAT_PASSWORD: "tea" });
  for (const environment of [{}, { CHAT_PASSWORD: "coffee" }]) {
    await using ada = new Terminal(
      ["bun", join(root, "ChatClient.ts"), `ada@localhost:${server.port}`],
      { cols: 80, rows: 24 },
      { TERM: "dumb", ...environment },
    );
    expect(await ada.exited).toBe(1);
    expect(ada.written).toContain("Set CHAT_PASSWORD, or --password-file");
  }
});

test.concurrent("a dumb terminal is written in plain lines", async () => {
  await using server = await Server.start(["--stay"]);
  using bob = await JsonClient.join(server.port, "bob");
  await using ada = new Terminal(
    ["bun", join(root, "ChatClient.ts"), "--port", `${server.port}`],
    { cols: 80, rows: 24 },
    { TERM: "dumb" },
  );
  await ada.shows("What is your name?");
  ada.type("ada\r");
  await bob.event("joined", { name: "ada" });
  ada.type("hello\r");
  await bob.event("said", { text: "hello" });
  bob.send({ type: "say", text: "hi ada" });
  await ada.shows("bob: hi ada");
  ada.type("/quit\r");
  expect(await ada.exited).toBe(0);
  expect(ada.written).not.toContain("\x1b");
});
