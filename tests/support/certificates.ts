// Certificates as a person would make them, by the openssl command, in a temporary folder.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openssl } from "./parts.ts";
import { temporaryFolder } from "./server.ts";

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export class Certificates implements Disposable {
  readonly #folder = temporaryFolder();

  /** A certificate that vouches for itself, as that of an authority does. */
  selfSigned(name: string, altName = "DNS:localhost"): this {
    const alt = ["-addext", `subjectAltName=${altName}`];
    const subject = ["-subj", `/CN=${name}`];
    this.#run("req", "-x509", ...newKey, ...this.#files(name), "-days", "30", ...subject, ...alt);
    return this;
  }

  /** A certificate signed by the authority `by`; with 0 days, it has expired. */
  signed(name: string, by: string, altName: string, days = 30): this {
    const request = join(this.#folder.path, `${name}.csr`);
    const alt = ["-addext", `subjectAltName=${altName}`];
    const [, key = ""] = this.#files(name);
    this.#run("req", ...newKey, "-keyout", key, "-out", request, "-subj", `/CN=${name}`, ...alt);
    const authority = ["-CA", this.cert(by), "-CAkey", this.key(by), "-CAcreateserial"];
    const copied = ["-days", `${days}`, "-copy_extensions", "copy"];
    this.#run("x509", "-req", "-in", request, ...authority, ...copied, "-out", this.cert(name));
    return this;
  }

  cert(name: string): string {
    return join(this.#folder.path, `${name}.pem`);
  }

  key(name: string): string {
    return join(this.#folder.path, `${name}.key`);
  }

  fingerprint(name: string): string {
    return new X509Certificate(readFileSync(this.cert(name))).fingerprint256;
  }

  /** The flags of a server with this certificate. */
  flags(name: string): string[] {
    return ["--tls-cert", this.cert(name), "--tls-key", this.key(name)];
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  #files(name: string): string[] {
    return ["-keyout", this.key(name), "-out", this.cert(name)];
  }

  #run(...command: string[]): void {
    const { exitCode, stderr } = Bun.spawnSync([openssl.found, ...command], { timeout: 20_000 });
    if (exitCode !== 0) throw new Error(`openssl ${command.join(" ")}: ${stderr}`);
  }
}

/** The certificates that the tests of TLS need. */
export function madeCertificates(): Certificates {
  return new Certificates()
    .selfSigned("self")
    .selfSigned("another")
    .selfSigned("authority")
    .selfSigned("stranger")
    .signed("good", "authority", "DNS:localhost")
    .signed("address", "authority", "IP:127.0.0.1")
    .signed("elsewhere", "authority", "DNS:elsewhere.example,IP:192.0.2.1")
    .signed("expired", "authority", "DNS:localhost", 0);
}
