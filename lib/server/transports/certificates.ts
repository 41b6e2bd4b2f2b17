// Keeps the certificate of the server up to date. Programs that renew certificates change the files, often through links, and
// one file after the other; so the size and the times of the files are checked once a minute. A certificate that cannot be used
// is reported once, and the present one stays. One that expires soon is reported once a day.

import { statSync } from "node:fs";
import { messageOf, resultOf } from "../../protocol/errors.ts";
import { dayMs } from "../../protocol/fields.ts";
import { type Certificate, readCertificate } from "./tls.ts";

type CertificatePaths = { "tls-cert": string | undefined; "tls-key": string | undefined };

type CertificateHandlers = {
  /** Called with the certificate to use from now on. */
  use: (certificate: Certificate) => void;
  /** Called with a sentence for the person who runs the server. */
  say: (message: string) => void;
};

const lookMs = 60_000;
export class CertificateWatch {
  readonly #paths: CertificatePaths;
  readonly #handlers: CertificateHandlers;
  #current: Certificate;
  /** The files as they were when they were last read. */
  #stamp: string;
  /** When the latest warning about the present certificate was given, by performance.now(). */
  #warnedAt = -Infinity;

  /** `paths` may change later. Warns about the present certificate at once, if clients will not trust it. */
  constructor(paths: CertificatePaths, current: Certificate, handlers: CertificateHandlers) {
    this.#paths = paths;
    this.#current = current;
    this.#handlers = handlers;
    this.#stamp = stampOf(paths);
    this.#warn();
    setInterval(() => this.#look(), lookMs).unref();
  }

  /**
   * Reads the certificate at these paths. Returns a function that uses it, which returns false if it was in use already. Throws
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
    // Set before the files are read: a change meanwhile is seen at the next look.
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

/** A text that changes whenever one of the files, or the file to which a link leads, changes. */
function stampOf(paths: CertificatePaths): string {
  return [paths["tls-cert"], paths["tls-key"]].map((path) => stampOfFile(path ?? "")).join(" ");
}

function stampOfFile(path: string): string {
  const stats = resultOf(() => statSync(path));
  return stats ? [stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join("/") : "none";
}
