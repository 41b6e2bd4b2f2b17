// Whether a server's certificate is to be trusted, as SSH does it. The first of these decides:
//
//   --fingerprint       this certificate and no other
//   an authority        of --ca, or else of the system, vouches for it and for the host
//   known_hosts         it was accepted before; another one than then is refused
//   a person            is shown its fingerprint, once; the answer goes to known_hosts
//
// Nothing is sent to a server before it is trusted. A refused server is not tried again by itself, since its certificate
// would be the same; if the room has several servers, the next one is tried.

import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import tls from "node:tls";
import { addressOf, type Place, serverKey } from "../../protocol/addresses.ts";
import { codeOf, fileReasonOf, UsageError } from "../../protocol/errors.ts";
import { Refusal } from "../core/wire.ts";

/** An unknown certificate's SHA-256 fingerprint, and why no authority vouches for it. */
export type Unknown = { fingerprint: string; doubt: string };

/** A certificate that no authority and no known_hosts vouches for; a person may. */
export class UnknownCertificate extends Refusal {
  override readonly undecided = true;
  readonly trust: Trust;
  readonly unknown: Unknown;

  constructor(message: string, trust: Trust, unknown: Unknown) {
    super(message);
    this.trust = trust;
    this.unknown = unknown;
  }
}

/** A socket after its TLS handshake, as far as trust needs it. */
export type TlsSocket = {
  readonly authorized: boolean;
  getPeerX509Certificate(): { fingerprint256: string } | undefined;
};

export type TrustOptions = Place & {
  tls: boolean;
  /** A file with the authorities to trust instead of the system's. */
  ca: string | undefined;
  fingerprint: string | undefined;
  knownHostsPath: string;
};

/** The trust that the options ask for; undefined if they do not ask for TLS. Throws a UsageError if --ca cannot be read. */
export function trustFor(options: TrustOptions): Trust | undefined {
  const { tls, ca, fingerprint } = options;
  if (!tls && ca === undefined && fingerprint === undefined) return undefined;
  return new Trust(options, ca === undefined ? undefined : readAuthorities(ca));
}

export class Trust {
  /** The server's address, as the user wrote it. */
  readonly address: string;
  readonly #key: string;
  /** TLS options for `Bun.connect`, which must not hang up by itself: `check` decides. */
  readonly tls: { rejectUnauthorized: false; ca?: string | string[] };
  readonly #fingerprint: string | undefined;
  readonly #path: string;

  /** `authorities`: PEM, those of the system by default. */
  constructor(
    options: Pick<TrustOptions, "host" | "port" | "fingerprint" | "knownHostsPath">,
    authorities?: string,
  ) {
    this.address = addressOf(options);
    this.#key = serverKey(options);
    this.#fingerprint = options.fingerprint;
    this.#path = options.knownHostsPath;
    this.tls = { rejectUnauthorized: false };
    // With a fingerprint, no authority is asked.
    if (options.fingerprint === undefined) this.tls.ca = authorities ?? systemAuthorities();
  }

  /**
   * Throws a Refusal unless the server is to be trusted. `problem` is that of Bun's `handshake` handler, whose `success`
   * is no help: it is true for a certificate that is self-signed or expired.
   */
  check(socket: TlsSocket, problem: Error | null): void {
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) throw this.#withoutTls(problem);
    const vouched = problem === null && socket.authorized;
    this.#checkCertificate(certificate.fingerprint256, vouched ? undefined : whyNot(problem));
  }

  /** `doubt`: why no authority vouches for it and for the host; undefined if one does. */
  #checkCertificate(fingerprint: string, doubt: string | undefined): void {
    const of = `The certificate of ${this.address}`;
    const pinned = this.#fingerprint;
    if (pinned !== undefined) {
      if (fingerprint === pinned) return;
      throw new Refusal(`${of} is sha256:${fingerprint}, not sha256:${pinned} as --fingerprint says`);
    }
    if (doubt === undefined) return;
    const all = this.#known();
    if (all.some((known) => known.fingerprint === fingerprint)) return;
    const [known] = all;
    if (known !== undefined) {
      throw new Refusal(
        `${of} has changed from sha256:${known.fingerprint} to sha256:${fingerprint}: somebody may be listening in. ` +
          `If it was to change, remove line ${known.line} of ${this.#path}`,
      );
    }
    throw new UnknownCertificate(
      `${of} is not to be trusted: ${doubt}. If it is the right one, use --fingerprint ${fingerprint}`,
      this,
      { fingerprint, doubt },
    );
  }

  /** The error of a handshake that brought no certificate. */
  #withoutTls(problem: Error | null): Error {
    const plain = problem?.message.includes("WRONG_VERSION_NUMBER");
    if (plain) return new Refusal(`${this.address} does not speak TLS: leave --tls out`);
    return problem ?? new Error("it has no certificate");
  }

  /** Accepts this certificate as the server's from now on. Throws a Refusal if known_hosts cannot be written. */
  remember(fingerprint: string): void {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const cut = !/^$|\n$/.test(this.#read());
      const line = `${this.address} sha256:${fingerprint}\n`;
      appendFileSync(this.#path, cut ? `\n${line}` : line, { mode: 0o600 });
    } catch (error) {
      throw new Refusal(
        `Cannot write ${this.#path}: ${fileReasonOf(error)}; use --fingerprint ${fingerprint}`,
      );
    }
  }

  /** The fingerprints that known_hosts has for this server, under any of its names, with their line numbers. */
  #known(): { fingerprint: string; line: number }[] {
    const rows = this.#read().split("\n");
    return rows.flatMap((row, at) => {
      const [address = "", known = ""] = row.trim().split(/\s+/);
      const [, host = "", port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
      if (serverKey({ host, port: Number(port) }) !== this.#key) return [];
      // A line that a person wrote may have something else there, which matches no certificate.
      return [{ fingerprint: normalFingerprint(known) ?? known.replace(/^sha256:/, ""), line: at + 1 }];
    });
  }

  #read(): string {
    try {
      return readFileSync(this.#path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return "";
      throw new Refusal(`Cannot read ${this.#path}: ${fileReasonOf(error)}`);
    }
  }
}

/** A SHA-256 fingerprint in the one way that is compared here: `AA:BB:…`. Undefined if the text is none. */
export function normalFingerprint(text: string): string | undefined {
  const hex = text.replace(/^sha256:/i, "").replaceAll(":", "");
  if (!/^[0-9a-f]{64}$/i.test(hex)) return undefined;
  return hex.toUpperCase().match(/../g)?.join(":");
}

/** Bun's own authorities, those of NODE_EXTRA_CA_CERTS, and those of the system, which Bun by itself does not trust. */
function systemAuthorities(): string[] {
  return [...tls.getCACertificates("default"), ...tls.getCACertificates("system")];
}

function readAuthorities(path: string): string {
  try {
    const pem = readFileSync(path, "utf8");
    if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw new Error("there is no PEM certificate in it");
    tls.createSecureContext({ ca: pem });
    return pem;
  } catch (error) {
    throw new UsageError(`Cannot read --ca ${path}: ${fileReasonOf(error)}`);
  }
}

function whyNot(problem: Error | null): string {
  const reasons: Record<string, string> = {
    DEPTH_ZERO_SELF_SIGNED_CERT: "nobody but itself vouches for it",
    SELF_SIGNED_CERT_IN_CHAIN: "no authority known here vouches for it",
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "no authority known here vouches for it",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "no authority known here vouches for it",
    ERR_TLS_CERT_ALTNAME_INVALID: "it is for another host",
    CERT_HAS_EXPIRED: "it has expired",
    CERT_NOT_YET_VALID: "it is not valid yet",
  };
  return reasons[codeOf(problem)] ?? problem?.message ?? "nobody vouches for it";
}
