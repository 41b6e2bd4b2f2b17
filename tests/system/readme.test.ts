// What the README says of commands, flags and codes is what the tables say.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { localHelp } from "../../lib/client/core/client.ts";
import { commands, help } from "../../lib/protocol/commands.ts";
import { root } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const readme = await Bun.file(join(root, "README.md")).text();

test("the README has the commands of /help", () => {
  expect(readme).toContain(help());
  expect(readme).toContain(localHelp());
});

test.each(["ChatServer.ts", "ChatClient.ts"])("the README has the flags of %s --help", (program) => {
  const { stdout } = Bun.spawnSync(["bun", join(root, program), "--help"]);
  const rows = stdout.toString().match(/^ {2}--(?!help|version).*$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(2);
  const trimmed = (text: string) => text.replaceAll(/ {2,}/g, "  ");
  for (const row of rows) expect(trimmed(readme)).toContain(trimmed(row));
});

test("the README has every command and code of the wire protocol", async () => {
  const protocol = await Bun.file(join(root, "lib/protocol/events.ts")).text();
  const codes = [...protocol.matchAll(/^ {2}\| "([a-z0-9-]+)"/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(20);
  for (const word of [...codes, ...Object.keys(commands)]) expect(readme).toContain(`\`${word}\``);
});
