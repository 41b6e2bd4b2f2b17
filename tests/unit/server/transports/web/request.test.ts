// What the head of a request says: whether it may be answered, and where it comes from.

import { expect, setDefaultTimeout, test } from "bun:test";
import { hostname } from "node:os";
import { accepts, placeOf, refusalOf } from "../../../../../lib/server/transports/web/request.ts";
import { testMs } from "../../../../support/transcript.ts";

setDefaultTimeout(testMs);

const names = ["chat.example.org"];

test.each<[host: string, origin: string | undefined, status: number | undefined]>([
  ["localhost:53080", undefined, undefined],
  ["localhost", undefined, undefined],
  ["LOCALHOST.:53080", undefined, undefined],
  ["127.0.0.1:53080", undefined, undefined],
  ["192.0.2.7", undefined, undefined],
  ["[::1]:53080", undefined, undefined],
  ["[2001:db8::7]", undefined, undefined],
  [hostname(), undefined, undefined],
  [`${hostname()}.local:53080`, undefined, undefined],
  ["chat.example.org", undefined, undefined],
  ["Chat.Example.Org:8443", undefined, undefined],
  ["", undefined, 421],
  ["evil.example", undefined, 421],
  ["localhost.evil.example", undefined, 421],
  ["chat.example.org.evil.example", undefined, 421],
  ["chat.example.org@evil.example", undefined, 421],
  ["127.0.0.1.evil.example:53080", undefined, 421],
  ["localhost, evil.example", undefined, 421],
  ["localhost:53080", "http://localhost:53080", undefined],
  ["localhost", "http://localhost", undefined],
  ["localhost:80", "http://localhost", undefined],
  ["localhost:443", "https://localhost", undefined],
  ["chat.example.org", "https://chat.example.org", undefined],
  ["[::1]:53080", "http://[::1]:53080", undefined],
  ["LocalHost:53080", "http://localhost:53080", undefined],
  ["localhost:53080", "http://localhost", 403],
  ["localhost:53080", "http://localhost:53081", 403],
  ["localhost:53080", "http://127.0.0.1:53080", 403],
  ["localhost", "http://localhost.evil.example", 403],
  ["localhost", "http://evil.example/localhost", 403],
  ["localhost", "null", 403],
  ["localhost", "", 403],
  ["localhost", "file://localhost", 403],
  ["localhost", "chrome-extension://localhost", 403],
  ["evil.example", "http://evil.example", 421],
])("Host %j with Origin %j is answered as %p", (host, origin, status) => {
  const headers = new Headers({ host, ...(origin !== undefined && { origin }) });
  expect(refusalOf(headers, names)?.status).toBe(status as number);
});

test("a name that is unknown is told with the flag that makes it known", () => {
  const told = (host: string) => refusalOf(new Headers({ host }), [])?.text;
  expect(told("chat.example.org:8080")).toEndWith("start its server with --web-names chat.example.org");
  expect(told("<script>")).toEndWith("start its server with --web-names NAME");
});

const peer = { host: "127.0.0.1", port: 4_000 };

test.each<[forwarded: string | undefined, host: string]>([
  [undefined, "127.0.0.1"],
  ["192.0.2.7", "192.0.2.7"],
  ["203.0.113.9, 192.0.2.7", "192.0.2.7"],
  ["127.0.0.1,192.0.2.7", "192.0.2.7"],
  ["192.0.2.7:1234", "192.0.2.7"],
  ["2001:db8::7", "2001:db8::7"],
  ["[2001:db8::7]:1234", "2001:db8::7"],
  ["[2001:db8::7]", "2001:db8::7"],
  ["192.0.2.7, unknown", "127.0.0.1"],
  ["192.0.2.7,", "127.0.0.1"],
  ["192.0.2.256", "127.0.0.1"],
  ["", "127.0.0.1"],
])("X-Forwarded-For %j of a proxy means %s", (forwarded, host) => {
  const headers = new Headers(forwarded === undefined ? {} : { "x-forwarded-for": forwarded });
  expect(placeOf(headers, peer, (address) => address === peer.host)).toEqual({ ...peer, host });
  // Of any other peer it means nothing.
  expect(placeOf(headers, peer, () => false)).toEqual(peer);
});

test.each([
  ["gzip", true],
  ["br, gzip;q=0.5", true],
  ["GZIP", true],
  ["gzip;q=0", false],
  ["gzip; q=0.0, br", false],
  ["br", false],
  ["x-gzip", false],
  ["", false],
])("Accept-Encoding %j accepts gzip: %p", (value, isAccepted) => {
  expect(accepts(new Headers({ "accept-encoding": value }), "gzip")).toBe(isAccepted);
});
