// Slow readers and full disks: nothing is lost, no other member notices, the server's memory stays what it was.

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Event, Recorded } from "../../lib/protocol/events.ts";
import { liveLogBytes } from "../../lib/server/delivery/live-log.ts";
import { SqliteJournal } from "../../lib/server/journal/sqlite/journal.ts";
import { JsonClient } from "../support/clients.ts";
import { prlimit } from "../support/parts.ts";
import { Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";
import { FramePeer, frame, startWithPage } from "../support/web.ts";

setDefaultTimeout(testMs);

const linux = existsSync("/proc/self/status");

/** Resident memory of a process, in MB. */
function residentMb(pid: number): number {
  const [, kb = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kb) / 1024;
}

const idOf = (event: Event) => (event.type === "said" ? [event.id] : []);

test("a reader that slept through 24 MB reads it all, at no cost in memory", async () => {
  using folder = temporaryFolder();
  const flags = ["--history", join(folder.path, "room.sqlite"), "--quiet"];
  const { server, port } = await startWithPage(flags);
  await using _ = server;
  using speaker = await JsonClient.join(server.port, "speaker");
  using awake = await JsonClient.join(server.port, "awake");
  const sleepers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => JsonClient.join(server.port, `sleeper${i}`)),
  );
  for (const sleeper of sleepers) {
    await sleeper.roundTrip();
    sleeper.socket?.pause();
  }
  const tabs = await Promise.all(Array.from({ length: 10 }, () => FramePeer.open(port)));
  for (const [i, tab] of tabs.entries()) {
    tab.write(frame(JSON.stringify({ type: "join", name: `tab${i}` })));
    await tab.line('"welcome"');
    tab.pause();
  }
  const text = "x".repeat(3990);
  const messages = 6000;
  expect(messages * text.length).toBeGreaterThan(20 * liveLogBytes);
  const speak = async (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      speaker.send({ type: "say", text: `${i} ${text}`, id: `${i}` });
      // Not all at once: what is measured is not what the server has read and not said yet.
      if (i % 200 === 199) await awake.event("said", { id: `${i}` });
    }
  };
  // Warm, so that it is the sleepers that cost, if anything does.
  await speak(0, 2000);
  const before = linux ? residentMb(server.pid) : 0;
  await speak(2000, messages);
  const after = linux ? residentMb(server.pid) : 0;
  // Ten who would be queued for would cost ten times 16 MB; what a heap grows by itself is far less.
  expect(after - before).toBeLessThan(80);

  for (const sleeper of sleepers) sleeper.socket?.resume();
  for (const sleeper of sleepers) {
    await sleeper.event("said", { id: `${messages - 1}` });
    const ids = sleeper.events.flatMap(idOf);
    expect(ids).toEqual(Array.from({ length: messages }, (_, i) => `${i}`));
    expect(sleeper.received.items.filter(({ type }) => type === "gap")).toEqual([]);
  }
  for (const tab of tabs) {
    tab.resume();
    await tab.line(`"id":"${messages - 1}"`);
    const ids = tab.lines.map((line): Event => JSON.parse(line)).flatMap(idOf);
    expect(ids).toEqual(Array.from({ length: messages }, (_, i) => `${i}`));
    tab[Symbol.dispose]();
  }
  // And is live again.
  speaker.send({ type: "say", text: "good morning" });
  for (const sleeper of sleepers) {
    await sleeper.event("said", { text: "good morning" });
    sleeper[Symbol.dispose]();
  }
});

prlimit.test("a full disk stops those who speak or join, until there is room", async () => {
  using folder = temporaryFolder();
  await using server = await Server.start(["--history", join(folder.path, "room.sqlite")]);
  using ada = await JsonClient.join(server.port, "ada");
  using cyd = await JsonClient.join(server.port, "cyd");
  ada.send({ type: "say", text: "before" });
  await ada.event("said", { text: "before" });
  const limit = (bytes: string) =>
    Bun.spawnSync([prlimit.found, "--pid", `${server.pid}`, `--fsize=${bytes}`]);
  expect(limit("8192:unlimited").exitCode).toBe(0);

  ada.send({ type: "say", text: "unlucky", id: "u1" });
  const problem = await ada.event("error", { id: "u1" });
  expect(problem).toMatchObject({ code: "unavailable", retryAfterMs: expect.any(Number) });
  expect(problem.text).toContain("the disk is full");
  await server.line(/The history cannot be written: the disk is full/);
  // A newcomer cannot join now: it is told when to try again, and may do so on the same connection.
  using bob = await new JsonClient().open(server.port);
  bob.send({ type: "join", name: "bob" });
  const closed = await bob.event("error");
  expect(closed).toMatchObject({ code: "unavailable", retryAfterMs: expect.any(Number) });
  // Names and moderation wait, too; all that is only read is served, also to a member that comes back.
  ada.send({ type: "rename", name: "eve" });
  await ada.received.until(
    (events) => events.filter(({ type }) => type === "error")[1],
    "that ada cannot be eve",
  );
  ada.send({ type: "history" });
  const read = await ada.received.until(
    (events) => events.filter((event) => event.type === "history")[1],
    "the history",
  );
  expect(read.events.map(({ type }) => type)).toEqual(["joined", "joined", "said"]);
  ada.send({ type: "who", id: "w" });
  expect((await ada.event("members", { id: "w" })).members).toEqual([{ name: "ada" }, { name: "cyd" }]);
  const { token } = await cyd.event("welcome");
  cyd[Symbol.dispose]();
  using back = await JsonClient.join(server.port, "cyd", { token, after: 0 });
  await back.event("said", { text: "before" });

  expect(limit("unlimited").exitCode).toBe(0);
  bob.send({ type: "join", name: "bob" });
  await bob.event("welcome", { name: "bob" });
  await server.line(/The history is written again/);
  ada.send({ type: "say", text: "unlucky", id: "u1" });
  await bob.event("said", { text: "unlucky" });
  await bob.roundTrip();
  expect(bob.texts).toEqual(["unlucky"]);
  await server.line(/ada: unlucky/);
  const troubles = server.log.items.filter((line) => line.includes("cannot be written"));
  expect(troubles).toHaveLength(1);
});

test("a damaged row of the history is a gap, and stops nothing else", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  const journal = SqliteJournal.open({ path, keepEvents: 10_000 });
  for (let i = 1; i <= 1000; i++) {
    const event: Recorded = { type: "said", seq: 0, at: 0, from: "ada", text: `${i} ${"x".repeat(3000)}` };
    journal.append([{ event, author: "ada's seat" }]);
  }
  journal.close();
  const bytes = Buffer.from(await Bun.file(path).arrayBuffer());
  const middle = bytes.indexOf("450 xxx");
  bytes.fill('"', middle, middle + 2000);
  await Bun.write(path, bytes);

  await using server = await Server.start(["--history", path]);
  using ada = await JsonClient.join(server.port, "ada");
  ada.send({ type: "history", before: 455, limit: 8, id: "around" });
  const { events } = await ada.event("history", { id: "around" });
  expect(events.map(({ seq }) => seq)).toEqual([446, 447, 448, 449, 451, 452, 453, 454]);
  await server.line(/The history is damaged: what it had of events 450 to 450 is passed over/);
  const { epoch } = await ada.event("welcome");
  using late = await new JsonClient().open(server.port);
  late.send({ type: "join", name: "late", epoch, after: 400 });
  expect(await late.event("gap")).toMatchObject({ from: 450, to: 450 });
  ada.send({ type: "say", text: "still here" });
  await late.event("said", { text: "still here" });
});
