import { expect, setDefaultTimeout, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import {
  addressOf,
  contains,
  isAddress,
  networkIn,
  networkText,
  serverKey,
} from "../../../lib/protocol/addresses.ts";
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

const textOf = (text: string) => {
  const network = networkIn(text);
  return network && networkText(network);
};

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["192.000.002.001", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:C000:0201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
  ["::ffff:c0.0.2.1", undefined],
  ["[::1]", "::1"],
  ["0000:0000::0001", "::1"],
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["fe80::1%eth0", "fe80::1"],
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["10.1.2.3/32", "10.1.2.3"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["::ffff:10.1.2.3/104", "10.0.0.0/8"],
  ["2001:db8:ffff::/33", "2001:db8:8000::/33"],
  ["2001:db8::5/64", "2001:db8:0:0::/64"],
  ["::/0", "::/0"],
  ["10.0.0.0/33", undefined],
  ["::/129", undefined],
  ["10.0.0.0/", undefined],
  ["10.0.0/8", undefined],
  ["1.2.3.0004", undefined],
  ["ada", undefined],
  ["", undefined],
])("%j is the address or network %j", (text, plain) => {
  expect(textOf(text)).toBe(plain);
});

/** An address of version 6 in one of its notations, and its groups. */
const version6 = fc
  .tuple(fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 }), fc.boolean())
  .map(([groups, padded]) => {
    const hex = groups.map((group) => group.toString(16).padStart(padded ? 4 : 1, "0"));
    return padded ? hex.join(":").toUpperCase() : hex.join(":");
  });

test("an address has one notation, which the URL parser has too", () => {
  fc.assert(
    fc.property(version6, (text) => {
      const { hostname } = new URL(`http://[${text}]`);
      const plain = hostname.slice(1, -1);
      expect(networkIn(text)).toEqual(networkIn(plain));
      if (networkIn(text)?.version === 6) expect(textOf(text)).toBe(plain);
    }),
  );
});

test("a network has the addresses with its first bits, and no other", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), fc.nat(32), (first, other, bits) => {
      const [network, address] = [networkIn(`${first}/${bits}`), networkIn(other)];
      if (!network || !address) throw new Error("They are an address and a network");
      const binary = (text: string) =>
        text
          .split(".")
          .map((byte) => Number(byte).toString(2).padStart(8, "0"))
          .join("");
      expect(contains(network, address)).toBe(binary(first).slice(0, bits) === binary(other).slice(0, bits));
    }),
  );
});

test("serverKey() is one for each server, however its host is written", () => {
  const servers = [
    [
      "localhost",
      "LocalHost",
      "localhost.",
      "127.0.0.1",
      "127.000.000.001",
      "::1",
      "0:0::1",
      "::ffff:127.0.0.1",
    ],
    ["chat.example", "CHAT.example", "chat.example."],
    ["192.0.2.7", "::ffff:c000:207"],
    ["2001:db8::7", "2001:DB8:0:0::7"],
    ["127.0.0.2"],
    ["fe80::1%eth0"],
    ["fe80::1%eth1"],
    ["localhost.example"],
  ];
  const keys = servers.map((hosts) => new Set(hosts.map((host) => serverKey({ host, port: 7 }))));
  for (const [i, own] of keys.entries()) expect([servers[i], own.size]).toEqual([servers[i], 1]);
  expect(new Set(keys.flatMap((own) => [...own])).size).toBe(servers.length);
  expect(serverKey({ host: "::1", port: 8 })).toBe("localhost:8");
});
