// irssi and WeeChat in pseudo-terminals, as people use them: they are in the room with nothing set but host and port.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { JsonClient } from "../support/clients.ts";
import { irssi, weechat } from "../support/parts.ts";
import { Terminal } from "../support/screen.ts";
import { freePort, Server, temporaryFolder } from "../support/server.ts";
import { patienceMs, testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const size = { cols: 110, rows: 40 };
const burst = 2_000;

/** A person's client: how it starts, and how its windows are reached. */
type Client = { part: typeof irssi; start(port: number, home: string): Promise<Terminal> };

/** It sends no faster than a person, and waits long before it connects again; the test does not. */
const irssiConfig = `settings = {
  core = { server_reconnect_time = "1s"; };
  "irc/core" = { cmd_queue_speed = "10msec"; cmds_max_at_once = "100"; };
};`;

const clients: Record<string, Client> = {
  irssi: {
    part: irssi,
    async start(port, home) {
      await Bun.write(join(home, "config"), irssiConfig);
      const terminal = new Terminal(
        [irssi.found, `--home=${home}`, "-c", "127.0.0.1", "-p", `${port}`, "-n", "ada"],
        size,
      );
      await terminal.shows("Your user mode");
      terminal.type("/window 2\r");
      return terminal;
    },
  },
  WeeChat: {
    part: weechat,
    async start(port, home) {
      const settings = ["autoreconnect_delay 1", "anti_flood_prio_high 0", "anti_flood_prio_low 0"].flatMap(
        (setting) => ["-r", `/set irc.server_default.${setting}`],
      );
      const way = `irc://ada@127.0.0.1:${port}`;
      return new Terminal([weechat.found, "-d", home, ...settings, way], size);
    },
  },
};

for (const [name, { part, start }] of Object.entries(clients)) {
  part.concurrent(name, () => {
    test(
      `${name} talks, whispers, keeps order, is kicked, and comes back`,
      async () => {
        using home = temporaryFolder();
        const port = freePort();
        const history = join(home.path, "history.db");
        const flags = ["--stay", "--port", `${port}`, "--history", history, "--rate", "0"];
        let server = await Server.start(flags, { CHAT_OPERATOR_PASSWORD: "geheim" });
        const bob = await JsonClient.join(port, "bob");
        await using ada = await start(port, join(home.path, "client"));
        await bob.event("joined", { name: "ada" });
        const type = (line: string) => ada.type(`${line}\r`);
        await ada.shows("#room");

        bob.send({ type: "say", text: "hello from bob" });
        await ada.shows("hello from bob");
        type("hello from ada");
        await bob.event("said", { from: "ada", text: "hello from ada" });
        type("/me waves");
        await bob.event("acted", { from: "ada", text: "waves" });
        type("/msg bob psst");
        await bob.event("told", { from: "ada", text: "psst" });
        type("/nick eve");
        await bob.event("renamed", { from: "ada", to: "eve" });
        type("/oper eve geheim");
        await bob.event("opped", { name: "eve" });
        type("/topic green beans");
        await bob.event("topic", { by: "eve", text: "green beans" });
        await JsonClient.join(port, "mallory");
        type("/ban mallory");
        await bob.event("banned", { name: "mallory" });

        bob.send({ type: "op", password: "geheim" });
        await bob.event("opped", { name: "bob" });
        bob.send({ type: "kick", name: "eve", text: "behave" });
        await ada.shows("behave");
        type("/join #room");
        await bob.event("joined", { name: "eve" });

        for (let i = 0; i < burst; i++) bob.send({ type: "say", text: `line ${i}` });
        await ada.shows(`line ${burst - 1}`);

        await server.kill("SIGKILL");
        server = await Server.start(flags);
        await using _ = server;
        const again = await JsonClient.join(port, "bob2");
        again.send({ type: "say", text: "missed by eve" });
        await again.event("joined");
        await again.received.until(
          (events) => events.some((event) => event.type === "joined" && event.name !== "bob2") || undefined,
          "the client coming back",
        );
        await ada.shows("missed by eve");
        const shown = ada.screen.filter((row) => row.includes(`line ${burst - 1}`));
        expect(shown).toHaveLength(1);
        type("/quit");
      },
      3 * patienceMs,
    );
  });
}
