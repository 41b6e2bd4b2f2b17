// The questions that a client of IRC remembers: only those that may still be answered. And the longest of its answers.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Host } from "../../../../lib/dialects/host.ts";
import { Client } from "../../../../lib/dialects/irc/client.ts";
import { namesLines } from "../../../../lib/dialects/irc/commands/members.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const host: Host = {
  channel: { name: "#room", epoch: "x", begun: new Date(0) },
  name: "ada",
  operator: false,
  topic: undefined,
  mutesAll: false,
  hasPassword: false,
  members: [],
  isPassword: () => false,
  find: () => undefined,
  send: () => {},
  part: () => {},
  later: (then) => then(),
  past: (_, found) => found([]),
  checkPassword: (_, answered) => answered(true),
};
const asked = { command: "PRIVMSG", target: "x".repeat(15_000), label: "7" };

test("a question is forgotten with its answer, labeled or not", () => {
  const client = new Client(host);
  for (const question of [asked, { ...asked, label: undefined }]) {
    const id = client.question(question);
    expect(client.answered(id)).toBe(question);
    expect(client.answered(id)).toBeUndefined();
  }
});

test("the label of a message is kept until a thousand others came", () => {
  const client = new Client(host);
  const id = client.question(asked);
  for (let i = 1; i < 1_000; i++) client.question(asked);
  expect([client.labelOf(id), client.labelOf(id)]).toEqual(["7", "7"]);
  client.question(asked);
  expect(client.labelOf(id)).toBeUndefined();
});

test("NAMES cuts off no name, however long the client's own is", () => {
  const longest = { name: "\u{20000}".repeat(32), channel: { ...host.channel, name: `#${"x".repeat(63)}` } };
  const client = new Client({ ...host, ...longest });
  for (let last = 1; last <= 32; last++) {
    const members = [...Array(9).fill(32), last].map((length, i) => ({ name: `${i}`.padEnd(length, "a") }));
    const lines = namesLines(members, client).slice(0, -1);
    expect(lines.flatMap((line) => line.slice(line.indexOf(" :") + 2).split(" "))).toEqual(
      members.map(({ name }) => name),
    );
  }
});
