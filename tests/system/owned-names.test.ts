// A name of one's own: real clients with a key file, real servers, one or two of them, and people on nc.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { House } from "../support/house.ts";
import { postgresql } from "../support/parts.ts";
import { forAllTests, type PostgresServer } from "../support/postgres.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { patienceMs } from "../support/transcript.ts";

setDefaultTimeout(3 * patienceMs);

let postgres: PostgresServer;
forAllTests((started) => {
  postgres = started;
});

const program = (port: number) => ["bun", join(root, "ChatClient.ts"), "--port", `${port}`, "--name", "ada"];

test.concurrent("a client killed and started again has its name and its whispers", async () => {
  using folder = temporaryFolder();
  const environment = { XDG_CONFIG_HOME: folder.path };
  const flags = ["--stay", "--history", join(folder.path, "room.sqlite")];
  const size = { cols: 80, rows: 24 };
  const ready = (terminal: Terminal) => terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
  await using first = await Server.start(flags);
  const { port } = first;
  {
    await using killed = new Terminal(program(port), size, environment);
    await ready(killed);
    killed.kill("SIGKILL");
    await using again = new Terminal(program(port), size, environment);
    await ready(again);
    // The same name in another window: this one has it now.
    await using other = new Terminal(program(port), size, environment);
    await ready(other);
    await again.shows("You joined from another place");
    other.type("/quit\r");
    expect(await other.exited).toBe(0);
  }
  using bob = await JsonClient.join(port, "bob");
  bob.send({ type: "tell", to: "ada", text: "for later" });
  expect(await bob.event("told")).toMatchObject({ to: "ada", away: true });
  using eve = await new JsonClient().open(port);
  eve.send({ type: "join", name: "Ada" });
  expect((await eve.event("error")).code).toBe("name-owned");
  await first.kill("SIGKILL");
  await using second = await Server.start([...flags, "--port", `${port}`]);
  await using late = new Terminal(program(port), size, environment);
  await late.shows("[bob to ada (away)] for later");
  const key = readFileSync(join(folder.path, "chatroom", "key"), "utf8").trim();
  expect([...first.log.items, ...second.log.items].join("\n")).not.toContain(key);
  expect(late.written).not.toContain(key);
});

test.concurrent("a pipe has its name by the key, and says if there is none", async () => {
  using folder = temporaryFolder();
  await using server = await Server.start(["--stay"]);
  const run = async () => {
    const bot = Bun.spawn([...program(server.port), "--json"], {
      stdin: new Blob(["hi\n"]),
      stdout: "pipe",
      stderr: "pipe",
      env: { ...withoutSettings(), XDG_CONFIG_HOME: folder.path },
    });
    const out = await new Response(bot.stdout).text();
    return { out, err: await new Response(bot.stderr).text() };
  };
  expect((await run()).out).toContain('"name":"ada","owned":true');
  const path = join(folder.path, "chatroom", "key");
  const key = readFileSync(path, "utf8").trim();
  const again = await run();
  expect(again.out).toContain('"type":"joined"');
  expect(again.out + again.err).not.toContain(key);
  writeFileSync(path, "damaged");
  const { out, err } = await run();
  expect(err).toStartWith(`Cannot use the key in ${path}, which is damaged`);
  expect(err.split("\n")[1]).toContain("belongs to a key");
  expect(out).not.toContain("welcome");

  // A person is told why, in words that ask for no key, and offered another name.
  await using person = new Terminal(
    program(server.port),
    { cols: 80, rows: 24 },
    { XDG_CONFIG_HOME: folder.path },
  );
  // The path before it may be of any length, so that a row ends anywhere.
  await person.until("why", ({ screen }) => screen.join("").replaceAll(" ", "").includes("whichisdamaged"));
  await person.shows('"ada" belongs to a key, and this client has none: take another name.');
  await person.shows("ada2");
  person.type("\r");
  await person.until("the prompt", ({ row }) => row.trimEnd() === "ada2>");
  expect(person.written).not.toContain("what is it");
});

test.concurrent("a person on nc owns a name, an operator sets it free", async () => {
  await using server = await Server.start(["--stay"], { CHAT_OPERATOR_PASSWORD: "op" });
  using ada = await new PlainClient().open(server.port);
  ada.say("ada my-secret-of-today");
  await ada.line("ada joined");
  ada.say("/quit");
  await ada.closed;
  using again = await new PlainClient().open(server.port);
  again.say("ada");
  await again.line("belongs to a key: what is it?");
  again.say("my-secret-of-today");
  await again.line("ada joined");
  using bob = await PlainClient.join(server.port, "bob");
  bob.say("/who");
  await bob.line("Here: ada*, bob.");
  for (const line of ["/free ada", "/op op", "/free ada", "/free ada", "/who"]) bob.say(line);
  await bob.line("That is for operators");
  await bob.line("The name ada was set free by bob");
  await bob.line('No key owns "ada"');
  await bob.line("Here: ada, bob (operator).");
  const seen = [...bob.received.items, ...again.received.items, ...server.log.items].join("\n");
  expect(seen).not.toContain("my-secret");
});

postgresql.test("two servers agree on whose a name is", async () => {
  await using house = await House.open(postgres, 2);
  const [here, there] = [house.port(0), house.port(1)];
  const key = "the-key-of-ada";
  using ada = await JsonClient.join(here, "ada", { key });
  using bob = await JsonClient.join(there, "bob");
  using taker = await JsonClient.join(there, "ada", { key });
  expect(await ada.event("bye")).toMatchObject({ code: "taken-over" });
  taker.send({ type: "quit" });
  await bob.event("left", { name: "ada" });
  bob.send({ type: "tell", to: "ada", text: "psst" });
  expect(await bob.event("told")).toMatchObject({ away: true });
  using eve = await new JsonClient().open(here);
  eve.send({ type: "join", name: "ADA", key: "the-key-of-eve" });
  expect((await eve.event("error")).code).toBe("name-owned");
  // One key at both servers in one moment: both are let in, the second one takes the seat of the first.
  for (let round = 0; round < 5; round++) {
    const both = await Promise.all([here, there].map((port) => new JsonClient().open(port)));
    for (const client of both) client.send({ type: "join", name: "ada", key });
    const [one, two] = both;
    const loser = await Promise.race(both.map((client) => client.event("bye").then(() => client)));
    const winner = loser === one ? two : one;
    await winner?.event("welcome");
    await winner?.roundTrip();
    const history = winner?.received.items.find(({ type }) => type === "history");
    expect(JSON.stringify(history)).toContain("psst");
    winner?.send({ type: "quit" });
    await winner?.closed;
  }
});
