// Operators of a room on several servers: their acts hold at all of them. And IRC clients that move between these.

import { expect, setDefaultTimeout, test } from "bun:test";
import { IrcClient, JsonClient } from "../support/clients.ts";
import { House } from "../support/house.ts";
import { lanAddress, postgresql } from "../support/parts.ts";
import { forAllTests, type PostgresServer } from "../support/postgres.ts";
import { patienceMs } from "../support/transcript.ts";

setDefaultTimeout(3 * patienceMs);

let postgres: PostgresServer;
forAllTests((started) => {
  postgres = started;
});

postgresql.describe("keeping order in the whole room", () => {
  const password = { CHAT_OPERATOR_PASSWORD: "geheim" };

  test("an operator is one at every server, and reaches all", async () => {
    await using house = await House.open(postgres, 2, { flags: ["--stay"], environment: password });
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

  test("a member muted at one server is not heard from another one", async () => {
    await using house = await House.open(postgres, 2, { flags: ["--stay"], environment: password });
    using op = await JsonClient.join(house.port(0), "op");
    using bob = await JsonClient.join(house.port(1), "bob");
    await op.event("joined", { name: "bob" });
    op.send({ type: "op", password: "geheim" });
    await op.event("opped");
    for (let round = 0; round < 10; round++) {
      op.send({ type: "mute", name: "bob" });
      for (let n = 0; n < 10; n++) bob.send({ type: "say", text: `${round}`, id: `${round}-${n}` });
      await bob.received.until(
        (events) => events.find((event) => "id" in event && event.id === `${round}-9`),
        "what became of the last one",
      );
      await op.roundTrip();
      op.send({ type: "unmute", name: "bob" });
      await bob.received.until(
        (events) => events.filter(({ type }) => type === "unmuted").length > round || undefined,
        "to be unmuted",
      );
    }
    const types = op.events.map(({ type }) => type).filter((type) => /said|muted/.test(type));
    let muted = false;
    for (const type of types) {
      if (type !== "said") muted = type === "muted";
      else expect(muted).toBe(false);
    }
  });

  lanAddress.test("a banned address stays out at every server, under any name", async () => {
    await using house = await House.open(postgres, 2, {
      flags: ["--stay", "--host", "0.0.0.0"],
      environment: password,
    });
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
    op.send({ type: "ban", name: lanAddress.found });
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
    op.send({ type: "unban", name: lanAddress.found });
    await local.event("unbanned");
    using back = await from(house.port(1), "eve");
    await back.event("welcome");
  });
});

/** From this machine's address in its network, which is no loopback. */
class Outsider extends JsonClient {
  /** A connection that is turned away before it has spoken is told in both dialects. */
  protected override parse(line: string) {
    return line.includes("{") ? super.parse(line) : super.parse('{"type":"bye","code":"banned","text":""}');
  }
}

postgresql.test("an IRC client that moves is shown the last lines as those from before", async () => {
  await using house = await House.open(postgres, 1);
  using bob = await JsonClient.join(house.port(0), "bob");
  /** The key's owner, and the lines that are not shown as those from before. */
  const join = async (port: number, last: string) => {
    const client = await new IrcClient().open(port);
    for (const line of [
      "CAP REQ server-time",
      "PASS :a-key-of-my-own",
      "NICK ada",
      "USER a 0 * :a",
      "CAP END",
    ])
      client.say(line);
    await client.line(last);
    const lines = client.received.items;
    const from = lines.findIndex((line) => line.includes(" :What was said before"));
    const live = from < 0 ? lines : lines.slice(0, from);
    return { client, live: live.filter((line) => line.includes("PRIVMSG #room")) };
  };
  const { client: before } = await join(house.port(0), " 366 ada ");
  bob.send({ type: "say", text: "one" });
  await before.line("PRIVMSG #room :one");
  await using second = await house.start();
  const { client: there, live } = await join(second.port, "That was before you came.");
  expect(live).toEqual([]);
  bob.send({ type: "say", text: "two" });
  await there.line("PRIVMSG #room :two");
  expect((await join(house.port(0), "That was before you came.")).live).toEqual([]);
});
