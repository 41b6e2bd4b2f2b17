// TCP, as far as it is not Bun's: what the listener is reached by, in words, and why it cannot listen.

import { defaultHost, defaultPort } from "../../protocol/events.ts";

/** A host as it was asked for, and a port. */
export type Place = { host: string; port: number };

/** `host:port`, with brackets around the colons of IPv6. */
export function addressOf({ host, port }: Place): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The two commands to join with, where the server listens. */
export function waysIn(place: Place, tls: boolean): [ours: string, theirs: string] {
  const address = addressOf(place);
  const isDefault = place.host === defaultHost && place.port === defaultPort;
  return [
    `bun ChatClient.ts${tls ? " --tls" : ""}${isDefault ? "" : ` ${address}`}`,
    tls ? `openssl s_client -quiet -connect ${address}` : `nc ${place.host} ${place.port}`,
  ];
}

/** Why the server cannot listen, in one sentence. `error`: what Bun.listen threw. */
export function cannotListen(error: unknown, place: Place): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Record<string, string> = {
    EADDRINUSE: "something listens there already: end it, or choose another --port",
    EADDRNOTAVAIL: "this machine has no such address: choose another --host",
    ENOTFOUND: "there is no such host: choose another --host",
    EAFNOSUPPORT: "this machine does not speak that kind of address: choose another --host",
    EACCES: "ports below 1024 need more rights: choose another --port",
    EPERM: "the system does not allow it: choose another --port",
  };
  return `Cannot listen on ${addressOf(place)}, ${reasons[code] ?? String(error)}`;
}
