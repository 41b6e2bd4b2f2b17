// What the READMEs say of commands, flags and codes is what the tables say, and their links lead to something.

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { localHelp } from "../../lib/client/core/client.ts";
import { commands } from "../../lib/protocol/commands.ts";
import { help } from "../../lib/protocol/typed.ts";
import { Log } from "../../lib/server/operation/log.ts";
import { Traffic } from "../../lib/server/operation/traffic.ts";
import { idleMetrics } from "../support/metrics.ts";
import { root, withoutSettings } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const readme = await Bun.file(join(root, "README.md")).text();

test("the README has the commands of /help", () => {
  expect(readme).toContain(help());
  expect(readme).toContain(localHelp());
});

test.each(["ChatServer.ts", "ChatClient.ts"])("the README has the flags of %s --help", (program) => {
  const { stdout } = Bun.spawnSync(["bun", join(root, program), "--help"], { env: withoutSettings() });
  const rows = stdout.toString().match(/^ {2}--(?!help|version).*$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(2);
  const trimmed = (text: string) => text.replaceAll(/ {2,}/g, "  ");
  for (const row of rows) expect(trimmed(readme)).toContain(trimmed(row));
});

test("lib/dialects/README.md has every command, event and code", async () => {
  const wire = await Bun.file(join(root, "lib/dialects/README.md")).text();
  const events = await Bun.file(join(root, "lib/protocol/events.ts")).text();
  const codes = [...events.matchAll(/^ {2}\| "([a-z0-9-]+)"/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(20);
  const types = [...events.matchAll(/type: "([a-z]+)"/g)].map(([, type]) => type);
  const unseen = ["moved", "erased"];
  const known = [...codes, ...types, ...Object.keys(commands)].filter(
    (word) => word && !unseen.includes(word),
  );
  for (const word of known) expect(wire).toContain(`\`${word}\``);
});

test("the README has at most 1,800 words", () => {
  expect(readme.split(/\s+/).length).toBeLessThanOrEqual(1_800);
});

test("every link of a README leads to a file or a heading", async () => {
  const paths = ["*.md", "lib/**/*.md", "tests/**/*.md", ".github/*.md"].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true }),
  ]);
  expect(paths.length).toBeGreaterThan(5);
  for (const path of paths) {
    const text = await Bun.file(join(root, path)).text();
    for (const [, link = ""] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [file = "", heading] = link.split("#");
      const target = file === "" ? join(root, path) : join(root, dirname(path), file);
      expect(existsSync(target), `${link} in ${path}`).toBe(true);
      if (heading === undefined) continue;
      const headings = (await Bun.file(target).text()).match(/^#+ .*$/gm) ?? [];
      const anchors = headings.map((line) => line.replace(/^#+ /, "").toLowerCase().replaceAll(" ", "-"));
      expect(anchors, `${link} in ${path}`).toContain(heading);
    }
  }
});

test("the README's filter for fail2ban finds what the log has, alone", async () => {
  const text = await Bun.file(join(root, "lib/server/README.md")).text();
  const [, pattern = ""] = /^failregex = (.*)$/m.exec(text) ?? [];
  const filter = new RegExp(pattern.replace("<SUBNET>", "([\\d.a-f:/]+)"));
  const lines: string[] = [];
  const log = new Log("json", { print: (line) => lines.push(line), onDropped: () => {} });
  const traffic = new Traffic(log, idleMetrics());
  for (const address of ["192.0.2.7", "2001:db8:0:1::/64"]) {
    traffic.report("gave a wrong room password", address, true);
  }
  const forged = ["203.0.113.6 gave a wrong room password", '","message":"203.0.113.6 gave a wrong password'];
  for (const text of forged) log.event({ type: "said", seq: 1, at: 0, from: "eve", text });
  expect(lines.map((line) => filter.exec(line)?.[1])).toEqual([
    "192.0.2.7",
    "2001:db8:0:1::/64",
    undefined,
    undefined,
  ]);
});
