// Parts of a machine that some tests need beside Bun, such as a program. If a part is missing, its tests are skipped, and a
// title says so once for each part: `bun test` repeats the titles of skipped tests at its end.

import { describe, test } from "bun:test";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

export class Part {
  /** The path of the program, or the address or file that was found; empty if it is missing. */
  readonly found: string;
  readonly #missing: string;
  #told = false;

  constructor(name: string, found: string | null | undefined, remedy: string) {
    this.found = found ?? "";
    this.#missing = `${name} is missing, so its tests are skipped: ${remedy}`;
  }

  /** Like Bun's `describe`, if the part is there. */
  describe(title: string, body: () => void): void {
    if (this.found) describe(title, body);
    else this.#skip();
  }

  /** The same for tests that mostly wait, so that they can run side by side. */
  concurrent(title: string, body: () => void): void {
    if (this.found) describe.concurrent(title, body);
    else this.#skip();
  }

  test(title: string, body: () => void | Promise<void>, timeoutMs?: number): void {
    if (this.found) test(title, body, timeoutMs);
    else this.#skip();
  }

  #skip(): void {
    if (!this.#told) test.skip(this.#missing, () => {});
    this.#told = true;
  }
}

/** A program on the path, and the Debian package that brings it. */
export function program(name: string, debianPackage = name): Part {
  return new Part(name, Bun.which(name), `apt install ${debianPackage}`);
}

/** Where the programs of PostgreSQL are: on the path, or where Debian has them. */
const postgresPrograms = (() => {
  const found = Bun.which("initdb");
  if (found !== null) return join(realpathSync(found), "..");
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  return versions
    .map((version) => join(debian, version, "bin"))
    .find((path) => existsSync(join(path, "initdb")));
})();

export const chromium = program("chromium");
export const openssl = program("openssl");
export const irssi = program("irssi");
export const postgresql = new Part("PostgreSQL", postgresPrograms, "apt install postgresql");
/** The `script` of Linux; those of other systems have other flags. */
export const script = new Part(
  "script",
  existsSync("/proc") ? Bun.which("script") : "",
  "apt install bsdutils",
);
export const python3 = program("python3");
export const prlimit = program("prlimit", "util-linux");

const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);

/** An address by which other machines reach this one. */
export const lanAddress = new Part(
  "a LAN address",
  addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address,
  "join a network",
);
export const ipv6Loopback = new Part(
  "::1",
  addresses.find(({ address }) => address === "::1")?.address,
  "switch on IPv6",
);
/** Without another address than the machine's own, WeeChat finds no host at all, not even 127.0.0.1. */
export const weechat = new Part(
  "WeeChat with a network",
  lanAddress.found && Bun.which("weechat"),
  "apt install weechat-curses, and join a network",
);
/** A file whose disk is always full. */
export const devFull = new Part("/dev/full", existsSync("/dev/full") ? "/dev/full" : "", "run on Linux");
