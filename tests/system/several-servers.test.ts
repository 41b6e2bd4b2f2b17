// One room on several servers, with real ones, a real Redis, and clients as they are: whatever of it is killed, frozen
// or wrong, there is one order for all, and each line that was acknowledged is in it once.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Link } from "../../lib/client/core/link.ts";
import type { Connect } from "../../lib/client/core/wire.ts";
import { tcp } from "../../lib/client/terminal/tcp.ts";
import type { Recorded } from "../../lib/protocol/events.ts";
import { pageAfter } from "../../lib/server/journal/pages.ts";
import { RedisJournal } from "../../lib/server/journal/redis.ts";
import { Metrics } from "../../lib/server/operation/metrics.ts";
import { Room } from "../../lib/server/room/room.ts";
import type { Occupant } from "../../lib/server/room/seats.ts";
import { Certificates } from "../support/certificates.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { lanAddress, openssl, redisServer } from "../support/parts.ts";
import { FlakyProxy } from "../support/proxy.ts";
import { Random } from "../support/random.ts";
import { RedisServer } from "../support/redis.ts";
import { Server } from "../support/server.ts";
import { patienceMs, Transcript } from "../support/transcript.ts";

setDefaultTimeout(3 * patienceMs);

/** Servers of one room, and their Redis. */
class House implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly servers: Server[] = [];
  readonly #flags: string[];
  readonly #environment: Record<string, string>;

  private constructor(redis: RedisServer, flags: string[], environment: Record<string, string>) {
    this.redis = redis;
    this.#flags = ["--redis", redis.url, ...flags];
    this.#environment = environment;
  }

  static async open(
    servers: number,
    flags: string[] = ["--stay"],
    environment: Record<string, string> = {},
  ): Promise<House> {
    const house = new House(await RedisServer.start(), flags, environment);
    const started = Array.from({ length: servers }, () => house.start());
    house.servers.push(...(await Promise.all(started)));
    return house;
  }

  /** Another server; its own flags win. */
  start(flags: string[] = []): Promise<Server> {
    return Server.start([...this.#flags, ...flags], this.#environment);
  }

  /** Kills one, and starts it again on its port; `meanwhile` it is not there. */
  async replace(index: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    const { port } = this.at(index);
    await this.at(index).kill("SIGKILL");
    await meanwhile();
    this.servers[index] = await this.start(["--port", `${port}`]);
  }

  at(index: number): Server {
    const server = this.servers[index];
    if (!server) throw new Error(`There is no server ${index}`);
    return server;
  }

  port(index: number): number {
    return this.at(index).port;
  }

  get ports(): number[] {
    return this.servers.map(({ port }) => port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}

/** What a server has said of its Redis: what is wrong, and that it is not any more. */
function troubles(server: Server): string[] {
  const said = server.log.items.map((line) => /The history .*/.exec(line)?.[0] ?? "");
  return said.filter((line) => line !== "");
}

/** A client as it is, and everything it was given. */
class Member implements Disposable {
  readonly heard = new Transcript<Recorded>();
  readonly gaps: unknown[] = [];
  readonly problems: string[] = [];
  readonly link: Link;

  private constructor(ports: number[]) {
    const servers = ports.map((port) => tcp({ host: "localhost", port })) as [Connect, ...Connect[]];
    this.link = new Link(
      { servers, historyEvents: 0 },
      {
        event: (event) => {
          if ("at" in event) this.heard.push(event);
          if (event.type === "gap") this.gaps.push(event);
        },
        state: () => {},
        nameless: (problem) => this.problems.push(problem.text),
        refused: (message, problem) => this.problems.push(`refused ${message.text}: ${problem.text}`),
        closed: (reason) => reason !== undefined && this.problems.push(reason),
      },
    );
  }

  /** At the first of these servers, and at the next ones when that is gone. */
  static async join(ports: number[], name: string): Promise<Member> {
    const member = new Member(ports);
    expect(await member.link.join(name)).toBeUndefined();
    return member;
  }

  say(text: string): void {
    this.link.say({ type: "say", text });
  }

  get said(): Recorded[] {
    return this.heard.items.filter(({ type }) => type === "said");
  }

  /** Resolves once so many messages were heard, from whomever. */
  async heardSaid(count: number): Promise<void> {
    await this.heard.until(() => this.said.length >= count || undefined, `${count} messages`);
  }

  [Symbol.dispose](): void {
    this.link.quit();
  }
}

const textOf = (event: Recorded) => ("text" in event ? (event.text ?? "") : "");

/** All of them heard the same, in one order, and each line once. */
function expectOneOrder(members: Member[], lines: string[]): void {
  const [first, ...others] = members;
  for (const other of others) expect(other.said).toEqual(first?.said ?? []);
  expect(first?.said.map(textOf).sort()).toEqual([...lines].sort());
  for (const { heard, gaps, problems } of members) {
    const seqs = heard.items.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    expect([...gaps, ...problems]).toEqual([]);
  }
}

redisServer.describe("one room on several servers", () => {
  test("has one order of events, one roster and one history", async () => {
    await using house = await House.open(3);
    const clients = await Promise.all(house.ports.map((port, i) => JsonClient.join(port, `m${i}`)));
    for (let n = 0; n < 50; n++) {
      for (const [i, client] of clients.entries())
        client.send({ type: "say", text: `${i}-${n}`, id: `${n}` });
    }
    const texts = async (client: JsonClient) => {
      await client.received.until(() => client.texts.length === 150 || undefined, "150 messages");
      return client.texts;
    };
    const [first, ...others] = await Promise.all(clients.map(texts));
    for (const other of others) expect(other).toEqual(first ?? []);
    for (const [i, client] of clients.entries()) {
      expect(first?.filter((text) => text.startsWith(`${i}-`))).toEqual(
        Array.from({ length: 50 }, (_, n) => `${i}-${n}`),
      );
      client.send({ type: "who", id: "w" });
      const { members } = await client.event("members", { id: "w" });
      expect(members).toHaveLength(3);
      expect(members.map(({ name }) => name).sort()).toEqual(["m0", "m1", "m2"]);
      client.send({ type: "search", text: "1-49" });
      expect((await client.event("results")).events).toHaveLength(1);
    }
    using late = await JsonClient.join(house.port(2), "late", { history: 150 });
    expect((await late.event("history")).events.map(textOf).filter((text) => text !== "")).toEqual(
      first ?? [],
    );
    for (const client of clients) client.socket?.terminate();
  });

  test("has each name once, also look-alikes, also when two servers hear it in the same moment", async () => {
    await using house = await House.open(2);
    using ada = await JsonClient.join(house.port(0), "ada");
    await ada.event("joined", { name: "ada" });
    for (const name of ["ada", "Ada", "\u0251da"]) {
      using other = await new JsonClient().open(house.port(1));
      other.send({ type: "join", name });
      expect((await other.event("error")).code).toBe("name-taken");
    }
    for (let n = 0; n < 15; n++) {
      const claims = await Promise.all(house.ports.map((port) => new JsonClient().open(port)));
      // One writes it otherwise.
      for (const [i, claim] of claims.entries())
        claim.send({ type: "join", name: i === 0 ? `bob${n}` : `BOB${n}` });
      const outcomes = claims.map((claim) =>
        claim.received.until(
          (events) => events.find(({ type }) => type === "welcome" || type === "error"),
          "it",
        ),
      );
      const types = (await Promise.all(outcomes)).map((event) =>
        event.type === "error" ? event.code : event.type,
      );
      expect(types.toSorted()).toEqual(["name-taken", "welcome"]);
      for (const claim of claims) claim.send({ type: "quit" });
      await Promise.all(claims.map(({ closed }) => closed));
    }
    // The same for those who are here already.
    using eve = await JsonClient.join(house.port(1), "eve");
    for (let n = 0; n < 15; n++) {
      const id = `${n}`;
      for (const client of [ada, eve]) {
        client.send({ type: "rename", name: `new${n}` });
        client.send({ type: "ping", id });
        client.send({ type: "who", id });
      }
      const [one, two] = await Promise.all([ada, eve].map((client) => client.event("members", { id })));
      const names = (members: { name: string }[] = []) => members.filter(({ name }) => name === `new${n}`);
      expect(names(one?.members).length + names(two?.members).length).toBeGreaterThan(0);
      expect(names(one?.members).length).toBeLessThanOrEqual(1);
    }
    const refused = [ada, eve].map(
      ({ received }) =>
        received.items.filter((event) => event.type === "error" && event.code === "name-taken").length,
    );
    expect(refused.reduce((sum, count) => sum + count)).toBe(15);
  });

  test("whispers from one server to another, and to nobody else", async () => {
    await using house = await House.open(2);
    using ada = await JsonClient.join(house.port(0), "ada");
    using bob = await JsonClient.join(house.port(1), "bob");
    using eve = await JsonClient.join(house.port(1), "eve");
    await ada.event("joined", { name: "eve" });
    ada.send({ type: "tell", to: "bob", text: "psst", id: "1" });
    expect(await bob.event("told")).toMatchObject({ from: "ada", text: "psst" });
    await ada.event("told", { id: "1" });
    bob.send({ type: "say", text: "hm" });
    await eve.event("said");
    expect(eve.texts).toEqual(["hm"]);
  });

  test("a seat holds at every server: nothing is lost and nothing twice, whispers included", async () => {
    await using house = await House.open(3);
    using bob = await JsonClient.join(house.port(1), "bob");
    let ada = await JsonClient.join(house.port(0), "ada");
    const { token, epoch } = await ada.event("welcome");
    // A whisper is for a member that its author has seen.
    await bob.event("joined", { name: "ada" });
    const texts: string[] = [];
    let said = 0;
    for (let round = 1; round <= 9; round++) {
      for (let n = 0; n < 3; n++) {
        bob.send({ type: "say", text: `said ${++said}` });
        bob.send({ type: "tell", to: "ada", text: `told ${said}`, id: `${said}` });
      }
      // Left in the middle of it: some was heard, some was not.
      await ada.event("said", { text: `said ${said - 2 + (round % 3)}` });
      ada.socket?.terminate();
      texts.push(...ada.texts);
      const after = ada.events.at(-1)?.seq ?? 0;
      ada = await JsonClient.join(house.port(round % 3), "ada", { token, epoch, after });
      expect(ada.received.items[0]).toMatchObject({ type: "welcome", name: "ada", token });
    }
    bob.send({ type: "say", text: "the end" });
    await ada.event("said", { text: "the end" });
    texts.push(...ada.texts);
    const expected = Array.from({ length: said }, (_, i) => [`said ${i + 1}`, `told ${i + 1}`]).flat();
    expect(texts).toEqual([...expected, "the end"]);
    expect(bob.events.filter(({ type }) => type === "left" || type === "moved")).toEqual([]);
    ada.socket?.terminate();
  });

  test("two connections that bring the same token to a server in one moment: one is in, both know", async () => {
    await using house = await House.open(2);
    const ada = await JsonClient.join(house.port(0), "ada");
    const { token, epoch } = await ada.event("welcome");
    const { seq } = await ada.event("joined");
    ada.socket?.terminate();
    const open = () => new JsonClient().open(house.port(1));
    using one = await open();
    using two = await open();
    // Long enough for both to ask.
    await house.redis.command("CLIENT", "PAUSE", "300", "ALL");
    for (const client of [one, two]) client.send({ type: "join", name: "ada", token, epoch, after: seq });
    const outcome = async ({ received }: JsonClient) => {
      const [event] = await received.until(
        (events) => (events.length > 0 ? events : undefined),
        "an outcome",
      );
      return event?.type;
    };
    const outcomes = await Promise.all([one, two].map(outcome));
    expect(outcomes.toSorted()).toEqual(["error", "welcome"]);
    const winner = outcomes[0] === "welcome" ? one : two;
    await winner.roundTrip();
    expect(winner.received.items.map(({ type }) => type)).toEqual(["welcome", "pong", "pong"]);
  });

  test("who comes with a position ahead of what a server has read waits until it has read so far", async () => {
    await using house = await House.open(1);
    await using proxy = await FlakyProxy.start(house.redis.port);
    await using behind = await house.start(["--redis", `redis://localhost:${proxy.port}`]);
    using bob = await JsonClient.join(house.port(0), "bob");
    const ada = await JsonClient.join(house.port(0), "ada");
    const { token, epoch } = await ada.event("welcome");
    proxy.goAway();
    await behind.line(/cannot be written: Redis cannot be reached/);
    bob.send({ type: "tell", to: "ada", text: "heard" });
    const { seq } = await ada.event("told");
    ada.socket?.terminate();
    bob.send({ type: "say", text: "1" });
    bob.send({ type: "tell", to: "ada", text: "2" });
    await bob.event("told", { text: "2" });
    using back = await new JsonClient().open(behind.port);
    back.send({ type: "join", name: "ada", token, epoch, after: seq });
    using stranger = await new JsonClient().open(behind.port);
    stranger.send({ type: "join", name: "stranger" });
    expect(await stranger.event("error")).toMatchObject({ code: "unavailable", retryAfterMs: 1000 });
    expect(back.received.items).toEqual([]);
    proxy.comeBack();
    await back.event("told", { text: "2" });
    expect(back.received.items.map(({ type }) => type)).toEqual(["welcome", "said", "told"]);
    expect(back.texts).toEqual(["1", "2"]);
  });

  test("a server that ends tells the others: who cannot come back has left at once, the others after their time", async () => {
    await using house = await House.open(2, ["--stay", "--seat", "1"]);
    using bob = await JsonClient.join(house.port(1), "bob");
    using ada = await JsonClient.join(house.port(0), "ada");
    using _ = await PlainClient.join(house.port(0), "nc");
    using eve = await Member.join([house.port(0), house.port(1)], "eve");
    await bob.event("joined", { name: "eve" });
    expect(await house.at(0).kill("SIGTERM")).toBe(0);
    await ada.event("bye", { code: "shutdown" });
    await bob.event("left", { name: "nc" });
    await bob.event("left", { name: "ada" });
    eve.say("still here");
    await bob.event("said", { from: "eve" });
    expect(bob.events.filter(({ type }) => type === "left")).toHaveLength(2);
  });

  test("ends when the last member of all its servers has left, and not before", async () => {
    await using house = await House.open(3, []);
    using ada = await JsonClient.join(house.port(0), "ada");
    using bob = await PlainClient.join(house.port(1), "bob");
    await ada.event("joined", { name: "bob" });
    ada.send({ type: "quit" });
    await ada.closed;
    await bob.line("ada left");
    // The first server has nobody any more, and goes on.
    using cyd = await JsonClient.join(house.port(0), "cyd");
    bob.say("/quit");
    await bob.closed;
    await cyd.event("left", { name: "bob" });
    cyd.send({ type: "quit" });
    for (const i of [0, 1]) {
      await house.at(i).line(/Everyone has left/);
      expect(await house.at(i).exited).toBe(0);
    }
    // Where nobody was, there is nobody to miss.
    using dan = await JsonClient.join(house.port(2), "dan");
    await dan.event("joined");
  });
});

redisServer.describe("keeping order in the whole room", () => {
  const password = { CHAT_OPERATOR_PASSWORD: "geheim" };

  test("an operator is one at every server, and reaches who is at another one", async () => {
    await using house = await House.open(2, ["--stay"], password);
    using op = await JsonClient.join(house.port(0), "op");
    using bob = await JsonClient.join(house.port(1), "bob");
    using eve = await JsonClient.join(house.port(1), "eve");
    await op.event("joined", { name: "eve" });
    op.send({ type: "op", password: "geheim" });
    await eve.event("opped", { name: "op" });
    op.send({ type: "topic", text: "tea" });
    await eve.event("topic", { text: "tea" });
    op.send({ type: "mute", name: "bob" });
    await bob.event("muted", { name: "bob" });
    bob.send({ type: "say", text: "hello?", id: "1" });
    expect((await bob.event("error", { id: "1" })).code).toBe("muted");

    // At another server it is still one, and bob still muted.
    const { token, epoch } = await op.event("welcome");
    const { token: bobs } = await bob.event("welcome");
    op.socket?.terminate();
    bob.socket?.terminate();
    using back = await JsonClient.join(house.port(1), "op", { token, epoch, after: 0 });
    expect((await back.event("welcome")).topic).toBe("tea");
    using muted = await JsonClient.join(house.port(0), "bob", { token: bobs, epoch, after: 0 });
    muted.send({ type: "say", text: "hello?", id: "2" });
    expect((await muted.event("error", { id: "2" })).code).toBe("muted");
    back.send({ type: "kick", name: "bob", text: "enough" });
    expect(await muted.event("bye")).toEqual({
      type: "bye",
      code: "kicked",
      text: "You were kicked by op: enough",
    });
    await eve.event("kicked", { name: "bob" });
    back.send({ type: "ban", name: "eve" });
    await eve.event("bye", { code: "banned" });
    for (const port of house.ports) {
      using again = await new JsonClient().open(port);
      again.send({ type: "join", name: "EVE" });
      expect((await again.event("error")).code).toBe("banned");
    }
    // It outlives the servers.
    await house.replace(0);
    await house.replace(1);
    using again = await new JsonClient().open(house.port(1));
    again.send({ type: "join", name: "eve" });
    expect((await again.event("error")).code).toBe("banned");
    using other = await JsonClient.join(house.port(0), "other");
    expect((await other.event("welcome")).topic).toBe("tea");
  });

  lanAddress.test(
    "who is banned does not come back from its address, under any name, at any server",
    async () => {
      await using house = await House.open(2, ["--stay", "--host", "0.0.0.0"], password);
      const from = async (port: number, name: string) => {
        const client = new Outsider();
        await client.open(port, { host: lanAddress.found });
        client.send({ type: "join", name });
        return client;
      };
      using op = await JsonClient.join(house.port(0), "op");
      op.send({ type: "op", password: "geheim" });
      await op.event("opped");
      using eve = await from(house.port(1), "eve");
      using friend = await from(house.port(1), "friend");
      await op.event("joined", { name: "friend" });
      op.send({ type: "ban", name: "eve" });
      expect((await eve.event("bye")).code).toBe("banned");
      expect((await friend.event("bye")).code).toBe("banned");
      await op.event("left", { name: "friend" });
      for (const port of house.ports) {
        using again = await from(port, "somebody");
        expect(await again.received.until((events) => events[0], "a goodbye")).toMatchObject({
          code: "banned",
        });
      }
      using local = await JsonClient.join(house.port(1), "local");
      op.send({ type: "unban", name: "eve" });
      await local.event("unbanned");
      using back = await from(house.port(1), "eve");
      await back.event("welcome");
    },
  );
});

/** From this machine's address in its network, which is no loopback. */
class Outsider extends JsonClient {
  /** Whoever is turned away before it has spoken is told in both dialects. */
  protected override parse(line: string) {
    return line.includes("{") ? super.parse(line) : super.parse('{"type":"bye","code":"banned","text":""}');
  }
}

redisServer.describe("a server that is lost", () => {
  /** A server without its sockets: what it does with its journal and its members. */
  async function openRoom(redis: RedisServer, port = redis.port) {
    const journal = await RedisJournal.open({
      url: `redis://localhost:${port}`,
      room: "main",
      keepEvents: 1_000,
      heartbeatMs: 50,
      leaseMs: 500,
      onLost: () => {},
    });
    const events = new Transcript<Recorded>();
    const gauges = { connections: () => 0, members: () => 0, readersBehind: () => 0, paused: () => 0 };
    const room = new Room(journal, {
      seatMs: 200,
      onEvent: (event) => events.push(event),
      onEmpty: () => {},
      onJournalTrouble: () => {},
      metrics: new Metrics(gauges),
    });
    const byes: string[] = [];
    const occupant: Occupant = {
      address: "127.0.0.1",
      leaving: false,
      answer: () => {},
      whisper: () => {},
      dismiss: ({ text }) => byes.push(text),
    };
    const sit = (name: string) =>
      new Promise<string | undefined>((resolve, reject) => {
        room.members.take(occupant, { type: "join", name }, true, {
          happened: ({ token }) => resolve(token),
          failed: ({ text }) => reject(new Error(text)),
        });
      });
    const left = (name: string) =>
      events.until(
        (all) => all.find((event) => event.type === "left" && event.name === name),
        `${name} to leave`,
      );
    return { room, events, byes, sit, left, [Symbol.asyncDispose]: () => journal.close() };
  }

  test("is noticed by the others: its members have left, once, and hear of it when it is back", async () => {
    await using redis = await RedisServer.start();
    await using proxy = await FlakyProxy.start(redis.port);
    await using one = await openRoom(redis);
    await using two = await openRoom(redis);
    await using three = await openRoom(redis, proxy.port);
    await one.sit("ada");
    await three.sit("bob");
    await three.sit("cyd");
    await two.events.until((events) => events.length === 3 || undefined, "three to join");
    expect(two.room.members.roster().members).toEqual([{ name: "ada" }, { name: "bob" }, { name: "cyd" }]);
    const since = Date.now();
    proxy.goAway();
    await Promise.all([one.left("bob"), one.left("cyd"), two.left("bob")]);
    expect(Date.now() - since).toBeGreaterThan(500);
    proxy.comeBack();
    await three.left("cyd");
    await one.sit("dan");
    await two.events.until(
      (events) => events.find((event) => event.type === "joined" && event.name === "dan"),
      "dan",
    );
    // Both others wanted them to leave.
    for (const { events } of [one, two]) {
      expect(events.items.filter(({ type }) => type === "left")).toHaveLength(2);
    }
    expect(three.byes).toEqual(Array(2).fill("The room gave up your seat: joining again"));
    expect(one.byes).toEqual([]);
    for (const { room } of [one, two])
      expect(room.members.roster().members).toEqual([{ name: "ada" }, { name: "dan" }]);
  });
});

// They mostly wait for what takes its time, each for a Redis of its own.
redisServer.describe("Redis", () => {
  test.concurrent("frozen: servers say so once, lines are told to wait, and arrive once when it goes on", async () => {
    await using house = await House.open(2);
    using ada = await Member.join([house.port(0)], "ada");
    using bob = await JsonClient.join(house.port(1), "bob");
    await bob.roundTrip();
    house.redis.stop();
    ada.say("under way");
    bob.send({ type: "say", text: "under way", id: "1" });
    await Promise.all(house.servers.map((server) => server.line(/cannot be written: Redis does not answer/)));
    bob.send({ type: "say", text: "too late", id: "2" });
    expect(await bob.event("error", { id: "2" })).toMatchObject({ code: "unavailable", retryAfterMs: 1000 });
    ada.say("waits");
    house.redis.continue();
    await bob.event("said", { id: "1" });
    await bob.event("said", { text: "waits" });
    await ada.heardSaid(3);
    expect(ada.said).toHaveLength(3);
    bob.send({ type: "say", text: "under way", id: "1" });
    await bob.event("seen", { id: "1" });
    await Promise.all(house.servers.map((server) => server.line(/is written again/)));
    for (const server of house.servers) {
      expect(troubles(server)).toEqual([
        "The history cannot be written: Redis does not answer",
        "The history is written again",
      ]);
    }
  });

  test.concurrent("slow: lines take as long as it does, and nothing is wrong", async () => {
    await using house = await House.open(2);
    using ada = await Member.join([house.port(0)], "ada");
    using bob = await JsonClient.join(house.port(1), "bob");
    await house.redis.command("CLIENT", "PAUSE", "1500", "ALL");
    const since = Date.now();
    for (let n = 0; n < 10; n++) ada.say(`${n}`);
    await bob.event("said", { text: "9" });
    expect(Date.now() - since).toBeGreaterThan(1_000);
    expect(bob.texts.join("")).toBe("0123456789");
    expect(house.servers.flatMap(troubles)).toEqual([]);
  });

  test.concurrent("killed, and out of memory: nothing is lost, and each is said once by each server", async () => {
    await using house = await House.open(2);
    using ada = await Member.join([house.port(0)], "ada");
    using bob = await JsonClient.join(house.port(1), "bob");
    await house.redis.kill();
    await Promise.all(house.servers.map((server) => server.line(/Redis cannot be reached/)));
    ada.say("1");
    await house.redis.restart();
    await bob.event("said", { text: "1" });
    await Promise.all(house.servers.map((server) => server.line(/is written again/)));

    await house.redis.config("maxmemory", "1");
    ada.say("2");
    bob.send({ type: "say", text: "no id" });
    expect(await bob.event("error")).toMatchObject({
      code: "unavailable",
      text: "The room cannot keep messages now, Redis is out of memory: try again",
    });
    await Promise.all(house.servers.map((server) => server.line(/Redis is out of memory/)));
    // Reading goes on.
    bob.send({ type: "search", text: "1" });
    expect((await bob.event("results")).events).toHaveLength(1);
    await house.redis.config("maxmemory", "0");
    await bob.event("said", { text: "2" });
    const again = (server: Server) => troubles(server).length === 4 || undefined;
    await Promise.all(house.servers.map((server) => server.log.until(() => again(server), "the end of it")));
    for (const server of house.servers) {
      expect(troubles(server)).toEqual([
        "The history cannot be written: Redis cannot be reached",
        "The history is written again",
        "The history cannot be written: Redis is out of memory",
        "The history is written again",
      ]);
    }
    expect(bob.texts).toEqual(["1", "2"]);
  });

  test.concurrent("emptied: the servers say so and end with 1; their clients come back to the new room", async () => {
    await using house = await House.open(2);
    using ada = await Member.join(house.ports, "ada");
    ada.say("before");
    await ada.heardSaid(1);
    await house.redis.command("FLUSHALL");
    for (const server of house.servers) {
      await server.line(/Redis has lost what members have seen already, or was emptied: the server ends/);
      expect(await server.exited).toBe(1);
    }
    ada.say("after");
    for (const i of [0, 1]) await house.replace(i);
    await ada.heard.until((events) => events.find((event) => textOf(event) === "after"), "it");
    expect(ada.said.map(textOf)).toEqual(["before", "after"]);
    expect(ada.problems).toEqual([]);
    expect(ada.link.name).toBe("ada");
  });

  test.concurrent("with a password: it is used, and never shown", async () => {
    await using redis = await RedisServer.start(["--requirepass", "geheim"]);
    {
      await using server = await Server.start(["--redis", `redis://:geheim@localhost:${redis.port}`]);
      using ada = await JsonClient.join(server.port, "ada");
      await ada.event("joined");
      expect(server.log.items.join("\n")).not.toContain("geheim");
      await server.line(new RegExp(`Its history is in Redis at localhost:${redis.port}, room "main"`));
    }
    const start = async (url: string) => {
      const server = Bun.spawn(["bun", "ChatServer.ts", "--port", "0", "--redis", url], {
        cwd: `${import.meta.dir}/../..`,
        stderr: "pipe",
      });
      const text = await new Response(server.stderr).text();
      return [await server.exited, text];
    };
    const place = `localhost:${redis.port}`;
    expect(await start(`redis://:falsch@${place}`)).toEqual([
      1,
      `Cannot keep the room in Redis at ${place}, it has another password: --redis names another\n`,
    ]);
    expect(await start(`redis://${place}`)).toEqual([
      1,
      `Cannot keep the room in Redis at ${place}, it needs a password: --redis names another\n`,
    ]);
  });

  openssl.test("by TLS: whom to trust is in NODE_EXTRA_CA_CERTS", async () => {
    using certificates = new Certificates().selfSigned("ca");
    certificates.signed("redis", "ca", "DNS:localhost");
    const files = [
      "--tls-cert-file",
      certificates.cert("redis"),
      "--tls-key-file",
      certificates.key("redis"),
    ];
    const trust = ["--tls-ca-cert-file", certificates.cert("ca"), "--tls-auth-clients", "no"];
    await using redis = await RedisServer.start(["--tls-port", "", ...files, ...trust]);
    const flags = ["--redis", redis.url];
    await using server = await Server.start(flags, { NODE_EXTRA_CA_CERTS: certificates.cert("ca") });
    using ada = await JsonClient.join(server.port, "ada");
    ada.send({ type: "say", text: "over TLS" });
    await ada.event("said");
    const stranger = Bun.spawn(["bun", "ChatServer.ts", "--port", "0", ...flags], {
      cwd: `${import.meta.dir}/../..`,
      stderr: "pipe",
    });
    expect(await new Response(stranger.stderr).text()).toContain(
      "has a certificate that is not to be trusted",
    );
    expect(await stranger.exited).toBe(1);
  });

  test.concurrent("away while a server ends: it ends as it should, whoever waits to come back", async () => {
    await using house = await House.open(1);
    await house.redis.kill();
    await house.at(0).line(/cannot be reached/);
    using ada = await new JsonClient().open(house.port(0));
    ada.send({ type: "join", name: "ada", token: "of another server", after: 5 });
    ada.send({ type: "ping" });
    using bob = await new JsonClient().open(house.port(0));
    bob.send({ type: "ping" });
    await bob.event("pong");
    expect(await house.at(0).kill("SIGTERM")).toBe(0);
    expect(house.at(0).log.items.join("\n")).not.toContain("Error");
  });
});

redisServer.describe("chaos", () => {
  test("ten servers killed, Redis killed and frozen, six speaking: every line once, one order for all", async () => {
    const seed = 20261122;
    const random = new Random(seed);
    await using house = await House.open(3, ["--stay", "--quiet"]);
    const rotated = (i: number) => [...house.ports.slice(i % 3), ...house.ports.slice(0, i % 3)];
    const members = await Promise.all(Array.from({ length: 6 }, (_, i) => Member.join(rotated(i), `m${i}`)));
    const [witness] = members as [Member];
    const lines: string[] = [];
    let over = false;
    const speaking = members.map(async (member, i) => {
      for (let n = 0; !over; n++) {
        await member.link.outbox.below(5);
        lines.push(`${i}-${n}`);
        member.say(`${i}-${n}`);
      }
    });
    /** Somewhere in the middle of what is being said. */
    const meanwhile = () => witness.heardSaid(witness.said.length + random.between(20, 400));
    const redisKills = new Set([2, 6]);
    const redisFreezes = new Set([4, 8]);
    for (let round = 0; round < 10; round++) {
      await meanwhile();
      const killed = random.below(3);
      // Another one may be frozen for as long as that takes.
      const frozen = random.chance(0.5) ? house.at((killed + 1) % 3).pid : undefined;
      if (frozen !== undefined) process.kill(frozen, "SIGSTOP");
      await house.replace(killed, async () => {
        if (redisKills.has(round)) {
          await house.redis.kill();
          await house.redis.restart();
        }
        if (redisFreezes.has(round)) {
          house.redis.stop();
          // The second time, long enough to be noticed.
          await Bun.sleep(round === 8 ? 3_500 : 300);
          house.redis.continue();
        }
      });
      if (frozen !== undefined) process.kill(frozen, "SIGCONT");
    }
    await meanwhile();
    over = true;
    await Promise.all(speaking);
    for (const member of members) await member.heardSaid(lines.length);
    expectOneOrder(members, lines);
    for (const { link } of members) expect(link.outbox.size).toBe(0);
    expect(members.flatMap(({ heard }) => heard.items.filter(({ type }) => type === "left"))).toEqual([]);

    // The stream says the same.
    const options = { url: house.redis.url, room: "main", keepEvents: 1, onLost: () => {} };
    const journal = await RedisJournal.open(options);
    const kept: Recorded[] = [];
    for (let after = 0; after < journal.last; ) {
      const page = await pageAfter(journal, after, journal.last, "nobody");
      kept.push(...page.events);
      after = page.last;
    }
    await journal.close();
    expect(kept.filter(({ type }) => type === "said")).toEqual(witness.said);
    for (const member of members) member.link.quit();
  });
});
