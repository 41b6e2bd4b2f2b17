// The single programs: what can be started here is built and started.

import { expect, setDefaultTimeout, test } from "bun:test";
import { buildDocument } from "../../lib/client/web/document.ts";
import { build, isPlatform, platforms } from "../release/build.ts";
import { PlainClient } from "../support/clients.ts";
import { freePort, temporaryFolder, withoutSettings } from "../support/server.ts";
import { Transcript, testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const own = `${process.platform.replace("win32", "windows")}-${process.arch}`;

test.skipIf(!isPlatform(own))("the single programs start, and are a room", async () => {
  using folder = temporaryFolder();
  const platform = platforms.find((platform) => platform === own);
  const [client = "", server = ""] = platform ? await build(platform, folder.path) : [];
  const env = withoutSettings();
  const webPort = freePort();
  const flags = ["--port", "0", "--history", "none", "--stay", "--web", `${webPort}`];
  await using room = Bun.spawn([server, ...flags], { stdin: "ignore", stdout: "pipe", env });
  const log = new Transcript<string>();
  const follow = async () => {
    for await (const chunk of room.stdout) log.push(Buffer.from(chunk).toString());
  };
  const followed = follow();
  const said = (pattern: RegExp) =>
    log.until(() => pattern.exec(log.items.join("")) ?? undefined, `${pattern}`);
  const port = Number((await said(/is open on \S+:(\d+)/))[1]);
  using ada = await PlainClient.join(port, "ada");
  const sender = Bun.spawn([client, "--port", `${port}`, "--name", "bot", "--say", "hello"], { env });
  expect(await sender.exited).toBe(0);
  await ada.line("bot: hello");
  const page = await fetch(`http://localhost:${webPort}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toBe((await buildDocument()).html);
  room.kill("SIGTERM");
  expect(await room.exited).toBe(0);
  await followed;
});
