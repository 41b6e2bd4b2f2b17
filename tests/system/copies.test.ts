// A history that is copied, exported, imported and restored, and messages that are taken back, with real servers.

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

/** A server that does one thing and ends. */
async function run(flags: string[], input = ""): Promise<{ code: number; out: string; told: string }> {
  const ended = Bun.spawn(["bun", join(root, "ChatServer.ts"), ...flags], {
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
    env: withoutSettings(),
  });
  const [out, told] = await Promise.all([ended.stdout.text(), ended.stderr.text()]);
  return { code: await ended.exited, out, told };
}

function bytesIn(folder: string): string {
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join();
}

test.concurrent("what was taken back is gone for all, and from file and copies", async () => {
  using folder = temporaryFolder();
  using copies = temporaryFolder();
  const history = join(folder.path, "room.sqlite");
  await using server = await Server.start(["--stay", "--history", history]);
  using ada = await JsonClient.join(server.port, "ada");
  using bob = await JsonClient.join(server.port, "bob");
  using eve = await PlainClient.join(server.port, "eve");
  ada.send({ type: "say", text: "xylophones", id: "1" });
  ada.send({ type: "say", text: "stays" });
  const { seq } = await bob.event("said", { text: "xylophones" });
  await bob.event("said", { text: "stays" });
  bob.send({ type: "delete", seq });
  await bob.event("error", { code: "not-operator" });
  ada.send({ type: "delete", seq });
  await bob.event("deleted", { seqs: [seq], name: "ada", by: "ada" });
  await eve.line("ada took back a message, said at");
  eve.say("/delete");
  await eve.line("You have said nothing yet that can be taken back");
  bob.send({ type: "search", text: "xylophones" });
  expect(await bob.event("results")).toMatchObject({ events: [] });
  expect(bytesIn(folder.path)).not.toContain("xylophones");
  // Said again after a drop, it is still acknowledged, and not said.
  ada.send({ type: "say", text: "xylophones", id: "1" });
  expect(await ada.event("seen")).toMatchObject({ id: "1", seq });

  const backup = join(copies.path, "copy.sqlite");
  expect(await run(["--history", history, "--backup", backup])).toMatchObject({ code: 0 });
  expect(statSync(backup).mode & 0o077).toBe(0);
  expect(await run(["--history", history, "--backup", backup])).toMatchObject({ code: 2 });
  const exported = await run(["--history", history, "--export", "-"]);
  expect(exported.code).toBe(0);
  expect(exported.out).toContain('"text":"stays"');
  expect(exported.out).not.toMatch(/xylophones|127\.0\.0\.1|tokenHash/);
  expect(bytesIn(copies.path)).not.toContain("xylophones");

  // The copy is restored: what came later is told as lost.
  ada.send({ type: "say", text: "later" });
  const { seq: last } = await ada.event("said", { text: "later" });
  const { epoch } = await ada.event("welcome");
  await using restored = await Server.start(["--stay", "--history", backup]);
  using again = await JsonClient.join(restored.port, "cy", { epoch, after: last });
  expect(await again.event("gap")).toMatchObject({ from: 0 });
  expect((await again.event("welcome")).epoch).not.toBe(epoch);
});

test.concurrent("an exported history is imported once, beside lines by hand", async () => {
  using folder = temporaryFolder();
  const [one, two] = [join(folder.path, "one.sqlite"), join(folder.path, "two.sqlite")];
  const hand = [
    '{"at":"2020-01-01T10:00:00Z","from":"old","text":"hello"}',
    '{"at":"2020-01-01T10:00:00Z","from":"old","text":"hello"}',
    '{"type":"told","at":5,"from":"old","to":"cy","text":"psst","author":"a","reader":"b"}',
    '{"type":"muted","at":6,"name":"old","by":"cy","until":7}',
    '{"type":"deopped","at":8,"name":"cy","by":"server"}',
    '{"type":"freed","at":9,"name":"old","by":"cy"}',
  ].join("\n");
  const took = await run(["--history", one, "--import", "-"], hand);
  expect(took).toMatchObject({ code: 0, told: expect.stringContaining("6 events") });
  const { out } = await run(["--history", one, "--export", "-"]);
  expect(out.trim().split("\n")).toHaveLength(6);
  expect(out).toContain('"until":7');
  for (const [history, lines, told] of [
    [two, out, "6 events"],
    [two, out, "0 events, 6 were there already"],
    [one, out, "0 events, 6 were there already"],
    [one, hand, "0 events, 6 were there already"],
  ] as const) {
    const again = await run(["--history", history, "--import", "-"], lines);
    expect(again).toMatchObject({ code: 0, told: expect.stringContaining(told) });
  }
  // From Windows, by hand: a byte order mark, line ends, and positions that no history has.
  const foreign = `\uFEFF{"at":7,"from":"kim","text":"salut"}\r\n{"at":8,"from":"kim","text":"ça va","epoch":"x","seq":-3}\r\n`;
  const other = await run(["--history", one, "--import", "-"], foreign);
  expect(other).toMatchObject({ code: 0, told: expect.stringContaining("2 events\n") });
  for (const [line, problem] of [
    [
      `{"at":1,"from":"x","text":"y","author":"${"a".repeat(65)}"}`,
      /line 1 needs the id of a seat as "author"/,
    ],
    [`{"at":1,"type":"${"t".repeat(5_000)}"}`, /^.{1,250}\n$/],
  ] as const) {
    const hostile = await run(["--history", one, "--import", "-"], line);
    expect(hostile).toMatchObject({ code: 1, told: expect.stringMatching(problem) });
  }
  const full = Bun.spawn(["bun", join(root, "ChatServer.ts"), "--history", one, "--export", "-"], {
    stdout: Bun.file("/dev/full"),
    stderr: "pipe",
    env: withoutSettings(),
  });
  expect(await full.stderr.text()).toBe("Cannot write stdout: the disk is full\n");
  expect(await full.exited).toBe(1);
  const unmade = join(folder.path, "unmade");
  const nowhere = await run(["--history", unmade, "--import", join(folder.path, "none")]);
  expect(existsSync(unmade)).toBe(false);
  expect(nowhere).toMatchObject({ code: 1, told: expect.stringMatching(/none: there is no such file\n$/) });
  const bad = await run(["--history", two, "--import", "-"], `${hand}\n{"at":1,"from":"x"}\n`);
  expect(bad).toMatchObject({ code: 1, told: expect.stringContaining("line 7 ") });
  for (const flags of [
    ["--history", "none", "--backup", "x"],
    ["--history", one, "--backup", "-"],
    ["--history", one, "--export", "-", "--import", "-"],
    ["--keep", "30x"],
  ]) {
    expect(await run(flags)).toMatchObject({ code: 2 });
  }
  await using server = await Server.start(["--history", two]);
  using ada = await JsonClient.join(server.port, "ada");
  expect(await ada.event("history")).toMatchObject({
    events: [
      { text: "hello" },
      { text: "hello" },
      { type: "muted", until: 7 },
      { type: "deopped" },
      { type: "freed" },
    ],
  });
  expect((await run(["--history", two, "--import", "-"], hand)).told).toContain("another server is using it");
});
