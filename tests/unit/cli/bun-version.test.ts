// An older Bun is told so, before anything else is imported.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { versionProblem } from "../../../lib/cli/bun-version.ts";
import { engines } from "../../../package.json";
import { root } from "../../support/server.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

const wanted = engines.bun.slice(">=".length);

test.each(["1.0.11", "1.1.45", "1.2.23", "1.3.14", "1.4.4", "1.0.0", "0.8.1"])(
  "Bun %s is told which one is needed",
  (version) => {
    expect(versionProblem(version, "/opt/bun")).toStartWith(
      `This needs Bun ${wanted} or newer, and /opt/bun is Bun ${version}: `,
    );
  },
);

test.each([wanted, Bun.version, "1.4.10", "1.10.0", "1.5.0", "2.0.0", "10.0.0"])(
  "Bun %s is new enough",
  (version) => {
    expect(versionProblem(version, "/opt/bun")).toBeUndefined();
  },
);

test.each(["ChatServer.ts", "ChatClient.ts"])("%s looks at the version first", async (program) => {
  const [first] = /^import .*$/m.exec(await Bun.file(join(root, program)).text()) ?? [];
  expect(first).toBe('import "./lib/cli/bun-version.ts";');
});
