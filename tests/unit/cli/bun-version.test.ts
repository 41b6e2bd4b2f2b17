// An older Bun is told so, before anything else happens.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { engines } from "../../../package.json";
import { root, temporaryFolder } from "../../support/server.ts";

test.each(["ChatServer.ts", "ChatClient.ts"])("%s tells an older Bun what it needs", async (program) => {
  using folder = temporaryFolder();
  const older = join(folder.path, "older.ts");
  await Bun.write(older, `Object.defineProperty(Bun, "version", { value: "1.2.3" });`);
  const { exitCode, stderr } = Bun.spawnSync([
    process.execPath,
    "--preload",
    older,
    join(root, program),
    "--port",
    "1",
  ]);
  expect(stderr.toString()).toStartWith(
    `This needs Bun ${engines.bun.slice(2)} or newer, and ${process.execPath} is`,
  );
  expect(stderr.toString().trim().split("\n").length).toBe(1);
  expect(exitCode).toBe(1);
});
