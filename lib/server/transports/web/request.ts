// What a request of a browser may do, by its head alone. A page of another site can make a browser send anything, and what
// it may read or open is the server's to say:
//
//   Host     must name this machine, or a name of --web-names: no site can lead its own name here (DNS rebinding)
//   Origin   is the site whose page asks; it must be this one. Programs have none
//
// A proxy adds the address that a request comes from to the end of X-Forwarded-For: only the last entry is the proxy's
// own. Any client can send that header, so it counts from proxies alone.

import { isAddress, type Place } from "../../../protocol/addresses.ts";
import { isOwnHost } from "../../limits/host-names.ts";

/** Why a request is refused: a status of HTTP and a sentence. */
export type Refusal = { status: number; text: string };

/** Why a request with this head is refused; undefined if it is not. `names`: those of --web-names. */
export function refusalOf(headers: Headers, names: readonly string[]): Refusal | undefined {
  const host = headers.get("host") ?? "";
  if (!isOwnHost(host, names)) {
    const name = host.replace(/:\d*$/, "");
    const text = /^[\w.-]+$/.test(name)
      ? `This room is not known as ${name}: start its server with --web-names ${name}`
      : "This room is not known by that name: start its server with --web-names NAME";
    return { status: 421, text };
  }
  const origin = headers.get("origin");
  if (origin === null || isSameHost(origin, host)) return undefined;
  return { status: 403, text: "Only the room's own page may do that: open it in a tab of its own" };
}

/** Whether the origin is a page of this host; the port that a scheme has by itself may be there or not. */
function isSameHost(origin: string, host: string): boolean {
  const from = URL.parse(origin);
  if (from === null || !/^https?:$/.test(from.protocol)) return false;
  return URL.parse(`${from.protocol}//${host}`)?.host === from.host;
}

/** Where a request comes from. `isProxy`: whether the peer that sent it is believed to tell of another one. */
export function placeOf(headers: Headers, peer: Place, isProxy: (address: string) => boolean): Place {
  const given = headers.get("x-forwarded-for")?.split(",").at(-1)?.trim();
  if (given === undefined || !isProxy(peer.host)) return peer;
  // Some proxies write the port, too: 192.0.2.7:1234, [2001:db8::7]:1234.
  const host = given.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");
  return isAddress(host) ? { host, port: peer.port } : peer;
}

/** Whether this encoding is accepted; q=0 says that it is not. */
export function accepts(headers: Headers, encoding: string): boolean {
  const listed = (headers.get("accept-encoding") ?? "").toLowerCase().split(",");
  return listed.some((entry) => {
    const [name, ...parameters] = entry.split(";").map((part) => part.trim());
    return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
