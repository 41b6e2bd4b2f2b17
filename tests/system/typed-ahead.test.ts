// Keys typed while the client still connects. They are text for the input row: nothing is sent by itself, since it was
// typed before there was anything to see, and nothing answers a question that comes instead.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { JsonClient } from "../support/clients.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

/** A client that connects to a server which does not answer yet, and has read these keys. */
async function connecting(server: Server, keys: string, environment = {}): Promise<Terminal> {
  process.kill(server.pid, "SIGSTOP");
  const command = ["bun", join(root, "ChatClient.ts"), `ada@localhost:${server.port}`];
  const terminal = new Terminal(command, { cols: 80, rows: 24 }, environment);
  await terminal.shows("Connecting");
  terminal.type(keys);
  // Keys are read before the picture that tells of the waiting is drawn twice more.
  const drawn = () => terminal.written.split("Connecting").length;
  const before = drawn();
  await terminal.until("two more drawings", () => drawn() >= before + 2);
  return terminal;
}

test.concurrent("what is typed while connecting stands in the row, Enter with it", async () => {
  await using server = await Server.start(["--stay"]);
  using bob = await JsonClient.join(server.port, "bob");
  await using ada = await connecting(server, "hello\rroom");
  process.kill(server.pid, "SIGCONT");
  await ada.until("the row", ({ screen }) => screen.slice(-2).join("|") === "ada> hello|     room");
  await bob.roundTrip();
  expect(bob.texts).toEqual([]);
  ada.type("\r");
  await bob.event("said", { text: "hello\nroom" });
});

test.concurrent("what is pasted while connecting stands in the row line by line", async () => {
  await using server = await Server.start(["--stay"]);
  using bob = await JsonClient.join(server.port, "bob");
  await using ada = await connecting(server, "see \x1b[200~one\r\ttwo\r\nthree\r\x1b[201~!");
  process.kill(server.pid, "SIGCONT");
  const rows = ["ada> see one", "       two", "     three!"];
  await ada.until("the rows", ({ screen }) => screen.slice(-3).join("|") === rows.join("|"));
  ada.type("\r");
  await bob.event("said", { text: "see one\n  two\nthree!" });
});

test.concurrent("a password typed before its question is said to nobody", async () => {
  await using server = await Server.start(["--stay"], { CHAT_PASSWORD: "tea" });
  using bob = new JsonClient();
  await bob.open(server.port);
  bob.send({ type: "join", name: "bob", password: "tea" });
  await bob.event("welcome");
  await using ada = await connecting(server, "tea\r");
  process.kill(server.pid, "SIGCONT");
  await ada.shows("This room has a password");
  ada.type("tea\r");
  await ada.until("the prompt", ({ row }) => row.startsWith("ada>"));
  expect(ada.row.trimEnd()).toBe("ada>");
  await bob.event("joined", { name: "ada" });
  await bob.roundTrip();
  expect(bob.texts).toEqual([]);
});

test.concurrent("what is typed while connecting is a draft if the window closes", async () => {
  using folder = temporaryFolder();
  const kept = { XDG_STATE_HOME: folder.path };
  await using server = await Server.start(["--stay"]);
  {
    await using ada = await connecting(server, "hello\rroom \x1b[200~and all", kept);
    ada.hangUp();
    expect(await ada.exited).toBe(0);
  }
  // Closed once more before it is in the room: the draft stays, and goes on.
  await using ada = await connecting(server, "!", kept);
  ada.kill("SIGTERM");
  expect(await ada.exited).toBe(0);
  await using again = await connecting(server, "", kept);
  process.kill(server.pid, "SIGCONT");
  const rows = ["ada> hello", "     room and all!"];
  await again.until("the draft", ({ screen }) => screen.slice(-2).join("|") === rows.join("|"));
});
