// A person who comes back: missed messages, lines not sent yet and the settings are there at the next start.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { JsonClient } from "../support/clients.ts";
import { key } from "../support/members.ts";
import { Terminal } from "../support/screen.ts";
import { freePort, root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

/** A person's folders, and the client that runs with them at a server. */
class Person {
  readonly #folder = temporaryFolder();
  readonly #size: { cols: number; rows: number };

  constructor(size: { cols: number; rows: number }) {
    this.#size = size;
  }

  async start(port: number, name = "ada"): Promise<Terminal> {
    const { path } = this.#folder;
    const folders = { XDG_STATE_HOME: join(path, "state"), XDG_CONFIG_HOME: join(path, "config") };
    const client = new Terminal(
      ["bun", join(root, "ChatClient.ts"), `${name}@localhost:${port}`],
      this.#size,
      folders,
    );
    await client.until(`the prompt of ${name}`, ({ row }) => row.startsWith(`${name}>`));
    return client;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

async function leave(client: Terminal): Promise<void> {
  client.type(`/quit${key.enter}`);
  expect(await client.exited).toBe(0);
}

/** All that was shown, without the times, in one line: a narrow terminal breaks it. */
function read({ scrolled }: Terminal): string {
  return scrolled.map((row) => row.trim().replace(/^\d\d:\d\d /, "")).join(" ");
}

describe.concurrent.each([
  { cols: 80, rows: 24 },
  { cols: 40, rows: 10 },
])("at $cols × $rows", (size) => {
  test("the next start shows what was missed, then the end of the talk", async () => {
    await using server = await Server.start(["--stay"]);
    using person = new Person(size);
    using bob = await JsonClient.join(server.port, "bob");
    {
      await using ada = await person.start(server.port);
      bob.send({ type: "say", text: "seen" });
      await ada.shows("bob: seen");
      await leave(ada);
    }
    for (let i = 1; i <= 260; i++) bob.send({ type: "say", text: i % 50 === 7 ? `Ada, ${i}` : `talk ${i}` });
    await bob.event("said", { text: "talk 260" });
    {
      await using ada = await person.start(server.port);
      await ada.shows("── now ──");
      const text = read(ada);
      expect(text).toMatch(/── 260 since you left .*\d\d:\d\d, 6 of them for you · the last 200 ──/);
      expect(text).toContain("bob: Ada, 7 bob: Ada, 57 ⋯ bob: talk 61 bob: talk 62");
      expect(text).toContain("bob: Ada, 257 bob: talk 258 bob: talk 259 bob: talk 260 ── now ──");
      expect(text).not.toContain("seen");
      await leave(ada);
    }
    {
      await using ada = await person.start(server.port);
      bob.send({ type: "say", text: "live" });
      await ada.shows("bob: live");
      expect(read(ada)).toContain("── earlier ── bob: talk 251 ");
      expect(read(ada)).toContain(" bob: talk 260 ── now ── bob: live");
      await leave(ada);
    }
    bob.send({ type: "say", text: "one more" });
    await bob.event("said", { text: "one more" });
    await using ada = await person.start(server.port);
    await ada.shows("── now ──");
    expect(read(ada)).toMatch(
      /── earlier ── .*bob: live ── 1 since you left \d\d:\d\d ── bob: one more ── now ──/,
    );
  });

  test("lines that were not sent outlive the client, and are said once", async () => {
    using folder = temporaryFolder();
    using person = new Person(size);
    const port = freePort();
    const flags = [
      "--stay",
      "--port",
      `${port}`,
      "--seat",
      "1",
      "--history",
      join(folder.path, "room.sqlite"),
    ];
    {
      await using server = await Server.start(flags);
      await using ada = await person.start(port);
      ada.type(`said before${key.enter}`);
      await ada.shows("ada: said before");
      await server.kill("SIGKILL");
      await ada.until("offline", ({ row }) => row.includes("(offline)"));
      for (const line of ["one", "two\\n", "/me waves"]) ada.type(`${line}${key.enter}`);
      await ada.shows("… /me waves");
      ada.kill("SIGKILL");
      await ada.exited;
    }
    await using again = await Server.start(flags);
    using bob = await JsonClient.join(again.port, "bob");
    await bob.event("left", { name: "ada" });
    bob.send({ type: "say", text: "in the meantime" });
    await bob.event("said", { text: "in the meantime" });
    {
      await using ada = await person.start(port);
      await bob.event("acted", { text: "waves" });
      await ada.shows("* ada waves");
      expect(read(ada)).toMatch(
        /said before ── 1 since you left .* ── bob: in the meantime ── now ── ada: one ada: two/,
      );
      await leave(ada);
    }
    await using ada = await person.start(port);
    ada.type(`${key.up}`);
    await ada.until("the last line typed", ({ row }) => row.trimEnd() === "ada> /quit");
    ada.type(`${key.up}`);
    await ada.until("the line before it", ({ row }) => row.trimEnd() === "ada> /me waves");
    await bob.roundTrip();
    expect(bob.texts).toEqual(["in the meantime", "one", "two\\n", "waves"]);
  });

  test("/set changes how lines are shown, now and at the next start", async () => {
    await using server = await Server.start(["--stay"]);
    using person = new Person(size);
    using bob = await JsonClient.join(server.port, "bob");
    {
      await using ada = await person.start(server.port);
      ada.type(`/set ti${key.tab}`);
      await ada.until("the name", ({ row }) => row.trimEnd() === "ada> /set time");
      ada.type(`o${key.tab}${key.enter}`);
      await ada.shows("time is off (/set)");
      ada.type(`/set time never${key.enter}`);
      await ada.shows("time takes off, short or full");
      ada.type(`/set highlight tea${key.enter}`);
      await ada.shows("highlight is tea (/set)");
      bob.send({ type: "say", text: "TEA is ready" });
      await ada.until("no time", ({ screen }) => screen.some((row) => row.startsWith("bob: TEA is ready")));
      expect(ada.bells).toBe(1);
      await leave(ada);
    }
    await using ada = await person.start(server.port);
    ada.type(`/set time${key.enter}`);
    // Its path may be longer than a row.
    await ada.until("its file", ({ screen }) =>
      screen
        .map((row) => row.trim())
        .join("")
        .includes("config.json"),
    );
    expect(read(ada)).toContain("time is off (");
    bob.send({ type: "say", text: "more tea" });
    await ada.until("no time", ({ screen }) => screen.some((row) => row.startsWith("bob: more tea")));
    expect(ada.bells).toBe(1);
  });
});
