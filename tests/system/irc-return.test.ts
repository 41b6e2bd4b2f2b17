// A client of IRC comes back after the server was killed, or after its connection was: it is shown what it missed, once,
// and nothing that it has on its screen.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { IrcClient, JsonClient } from "../support/clients.ts";
import { Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const key = "a-key-of-my-own";

/** The texts of the room's messages that this client received, in order. */
function said({ received }: IrcClient): string[] {
  return received.items.flatMap((line) => / PRIVMSG #room :(.*)$/.exec(line)?.[1] ?? []);
}

async function withKey(port: number): Promise<IrcClient> {
  const client = await new IrcClient().open(port);
  for (const line of ["CAP REQ server-time", `PASS ${key}`, "NICK eve", "USER e 0 * :e", "CAP END"])
    client.say(line);
  await client.line(" 366 eve ");
  return client;
}

test("clients of IRC that come back are shown what they missed, once", async () => {
  using folder = temporaryFolder();
  const flags = ["--stay", "--history", join(folder.path, "history.db")];
  const before = await Server.start(flags);
  const { port } = before;
  const bob = await JsonClient.join(port, "bob");
  const ada = await IrcClient.join(port, "ada");
  const eve = await withKey(port);
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  const zoe = await IrcClient.join(port, "zoe");
  for (const text of lines.slice(0, 15)) bob.send({ type: "say", text });
  await zoe.line("line 14");
  zoe.say("QUIT :later");
  await bob.event("left", { name: "zoe" });
  for (const text of lines.slice(15)) bob.send({ type: "say", text });
  for (const client of [ada, eve]) await client.line("line 29");
  expect([said(ada), said(eve)]).toEqual([lines, lines]);
  await before.kill("SIGKILL");

  await using server = await Server.start([...flags, "--port", `${port}`]);
  const jane = await JsonClient.join(port, "jane");
  jane.send({ type: "say", text: "missed" });
  await jane.event("said", { text: "missed" });
  const again = [await IrcClient.join(port, "ada"), await withKey(port)] as const;
  for (const client of again) {
    await client.line("missed");
    expect(said(client)).toEqual(["missed"]);
  }
  // So is who had left before the server ended.
  const back = await IrcClient.join(port, "zoe");
  await back.line("missed");
  expect(said(back)).toEqual([...lines.slice(15), "missed"]);
  // Who has a key was not seen to go: others are told only that the other one went and came.
  const { members } = await jane.event("welcome");
  expect(members.map(({ name }) => name)).toContain("eve");
  jane.send({ type: "who" });
  const here = await jane.event("members");
  expect(here.members.filter(({ name }) => name === "eve")).toHaveLength(1);

  again[1][Symbol.dispose]();
  for (const text of ["one", "two"]) jane.send({ type: "say", text });
  await jane.event("said", { text: "two" });
  const third = await withKey(port);
  await third.line("two");
  expect(said(third)).toEqual(["one", "two"]);
  expect(jane.events.filter((event) => event.type === "left" && event.name === "eve")).toEqual([]);
  await server.kill("SIGTERM");
});
