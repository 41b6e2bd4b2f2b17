// Which connections are let in: passwords, and limits at the door.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { guarded, kept } from "../support/members.ts";
import { lanAddress } from "../support/parts.ts";
import { root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

describe.concurrent("a room with a password", () => {
  test("a room with a password asks for it, and lets people in with it", async () => {
    await using server = await Server.start(["--stay"], guarded);
    using ada = await new JsonClient().open(server.port);
    ada.send({ type: "join", name: "ada" });
    await ada.event("error", { code: "wrong-password", text: "This room has a password: what is it?" });
    ada.send({ type: "join", name: "ada", password: "sesame" });
    await ada.event("error", { code: "wrong-password", text: "That is not the password: what is it?" });
    ada.send({ type: "join", name: "ada", password: guarded.CHAT_PASSWORD });
    await ada.event("welcome");

    using bob = await new PlainClient().open(server.port);
    bob.say("bob");
    await bob.line("! This room has a password: what is it?");
    bob.say("sesame");
    await bob.line("! That is not the password: what is it?");
    bob.say(guarded.CHAT_PASSWORD);
    await bob.line("bob joined");
    bob.say("hello");
    await ada.event("said", { from: "bob", text: "hello" });
    expect(ada.texts).toEqual(["hello"]);
    for (const secret of ["sesame", guarded.CHAT_PASSWORD]) {
      expect(server.log.items.join()).not.toContain(secret);
    }
  });

  test("thirty people of one address get in, with typos and a guesser", async () => {
    await using server = await Server.start(["--stay"], guarded);
    using guessers = new DisposableStack();
    for (let i = 0; i < 9; i++) {
      const eve = guessers.use(await new JsonClient().open(server.port));
      eve.send({ type: "join", name: "eve", password: `guess ${i}` });
      if (i > 2) await eve.event("error", { code: "slow-down" });
    }
    const people = await Promise.all(Array.from({ length: 30 }, () => new PlainClient().open(server.port)));
    await Promise.all(
      people.map(async (person, i) => {
        person.say(`person${i}`);
        await person.line("This room has a password");
        if (i < 6) {
          person.say("sesame");
          await person.line("the answer to yours takes");
          await person.line("That is not the password");
        }
        person.say(guarded.CHAT_PASSWORD);
        await person.line(`You are connected as person${i}.`);
      }),
    );
    for (const person of people) person[Symbol.dispose]();
    await server.line(/ gave a wrong room password$/);
    expect(server.log.items.filter((line) => line.endsWith("gave a wrong room password"))).toHaveLength(15);
    expect(server.log.items.join()).not.toContain("guess");
  });

  test("a member comes back to a room with a password by its token alone", async () => {
    await using server = await Server.start(["--stay"], guarded);
    const password = guarded.CHAT_PASSWORD;
    const first = await JsonClient.join(server.port, "ada", { password });
    const { token } = await first.event("welcome");
    first[Symbol.dispose]();
    using back = await JsonClient.join(server.port, "ada", { token });
    await back.roundTrip();
    using eve = await new JsonClient().open(server.port);
    eve.send({ type: "join", name: "eve", token: `${token}x` });
    await eve.event("error", { code: "wrong-password" });
  });

  test("the password is the first line of a file, the client's too", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "password");
    writeFileSync(path, "from a file\n", { mode: 0o600 });
    await using server = await Server.start(["--password-file", path]);
    const run = (flags: string[], environment: Record<string, string>) =>
      Bun.spawn(["bun", join(root, "ChatClient.ts"), "--port", `${server.port}`, "--name", "ada", ...flags], {
        stdin: Buffer.from("hello\n"),
        stdout: "pipe",
        stderr: "pipe",
        env: { ...withoutSettings(), ...environment },
      });
    const without = run([], {});
    expect(await without.exited).toBe(1);
    expect(await without.stderr.text()).toContain("This room has a password: what is it? Set CHAT_PASSWORD");
    const wrong = run([], { CHAT_PASSWORD: "wrong" });
    expect(await wrong.exited).toBe(1);
    expect(await wrong.stderr.text()).toContain("That is not the password");
    const right = run(["--password-file", path], {});
    expect(await right.exited).toBe(0);
    expect(await right.stdout.text()).toContain("ada: hello");
  });
});

describe.concurrent("at the door", () => {
  /** What a client hears that is not let in: the reason in both dialects. */
  async function turnedAway(port: number, host = "localhost"): Promise<string[]> {
    using client = await new PlainClient().open(port, { host });
    await client.closed;
    return client.received.items;
  }

  /** Of the log so far, which comes a little later than what clients hear: wait for a later line first. */
  function turnedAwayLines({ log }: Server): string[] {
    return log.items.filter((line) => line.includes("turned away"));
  }

  test("a full room tells the next why and when, and its log says so once", async () => {
    await using server = await Server.start(["--max-connections", "3", "--stay"]);
    const members = await Promise.all(["a", "b", "c"].map((name) => JsonClient.join(server.port, name)));
    const text = "The room is full, it takes 3 connections: try again later";
    for (let i = 0; i < 5; i++) {
      const bye = JSON.stringify({ type: "bye", code: "full", text, retryAfterMs: 5000 });
      const error = `ERROR :Closing Link: * (${text})`;
      expect(await turnedAway(server.port)).toEqual([`! ${text}.`, bye, error]);
    }
    members[1]?.[Symbol.dispose]();
    await server.line(/disconnected/);
    expect(turnedAwayLines(server)).toHaveLength(1);
    using next = await JsonClient.join(server.port, "next");
    await next.roundTrip();
    expect(await turnedAway(server.port)).toHaveLength(3);
    for (const member of members) member[Symbol.dispose]();
  });

  lanAddress.test("an address has a limit of connections, this machine none", async () => {
    const host = lanAddress.found;
    const flags = ["--host", "0.0.0.0", "--max-per-address", "2", "--stay"];
    await using server = await Server.start(flags);
    using _ = await new PlainClient().open(server.port, { host });
    using leaving = await new PlainClient().open(server.port, { host });
    leaving.say("leaving");
    await leaving.line("leaving joined");
    const text = "Your address has 2 connections already: close one first";
    for (let i = 0; i < 3; i++) expect((await turnedAway(server.port, host))[0]).toBe(`! ${text}.`);
    const local = await Promise.all(
      Array.from({ length: 5 }, () => new PlainClient().open(server.port, { host: "127.0.0.1" })),
    );
    for (const [i, client] of local.entries()) {
      client.say(`local${i}`);
      await client.line(`local${i} joined`);
    }
    leaving.say("/quit");
    await leaving.closed;
    await server.line(/disconnected/);
    expect(turnedAwayLines(server)).toHaveLength(1);
    using next = await new PlainClient().open(server.port, { host });
    next.say("next");
    await next.line("next joined");
    for (const client of local) client[Symbol.dispose]();
  });

  lanAddress.test("a banned member does not come back from its address until unbanned", async () => {
    const host = lanAddress.found;
    await using server = await Server.start(["--host", "0.0.0.0", "--stay"], kept);
    using ada = await new JsonClient().open(server.port, { host: "127.0.0.1" });
    ada.send({ type: "join", name: "ada" });
    ada.send({ type: "op", password: kept.CHAT_OPERATOR_PASSWORD });
    await ada.event("opped");
    using bob = await new JsonClient().open(server.port, { host });
    bob.send({ type: "join", name: "bob" });
    await bob.event("welcome");
    using twin = await new JsonClient().open(server.port, { host });
    twin.send({ type: "join", name: "twin" });
    await twin.event("welcome");
    ada.send({ type: "ban", name: "bob" });
    await bob.event("bye", { code: "banned" });
    // The address is left out, since twin is there, who would be put out by that.
    expect((await ada.event("note")).text).toContain(`/ban ${host}`);
    ada.send({ type: "ban", name: "twin" });
    await twin.event("bye", { code: "banned" });
    expect((await turnedAway(server.port, host))[0]).toBe("! Your address is banned from this room.");
    ada.send({ type: "unban", name: "twin" });
    await ada.event("unbanned", { name: "twin" });
    ada.send({ type: "ban", name: host });
    await ada.event("banned", { by: "ada" });
    await ada.roundTrip();
    expect((await turnedAway(server.port, host))[0]).toBe("! Your address is banned from this room.");
    // Only the operator is told an address.
    for (const { received } of [bob, twin]) expect(JSON.stringify(received.items)).not.toContain(host);
    ada.send({ type: "bans" });
    expect((await ada.event("bans")).bans).toMatchObject([
      { name: "bob", by: "ada" },
      { name: host, by: "ada" },
    ]);
  });

  test("a server with few files turns many away, and serves its members", async () => {
    const limited = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"];
    await using server = await Server.start([], {}, limited);
    const cap = 256 - 200;
    using ada = await JsonClient.join(server.port, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    const trying = Array.from({ length: 400 }, () => new PlainClient().open(server.port));
    const crowd = (await Promise.allSettled(trying)).flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : [],
    );
    // Those who are in are in; of the others 64 hear why, and the rest is cut off before it is connected, or after.
    const sentence = `! The room is full, it takes ${cap} connections: try again later.`;
    const told = () => crowd.filter(({ received }) => received.items[0] === sentence);
    await Promise.all(
      crowd.map(({ received, closed }) =>
        Promise.race([received.until((lines) => lines[0], "a line").catch(() => {}), closed]),
      ),
    );
    expect(told()).toHaveLength(64);
    ada.send({ type: "say", text: "still here" });
    await bob.event("said", { text: "still here" });
    for (const client of crowd) client[Symbol.dispose]();
    await server.log.until(
      (lines) =>
        lines.filter((line) => line.endsWith("disconnected")).length === cap - 2 ? true : undefined,
      "all of the crowd to be gone",
    );
    expect(turnedAwayLines(server)).toHaveLength(1);
    using late = await new PlainClient().open(server.port);
    late.say("late");
    await late.line("late joined");
  });
});
