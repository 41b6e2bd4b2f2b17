// One room on several servers, with real ones, a real PostgreSQL, and clients as they are: there is one order for all,
// each line is in it once, and each seat, name and order holds everywhere.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Event, Recorded } from "../../lib/protocol/events.ts";
import { PostgresJournal } from "../../lib/server/journal/postgres/journal.ts";
import { Metrics } from "../../lib/server/operation/metrics/metrics.ts";
import { Room } from "../../lib/server/room/room.ts";
import type { Occupant } from "../../lib/server/seats/seats.ts";
import { IrcClient, JsonClient, PlainClient } from "../support/clients.ts";
import { House, Member, textOf } from "../support/house.ts";
import { postgresql } from "../support/parts.ts";
import { forAllTests, type PostgresServer } from "../support/postgres.ts";
import { FlakyProxy } from "../support/proxy.ts";
import { freePort } from "../support/server.ts";
import { patienceMs, Transcript } from "../support/transcript.ts";

setDefaultTimeout(3 * patienceMs);

let postgres: PostgresServer;
forAllTests((started) => {
  postgres = started;
});

postgresql.concurrent("one room on several servers", () => {
  test("two servers have one channel, one history and one operator", async () => {
    await using house = await House.open(postgres, 2, { environment: { CHAT_OPERATOR_PASSWORD: "geheim" } });
    const capabilities = "batch draft/chathistory labeled-response message-tags server-time";
    using ada = await IrcClient.join(house.port(0), "ada", capabilities);
    using bob = await IrcClient.join(house.port(1), "bob", "server-time");
    bob.say("PRIVMSG #room :hello from there");
    await ada.line(":bob!u@bob PRIVMSG #room :hello from there");
    ada.say("@label=1 PRIVMSG #room :and from here");
    ada.say("PRIVMSG bob :psst");
    await ada.line("@label=1 :chat.room ACK");
    await bob.line(":ada!u@ada PRIVMSG bob :psst");
    ada.say("@label=2 CHATHISTORY LATEST #room * 5");
    await ada.line("BATCH -");
    expect(ada.received.items.filter((line) => line.includes("@batch="))).toEqual([
      expect.stringMatching(/PRIVMSG #room :hello from there$/),
      expect.stringMatching(/PRIVMSG #room :and from here$/),
    ]);
    ada.say("OPER ada geheim");
    await bob.line("MODE #room +o ada");
    ada.say("KICK #room bob :behave");
    await bob.line("KICK #room bob :behave");
    await bob.line("/join #room brings you back.");
    bob.say("JOIN #room");
    await ada.line("JOIN #room");
    bob.say("NICK ada");
    await bob.line(" 433 bob ada ");
  });

  test("three servers have one order of events, one roster, one history", async () => {
    await using house = await House.open(postgres, 3);
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

  test("a name is taken once, also by look-alikes and in one moment", async () => {
    await using house = await House.open(postgres, 2);
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

  test("each server shows in its metrics how many there are", async () => {
    await using house = await House.open(postgres, 1);
    house.servers.unshift(await house.start(["--metrics", `${freePort()}`]));
    using ada = await JsonClient.join(house.port(0), "ada");
    using bob = await JsonClient.join(house.port(1), "bob");
    bob.send({ type: "say", text: "1" });
    await ada.event("said");
    const [, url = ""] = await house.at(0).line(/Its metrics are on (\S+)/);
    const page = await (await fetch(url)).text();
    expect(page).toContain("\nchat_servers 2\n");
    expect(page).toContain("\nchat_journal_lag_events 0\n");
    expect(page).toContain("\nchat_journal_refused_total 0\n");
  });

  test("a whisper goes from one server to another, and to no one else", async () => {
    await using house = await House.open(postgres, 2);
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

  test("a seat holds at every server, with nothing lost and nothing twice", async () => {
    await using house = await House.open(postgres, 3);
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

  test("one token brought to one server twice lets one in, and both know", async () => {
    await using house = await House.open(postgres, 2);
    const ada = await JsonClient.join(house.port(0), "ada");
    const { token, epoch } = await ada.event("welcome");
    const { seq } = await ada.event("joined");
    ada.socket?.terminate();
    const open = () => new JsonClient().open(house.port(1));
    using one = await open();
    using two = await open();
    // Long enough for both to ask.
    await house.hold(1_000);
    for (const client of [one, two]) client.send({ type: "join", name: "ada", token, epoch, after: seq });
    const winner = await winnerOf(one, two);
    await winner.roundTrip();
    expect(winner.received.items.map(({ type }) => type)).toEqual(["welcome", "pong", "pong"]);
  });

  test("one token brought to two servers lets one in, and both know", async () => {
    await using house = await House.open(postgres, 3);
    for (let round = 0; round < 5; round++) {
      const name = `ada${round}`;
      const ada = await JsonClient.join(house.port(2), name);
      const { token, epoch } = await ada.event("welcome");
      const { seq } = await ada.event("joined", { name });
      ada.socket?.terminate();
      using one = await new JsonClient().open(house.port(0));
      using two = await new JsonClient().open(house.port(1));
      await house.hold(200);
      for (const client of [one, two]) client.send({ type: "join", name, token, epoch, after: seq });
      const winner = await winnerOf(one, two);
      await winner.event("welcome");
      await winner.roundTrip();
    }
  });

  test("a client that is ahead of a server waits until it has read so far", async () => {
    await using house = await House.open(postgres, 1);
    await using proxy = await FlakyProxy.start(postgres.port);
    await using behind = await house.start([], { CHAT_HISTORY: postgres.url(proxy.port) });
    using bob = await JsonClient.join(house.port(0), "bob");
    const ada = await JsonClient.join(house.port(0), "ada");
    const { token, epoch } = await ada.event("welcome");
    proxy.goAway();
    await behind.line(/cannot be written: PostgreSQL cannot be reached/);
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

  test("a server that ends tells the others, and its members leave in time", async () => {
    await using house = await House.open(postgres, 2, { flags: ["--stay", "--seat", "1"] });
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

  test("servers end when the last member of all has left, not before", async () => {
    await using house = await House.open(postgres, 3, { flags: [] });
    using ada = await JsonClient.join(house.port(0), "ada");
    using bob = await PlainClient.join(house.port(1), "bob");
    await ada.event("joined", { name: "bob" });
    ada.send({ type: "quit" });
    await ada.closed;
    await bob.line("ada left");
    // The first server has no member any more, and goes on.
    using cyd = await JsonClient.join(house.port(0), "cyd");
    bob.say("/quit");
    await bob.closed;
    await cyd.event("left", { name: "bob" });
    cyd.send({ type: "quit" });
    for (const i of [0, 1]) {
      await house.at(i).line(/Everyone has left/);
      expect(await house.at(i).exited).toBe(0);
    }
    // A server that had no member does not end when the room is empty.
    using dan = await JsonClient.join(house.port(2), "dan");
    await dan.event("joined");
  });
});

postgresql.describe("a server that is lost", () => {
  /** A server without its sockets: what it does with its journal and its members. */
  async function openRoom(port = postgres.port, name = "lost") {
    const journal = await PostgresJournal.open({
      url: postgres.url(port),
      room: name,
      keepEvents: 1_000,
      heartbeatMs: 50,
      leaseMs: 500,
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
      pump: () => {},
      dismiss: ({ text }) => byes.push(text),
    };
    const sit = (name: string, keepsSeat = true) =>
      new Promise<string | undefined>((resolve, reject) => {
        room.members.arrivals.take(occupant, { type: "join", name }, keepsSeat, {
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

  test("a lost server is noticed by the others, and its members leave once", async () => {
    await using proxy = await FlakyProxy.start(postgres.port);
    await using one = await openRoom();
    await using two = await openRoom();
    await using three = await openRoom(proxy.port);
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
    expect(three.byes).toEqual(Array(2).fill("This server has lost the others: joining again elsewhere"));
    expect(one.byes).toEqual([]);
    for (const { room } of [one, two])
      expect(room.members.roster().members).toEqual([{ name: "ada" }, { name: "dan" }]);
  });

  test("a server that begins gives up no seat of one that is alive", async () => {
    await using one = await openRoom(postgres.port, "begins");
    // Without a token a seat is given up at once.
    await one.sit("ada", false);
    await using two = await openRoom(postgres.port, "begins");
    await two.sit("bob", false);
    expect(two.room.members.roster().members).toEqual([{ name: "ada" }, { name: "bob" }]);
    expect(one.byes).toEqual([]);
  });
});

/** Of two connections that ask for one seat: one has it; the other hears so, perhaps after it had the seat itself. */
async function winnerOf(one: JsonClient, two: JsonClient): Promise<JsonClient> {
  const isLost = ({ type }: Event) => type === "error" || type === "bye";
  const ends = [one, two].map(({ received }) => received.until((events) => events.find(isLost), "a loser"));
  for (const end of ends) end.catch(() => {});
  expect(await Promise.race(ends)).toMatchObject({ code: expect.stringMatching(/^(conflict|taken-over)$/) });
  const lost = [one, two].map(({ received }) => received.items.some(isLost));
  expect(lost.filter(Boolean)).toHaveLength(1);
  return lost[0] ? two : one;
}
