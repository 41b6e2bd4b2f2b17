// A terminal that goes away while more than a row is at stake: the history, a shell between, a question, a connection that
// is not there yet.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Certificates } from "../support/certificates.ts";
import { JsonClient } from "../support/clients.ts";
import { openssl } from "../support/parts.ts";
import { Terminal } from "../support/screen.ts";
import { inShell, root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const size = { cols: 80, rows: 24 };
const script = join(root, "ChatClient.ts");

async function joined(terminal: Terminal): Promise<void> {
  await terminal.until("the prompt", ({ row }) => row.startsWith("ada>"));
}

function drafts(state: string): string[] {
  const folder = join(state, "chatroom", "drafts");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
}

describe.concurrent("a window closed in the chat", () => {
  test.each([
    ["a line of the history is looked at", "said\r\x1b[A", "ada> said", "said"],
    ["the history hides a draft", "said\rdraft\x1b[A", "ada> said", "draft"],
    ["the row has letters of other scripts", "said\r日本 👩‍👩‍👧‍👦", "ada> 日本 👩‍👩‍👧‍👦", "日本 👩‍👩‍👧‍👦"],
  ])("a window closed in the chat says nothing and keeps the draft when %s", async (_, keys, row, draft) => {
    using state = temporaryFolder();
    await using server = await Server.start(["--stay"]);
    using bob = await JsonClient.join(server.port, "bob");
    const environment = { XDG_STATE_HOME: state.path };
    await using ada = new Terminal(["bun", script, `ada@localhost:${server.port}`], size, environment);
    await joined(ada);
    ada.type(keys);
    await ada.until("the row", (terminal) => terminal.row.trimEnd() === row);
    ada.hangUp();
    expect(await ada.exited).toBe(0);
    await bob.event("left", { name: "ada" });
    expect(bob.texts).toEqual(["said"]);
    expect(drafts(state.path)).toEqual([draft]);
    // Names are the same in any case.
    await using again = new Terminal(["bun", script, `ADA@localhost:${server.port}`], size, environment);
    await again.until("the draft", (terminal) => terminal.row === `ADA> ${draft}`);
  });

  test("a window closed in the chat says what was entered before", async () => {
    await using server = await Server.start(["--stay"]);
    using bob = await JsonClient.join(server.port, "bob");
    await using ada = new Terminal(["bun", script, `ada@localhost:${server.port}`], size);
    await joined(ada);
    ada.type("whole\rhalf");
    await ada.until("the draft", ({ row }) => row === "ada> half");
    ada.hangUp();
    await bob.event("left", { name: "ada" });
    expect(bob.texts).toEqual(["whole"]);
  });

  test("a window closed in the chat leaves the room below a shell", async () => {
    await using server = await Server.start(["--stay"]);
    using bob = await JsonClient.join(server.port, "bob");
    const shell = ["bash", "--norc", "--noprofile", "-i"];
    await using terminal = new Terminal(shell, size, { PS1: "sh$ " });
    await terminal.until("the shell", ({ row }) => row.startsWith("sh$"));
    terminal.type(`${inShell("ChatClient.ts")} ada@localhost:${server.port}\r`);
    await joined(terminal);
    terminal.type("half a line");
    await terminal.until("the draft", ({ row }) => row === "ada> half a line");
    terminal.hangUp();
    await bob.event("left", { name: "ada" });
    expect(bob.texts).toEqual([]);
  });
});

openssl.test("a window closed at the question for a certificate trusts none", async () => {
  using folder = temporaryFolder();
  using certificates = new Certificates().selfSigned("server");
  await using server = await Server.start(["--stay", ...certificates.flags("server")]);
  const command = ["bun", script, "--tls", `ada@localhost:${server.port}`];
  await using terminal = new Terminal(command, size, { XDG_CONFIG_HOME: folder.path });
  await terminal.shows("may it be remembered?");
  terminal.type("\x1b[D");
  await terminal.until("Yes", ({ screen }) => screen.some((row) => row.includes("● Yes")));
  terminal.hangUp();
  expect(await terminal.exited).toBe(0);
  expect(existsSync(join(folder.path, "chatroom", "known_hosts"))).toBe(false);
});

test.concurrent("a window closed while connecting ends the client", async () => {
  using server = Bun.listen({ hostname: "localhost", port: 0, socket: { data() {} } });
  await using terminal = new Terminal(["bun", script, `ada@localhost:${server.port}`], size);
  await terminal.shows("Connecting");
  terminal.hangUp();
  expect(await terminal.exited).toBe(0);
});
