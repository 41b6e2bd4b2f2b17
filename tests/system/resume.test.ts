// No message is lost: seats, resume and exactly once, with real servers killed and real connections cut.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { Link } from "../../lib/client/core/link.ts";
import type { Connect } from "../../lib/client/core/wire.ts";
import { tcp } from "../../lib/client/terminal/tcp.ts";
import { webSocket } from "../../lib/client/web/link/wire.ts";
import type { Recorded, Welcome } from "../../lib/protocol/events.ts";
import { SqliteJournal } from "../../lib/server/journal/sqlite/journal.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { CuttingProxy } from "../support/proxy.ts";
import { Random } from "../support/random.ts";
import { freePort, Server, temporaryFolder } from "../support/server.ts";
import { Transcript, testMs } from "../support/transcript.ts";
import { startWithPage } from "../support/web.ts";
import { pageAfter } from "../unit/server/journal/listened.ts";

setDefaultTimeout(testMs);

/** A client as it is, and everything it was given. */
class Member implements Disposable {
  readonly heard = new Transcript<Recorded>();
  readonly states: string[] = [];
  readonly closed = Promise.withResolvers<string | undefined>();
  readonly link: Link;

  private constructor(server: Connect) {
    this.link = new Link(
      { servers: [server], historyEvents: 0 },
      {
        event: (event) => "at" in event && this.heard.push(event),
        state: ({ type }) => this.states.push(type),
        nameless: (problem) => this.states.push(problem.text),
        refused: (message, problem) => this.states.push(`refused ${message.text}: ${problem.text}`),
        closed: this.closed.resolve,
      },
    );
  }

  static async join(server: Connect, name: string): Promise<Member> {
    const member = new Member(server);
    expect(await member.link.join(name)).toBeUndefined();
    return member;
  }

  /** So many, half of them in terminals and half in browsers. */
  static crowd(count: number, port: number, webPort: number): Promise<Member[]> {
    const ways = [tcp({ host: "localhost", port }), webSocket(`ws://localhost:${webPort}/chat`)] as const;
    return Promise.all(Array.from({ length: count }, (_, i) => Member.join(ways[i % 2 ? 1 : 0], `m${i}`)));
  }

  say(text: string): void {
    this.link.say({ type: "say", text });
  }

  /** Resolves once so many messages were heard, from whomever. */
  async heardSaid(count: number): Promise<void> {
    await this.heard.until((events) => said(events).length >= count || undefined, `${count} messages`);
  }

  [Symbol.dispose](): void {
    this.link.quit();
  }
}

const said = (events: Recorded[]) => events.filter(({ type }) => type === "said");

/** All of them heard the same, in one order, without a gap but for whispers, each line of each speaker once. */
function expectOneOrder(members: Member[], lines: string[]): Recorded[] {
  const [first, ...others] = members.map(({ heard }) => said(heard.items));
  if (!first) throw new Error("nobody was there");
  for (const other of others) expect(other).toEqual(first);
  expect(first.map((event) => ("text" in event ? event.text : "")).sort()).toEqual([...lines].sort());
  for (const member of members) {
    const seqs = member.heard.items.map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from(seqs, (_, i) => (seqs[0] ?? 0) + i));
  }
  return first;
}

const speakers = 8;

test.concurrent("a server killed ten times loses and doubles no line of eight members", async () => {
  using folder = temporaryFolder();
  const history = join(folder.path, "room.sqlite");
  const webPort = freePort();
  const flags = ["--history", history, "--quiet", "--stay", "--web", `${webPort}`];
  let server = await Server.start(flags);
  const members = await Member.crowd(speakers, server.port, webPort);
  const lines: string[] = [];
  const random = new Random(20261125);
  const speak = (round: number) => {
    for (const [i, member] of members.entries()) {
      for (let n = 0; n < 25; n++) {
        const line = `${i}-${round}-${n}`;
        lines.push(line);
        member.say(line);
      }
    }
  };
  for (let round = 0; round < 10; round++) {
    const before = said(members[0]?.heard.items ?? []).length;
    speak(round);
    // Each is back, so that its next wait to connect is a short one again.
    await Promise.all(members.map(({ link: { outbox } }) => outbox.below(outbox.size)));
    // Killed in the middle of what was just said, at another point each time.
    await members[0]?.heardSaid(before + random.between(1, 150));
    await server.kill("SIGKILL");
    speak(round + 100);
    server = await Server.start([...flags, "--port", `${server.port}`]);
  }
  for (const member of members) await member.heardSaid(lines.length);
  const heard = expectOneOrder(members, lines);
  for (const { link } of members) expect(link.outbox.size).toBe(0);
  // No member was seen to leave or to come again.
  for (const { heard } of members) {
    expect(heard.items.filter(({ type }) => type === "left")).toEqual([]);
    expect(heard.items.filter(({ type }) => type === "joined").length).toBeLessThanOrEqual(speakers);
  }

  for (const { link, closed } of members) {
    link.quit();
    expect(await closed.promise).toBeUndefined();
  }
  await server.kill("SIGKILL");
  const journal = SqliteJournal.open({ path: history, keepEvents: 1_000_000 });
  const kept: Recorded[] = [];
  for (let after = 0; after < journal.last; ) {
    const page = await pageAfter(journal, after, journal.last, "nobody");
    kept.push(...page.events);
    after = page.last;
  }
  journal.close();
  expect(said(kept)).toEqual(heard);
});

test.concurrent("connections cut at any byte lose and double no line", async () => {
  const { server, port } = await startWithPage(["--quiet", "--stay"]);
  await using _ = server;
  await using proxy = await CuttingProxy.start(server.port);
  await using webProxy = await CuttingProxy.start(port);
  const members = await Member.crowd(speakers, proxy.port, webProxy.port);
  const lines: string[] = [];
  const random = new Random(20261126);
  for (let round = 0; round < 40; round++) {
    for (const [i, member] of members.entries()) {
      const line = `${i}-${round} ${"x".repeat(random.below(300))}.`;
      lines.push(line);
      member.say(line);
    }
    // Every connection dies after some more bytes, wherever that is.
    if (round % 4 === 0) for (const each of [proxy, webProxy]) each.cutAll(() => random.below(2000));
    await members[0]?.heardSaid(round * speakers);
  }
  for (const each of [proxy, webProxy]) each.cutNoMore();
  for (const member of members) await member.heardSaid(lines.length);
  expectOneOrder(members, lines);
  for (const { cuts } of [proxy, webProxy]) expect(cuts).toBeGreaterThan(10);
  for (const member of members) {
    expect(member.heard.items.filter(({ type }) => type === "left")).toEqual([]);
    member.link.quit();
  }
});

describe.concurrent("a seat", () => {
  test("a seat is kept for a lost connection, and only /who tells", async () => {
    await using server = await Server.start();
    using bob = await JsonClient.join(server.port, "bob");
    const ada = await JsonClient.join(server.port, "ada");
    const { token, epoch } = await ada.event("welcome");
    await ada.roundTrip();
    ada.socket?.terminate();
    using taker = await PlainClient.join(server.port, "eve");
    await bob.event("joined", { name: "eve" });
    taker.say("/nick ada");
    await taker.line('"ada" is taken');
    bob.send({ type: "who", id: "who" });
    const { members } = await bob.event("members", { id: "who" });
    expect(members).toContainEqual({ name: "ada", away: true });

    bob.send({ type: "say", text: "missed this?" });
    await bob.event("said");
    const { seq } = await ada.event("joined", { name: "ada" });
    using back = await JsonClient.join(server.port, "ada", { token, epoch, after: seq });
    await back.event("said", { text: "missed this?" });
    await back.roundTrip();
    expect(back.received.items.map(({ type }) => type)).toEqual([
      "welcome",
      "joined",
      "said",
      "pong",
      "pong",
    ]);
    expect(bob.events.filter(({ type }) => type === "left")).toEqual([]);
  });

  test("a seat goes to the one with its token, the old one alive or not", async () => {
    await using server = await Server.start();
    using old = await JsonClient.join(server.port, "ada");
    const { token, epoch, seq } = await old.event("welcome");
    old.send({ type: "rename", name: "eve" });
    await old.event("renamed");
    using fresh = await JsonClient.join(server.port, "ada", { token, epoch, after: seq });
    const welcome = await fresh.event("welcome");
    expect(welcome).toMatchObject({ name: "eve", token, members: [{ name: "eve" }] });
    const bye = await old.event("bye", { code: "taken-over" });
    expect(bye.retryAfterMs).toBeUndefined();
    await old.closed;
    fresh.send({ type: "say", text: "still eve", id: "1" });
    expect(await fresh.event("said")).toMatchObject({ from: "eve" });
  });

  test("a seat stays with its new connection when the old one ends", async () => {
    await using server = await Server.start(["--seat", "1"]);
    using bob = await JsonClient.join(server.port, "bob");
    const old = await JsonClient.join(server.port, "ada");
    const { token, epoch, seq } = await old.event("welcome");
    // The old connection half-closes and reads nothing more: it lingers while its member is back.
    old.socket?.pause();
    old.send({ type: "say", text: "x".repeat(4000) });
    old.halfClose();
    using ada = await JsonClient.join(server.port, "ada", { token, epoch, after: seq });
    old.socket?.terminate();
    await ada.roundTrip();
    using probe = await JsonClient.join(server.port, "probe");
    probe[Symbol.dispose]();
    // One seat's time later probe has left, and ada has not.
    await bob.event("left", { name: "probe" });
    bob.send({ type: "who", id: "w" });
    expect((await bob.event("members", { id: "w" })).members).toContainEqual({ name: "ada" });
    bob.send({ type: "tell", to: "ada", text: "psst" });
    await ada.event("told");
    expect(bob.events.filter((event) => event.type === "left" && event.name === "ada")).toEqual([]);
  });

  test("a seat is kept for a program that half-closes without a goodbye", async () => {
    await using server = await Server.start();
    using bob = await JsonClient.join(server.port, "bob");
    using ada = await JsonClient.join(server.port, "ada");
    ada.halfClose();
    await ada.closed;
    bob.send({ type: "who", id: "w" });
    expect((await bob.event("members", { id: "w" })).members).toContainEqual({ name: "ada", away: true });
    expect(ada.received.items.filter(({ type }) => type === "bye")).toEqual([]);
  });

  test("a seat is given up once after its time, the last one ends the room", async () => {
    await using server = await Server.start(["--seat", "1"]);
    using bob = await PlainClient.join(server.port, "bob");
    const ada = await JsonClient.join(server.port, "ada");
    ada.socket?.terminate();
    await bob.line("ada left");
    const again = await JsonClient.join(server.port, "ada");
    bob.say("/quit");
    await bob.closed;
    again.socket?.terminate();
    await server.line(/Everyone has left/);
    expect(await server.exited).toBe(0);
    expect(bob.received.items.filter((line) => line === "ada left")).toHaveLength(1);
  });

  test("a seat is free after /quit, and its token is worth nothing", async () => {
    await using server = await Server.start(["--stay"]);
    using ada = await JsonClient.join(server.port, "ada");
    const { token } = await ada.event("welcome");
    ada.send({ type: "quit", text: "bye" });
    await ada.event("bye", { code: "left" });
    using other = await JsonClient.join(server.port, "ada", { token });
    expect((await other.event("welcome")).token).not.toBe(token);
  });

  test("a seat is not kept for a person on nc", async () => {
    await using server = await Server.start();
    using bob = await JsonClient.join(server.port, "bob");
    const ada = await PlainClient.join(server.port, "ada");
    ada.socket?.terminate();
    await bob.event("left", { name: "ada" });
  });

  test("a seat outlives the server, but for one on plain text", async () => {
    using folder = temporaryFolder();
    const flags = ["--history", join(folder.path, "room.sqlite"), "--stay"];
    let welcome: Welcome;
    {
      await using server = await Server.start(flags);
      using ada = await JsonClient.join(server.port, "ada");
      using _ = await PlainClient.join(server.port, "nc");
      welcome = await ada.event("welcome");
      await ada.event("joined", { name: "nc" });
    }
    await using server = await Server.start(flags);
    using bob = await JsonClient.join(server.port, "bob", { history: 100 });
    const { members } = await bob.event("welcome");
    expect(members).toEqual([{ name: "ada", away: true }]);
    using ada = await JsonClient.join(server.port, "x", {
      token: welcome.token,
      epoch: welcome.epoch,
      after: 0,
    });
    await ada.event("joined", { name: "bob" });
    expect(ada.events.map(({ type }) => type)).toEqual(["joined", "joined", "left", "joined"]);
    expect((await ada.event("welcome")).name).toBe("ada");
  });
});

describe.concurrent("resuming", () => {
  test("resuming brings what the member may see in order, then the present", async () => {
    await using server = await Server.start();
    using bob = await JsonClient.join(server.port, "bob");
    using cyd = await JsonClient.join(server.port, "cyd");
    const ada = await JsonClient.join(server.port, "ada");
    const { token, epoch } = await ada.event("welcome");
    const { seq } = await ada.event("joined", { name: "ada" });
    ada.socket?.terminate();
    bob.send({ type: "say", text: "1" });
    bob.send({ type: "tell", to: "ada", text: "2" });
    bob.send({ type: "tell", to: "cyd", text: "not for ada" });
    bob.send({ type: "act", text: "3" });
    await bob.event("acted");
    using back = await JsonClient.join(server.port, "ada", { token, epoch, after: seq });
    cyd.send({ type: "say", text: "4" });
    await back.event("said", { text: "4" });
    expect(back.texts).toEqual(["1", "2", "3", "4"]);
    expect(back.received.items.map(({ type }) => type)).toEqual(["welcome", "said", "told", "acted", "said"]);
  });

  test("resuming from a lost position or epoch says what is missing", async () => {
    await using server = await Server.start(["--keep", "5", "--stay"]);
    using ada = await JsonClient.join(server.port, "ada");
    const { epoch } = await ada.event("welcome");
    for (let i = 2; i <= 10; i++) ada.send({ type: "say", text: `${i}` });
    await ada.event("said", { text: "10" });
    using late = await JsonClient.join(server.port, "late", { epoch, after: 2 });
    await late.event("joined", { name: "late" });
    expect(late.received.items[1]).toEqual({ type: "gap", from: 3, to: 6 });
    expect(late.texts).toEqual(["7", "8", "9", "10"]);

    using stray = await JsonClient.join(server.port, "stray", { epoch: "another", after: 8 });
    await stray.event("joined", { name: "stray" });
    expect(stray.received.items[1]).toEqual({ type: "gap", from: 0, to: 7 });

    using ahead = await JsonClient.join(server.port, "ahead", { epoch, after: 1000 });
    await ahead.event("joined", { name: "ahead" });
    const { seq } = await ahead.event("welcome");
    expect(ahead.received.items[1]).toEqual({ type: "gap", from: 0, to: seq });
  });

  test("what a restored file has lost is told to those alone who saw it", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "room.sqlite");
    const start = () => Server.start(["--stay", "--history", path]);
    const say = async (server: Server, name: string, texts: string[]) => {
      using client = await JsonClient.join(server.port, name);
      for (const text of texts) client.send({ type: "say", text });
      await client.event("said", { text: texts.at(-1) ?? "" });
      const { epoch } = await client.event("welcome");
      return { epoch, after: client.events.at(-1)?.seq ?? 0 };
    };
    let server = await start();
    const early = await say(server, "early", ["kept"]);
    await server.kill("SIGTERM");
    copyFileSync(path, `${path}.backup`);
    server = await start();
    const late = await say(server, "late", ["lost 1", "lost 2"]);
    await server.kill("SIGTERM");
    copyFileSync(`${path}.backup`, path);
    server = await start();
    // The numbers of what is lost are given again, and more.
    await say(server, "eve", ["new 1", "new 2", "new 3", "new 4"]);
    const back = async (name: string, position: Record<string, unknown>) => {
      using client = await JsonClient.join(server.port, name, position);
      await client.event("said", { text: "new 4" });
      return [client.received.items.filter(({ type }) => type === "gap").length, client.texts];
    };
    const news = ["new 1", "new 2", "new 3", "new 4"];
    // Its epoch is unknown here, so it is shown all there is.
    expect(await back("later", late)).toEqual([1, ["kept", ...news]]);
    expect(await back("earlier", early)).toEqual([0, news]);
    await server[Symbol.asyncDispose]();
  });

  test("a message sent again is acknowledged again, and said once", async () => {
    await using server = await Server.start();
    using ada = await JsonClient.join(server.port, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    for (const type of ["say", "act"]) ada.send({ type, text: "x", id: type });
    ada.send({ type: "tell", to: "bob", text: "x", id: "tell" });
    await ada.event("told");
    for (const type of ["say", "act"]) ada.send({ type, text: "x", id: type });
    ada.send({ type: "tell", to: "bob", text: "x", id: "tell" });
    bob.send({ type: "say", text: "x", id: "say" });
    await ada.event("seen", { id: "say", seq: (await ada.event("said")).seq });
    await ada.event("seen", { id: "act", seq: (await ada.event("acted")).seq });
    await ada.event("seen", { id: "tell", seq: (await ada.event("told")).seq });
    await bob.event("said", { from: "bob" });
    expect(bob.texts).toEqual(["x", "x", "x", "x"]);
  });
});
