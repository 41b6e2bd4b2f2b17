// The TCP listener, beside what Bun does: the commands that join it, how it waits for a port that is still taken, and
// why it cannot listen. Each reason is one sentence that says what to change.

import { addressOf, type Place } from "../../protocol/addresses.ts";
import { codeOf, messageOf } from "../../protocol/errors.ts";
import { defaultHost, defaultPort } from "../../protocol/events.ts";
import type { WithDescriptor } from "../session/transport.ts";

/** The two commands that join a server at this place: with the client, and with nc or openssl. */
export function waysIn(place: Place, tls: boolean): [ours: string, theirs: string] {
  const address = addressOf(place);
  const isDefault = place.host === defaultHost && place.port === defaultPort;
  return [
    `bun ChatClient.ts${tls ? " --tls" : ""}${isDefault ? "" : ` ${address}`}`,
    tls ? `openssl s_client -quiet -connect ${address}` : `nc ${place.host} ${place.port}`,
  ];
}

/** A peer that is silent for so long is asked by the kernel, each second; after ten questions the connection is closed. */
export const keepAliveMs = 60_000;

/** Bun's sockets have a file descriptor, which its types do not tell. */
export function hasDescriptor(socket: object): socket is WithDescriptor {
  return "fd" in socket && typeof socket.fd === "number";
}

const patienceMs = 1_000;
const retryMs = 100;

/**
 * What `listen` returns. A port that is taken is tried again for a second: a server that has just ended may still hold
 * it. Throws an Error that says in one sentence why the server cannot listen.
 */
export function listenPatiently<T>(place: Place, listen: () => T): T {
  const begunAt = performance.now();
  for (;;) {
    try {
      return listen();
    } catch (error) {
      const isTaken = codeOf(error) === "EADDRINUSE";
      if (!isTaken || performance.now() - begunAt >= patienceMs) throw new Error(cannotListen(error, place));
    }
    // Blocking stops nothing: the server has no connection before it has a port.
    Bun.sleepSync(retryMs);
  }
}

/** Why the server cannot listen, in one sentence. `error`: what Bun.listen threw. */
export function cannotListen(error: unknown, place: Place): string {
  const reasons: Record<string, string> = {
    EADDRINUSE:
      "something listens there already, or has used the port a moment ago: end it, or choose another --port",
    EADDRNOTAVAIL: "this machine has no such address: choose another --host",
    EAFNOSUPPORT: "this machine does not speak that kind of address: choose another --host",
    EINVAL: "an address of one link needs its interface, as in fe80::1%eth0: choose another --host",
    EACCES: "ports below 1024 need more rights: choose another --port",
    EPERM: "the system does not allow it: choose another --port",
    ENOTFOUND: "this machine knows no such host: choose another --host",
  };
  return `Cannot listen on ${addressOf(place)}, ${reasons[reasonCode(error)] ?? messageOf(error)}`;
}

/** Bun gives the failed look-up of a name no code, only this message. */
function reasonCode(error: unknown): string {
  return codeOf(error) || (messageOf(error).startsWith("Failed to listen at") ? "ENOTFOUND" : "");
}
