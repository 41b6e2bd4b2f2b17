import { expect, setDefaultTimeout, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import { addressOf, isAddress } from "../../../lib/protocol/addresses.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

const sameAsNode = (text: string) => expect([text, isAddress(text)]).toEqual([text, isIP(text) !== 0]);

test.each([
  ...[
    "1.2.3.4",
    "0.0.0.0",
    "255.255.255.255",
    "256.1.1.1",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3.4 ",
    "127.1",
  ],
  ...["::", "::1", "1::", "2001:db8::1", "::ffff:1.2.3.4", "::1.2.3", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9"],
  ...[
    "1::2::3",
    "fe80::1%eth0",
    "fe80::1%",
    "[::1]",
    "::1]:80/[",
    "12345::",
    "g::",
    "",
    "ada",
    "::1/64",
    "::FFFF",
  ],
])("%j is an address if Node says so", sameAsNode);

test("any text in the letters of addresses is one if Node says so", () => {
  const piece = fc.constantFrom(
    ":",
    "::",
    ".",
    "%",
    "0",
    "1",
    "01",
    "255",
    "256",
    "f",
    "ffff",
    "10.0.0.1",
    " ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 17 }), (pieces) => sameAsNode(pieces.join(""))),
    { numRuns: 500 },
  );
});

test.each([
  ["localhost", "localhost:7"],
  ["192.0.2.1", "192.0.2.1:7"],
  ["::1", "[::1]:7"],
  ["fe80::1%eth0", "[fe80::1%eth0]:7"],
])("addressOf() writes %s with a port as %s", (host, address) => {
  expect(addressOf({ host, port: 7 })).toBe(address);
});
