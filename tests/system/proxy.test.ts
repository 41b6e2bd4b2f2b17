// Behind a proxy: members come from the addresses that its headers tell, and operators from their own passwords.

import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PlainClient } from "../support/clients.ts";
import { root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

/** A connection that a proxy passes on from this address, with these lines. */
async function from(server: Server, address: string, ...lines: string[]): Promise<PlainClient> {
  const client = await new PlainClient().open(server.port);
  const kind = address.includes(":") ? "TCP6" : "TCP4";
  const own = address.includes(":") ? "::1" : "127.0.0.1";
  client.sendBytes(
    `PROXY ${kind} ${address} ${own} 4000 53000\r\n${lines.map((line) => `${line}\n`).join("")}`,
  );
  return client;
}

function serverWith(flags: string[], input: string) {
  const { stdout, stderr, exitCode } = Bun.spawnSync(["bun", join(root, "ChatServer.ts"), ...flags], {
    stdin: Buffer.from(input),
    env: withoutSettings(),
  });
  return { out: stdout.toString(), problem: stderr.toString(), exitCode };
}

test("behind a proxy, orders and limits mean the address that it tells", async () => {
  using folder = temporaryFolder();
  const operators = join(folder.path, "operators");
  const { out: hash } = serverWith(["--hash-password"], "her own password\n");
  expect(hash).toStartWith("$argon2id$");
  writeFileSync(operators, `# name and hash\nada ${hash}`);
  const flags = ["--operators", operators, "--proxy", "127.0.0.1,10.0.0.0/8", "--proxy", "::1"];
  await using server = await Server.start([...flags, "--max-per-address", "2"]);
  using ada = await from(server, "2001:db8::1", "ada", "/op wrong", "/op her own password");
  await ada.line("ada is an operator now");
  using eve = await from(server, "203.0.113.7", "eve");
  await ada.line("eve joined");
  using mia = await from(server, "::ffff:203.0.113.7", "mia");
  await ada.line("mia joined");
  using third = await from(server, "203.0.113.7", "third");
  await third.line("Your address has 2 connections already");
  eve.say("/nick evil");
  await ada.line("eve is now evil");
  // Here under another name: found by the one before, also in other letters.
  ada.say("/whowas EVE");
  const found = await ada.line("before that eve");
  expect(found).toMatch(/^evil, at 203\.0\.113\.7, here since [^,]*, before that eve$/);
  for (const line of ["/whois evil", "/who", "/ban eve 1h spam", "/whowas eve", "/ban 203.0.0.0/16 7d"])
    ada.say(line);
  await ada.line("evil, at 203.0.113.7, here since");
  await ada.line("Here: ada (operator), evil, mia.");
  await ada.line("evil was banned by ada for 1h (spam)");
  await ada.line("! 203.0.113.7 is not banned with evil, since other members are there");
  await ada.line("until ");
  await mia.line("Your address is banned from this room");
  using late = await from(server, "203.0.99.1", "late");
  await late.line("Your address is banned from this room");
  using other = await from(server, "203.1.0.1", "other");
  await other.line("other joined");
  // Without a header a connection is closed, and the log says from where.
  using stranger = await new PlainClient().open(server.port);
  stranger.sendBytes("stranger\n");
  await stranger.closed;
  expect(stranger.received.items).toEqual([]);
  await server.line(/127\.0\.0\.1 began with no PROXY protocol header/);
  await server.line(/2001:db8:0:0::\/64 gave a wrong operator password/);
  expect(JSON.stringify(other.received.items)).not.toContain("203.0");
});

test("flags that cannot be are refused in one sentence", () => {
  for (const [flags, input, words] of [
    [["--proxy", "10.0.0.0/33"], "", "--proxy takes an address or a network"],
    [["--hash-password"], "\n", "There is no password to hash"],
    [["--operators", "/no/such/file"], "", "Cannot read the operators in /no/such/file"],
  ] as const) {
    const { problem, exitCode } = serverWith([...flags], input);
    expect([problem.trim().split("\n").length, exitCode]).toEqual([1, 2]);
    expect(problem).toContain(words);
  }
});
