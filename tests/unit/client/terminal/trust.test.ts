// Whom the client trusts, by what it is told of a certificate and what is in its files.

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "../../../../lib/client/core/wire.ts";
import {
  normalFingerprint,
  Trust,
  trustFor,
  type Unknown,
  UnknownCertificate,
} from "../../../../lib/client/terminal/trust.ts";
import { UsageError } from "../../../../lib/protocol/errors.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const print = (byte: string) => Array(32).fill(byte).join(":");
const [one, other, third] = [print("AA"), print("BB"), print("CC")];

let folder: ReturnType<typeof temporaryFolder>;
let knownHostsPath: string;
beforeEach(() => {
  folder = temporaryFolder();
  knownHostsPath = join(folder.path, "chatroom", "known_hosts");
});
afterEach(() => folder[Symbol.dispose]());

function trust(more: { host?: string; port?: number; fingerprint?: string } = {}): Trust {
  return new Trust({ host: "room.example", port: 7, fingerprint: undefined, knownHostsPath, ...more }, "");
}

/** A handshake's end: `doubt` is the code of its problem. */
function shaken(fingerprint256: string, doubt?: string) {
  const problem = doubt === undefined ? null : Object.assign(new Error("in other words"), { code: doubt });
  const socket = { authorized: problem === null, getPeerX509Certificate: () => ({ fingerprint256 }) };
  return [socket, problem] as const;
}

const selfSigned = (fingerprint: string) => shaken(fingerprint, "DEPTH_ZERO_SELF_SIGNED_CERT");

/** Why it is refused, and what a person may decide about it. */
function refusal(check: () => void): { message: string; unknown: Unknown | undefined } {
  try {
    check();
  } catch (error) {
    if (error instanceof UnknownCertificate) return error;
    if (error instanceof Refusal) return { message: error.message, unknown: undefined };
    throw error;
  }
  throw new Error("It was trusted");
}

function knows(...lines: string[]): void {
  mkdirSync(join(folder.path, "chatroom"));
  writeFileSync(knownHostsPath, lines.join("\n"));
}

test("a certificate of an authority is trusted, whatever was known before", () => {
  trust().check(...shaken(one));
  knows(`room.example:7 sha256:${other}\n`);
  trust().check(...shaken(one));
});

test.each([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "nobody but itself vouches for it"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "no authority known here vouches for it"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "it is for another host"],
  ["CERT_HAS_EXPIRED", "it has expired"],
  ["SOMETHING_ELSE", "in other words"],
])("a certificate with the problem %s is for a person to decide", (code, doubt) => {
  const { message, unknown } = refusal(() => trust().check(...shaken(one, code)));
  expect(unknown).toEqual({ fingerprint: one, doubt });
  expect(message).toBe(
    `The certificate of room.example:7 is not to be trusted: ${doubt}. If it is the right one, use --fingerprint ${one}`,
  );
});

test("an unauthorized socket is not trusted, with or without a problem", () => {
  const [socket] = shaken(one);
  expect(refusal(() => trust().check({ ...socket, authorized: false }, null)).unknown).toBeDefined();
});

describe("known_hosts", () => {
  test("known_hosts has what a person took, in files for its owner alone", () => {
    trust().remember(one);
    trust({ port: 8 }).remember(other);
    expect(readFileSync(knownHostsPath, "utf8")).toBe(
      `room.example:7 sha256:${one}\nroom.example:8 sha256:${other}\n`,
    );
    expect(statSync(knownHostsPath).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder.path, "chatroom")).mode & 0o777).toBe(0o700);
    trust().check(...selfSigned(one));
    trust({ host: "ROOM.example", port: 8 }).check(...selfSigned(other));
  });

  test("known_hosts is a port's and a host's own", () => {
    knows(`room.example:7 sha256:${one}`);
    for (const more of [{ port: 77 }, { host: "example" }, { host: "::1" }]) {
      expect(refusal(() => trust(more).check(...selfSigned(one))).unknown).toBeDefined();
    }
  });

  test("known_hosts has one certificate for all names of this machine", () => {
    knows(`127.0.0.1:7 sha256:${one}`, `[::1]:7 sha256:${other}`);
    for (const host of ["localhost", "127.0.0.1", "::1"]) {
      for (const print of [one, other]) trust({ host }).check(...selfSigned(print));
      const { message } = refusal(() => trust({ host }).check(...selfSigned(third)));
      expect(message).toContain(`has changed from sha256:${one}`);
    }
    expect(refusal(() => trust({ host: "127.0.0.2" }).check(...selfSigned(one))).unknown).toBeDefined();
  });

  test("known_hosts has IPv6 in brackets, and mends a last line without LF", () => {
    knows(`room.example:7 sha256:${one}`);
    trust({ host: "::1" }).remember(other);
    expect(readFileSync(knownHostsPath, "utf8")).toBe(
      `room.example:7 sha256:${one}\n[::1]:7 sha256:${other}\n`,
    );
    trust({ host: "::1" }).check(...selfSigned(other));
  });

  test.each([
    ["in lower case", `sha256:${one.toLowerCase()}`],
    ["without colons", `sha256:${one.replaceAll(":", "")}`],
    ["without its kind in front", one],
    ["all of that", one.replaceAll(":", "").toLowerCase()],
  ])("known_hosts takes a fingerprint written %s", (_, written) => {
    knows(`room.example:7 ${written}`);
    trust().check(...selfSigned(one));
    expect(refusal(() => trust().check(...selfSigned(other))).message).toContain(`from sha256:${one} to`);
  });

  test("a certificate that has changed is refused without a question", () => {
    knows("# comments", `a.example:7 sha256:${other}`, "", `room.example:7 sha256:${one}`, "");
    const { message, unknown } = refusal(() => trust().check(...selfSigned(other)));
    expect(unknown).toBeUndefined();
    expect(message).toBe(
      `The certificate of room.example:7 has changed from sha256:${one} to sha256:${other}: somebody may be ` +
        `listening in. If it was to change, remove line 4 of ${knownHostsPath}`,
    );
  });

  test("a broken line in known_hosts refuses every certificate", () => {
    knows("room.example:7");
    expect(refusal(() => trust().check(...selfSigned(one))).message).toContain("remove line 1 of");
  });

  test("known_hosts that cannot be read or written refuses", () => {
    mkdirSync(knownHostsPath, { recursive: true });
    expect(refusal(() => trust().check(...selfSigned(one))).message).toStartWith(
      `Cannot read ${knownHostsPath}`,
    );
    expect(refusal(() => trust().remember(one)).message).toContain(`use --fingerprint ${one}`);
  });
});

describe("--fingerprint", () => {
  test("--fingerprint is all that counts", () => {
    knows(`room.example:7 sha256:${other}`);
    trust({ fingerprint: one }).check(...selfSigned(one));
    trust({ fingerprint: one }).check(...shaken(one, "CERT_HAS_EXPIRED"));
    for (const another of [shaken(other), selfSigned(other)]) {
      const { message, unknown } = refusal(() => trust({ fingerprint: one }).check(...another));
      expect(unknown).toBeUndefined();
      expect(message).toBe(
        `The certificate of room.example:7 is sha256:${other}, not sha256:${one} as --fingerprint says`,
      );
    }
  });

  test.each([one, one.toLowerCase(), one.replaceAll(":", ""), `SHA256:${one}`])(
    "--fingerprint may be written %s",
    (text) => {
      expect(normalFingerprint(text)).toBe(one);
    },
  );
});

test("a handshake without a certificate is only refused with plain text", () => {
  const none = { authorized: false, getPeerX509Certificate: () => undefined };
  const reset = new Error("reset");
  expect(() => trust().check(none, reset)).toThrow(reset);
  const plain = new Error("error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER");
  expect(refusal(() => trust().check(none, plain)).message).toBe(
    "room.example:7 does not speak TLS: leave --tls out",
  );
});

describe("trustFor()", () => {
  const options = { host: "h", port: 7, tls: false, ca: undefined, fingerprint: undefined };
  test("trustFor() asks for TLS with any of its flags, and not without", () => {
    expect(trustFor({ ...options, knownHostsPath })).toBeUndefined();
    expect(trustFor({ ...options, tls: true, knownHostsPath })).toBeDefined();
    expect(trustFor({ ...options, fingerprint: one, knownHostsPath })).toBeDefined();
  });

  test.each([
    ["no-such-file", "no such file"],
    ["text", "there is no PEM certificate in it"],
    ["broken", "Invalid CA"],
  ])("trustFor() refuses the authorities in %s", (name, reason) => {
    writeFileSync(join(folder.path, "text"), "hello");
    const begin = "-----BEGIN CERTIFICATE-----";
    writeFileSync(join(folder.path, "broken"), `${begin}\nAAAA\n${begin.replace("BEGIN", "END")}\n`);
    const ca = join(folder.path, name);
    const load = () => trustFor({ ...options, ca, knownHostsPath });
    expect(load).toThrow(UsageError);
    expect(load).toThrow(reason);
  });
});
