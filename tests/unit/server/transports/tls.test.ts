// A connection before its handshake, on a clock that the test sets; and certificates that are none.

import { afterAll, afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../../../lib/protocol/errors.ts";
import { Handshake, readCertificate } from "../../../../lib/server/transports/tls.ts";
import { Certificates } from "../../../support/certificates.ts";
import { openssl } from "../../../support/parts.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";
import { type Heard, transportContract } from "./contract.ts";

setDefaultTimeout(testMs);

describe("a handshake", () => {
  let acts: string[];
  let cipher: string | null;
  let handshake: Handshake;

  beforeEach(() => {
    jest.useFakeTimers();
    acts = [];
    cipher = null;
    const socket = {
      end: () => acts.push("end"),
      terminate: () => acts.push("terminate"),
      getCipher: () => ({ name: cipher ?? "", standardName: "", version: "" }),
    };
    handshake = new Handshake(socket, 20_000, () => acts.push("begin"));
  });
  afterEach(() => {
    handshake.closed();
    jest.useRealTimers();
  });

  test("a handshake that nobody begins is over after two seconds", () => {
    jest.advanceTimersByTime(1_999);
    expect(acts).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(acts).toEqual(["end"]);
  });

  test("a handshake that has begun may take its time, but not for ever", () => {
    cipher = "TLS_AES_128_GCM_SHA256";
    jest.advanceTimersByTime(19_999);
    expect(acts).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(acts).toEqual(["terminate"]);
  });

  test("a handshake that is done begins a session, and is not cut", () => {
    handshake.ended(true, null);
    jest.advanceTimersByTime(60_000);
    expect(acts).toEqual(["begin"]);
  });

  test("a handshake that failed begins nothing", () => {
    handshake.ended(false, new Error("no cipher in common"));
    expect(acts).toEqual([]);
  });

  test("a handshake that has lost its peer is not cut", () => {
    handshake.closed();
    jest.advanceTimersByTime(60_000);
    expect(acts).toEqual([]);
  });

  test("a handshake under way is cut when the server or its peer ends", () => {
    handshake.dismiss();
    handshake.inputEnded();
    expect(acts).toEqual(["terminate", "terminate"]);
  });
});

openssl.describe("TLS", () => {
  const made = new Certificates().selfSigned("localhost");
  afterAll(() => made[Symbol.dispose]());

  transportContract(
    "TLS",
    (begun) => {
      const certificate = readCertificate(made.cert("localhost"), made.key("localhost"));
      if (!certificate) throw new Error("There is no certificate");
      const listener = Bun.listen<Heard | undefined>({
        hostname: "localhost",
        port: 0,
        allowHalfOpen: true,
        tls: certificate,
        socket: {
          // As in the server: a session begins once the handshake is done.
          handshake(socket) {
            socket.data = begun(socket);
          },
          data: ({ data }, chunk) => data?.receive(chunk),
          drain: ({ data }) => data?.drained(),
          end: ({ data }) => data?.inputEnded(),
          close: ({ data }) => data?.closed(),
          error: () => {},
        },
      });
      return { port: listener.port, stop: () => listener.stop(true) };
    },
    { tls: { rejectUnauthorized: false } },
  );
});

openssl.describe("readCertificate()", () => {
  test("readCertificate() is nothing without files, and needs both", () => {
    expect(readCertificate(undefined, undefined)).toBeUndefined();
    expect(() => readCertificate("cert.pem", undefined)).toThrow(UsageError);
    expect(() => readCertificate(undefined, "key.pem")).toThrow("--tls-cert and --tls-key go together");
  });

  test("readCertificate() takes a pair, and knows its fingerprint", () => {
    using made = new Certificates().selfSigned("localhost");
    const read = readCertificate(made.cert("localhost"), made.key("localhost"));
    expect(read?.fingerprint).toBe(made.fingerprint("localhost"));
  });

  test("readCertificate() takes a certificate that has expired, and says so", () => {
    using made = new Certificates().selfSigned("authority").signed("old", "authority", "DNS:localhost", 0);
    const read = readCertificate(made.cert("old"), made.key("old"));
    expect(read?.doubt).toMatch(/^The certificate in .* has expired, on \d{4}-\d\d-\d\d$/);
    using valid = new Certificates().selfSigned("localhost");
    expect(readCertificate(valid.cert("localhost"), valid.key("localhost"))?.doubt).toBeUndefined();
  });

  test("readCertificate() says what is wrong with the files", () => {
    using folder = temporaryFolder();
    using made = new Certificates().selfSigned("one").selfSigned("two");
    const junk = join(folder.path, "junk");
    writeFileSync(junk, "hello");
    const chain = join(folder.path, "chain");
    const empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    writeFileSync(chain, readFileSync(made.cert("one"), "utf8") + empty);
    const problems: [cert: string, key: string, problem: string][] = [
      ["/no/such/file", made.key("one"), "Cannot read /no/such/file: there is no such file"],
      [made.cert("one"), "/no/such/file", "Cannot read /no/such/file: there is no such file"],
      [junk, made.key("one"), `There is no PEM certificate in ${junk}`],
      [made.cert("one"), junk, `There is no PEM key in ${junk} that can be read`],
      [made.cert("one"), made.key("two"), `The key in ${made.key("two")} is not that of the certificate`],
      [chain, made.key("one"), `The chain in ${chain} has a certificate that cannot be read`],
    ];
    for (const [cert, key, problem] of problems) expect(() => readCertificate(cert, key)).toThrow(problem);
  });
});
