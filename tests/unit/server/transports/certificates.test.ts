// A certificate whose files change while it is in use, on a clock that the test moves.

import { afterEach, beforeEach, expect, jest, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CertificateWatch } from "../../../../lib/server/transports/certificates.ts";
import { readCertificate } from "../../../../lib/server/transports/tls.ts";
import { Certificates } from "../../../support/certificates.ts";
import { openssl } from "../../../support/parts.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const minuteMs = 60_000;
const dayMs = 86_400_000;

openssl.describe("CertificateWatch", () => {
  let made: Certificates;
  let folder: ReturnType<typeof temporaryFolder>;
  let used: string[];
  let said: string[];
  let paths: { "tls-cert": string; "tls-key": string };

  beforeEach(() => {
    folder = temporaryFolder();
    made = new Certificates().selfSigned("one").selfSigned("two");
    paths = { "tls-cert": join(folder.path, "cert.pem"), "tls-key": join(folder.path, "key.pem") };
    [used, said] = [[], []];
  });
  afterEach(() => {
    jest.useRealTimers();
    made[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  function copy(name: string, which: "cert" | "key"): void {
    copyFileSync(made[which](name), paths[`tls-${which}`]);
  }

  /** Watches the certificate files; `cannot`: the error with which the server refuses another certificate. */
  function watch(cannot?: string): CertificateWatch {
    const current = readCertificate(paths["tls-cert"], paths["tls-key"]);
    if (!current) throw new Error("There is no certificate");
    jest.useFakeTimers({ now: Date.now() });
    return new CertificateWatch(paths, current, {
      use: ({ fingerprint }) => {
        if (cannot !== undefined) throw new Error(cannot);
        used.push(fingerprint);
      },
      say: (message) => said.push(message),
    });
  }

  test("another certificate is used within a minute, and once", () => {
    for (const which of ["cert", "key"] as const) copy("one", which);
    watch();
    jest.advanceTimersByTime(minuteMs);
    expect([used, said]).toEqual([[], []]);
    for (const which of ["cert", "key"] as const) copy("two", which);
    jest.advanceTimersByTime(3 * minuteMs);
    expect(used).toEqual([made.fingerprint("two")]);
    expect(said).toEqual([`It speaks TLS with another certificate now, sha256:${made.fingerprint("two")}`]);
  });

  test("a certificate behind links is used when they lead elsewhere", () => {
    const link = (name: string) => {
      for (const which of ["cert", "key"] as const) {
        symlinkSync(made[which](name), `${paths[`tls-${which}`]}.new`);
        renameSync(`${paths[`tls-${which}`]}.new`, paths[`tls-${which}`]);
      }
    };
    link("one");
    watch();
    link("two");
    jest.advanceTimersByTime(minuteMs);
    expect(used).toEqual([made.fingerprint("two")]);
  });

  test("the old certificate stays until both files have changed", () => {
    for (const which of ["cert", "key"] as const) copy("one", which);
    watch();
    copy("two", "cert");
    jest.advanceTimersByTime(5 * minuteMs);
    expect(used).toEqual([]);
    expect(said).toHaveLength(1);
    expect(said[0]).toStartWith(
      "The certificate in use stays, since the new one cannot be used: The key in ",
    );
    copy("two", "key");
    jest.advanceTimersByTime(minuteMs);
    expect(used).toEqual([made.fingerprint("two")]);
  });

  test.each([
    ["half written", () => writeFileSync(paths["tls-cert"], "-----BEGIN CERTIFICATE-----\nMII")],
    ["empty", () => writeFileSync(paths["tls-cert"], "")],
    ["gone", () => rmSync(paths["tls-key"])],
  ])("a certificate that is %s is told once, and the old one stays", (_, spoil) => {
    for (const which of ["cert", "key"] as const) copy("one", which);
    watch();
    spoil();
    jest.advanceTimersByTime(5 * minuteMs);
    expect(used).toEqual([]);
    expect(said).toHaveLength(1);
  });

  test("a certificate that the listeners do not take is told", () => {
    for (const which of ["cert", "key"] as const) copy("one", which);
    const certificates = watch("the port is gone");
    for (const which of ["cert", "key"] as const) copy("two", which);
    jest.advanceTimersByTime(minuteMs);
    expect(said).toEqual([
      "The certificate in use stays, since the new one cannot be used: the port is gone",
    ]);
    expect(certificates.reread(paths)).toThrow("the port is gone");
  });

  test("at SIGHUP the files are read at once, at the paths of then", () => {
    for (const which of ["cert", "key"] as const) copy("one", which);
    const certificates = watch();
    expect(certificates.reread(paths)()).toBe(false);
    const elsewhere = { "tls-cert": made.cert("two"), "tls-key": made.key("two") };
    expect(certificates.reread(elsewhere)()).toBe(true);
    expect(used).toEqual([made.fingerprint("two")]);
    expect(() => certificates.reread({ ...elsewhere, "tls-key": "/no/such/file" })).toThrow("Cannot read");
  });

  test("from 21 days before its end, a certificate is told once a day", () => {
    for (const which of ["cert", "key"] as const) copy("one", which);
    watch();
    // The certificates of tests are good for 30 days.
    jest.advanceTimersByTime(8 * dayMs);
    expect(said).toEqual([]);
    jest.advanceTimersByTime(2 * dayMs);
    expect(
      said.map((line) => /expires in (\d+) days, on \d{4}-\d\d-\d\d: renew it$/.exec(line)?.[1]),
    ).toEqual(["20", "19"]);
    jest.advanceTimersByTime(21 * dayMs);
    expect(said).toHaveLength(23);
    expect(said.at(-1)).toContain("has expired");
  });
});
