// The PROXY protocol, versions 1 and 2: a proxy writes a header in front of a connection's bytes, to say where they come from.
//
//   PROXY TCP4 192.0.2.1 198.51.100.7 56324 53000 CR LF                       version 1
//   12 bytes of signature | version, command | family | length | addresses, more fields     version 2
//
// The format is that of https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt. Any client can write such a header, so it
// is read only from the proxies that --proxy names. A connection of the proxy itself, such as a check whether the server is
// up, has no address in its header (LOCAL, UNKNOWN): it counts as one from the proxy.

import { networkIn, networkText, type Place } from "../../protocol/addresses.ts";
import { UsageError } from "../../protocol/errors.ts";
import { Networks } from "../limits/addresses.ts";
import type { Connection, Transport } from "../session/transport.ts";

/** A header. `length`: its bytes. `from`: where the connection comes from; undefined: from the proxy itself. */
type ProxyHeader = { length: number; from: Place | undefined };

const signature1 = Buffer.from("PROXY ");
/** Bytes in the longest line of version 1, with its CR and LF. */
const longestLine = 107;
const line1 = /^PROXY (?:UNKNOWN(?: .*)?|TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5}))$/s;

const signature2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
/** Bytes in the fixed part: signature, version and command, family, and two bytes of length. */
const fixed2 = signature2.length + 4;
const addressBytes: Record<number, 4 | 16> = { 1: 4, 2: 16 };

/** Reads the header at the beginning of these bytes; "more" if it is not whole, "wrong" if it is none. */
export function readProxyHeader(bytes: Buffer): ProxyHeader | "more" | "wrong" {
  if (startsAlike(bytes, signature1)) return readVersion1(bytes);
  if (startsAlike(bytes, signature2)) return readVersion2(bytes);
  return "wrong";
}

/** Whether the bytes begin with the signature, or with a part of it. */
function startsAlike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
}

function readVersion1(bytes: Buffer): ProxyHeader | "more" | "wrong" {
  const end = bytes.subarray(0, longestLine).indexOf("\r\n");
  if (end < 0) return bytes.length < longestLine ? "more" : "wrong";
  const match = line1.exec(bytes.toString("latin1", 0, end));
  if (!match) return "wrong";
  const [, version, host, to, port, toPort] = match;
  const length = end + 2;
  if (version === undefined) return { length, from: undefined };
  if (host?.includes(":") !== (version === "6") || to?.includes(":") !== (version === "6")) return "wrong";
  const from = placeOf(host, Number(port));
  return from && placeOf(to, Number(toPort)) ? { length, from } : "wrong";
}

function readVersion2(bytes: Buffer): ProxyHeader | "more" | "wrong" {
  if (bytes.length < fixed2) return "more";
  const [kind = 0, family = 0] = bytes.subarray(signature2.length);
  const [version, command] = [kind >> 4, kind & 0xf];
  if (version !== 2 || command > 1) return "wrong";
  const length = fixed2 + bytes.readUInt16BE(fixed2 - 2);
  if (bytes.length < length) return "more";
  const size = addressBytes[family >> 4];
  if (command === 0 || size === undefined) return { length, from: undefined };
  // Two addresses and two ports; further fields may follow them.
  if (length < fixed2 + 2 * size + 4) return "wrong";
  const source = bytes.subarray(fixed2, fixed2 + size);
  const first = BigInt(`0x${source.toString("hex")}`);
  const host = networkText(size === 4 ? { version: 4, first, bits: 32 } : { version: 6, first, bits: 128 });
  const from = placeOf(host, bytes.readUInt16BE(fixed2 + 2 * size));
  return from ? { length, from } : "wrong";
}

function placeOf(host: string, port: number): Place | undefined {
  const network = host.includes("/") ? undefined : networkIn(host);
  return network && port <= 65_535 ? { host: networkText(network), port } : undefined;
}

/** The addresses that --proxy names. Throws a UsageError with TLS, since Bun begins TLS before it hands out any bytes. */
export function trustedProxies(given: readonly string[], tls: boolean): Networks {
  if (given.length > 0 && tls) {
    throw new UsageError(
      "--proxy cannot go with --tls-cert, since the PROXY protocol comes before TLS begins: let the proxy speak TLS",
    );
  }
  return new Networks(given);
}

/** How long the header may take, in ms: TCP sends a lost packet again after a second, and later once more. */
const headerWithinMs = 5_000;

type ProxyHandlers = {
  /** The header is whole. `rest`: the bytes that came after it. */
  begin: (from: Place | undefined, rest: Buffer) => void;
  /** The header is wrong, or did not come in time. The connection is closed. */
  failed: (problem: string) => void;
};

/** A connection from a proxy until its header is read. */
export class Proxied implements Connection {
  readonly #transport: Pick<Transport, "terminate">;
  readonly #handlers: ProxyHandlers;
  readonly #deadline: Timer;
  #bytes: Buffer = Buffer.alloc(0);
  #isDone = false;

  constructor(transport: Pick<Transport, "terminate">, handlers: ProxyHandlers) {
    this.#transport = transport;
    this.#handlers = handlers;
    this.#deadline = setTimeout(() => this.#fail("sent no PROXY protocol header in time"), headerWithinMs);
  }

  receive(chunk: Buffer): void {
    if (this.#isDone) return;
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const header = readProxyHeader(this.#bytes);
    if (header === "more") return;
    if (header === "wrong") return this.#fail("began with no PROXY protocol header");
    this.closed();
    this.#handlers.begin(header.from, this.#bytes.subarray(header.length));
  }

  /** A check whether the port is open may end without a header. */
  inputEnded(): void {
    if (this.#bytes.length > 0) this.#fail("ended within its PROXY protocol header");
    else this.dismiss();
  }

  closed(): void {
    this.#isDone = true;
    clearTimeout(this.#deadline);
  }

  dismiss(): void {
    this.closed();
    this.#transport.terminate();
  }

  drained(): void {}

  #fail(problem: string): void {
    if (this.#isDone) return;
    this.#handlers.failed(problem);
    this.dismiss();
  }
}
