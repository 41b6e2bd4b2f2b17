// Which member a whisper reaches, and what the row shows of it before Enter: the real client on a pseudo-terminal, a real server.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { JsonClient } from "../support/clients.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

function client(port: number, flags: string[] = []): Terminal {
  const command = ["bun", join(root, "ChatClient.ts"), "--port", `${port}`, "--name", "dan", ...flags];
  return new Terminal(command, { cols: 80, rows: 24 });
}

/** The prompt is drawn, with nothing behind it. */
function ready(terminal: Terminal): Promise<void> {
  return terminal.until("the prompt", ({ row }) => row.trimEnd() === "dan>");
}

/** Gus has whispered to dan; `swap` gives him another name, and his own to mallory. */
async function whispered(server: { port: number }, dan: Terminal) {
  const gus = await JsonClient.join(server.port, "gus");
  const mallory = await JsonClient.join(server.port, "mallory");
  gus.send({ type: "tell", to: "dan", text: "psst" });
  await dan.shows("[gus to dan] psst");
  const swap = async () => {
    gus.send({ type: "rename", name: "gustav" });
    await gus.event("renamed", { to: "gustav" });
    mallory.send({ type: "rename", name: "gus" });
    await dan.shows("mallory is now gus");
  };
  const dispose = () => {
    for (const member of [gus, mallory]) member[Symbol.dispose]();
  };
  return { gus, mallory, swap, [Symbol.dispose]: dispose };
}

test.concurrent("/reply turns into /msg and the name, which is seen before Enter", async () => {
  await using server = await Server.start();
  await using dan = client(server.port);
  await ready(dan);
  using others = await whispered(server, dan);
  const { gus, mallory, swap } = others;
  await swap();
  dan.type("/reply ");
  await dan.until("the addressee", ({ row }) => row.startsWith("dan> /msg gustav"));
  dan.type("secret\r");
  await gus.event("told", { text: "secret" });
  // What is pasted or typed at once has no time to be seen; it reaches the same person.
  dan.type("\x1b[200~/reply pasted\x1b[201~\r");
  await gus.event("told", { text: "pasted" });
  dan.type("/reply at once\r");
  await gus.event("told", { text: "at once" });
  await mallory.roundTrip();
  expect(mallory.texts).toEqual([]);
});

test.concurrent.each(["/reply ", "/msg gus "])(
  "a row that began with %j keeps its addressee",
  async (start) => {
    await using server = await Server.start();
    await using dan = client(server.port);
    await ready(dan);
    using others = await whispered(server, dan);
    const { gus, mallory, swap } = others;
    dan.type(`${start}half `);
    await dan.until("the draft", ({ row }) => row.trimEnd() === "dan> /msg gus half");
    await swap();
    dan.type("a secret\r");
    await gus.event("told", { text: "half a secret" });
    await dan.shows("[dan to gustav] half a secret");
    await mallory.roundTrip();
    expect(mallory.texts).toEqual([]);
  },
);

test.concurrent("a reply to one who has left is not sent, whoever has the name now", async () => {
  await using server = await Server.start();
  await using dan = client(server.port);
  await ready(dan);
  using others = await whispered(server, dan);
  const { gus, mallory } = others;
  gus.send({ type: "quit" });
  await gus.closed;
  mallory.send({ type: "rename", name: "gus" });
  await dan.shows("mallory is now gus");
  dan.type("/reply secret\r");
  await dan.shows("gus has left");
  await mallory.roundTrip();
  expect(mallory.texts).toEqual([]);
});

test.concurrent("whispers that waited follow their addressee, or are given back", async () => {
  using folder = temporaryFolder();
  const flags = ["--stay", "--history", join(folder.path, "room.sqlite")];
  const first = await Server.start(flags);
  await using dan = client(first.port);
  await ready(dan);
  using others = await whispered(first, dan);
  const { gus, mallory } = others;
  using eve = await JsonClient.join(first.port, "eve");
  const welcomes = await Promise.all([gus, mallory, eve].map((member) => member.event("welcome")));
  const [gusAgain, malloryAgain, eveAgain] = welcomes.map(({ token }) => ({ token }));
  await eve.roundTrip();
  dan.type("/who\r");
  await dan.shows("eve");
  await first.kill("SIGKILL");
  await dan.until("that it is offline", ({ row }) => row.startsWith("dan (offline)>"));
  dan.type("/msg gus for gus\r/reply for gus too\r/msg eve for eve\r");
  await dan.until("that all wait", ({ screen }) => screen.some((row) => row.includes("for eve")));
  dan.kill("SIGSTOP");
  await using server = await Server.start([...flags, "--port", `${first.port}`]);
  using gus2 = await JsonClient.join(server.port, "gus", gusAgain);
  using mallory2 = await JsonClient.join(server.port, "mallory", malloryAgain);
  using eve2 = await JsonClient.join(server.port, "eve", eveAgain);
  gus2.send({ type: "rename", name: "gustav" });
  await gus2.event("renamed", { to: "gustav" });
  eve2.send({ type: "quit" });
  await eve2.closed;
  mallory2.send({ type: "rename", name: "gus" });
  await mallory2.event("renamed", { to: "gus" });
  using thief = await JsonClient.join(server.port, "eve");
  dan.kill("SIGCONT");
  await gus2.event("told", { text: "for gus" });
  await gus2.event("told", { text: "for gus too" });
  await dan.shows("eve has left");
  await dan.shows("Not sent: /msg eve for eve");
  await Promise.all([mallory2.roundTrip(), thief.roundTrip()]);
  expect([...mallory2.texts, ...thief.texts]).not.toContain("for gus");
  expect(thief.texts).not.toContain("for eve");
});

test.concurrent("/op alone asks for the password, which is nowhere to be seen", async () => {
  await using server = await Server.start([], { CHAT_OPERATOR_PASSWORD: "sesame" });
  await using dan = client(server.port);
  await ready(dan);
  using bob = await JsonClient.join(server.port, "bob");
  dan.type("/op\r");
  await dan.shows("What is the operators' password?");
  bob.send({ type: "say", text: "meanwhile" });
  await bob.event("said");
  dan.type("sesame\r");
  await dan.shows("dan is an operator now");
  await dan.shows("bob: meanwhile");
  await ready(dan);
  dan.type("\x1b[A");
  await dan.until("the last line again", ({ row }) => row === "dan> /op");
  expect(dan.written).not.toContain("sesame");
  // Not even its length.
  expect(dan.screen.join()).not.toMatch(/[▪•]/);
  expect(bob.texts).toEqual(["meanwhile"]);
});

test.concurrent.each(["\x03", "\x04"])("%j at the password for /op goes back to the row", async (key) => {
  await using server = await Server.start();
  await using dan = client(server.port);
  await ready(dan);
  dan.type("/op\r");
  await dan.shows("What is the operators' password?");
  dan.type("half");
  await dan.until("the mask", ({ screen }) => /[▪•]{4}/.test(screen.join()));
  dan.type(key);
  await ready(dan);
  dan.type("still here\r");
  await dan.shows("dan: still here");
  expect(dan.screen.join()).not.toMatch(/[▪•]/);
});

test.concurrent("a command behind a blank is not said", async () => {
  await using server = await Server.start();
  await using dan = client(server.port);
  await ready(dan);
  using bob = await JsonClient.join(server.port, "bob");
  dan.type(" /op sesame\r /reply x\r");
  await dan.shows("Did you mean /op?");
  await dan.shows("Did you mean a command?");
  dan.type("done\r");
  await bob.event("said", { text: "done" });
  expect(bob.texts).toEqual(["done"]);
});
