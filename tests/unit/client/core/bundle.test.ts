// The core is for browsers too: it is built for one here, and must bring nothing along that is not there.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { root } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** Minified, with the commands and the rules for names and texts; gzip makes 14 kB of it. */
const bytes = 40_000;

test("the client's core builds for a browser, alone and small", async () => {
  const entrypoints = [join(root, "lib/client/core/client.ts")];
  const { outputs } = await Bun.build({ entrypoints, target: "browser", minify: true });
  const code = (await Promise.all(outputs.map((output) => output.text()))).join("");
  expect(code).not.toMatch(/\bBun\b|\bBuffer\b|\bprocess\b|\brequire\b|node:|\bimport\b/);
  expect(code.length).toBeGreaterThan(bytes / 4);
  expect(code.length).toBeLessThan(bytes);
});
