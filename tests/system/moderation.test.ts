// Moderation over the wire: what operators do, and what stays of it.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Recorded } from "../../lib/protocol/events.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { kept, operator } from "../support/members.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

/** What was done, by whom, to whom, with which words. */
function acts(client: JsonClient): unknown[][] {
  return client.events.flatMap((event: Recorded) => {
    if (!("by" in event)) return [];
    return [
      [
        event.type,
        event.by,
        "name" in event ? event.name : undefined,
        "text" in event ? event.text : undefined,
      ],
    ];
  });
}

describe.concurrent("what an operator does", () => {
  test("moderation is seen by everyone, with its operator, in both dialects", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    using dan = await JsonClient.join(server.port, "dan");
    using eve = await PlainClient.join(server.port, "eve");
    using bob = await JsonClient.join(server.port, "bob");
    using cyd = await JsonClient.join(server.port, "cyd");
    await eve.line("cyd joined");
    for (const command of [
      { type: "topic", text: "tea at five" },
      { type: "topic", text: "-" },
      { type: "mute", name: "bob" },
      { type: "unmute", name: "bob" },
      { type: "kick", name: "bob", text: "enough" },
      { type: "ban", name: "cyd", text: "spam" },
      { type: "unban", name: "cyd" },
      { type: "ban", name: "198.51.100.7" },
      { type: "unban", name: "198.51.100.7" },
    ]) {
      ada.send(command);
      // What is not banned yet cannot be unbanned.
      await ada.roundTrip();
    }
    await dan.roundTrip();
    const expected = [
      ["topic", "ada", undefined, "tea at five"],
      ["topic", "ada", undefined, undefined],
      ["muted", "ada", "bob", undefined],
      ["unmuted", "ada", "bob", undefined],
      ["kicked", "ada", "bob", "enough"],
      ["banned", "ada", "cyd", "spam"],
      ["unbanned", "ada", "cyd", undefined],
      ["banned", "ada", undefined, undefined],
      ["unbanned", "ada", undefined, undefined],
    ];
    expect(acts(ada)).toEqual(expected);
    expect(acts(dan)).toEqual(expected);
    expect(dan.events.filter(({ type }) => type === "left")).toEqual([]);
    await eve.line("An address was unbanned by ada");
    const lines = eve.received.items;
    expect(lines.slice(lines.indexOf("cyd joined") + 1)).toEqual([
      "ada set the topic: tea at five",
      "ada took the topic away",
      "bob was muted by ada",
      "bob was unmuted by ada",
      "bob was kicked by ada (enough)",
      "cyd was banned by ada (spam)",
      "cyd was unbanned by ada",
      "An address was banned by ada",
      "An address was unbanned by ada",
    ]);
    await bob.event("bye", { code: "kicked" });
    await cyd.event("bye", { code: "banned" });
    expect(JSON.stringify(dan.received.items)).not.toContain("198.51.100.7");
  });

  test("moderation is refused to all others, whatever they say they are", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    const commands = [
      { type: "topic", text: "mine" },
      { type: "kick", name: "ada" },
      { type: "ban", name: "ada" },
      { type: "unban", name: "ada" },
      { type: "mute", name: "ada" },
      { type: "unmute", name: "ada" },
      { type: "bans" },
    ];
    for (const command of commands) bob.send({ ...command, operator: true });
    bob.send({ type: "op", password: "the gavel " });
    await bob.event("error", { code: "wrong-password" });
    await bob.roundTrip();
    const codes = bob.received.items.flatMap((event) => (event.type === "error" ? [event.code] : []));
    expect(codes).toEqual([...commands.map(() => "not-operator" as const), "wrong-password"]);
    bob.send({ type: "topic" });
    expect(await bob.event("subject")).toEqual({ type: "subject" });
    await ada.roundTrip();
    expect(acts(ada)).toEqual([]);
  });

  test("a kicked member hears so, does not reconnect, and has no token", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    const { token } = await bob.event("welcome");
    ada.send({ type: "kick", name: "bob", text: "enough" });
    expect(await bob.event("bye")).toEqual({
      type: "bye",
      code: "kicked",
      text: "You were kicked by ada: enough",
    });
    await bob.closed;
    expect(bob.received.items.at(-1)?.type).toBe("bye");
    using again = await JsonClient.join(server.port, "bobby", { token, after: 0 });
    const welcome = await again.event("welcome");
    expect(welcome.name).toBe("bobby");
    expect(welcome.token).not.toBe(token);
    await ada.event("joined", { name: "bobby" });
    expect(ada.events.filter(({ type }) => type === "left")).toEqual([]);
  });

  test("a kicked client at a terminal ends, and says why", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    const client = ["bun", join(root, "ChatClient.ts"), "--port", `${server.port}`, "--name", "bob"];
    await using bob = new Terminal(client, { cols: 80, rows: 24 });
    await bob.until("the prompt", ({ row }) => row.trimEnd() === "bob>");
    ada.send({ type: "kick", name: "bob", text: "enough" });
    expect(await bob.exited).toBe(1);
    await bob.shows("You were kicked by ada: enough");
  });

  test("a muted member is heard by nobody until it is over", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    using bob = await PlainClient.join(server.port, "bob");
    ada.send({ type: "mute", name: "bob" });
    await bob.line("bob was muted by ada");
    for (const line of ["hush", "/me hushes", "/msg ada hush"]) bob.say(line);
    await bob.received.until(
      (lines) => lines.filter((line) => line === "! You are muted: nobody hears you.")[2],
      "three refusals",
    );
    ada.send({ type: "unmute", name: "bob" });
    await bob.line("bob was unmuted by ada");
    bob.say("hello");
    await ada.event("said", { from: "bob" });
    expect(ada.texts).toEqual(["hello"]);
  });
});

test.concurrent("bans and topic outlive the server, a ban holds for look-alikes", async () => {
  using folder = temporaryFolder();
  const flags = ["--history", join(folder.path, "room.sqlite"), "--stay"];
  {
    await using server = await Server.start(flags, kept);
    using ada = await operator(server, "ada");
    using bill = await JsonClient.join(server.port, "bill");
    ada.send({ type: "topic", text: "tea" });
    ada.send({ type: "ban", name: "bill", text: "spam" });
    await bill.event("bye", { code: "banned", text: "You were banned by ada: spam" });
    await bill.closed;
    expect(await server.kill("SIGTERM")).toBe(0);
  }
  await using server = await Server.start(flags, kept);
  for (const name of ["bill", "BILL", "biii", "bi1l"]) {
    using json = await new JsonClient().open(server.port);
    json.send({ type: "join", name });
    expect(await json.event("error")).toEqual({
      type: "error",
      code: "banned",
      text: "You are banned from this room",
    });
    using plain = await new PlainClient().open(server.port);
    plain.say(name);
    await plain.line("! You are banned from this room.");
  }
  // This machine's own address is shared: others come in.
  using eve = await operator(server, "eve");
  expect((await eve.event("welcome")).topic).toBe("tea");
  using dan = await PlainClient.join(server.port, "dan");
  await dan.line("The topic is: tea");
  eve.send({ type: "bans" });
  expect((await eve.event("bans")).bans).toEqual([
    { name: "bill", by: "ada", at: expect.any(Number), text: "spam" },
  ]);
  eve.send({ type: "unban", name: "bill" });
  await dan.line("bill was unbanned by eve");
  using bill = await JsonClient.join(server.port, "bill");
  bill.send({ type: "say", text: "hello" });
  await dan.line("bill: hello");
});

test.concurrent("an operator is one again after a restart by its token alone", async () => {
  using folder = temporaryFolder();
  const flags = ["--history", join(folder.path, "room.sqlite"), "--stay"];
  const first = await Server.start(flags, kept);
  using before = await operator(first, "ada");
  const { token } = await before.event("welcome");
  await first.kill("SIGKILL");
  await using server = await Server.start(flags, kept);
  using ada = await JsonClient.join(server.port, "ada", { token });
  ada.send({ type: "topic", text: "tea" });
  await ada.event("topic", { by: "ada", text: "tea" });
});
