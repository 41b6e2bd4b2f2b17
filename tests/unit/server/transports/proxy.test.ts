import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Place } from "../../../../lib/protocol/addresses.ts";
import { Proxied, readProxyHeader, trustedProxies } from "../../../../lib/server/transports/proxy.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** A header of version 2. `kind`: version and command, `family`: family and protocol. */
function version2(kind: number, family: number, ...parts: (readonly number[])[]): Buffer {
  const body = parts.flat();
  return Buffer.concat([
    Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1"),
    Buffer.from([kind, family, body.length >> 8, body.length & 0xff]),
    Buffer.from(body),
  ]);
}

const port = (number: number) => [number >> 8, number & 0xff];
const from4 = [192, 0, 2, 1];
const from6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];
const tlvs = [4, 0, 3, 1, 2, 3, 0xea, 0, 1, 0];

const headers: [what: string, header: Buffer, from: Place | undefined][] = [
  [
    "TCP4",
    Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.7 56324 53000\r\n"),
    { host: "192.0.2.1", port: 56324 },
  ],
  ["TCP6", Buffer.from("PROXY TCP6 2001:DB8::7 ::1 1 2\r\n"), { host: "2001:db8::7", port: 1 }],
  [
    "TCP6 of a version 4 address",
    Buffer.from("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"),
    { host: "192.0.2.1", port: 1 },
  ],
  ["UNKNOWN", Buffer.from("PROXY UNKNOWN\r\n"), undefined],
  ["UNKNOWN with addresses", Buffer.from("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), undefined],
  ["version 2, IPv4", version2(0x21, 0x11, from4, from4, port(5), port(6)), { host: "192.0.2.1", port: 5 }],
  ["version 2, IPv6", version2(0x21, 0x21, from6, from6, port(5), port(6)), { host: "2001:db8::7", port: 5 }],
  [
    "version 2, mapped",
    version2(0x21, 0x21, mapped, from6, port(5), port(6)),
    { host: "192.0.2.1", port: 5 },
  ],
  [
    "version 2 with more fields",
    version2(0x21, 0x11, from4, from4, port(5), port(6), tlvs),
    { host: "192.0.2.1", port: 5 },
  ],
  ["LOCAL", version2(0x20, 0x00), undefined],
  ["LOCAL with addresses and fields", version2(0x20, 0x11, from4, from4, port(5), port(6), tlvs), undefined],
  ["version 2 of no family", version2(0x21, 0x00, tlvs), undefined],
  ["version 2 of a Unix socket", version2(0x21, 0x31, Array<number>(216).fill(1)), undefined],
];

const wrong: [what: string, bytes: Buffer][] = [
  ["a name", Buffer.from("ada\n")],
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["a ClientHello", Buffer.from([0x16, 3, 1, 2, 0])],
  ["small letters", Buffer.from("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n")],
  ["no address", Buffer.from("PROXY TCP4\r\n")],
  ["no port", Buffer.from("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n")],
  ["a port that is too high", Buffer.from("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n")],
  ["an address of the other version", Buffer.from("PROXY TCP4 ::1 ::1 1 2\r\n")],
  ["TCP6 with addresses of version 4", Buffer.from("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n")],
  ["a network", Buffer.from("PROXY TCP4 10.0.0.0/8 192.0.2.2 1 2\r\n")],
  ["another protocol", Buffer.from("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n")],
  ["two blanks", Buffer.from("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n")],
  ["a line without an end", Buffer.from(`PROXY UNKNOWN ${"x".repeat(100)}`)],
  ["a line that is too long", Buffer.from(`PROXY UNKNOWN ${"x".repeat(100)}\r\n`)],
  ["version 3", version2(0x31, 0x11, from4, from4, port(5), port(6))],
  ["a command of later versions", version2(0x22, 0x11, from4, from4, port(5), port(6))],
  ["too few bytes for addresses", version2(0x21, 0x11, from4, from4)],
  ["too few bytes for those of IPv6", version2(0x21, 0x21, from6, port(5))],
];

describe("readProxyHeader()", () => {
  test.each(headers)("readProxyHeader() reads %s, wherever it is cut", (_, header, from) => {
    const rest = Buffer.from("ada\nhi\n");
    expect(readProxyHeader(Buffer.concat([header, rest]))).toEqual({ length: header.length, from });
    for (let cut = 0; cut < header.length; cut++)
      expect(readProxyHeader(header.subarray(0, cut))).toBe("more");
  });

  test.each(wrong)("readProxyHeader() refuses %s", (_, bytes) => {
    expect(readProxyHeader(bytes)).toBe("wrong");
  });

  test("readProxyHeader() never asks for more than a header may have", () => {
    const start = fc.constantFrom(
      "",
      "PROXY ",
      "PROXY TCP4 ",
      "\r\n\r\n\0\r\nQUIT\n",
      "\r\n\r\n\0\r\nQUIT\n!",
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (start, bytes) => {
        const all = Buffer.concat([Buffer.from(start, "latin1"), bytes]);
        const header = readProxyHeader(all);
        if (header === "more") expect(all.length < 107 || all[0] === 13).toBe(true);
        else if (header !== "wrong") expect(header.length).toBeLessThanOrEqual(all.length);
      }),
    );
  });
});

test("a proxy is not trusted together with TLS, and it is said why", () => {
  expect(() => trustedProxies(["192.0.2.1"], true)).toThrow("--proxy cannot go with --tls-cert");
  expect(trustedProxies([], true).has("192.0.2.1")).toBe(false);
  expect(trustedProxies(["10.0.0.0/8"], false).has("::ffff:10.9.9.9")).toBe(true);
});

describe("Proxied", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function open() {
    const heard: unknown[][] = [];
    const connection = new Proxied(
      { terminate: () => heard.push(["terminate"]) },
      {
        begin: (from, rest) => heard.push([from?.host, rest.toString()]),
        failed: (problem) => heard.push([problem]),
      },
    );
    return { connection, heard };
  }

  const header = Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.7 1 2\r\n");

  test("a connection begins with what comes behind its header", () => {
    const { connection, heard } = open();
    for (const byte of header) connection.receive(Buffer.from([byte]));
    expect(heard).toEqual([["192.0.2.1", ""]]);
    const whole = open();
    whole.connection.receive(Buffer.concat([header, Buffer.from("ada\n")]));
    jest.advanceTimersByTime(60_000);
    expect(whole.heard).toEqual([["192.0.2.1", "ada\n"]]);
  });

  test("a connection without a header is closed, and told of once", () => {
    const late = open();
    late.connection.receive(header.subarray(0, 9));
    jest.advanceTimersByTime(60_000);
    expect(late.heard).toEqual([["sent no PROXY protocol header in time"], ["terminate"]]);
    const { connection, heard } = open();
    connection.receive(Buffer.from("hello\n"));
    connection.receive(header);
    jest.advanceTimersByTime(60_000);
    expect(heard).toEqual([["began with no PROXY protocol header"], ["terminate"]]);
  });

  test("a check whether the port is open is told of to no one", () => {
    const { connection, heard } = open();
    connection.inputEnded();
    expect(heard).toEqual([["terminate"]]);
  });
});
