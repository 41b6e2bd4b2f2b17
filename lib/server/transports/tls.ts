// TLS: reads the certificate, and handles a connection until its handshake is done; the rest is Bun's. A session gets the same
// socket as without TLS.
//
//   open ──▶ Handshake ──done──▶ Session
//                └── plain text, or no bytes for a while ──▶ a sentence in plain text (or HTTP, for HTTP), closed
//                └── a handshake without an end ──▶ closed after the time to give a name
//
// So a peer that never ends its handshake counts as a connection, too, and is closed.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Socket } from "bun";
import { answerTo } from "../../dialects/http.ts";
import { codeOf, fileReasonOf, messageOf, resultOf, UsageError } from "../../protocol/errors.ts";
import { dayMs } from "../../protocol/fields.ts";
import { type Connection, hasDescriptor } from "../session/transport.ts";

export type Certificate = {
  /** PEM, with the chain behind it. */
  cert: string;
  /** PEM. */
  key: string;
  /** Its SHA-256 in hex digits with colons, which clients show and compare. */
  fingerprint: string;
  /** Why clients do not trust it now, or will not soon, in one sentence; else undefined. */
  readonly doubt: string | undefined;
};

/** Reads a certificate and its key; undefined without files. Throws an Error of one sentence if they cannot be used. */
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
  const parsed = resultOf(() => new X509Certificate(cert));
  if (!parsed) throw new Error(`There is no PEM certificate in ${certPath}`);
  const matching = resultOf(() => parsed.checkPrivateKey(createPrivateKey(key)));
  if (matching === undefined) throw new Error(`There is no PEM key in ${keyPath} that can be read`);
  if (!matching) throw new Error(`The key in ${keyPath} is not that of the certificate in ${certPath}`);
  if (!resultOf(() => createSecureContext({ cert, key }))) {
    throw new Error(`The chain in ${certPath} has a certificate that cannot be read`);
  }
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
    throw new Error(`Cannot read ${path}: ${fileReasonOf(error)}`);
  }
}

/** How long a ClientHello may take, in ms: one that was lost comes again after a second. */
const helloWithinMs = 2_000;
const waysIn = ["bun ChatClient.ts --tls HOST:PORT", "openssl s_client -quiet -connect HOST:PORT"];
const sentence = `
! This room speaks TLS: join with bun ChatClient.ts --tls, or openssl s_client.
ERROR :Closing Link: * (This room speaks TLS)\r
`;

/** The part of a socket that a handshake needs. */
type HandshakeSocket = Pick<Socket, "end" | "terminate" | "getCipher">;

/** A connection until its TLS handshake is done. */
export class Handshake implements Connection {
  readonly #socket: HandshakeSocket;
  readonly #begin: () => void;
  readonly #hello: Timer;
  readonly #deadline: Timer;

  /** `withinMs`: how long the handshake may take. `begin` is called once it is done, and starts the session. */
  constructor(socket: HandshakeSocket, withinMs: number, begin: () => void) {
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

  /** Bun delivers no bytes before the handshake is done. */
  receive(): void {}
  drained(): void {}

  /** A peer that speaks no TLS sent plain text or HTTP, and is answered in the same. */
  #failed(problem: Error | null): void {
    if (codeOf(problem) !== "EPROTO") return;
    tellInPlain(
      this.#socket,
      messageOf(problem).endsWith("HTTP_REQUEST") ? answerTo("GET", waysIn) : sentence,
    );
  }

  /** Tells a peer that waits for a greeting, such as a person on nc, and closes. After a ClientHello the socket has a cipher. */
  #lookForHello(): void {
    if (this.#socket.getCipher()?.name) return;
    tellInPlain(this.#socket, sentence);
    this.#socket.end();
  }
}

/**
 * Writes to the file descriptor, since the socket would encrypt the text. A closed connection has none; if Bun shows none, the
 * peer gets only the TLS alert.
 */
function tellInPlain(socket: object, text: string): void {
  if (!hasDescriptor(socket) || socket.fd < 0) return;
  try {
    writeSync(socket.fd, text);
  } catch {
    // The connection has closed meanwhile.
  }
}

/** With fewer days left a certificate should have been renewed: Let's Encrypt advises to do so 30 days before its end. */
const renewalDays = 21;

function doubtOf({ validFromDate, validToDate }: X509Certificate, path: string): string | undefined {
  const now = Date.now();
  if (validToDate.getTime() <= now) return `The certificate in ${path} has expired, on ${dayOf(validToDate)}`;
  if (validFromDate.getTime() > now)
    return `The certificate in ${path} is not valid before ${dayOf(validFromDate)}`;
  const days = Math.floor((validToDate.getTime() - now) / dayMs);
  if (days >= renewalDays) return undefined;
  return `The certificate in ${path} expires in ${daysInWords(days)}, on ${dayOf(validToDate)}: renew it`;
}

function daysInWords(days: number): string {
  if (days === 0) return "less than a day";
  return days === 1 ? "1 day" : `${days} days`;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
