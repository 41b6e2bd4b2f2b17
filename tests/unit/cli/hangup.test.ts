import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { withoutSettings } from "../../support/server.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

test("SIGHUP before there is a handler is kept for it, and once", async () => {
  const hangup = join(import.meta.dir, "../../../lib/cli/hangup.ts");
  const script = `
    const { onHangup } = await import(${JSON.stringify(hangup)});
    process.kill(process.pid, "SIGHUP");
    process.kill(process.pid, "SIGHUP");
    setTimeout(() => {
      let handled = 0;
      onHangup(() => handled++);
      process.kill(process.pid, "SIGHUP");
      setTimeout(() => { console.log(handled); process.exit(); }, 50);
    }, 50);
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", env: withoutSettings() });
  expect(await child.stdout.text()).toBe("2\n");
  expect(await child.exited).toBe(0);
});
