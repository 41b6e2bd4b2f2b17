// Who runs the server of the soak: every now and then another certificate is put in its files, a limit is changed in its
// settings, or both, and the server is told by SIGHUP; or the history is copied. None of it may end a connection, so the
// witnesses would notice. A copy must be whole.

import { Database } from "bun:sqlite";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { greeting } from "../../lib/dialects/plain.ts";
import { Certificates } from "../support/certificates.ts";
import { Peer } from "../support/clients.ts";
import type { Random } from "../support/random.ts";
import { root, type Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import type { Book } from "./book.ts";

/** The part of the shared day that the keeper needs. */
type Watch = { readonly over: boolean; book: Book; count: (what: string) => void };

const betweenMs = 5_000;
const connectMs = 100;
export const connectTries = 20;

/**
 * Connects as every client of the soak does, and hears no greeting, which comes where the first line is late. Just when
 * new listeners take the place of old ones, it has to try again.
 */
export async function connect(port: number, heard?: (line: string) => void): Promise<Peer> {
  const ours = heard && ((line: string) => line !== greeting.trimEnd() && heard(line));
  for (let tries = 1; ; tries++) {
    try {
      return await Peer.open(port, ours, { rejectUnauthorized: false });
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

  /** Keeps the server, and its `history`, until the day is over. */
  async keep(server: Server, history: string, random: Random, day: Watch): Promise<void> {
    const { count } = day;
    while (!day.over) {
      await Bun.sleep(betweenMs);
      if (random.next() < 0.4) {
        await this.#copy(history, day.book);
        count("a copy");
      }
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

  async #copy(history: string, book: Book): Promise<void> {
    const copy = join(this.#folder.path, "copy.sqlite");
    const program = ["bun", join(root, "ChatServer.ts"), "--history", history, "--backup", copy];
    const { stderr, exited } = Bun.spawn(program, { stderr: "pipe", env: withoutSettings() });
    if ((await exited) !== 0) return book.problem(`The history was not copied: ${await stderr.text()}`);
    using db = new Database(copy, { readonly: true });
    const [sound] = Object.values(db.query<object, []>("PRAGMA integrity_check").get() ?? {});
    if (sound !== "ok") book.problem(`A copy is not whole: ${sound}`);
    rmSync(copy);
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
