// Keeps the certificate that is in use up to date. Programs that renew certificates change the files, often through links,
// and one file after the other; so the files are looked at once a minute, by their size and times. What cannot be used is
// told once, and the certificate in use stays. One that ends soon is told once a day.

import { statSync } from "node:fs";
import { messageOf } from "../../protocol/errors.ts";
import { type Certificate, readCertificate } from "./tls.ts";

/** Where the certificate and its key are. */
export type CertificatePaths = { "tls-cert": string | undefined; "tls-key": string | undefined };

export type CertificateHandlers = {
  /** Uses this certificate from now on. */
  use: (certificate: Certificate) => void;
  /** What the person who runs the server should know, in one sentence. */
  say: (message: string) => void;
};

const lookMs = 60_000;
const dayMs = 86_400_000;

export class CertificateWatch {
  readonly #paths: CertificatePaths;
  readonly #handlers: CertificateHandlers;
  #current: Certificate;
  /** The files as they were when they were last read. */
  #stamp: string;
  /** When its end was last told, by performance.now(). */
  #warnedAt = -Infinity;

  /** `paths` may change later on. Warns of the present certificate at once, if there is a reason. */
  constructor(paths: CertificatePaths, current: Certificate, handlers: CertificateHandlers) {
    this.#paths = paths;
    this.#current = current;
    this.#handlers = handlers;
    this.#stamp = stampOf(paths);
    this.#warn();
    setInterval(() => this.#look(), lookMs).unref();
  }

  /**
   * Reads the certificate at these paths, and returns what uses it, which returns false if it was in use already. Throws
   * an Error of one sentence if it cannot be used.
   */
  reread(paths: CertificatePaths): () => boolean {
    const certificate = readCertificate(paths["tls-cert"], paths["tls-key"]);
    return () => certificate !== undefined && this.#replace(certificate);
  }

  #replace(certificate: Certificate): boolean {
    const { cert, key } = this.#current;
    if (certificate.cert === cert && certificate.key === key) return false;
    this.#handlers.use(certificate);
    this.#current = certificate;
    this.#warnedAt = -Infinity;
    this.#handlers.say(`It speaks TLS with another certificate now, sha256:${certificate.fingerprint}`);
    this.#warn();
    return true;
  }

  #look(): void {
    const stamp = stampOf(this.#paths);
    // Before it is read: what changes meanwhile is seen the next time.
    const isSame = stamp === this.#stamp;
    this.#stamp = stamp;
    if (!isSame) this.#read();
    this.#warn();
  }

  #read(): void {
    try {
      this.reread(this.#paths)();
    } catch (error) {
      this.#handlers.say(
        `The certificate in use stays, since the new one cannot be used: ${messageOf(error)}`,
      );
    }
  }

  #warn(): void {
    const { doubt } = this.#current;
    if (doubt === undefined || performance.now() - this.#warnedAt < dayMs) return;
    this.#warnedAt = performance.now();
    this.#handlers.say(doubt);
  }
}

/** Changes whenever one of the files, or what a link leads to, does. */
function stampOf(paths: CertificatePaths): string {
  return [paths["tls-cert"], paths["tls-key"]].map((path) => stampOfFile(path ?? "")).join(" ");
}

function stampOfFile(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [ino, size, mtimeMs, ctimeMs].join("/");
  } catch {
    return "none";
  }
}
