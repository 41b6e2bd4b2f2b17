// Checks the head of a request from a browser. A page of another site can make a browser send any request, so two
// headers decide which requests are answered:
//
//   Host     must be a name of this machine or of --web-names: another site may lead its own name here (DNS rebinding)
//   Origin   is the site whose page sends the request, and must be this one. Programs send none
//
// A proxy adds the address from which a request comes to the end of X-Forwarded-For: only the last entry is from the proxy. Any
// client can send that header, so it counts only in requests from proxies.

import { isAddress, type Place } from "../../../protocol/addresses.ts";
import { isOwnHost } from "./host-names.ts";

/** Why a request is refused: a status of HTTP and a sentence. */
export type Refusal = { status: number; text: string };

/** Why a request with these headers is refused; undefined if it is not. `names`: the names of --web-names. */
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

/** Whether the origin is a page of this host. The default port of a scheme may be written or not. */
function isSameHost(origin: string, host: string): boolean {
  const from = URL.parse(origin);
  if (from === null || !/^https?:$/.test(from.protocol)) return false;
  return URL.parse(`${from.protocol}//${host}`)?.host === from.host;
}

/** Where a request comes from. `isProxy`: whether a peer is a proxy, whose X-Forwarded-For counts. */
export function placeOf(headers: Headers, peer: Place, isProxy: (address: string) => boolean): Place {
  const given = headers.get("x-forwarded-for")?.split(",").at(-1)?.trim();
  if (given === undefined || !isProxy(peer.host)) return peer;
  // Some proxies write the port, too: 192.0.2.7:1234, [2001:db8::7]:1234.
  const host = given.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");
  return isAddress(host) ? { host, port: peer.port } : peer;
}

/** Whether the browser accepts this encoding; q=0 means that it does not. */
export function accepts(headers: Headers, encoding: string): boolean {
  const listed = (headers.get("accept-encoding") ?? "").toLowerCase().split(",");
  return listed.some((entry) => {
    const [name, ...parameters] = entry.split(";").map((part) => part.trim());
    return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
