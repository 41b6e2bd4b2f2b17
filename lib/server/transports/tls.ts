// TLS, beside what Bun does: the certificate, and a connection until its handshake is done. A session gets the same
// socket as without TLS.
//
//   open ──▶ Handshake ──done──▶ Session
//                └── plain text, or nothing for a while ──▶ a sentence in plain text (or HTTP, for HTTP), closed
//                └── no end to it ──▶ closed after the time to give a name
//
// So a peer that never shakes hands counts as a connection too, and is closed.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Socket } from "bun";
import { answerTo } from "../../dialects/http.ts";
import { codeOf, messageOf, UsageError } from "../../protocol/errors.ts";
import { type Connection, hasDescriptor } from "../session/transport.ts";

/** A certificate and its key, as a server uses them. */
export type Certificate = {
  /** PEM, with the chain behind it. */
  cert: string;
  /** PEM. */
  key: string;
  /** Its SHA-256 in hex, with colons: clients show and compare it. */
  fingerprint: string;
  /** Why clients will not trust it now, or soon, in one sentence. */
  readonly doubt: string | undefined;
};

/** The certificate in these two files; undefined without files. Throws an Error of one sentence if they do not do. */
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
  if (!isUsable(cert, key)) throw new Error(`The chain in ${certPath} has a certificate that cannot be read`);
  return {
    cert,
    key,
    fingerprint: parsed.fingerprint256,
    get doubt() {
      return doubtOf(parsed, certPath);
    },
  };
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
const sentence = `
! This room speaks TLS: join with bun ChatClient.ts --tls, or openssl s_client.
ERROR :Closing Link: * (This room speaks TLS)\r
`;

/** What a handshake needs of its socket. */
export type Shaking = Pick<Socket, "end" | "terminate" | "getCipher">;

/** A connection until its TLS handshake is done. */
export class Handshake implements Connection {
  readonly #socket: Shaking;
  readonly #begin: () => void;
  readonly #hello: Timer;
  readonly #deadline: Timer;

  /** `withinMs`: how long the handshake may take. `begin` is called once it is done, and starts the session. */
  constructor(socket: Shaking, withinMs: number, begin: () => void) {
    this.#socket = socket;
    this.#begin = begin;
    this.#hello = setTimeout(() => this.#lookForHello(), helloWithinMs);
    this.#deadline = setTimeout(() => socket.terminate(), withinMs);
  }

  /** The handshake is done (`ok`), or it failed. */
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

  /** A peer that sent no TLS at all sent plain text or HTTP: it is answered in the same. */
  #failed(problem: Error | null): void {
    if (codeOf(problem) !== "EPROTO") return;
    tellInPlain(
      this.#socket,
      messageOf(problem).endsWith("HTTP_REQUEST") ? answerTo("GET", waysIn) : sentence,
    );
  }

  /** Closes a peer that waits for a greeting, such as a person on nc. With a ClientHello, the socket has a cipher. */
  #lookForHello(): void {
    if (this.#socket.getCipher()?.name) return;
    tellInPlain(this.#socket, sentence);
    this.#socket.end();
  }
}

/**
 * Writes to the file descriptor, since the socket would encrypt the text. A connection that is gone has no descriptor;
 * where Bun shows none, the peer has only the TLS alert.
 */
function tellInPlain(socket: object, text: string): void {
  if (!hasDescriptor(socket) || socket.fd < 0) return;
  try {
    writeSync(socket.fd, text);
  } catch {
    // Gone already.
  }
}

const dayMs = 86_400_000;
/** A certificate that has fewer days left should have been renewed: Let's Encrypt advises to do so 30 days before. */
const renewalDays = 21;

function doubtOf({ validFromDate, validToDate }: X509Certificate, path: string): string | undefined {
  const now = Date.now();
  if (validToDate.getTime() <= now) return `The certificate in ${path} has expired, on ${dayOf(validToDate)}`;
  if (validFromDate.getTime() > now)
    return `The certificate in ${path} is not valid before ${dayOf(validFromDate)}`;
  const days = Math.floor((validToDate.getTime() - now) / dayMs);
  if (days >= renewalDays) return undefined;
  const left = days === 0 ? "less than a day" : days === 1 ? "1 day" : `${days} days`;
  return `The certificate in ${path} expires in ${left}, on ${dayOf(validToDate)}: renew it`;
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

/** Whether TLS can be spoken with all that is in the file, the chain included. */
function isUsable(cert: string, key: string): boolean {
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
}

/** Whether the key is that of the certificate; undefined if the text is no PEM key. */
function matches(certificate: X509Certificate, key: string): boolean | undefined {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return undefined;
  }
}
