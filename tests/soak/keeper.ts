// Who runs the server of the soak: every now and then another certificate is put in its files, a limit is changed in its
// settings, or both, and the server is told by SIGHUP. None of it may end a connection, so the witnesses would notice.

import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Certificates } from "../support/certificates.ts";
import { Peer } from "../support/clients.ts";
import type { Random } from "../support/random.ts";
import { type Server, temporaryFolder } from "../support/server.ts";

const betweenMs = 5_000;
const connectMs = 100;
const connectTries = 20;

/** Connects as every client of the soak does. Just when new listeners take the place of old ones, it has to try again. */
export async function connect(port: number, heard?: (line: string) => void): Promise<Peer> {
  for (let tries = 1; ; tries++) {
    try {
      return await Peer.open(port, heard, { rejectUnauthorized: false });
    } catch (error) {
      if (tries === connectTries) throw error;
      await Bun.sleep(connectMs);
    }
  }
}

export class Keeper implements Disposable {
  readonly #folder = temporaryFolder();
  readonly #made = new Certificates().selfSigned("0").selfSigned("1");
  #limit = 1_000;
  #certificate = 0;

  constructor() {
    this.#writeSettings();
    this.#installCertificate();
  }

  /** The flag that the server is started with. */
  get flags(): string[] {
    return ["--config", join(this.#folder.path, "server.conf")];
  }

  /** Keeps the server until it is `over`. */
  async keep(
    server: Server,
    random: Random,
    over: () => boolean,
    count: (what: string) => void,
  ): Promise<void> {
    while (!over()) {
      await Bun.sleep(betweenMs);
      if (random.next() < 0.7) {
        this.#certificate = 1 - this.#certificate;
        this.#installCertificate();
        count("another certificate");
      }
      if (random.next() < 0.5) {
        this.#limit += 1;
        this.#writeSettings();
        count("another setting");
      }
      process.kill(server.pid, "SIGHUP");
    }
  }

  /** Whether the server should say this when it is told to read all again. */
  expects(line: string): boolean {
    return / (SIGHUP: the server goes on; (changed: |nothing has changed)|It speaks TLS with another )/.test(
      line,
    );
  }

  [Symbol.dispose](): void {
    this.#made[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }

  #writeSettings(): void {
    const file = (name: string) => join(this.#folder.path, name);
    const lines = ["stay", "quiet", `tls-cert ${file("cert.pem")}`, `tls-key ${file("key.pem")}`];
    writeFileSync(file("server.conf"), [...lines, `max-connections ${this.#limit}`].join("\n"));
  }

  #installCertificate(): void {
    const name = String(this.#certificate);
    copyFileSync(this.#made.cert(name), join(this.#folder.path, "cert.pem"));
    copyFileSync(this.#made.key(name), join(this.#folder.path, "key.pem"));
  }
}
