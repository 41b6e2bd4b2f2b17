import { expect, setDefaultTimeout, test } from "bun:test";
import { defaultHost, defaultPort } from "../../../../lib/protocol/events.ts";
import { addressOf, cannotListen, waysIn } from "../../../../lib/server/transports/tcp.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

test("an address of IPv6 stands in brackets before its port", () => {
  expect(addressOf({ host: "::1", port: 7 })).toBe("[::1]:7");
  expect(addressOf({ host: "localhost", port: 7 })).toBe("localhost:7");
  expect(cannotListen(new Error("why"), { host: "::1", port: 7 })).toStartWith("Cannot listen on [::1]:7, ");
});

test.each<[host: string, port: number, tls: boolean, ways: [string, string]]>([
  [defaultHost, defaultPort, false, ["bun ChatClient.ts", "nc localhost 53000"]],
  [
    defaultHost,
    defaultPort,
    true,
    ["bun ChatClient.ts --tls", "openssl s_client -quiet -connect localhost:53000"],
  ],
  [defaultHost, 7, false, ["bun ChatClient.ts localhost:7", "nc localhost 7"]],
  ["::1", 7, false, ["bun ChatClient.ts [::1]:7", "nc ::1 7"]],
  ["::1", 7, true, ["bun ChatClient.ts --tls [::1]:7", "openssl s_client -quiet -connect [::1]:7"]],
])("the way to %s, port %d, TLS %p, is one that works there", (host, port, tls, ways) => {
  expect(waysIn({ host, port }, tls)).toEqual(ways);
});
