// The proxies without a target: its absence must not fail whichever test runs at that moment.

import { expect, setDefaultTimeout, test } from "bun:test";
import { PlainClient } from "./clients.ts";
import { CuttingProxy, FlakyProxy } from "./proxy.ts";
import { freePort } from "./server.ts";
import { testMs } from "./transcript.ts";

setDefaultTimeout(testMs);

test.each([
  ["cutting", (port: number) => CuttingProxy.start(port)],
  ["flaky", (port: number) => FlakyProxy.start(port)],
])("the %s proxy hangs up when its target is down", async (_, start) => {
  await using proxy = await start(freePort());
  for (let connection = 1; connection <= 3; connection++) {
    using client = await new PlainClient().open(proxy.port);
    client.say("ada");
    await client.closed;
    expect(client.received.items).toEqual([]);
  }
});
