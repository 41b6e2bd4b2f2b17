// TLS, as far as it is ours: the certificate, and a connection until its handshake is done. Bun does the rest; what
// a session gets is a socket as without TLS.
//
//   open ──▶ Handshake ──done──▶ Session
//                └── plain text, or nothing for a while ──▶ a sentence in plain text (or HTTP, for HTTP), closed
//                └── no end to it ──▶ closed after the time to give a name
//
// So a peer that never shakes hands is among the connections too, and does not stay.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import type { Socket } from "bun";
import { answerTo } from "../../dialects/http.ts";
import { codeOf, messageOf, UsageError } from "../../protocol/errors.ts";
import type { Connection } from "../session/transport.ts";

export type Certificate = {
  /** PEM, with the chain behind it. */
  cert: string;
  /** PEM. */
  key: string;
  /** What clients know it by: its SHA-256 in hex, with colons. */
  fingerprint: string;
  /** Why clients will not trust it now, in one sentence. */
  doubt: string | undefined;
};

/** The certificate in these two files; undefined for none. Throws what is wrong with them, in one sentence. */
export function readCertificate(
  certPath: string | undefined,
  keyPath: string | undefined,
): Certificate | undefined {
  if (certPath === undefined && keyPath === undefined) return undefined;
  if (certPath === undefined || keyPath === undefined) {
    throw new UsageError("--tls-cert and --tls-key go together: give both, or neither");
  }
  const cert = read(certPath);
  const key = read(keyPath);
  const parsed = certificateIn(cert);
  if (!parsed) throw new Error(`There is no PEM certificate in ${certPath}`);
  const matching = matches(parsed, key);
  if (matching === undefined) throw new Error(`There is no PEM key in ${keyPath} that can be read`);
  if (!matching) throw new Error(`The key in ${keyPath} is not that of the certificate in ${certPath}`);
  return { cert, key, fingerprint: parsed.fingerprint256, doubt: doubtOf(parsed, certPath) };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${messageOf(error)}`);
  }
}

/** How long a ClientHello may be on its way: one that was lost comes again after a second. */
const helloWithinMs = 2_000;
const waysIn = ["bun ChatClient.ts --tls HOST:PORT", "openssl s_client -quiet -connect HOST:PORT"];
const sentence = "\n! This room speaks TLS: join with bun ChatClient.ts --tls, or openssl s_client.\n";

/** What a handshake needs of its socket. */
export type Shaking = Pick<Socket, "end" | "terminate" | "getCipher">;

/** Stands for a connection among the clients until its session can begin. */
export class Handshake implements Connection {
  readonly isBehind = false;
  readonly isPaused = false;
  readonly #socket: Shaking;
  readonly #begin: () => void;
  readonly #hello: Timer;
  readonly #deadline: Timer;

  /** `withinMs`: how long it may take. `begin` is called once it is done. */
  constructor(socket: Shaking, withinMs: number, begin: () => void) {
    this.#socket = socket;
    this.#begin = begin;
    this.#hello = setTimeout(() => this.#lookForHello(), helloWithinMs);
    this.#deadline = setTimeout(() => socket.terminate(), withinMs);
  }

  /** It is done, or it failed. */
  ended(ok: boolean, problem: Error | null): void {
    if (!ok) return this.#failed(problem);
    this.closed();
    this.#begin();
  }

  closed(): void {
    clearTimeout(this.#hello);
    clearTimeout(this.#deadline);
  }

  dismiss(): void {
    this.#socket.terminate();
  }

  inputEnded(): void {
    this.#socket.terminate();
  }

  /** Before the handshake nothing is delivered. */
  receive(): void {}
  drained(): void {}

  /** What was no TLS at all was plain text, or HTTP; a connection that is gone has no descriptor. */
  #failed(problem: Error | null): void {
    if (codeOf(problem) !== "EPROTO") return;
    tellInPlain(
      this.#socket,
      messageOf(problem).endsWith("HTTP_REQUEST") ? answerTo("GET", waysIn) : sentence,
    );
  }

  /** A person on nc waits to be greeted. A cipher is chosen once there was a ClientHello. */
  #lookForHello(): void {
    if (this.#socket.getCipher()?.name) return;
    tellInPlain(this.#socket, sentence);
    this.#socket.end();
  }
}

/** The socket would encrypt it, so the file descriptor is written to; where there is none, there is the TLS alert. */
function tellInPlain(socket: object, text: string): void {
  if (!("fd" in socket) || typeof socket.fd !== "number" || socket.fd < 0) return;
  try {
    writeSync(socket.fd, text);
  } catch {
    // Gone already.
  }
}

function doubtOf({ validFromDate, validToDate }: X509Certificate, path: string): string | undefined {
  const now = Date.now();
  if (validToDate.getTime() <= now) return `The certificate in ${path} has expired, on ${dayOf(validToDate)}`;
  if (validFromDate.getTime() > now)
    return `The certificate in ${path} is not valid before ${dayOf(validFromDate)}`;
  return undefined;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function certificateIn(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** Undefined if that is no key. */
function matches(certificate: X509Certificate, key: string): boolean | undefined {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return undefined;
  }
}
