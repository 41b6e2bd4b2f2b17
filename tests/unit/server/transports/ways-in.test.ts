import { expect, setDefaultTimeout, test } from "bun:test";
import { defaultHost, defaultPort } from "../../../../lib/protocol/events.ts";
import { pageAt, waysIn, waysToBrowse, waysToJoin } from "../../../../lib/server/transports/ways-in.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

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

/** Network interfaces with these addresses. */
function interfaces(...addresses: string[]) {
  const info = (address: string) => ({ address, netmask: "", mac: "", cidr: null });
  const infos = addresses.map((address) => {
    const internal = address === "127.0.0.1" || address === "::1";
    return address.includes(":")
      ? { ...info(address), family: "IPv6" as const, scopeid: 0, internal }
      : { ...info(address), family: "IPv4" as const, internal };
  });
  return { eth0: infos };
}

const here = interfaces("127.0.0.1", "::1", "192.0.2.7", "2001:db8::7", "fe80::1");

test("a room on every address is joined at the real ones", () => {
  expect(waysToJoin({ host: "::", port: 7 }, false, here)).toEqual([
    'Join with "bun ChatClient.ts 192.0.2.7:7" or "nc 192.0.2.7 7" from other machines',
    'Join with "bun ChatClient.ts [2001:db8::7]:7" or "nc 2001:db8::7 7" from other machines',
    'Join with "bun ChatClient.ts localhost:7" or "nc localhost 7" here',
  ]);
  expect(waysToJoin({ host: "0.0.0.0", port: 53_000 }, true, here)).toEqual([
    'Join with "bun ChatClient.ts --tls 192.0.2.7:53000" or "openssl s_client -quiet -connect 192.0.2.7:53000" from other machines',
    'Join with "bun ChatClient.ts --tls" or "openssl s_client -quiet -connect localhost:53000" here',
  ]);
});

test("a page is at each of these addresses, too", () => {
  expect(waysToBrowse({ host: "::", port: 53_080 }, true, here)).toEqual([
    "In a browser: https://192.0.2.7:53080 from other machines",
    "In a browser: https://[2001:db8::7]:53080 from other machines",
    "In a browser: https://localhost:53080 here",
  ]);
  expect(waysToBrowse({ host: "localhost", port: 53_080 }, false)).toEqual([
    "In a browser: http://localhost:53080",
  ]);
  expect(pageAt({ host: "::1", port: 7 }, false)).toBe("http://[::1]:7");
});

test("a room on one address is joined at that", () => {
  expect(waysToJoin({ host: "192.0.2.7", port: 7 }, false, here)).toEqual([
    'Join with "bun ChatClient.ts 192.0.2.7:7" or "nc 192.0.2.7 7"',
  ]);
});
