// How a room is joined, for people: the commands and the address of the page, from this machine and from others.

import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { addressOf, type Place } from "../../protocol/addresses.ts";
import { defaultHost, defaultPort } from "../../protocol/events.ts";

/** The two commands that join a server at this place: with the client, and with nc or openssl. */
export function waysIn(listening: Place, tls: boolean): [ours: string, theirs: string] {
  const place = reachable(listening);
  const address = addressOf(place);
  const isDefault = place.host === defaultHost && place.port === defaultPort;
  return [
    `bun ChatClient.ts${tls ? " --tls" : ""}${isDefault ? "" : ` ${address}`}`,
    tls ? `openssl s_client -quiet -connect ${address}` : `nc ${place.host} ${place.port}`,
  ];
}

/** How a room that listens on `host` is joined, in lines for people: from this machine, and from others. */
export function waysToJoin(place: Place, tls: boolean, interfaces?: Interfaces): string[] {
  return linesFor(place, (at) => `Join with "${waysIn(at, tls).join('" or "')}"`, interfaces);
}

/** The same for its page, which is at this place. */
export function waysToBrowse(place: Place, tls: boolean, interfaces?: Interfaces): string[] {
  return linesFor(place, (at) => `In a browser: ${pageAt(at, tls)}`, interfaces);
}

/** The address of the page that is at this place. */
export function pageAt(listening: Place, tls: boolean): string {
  return `${tls ? "https" : "http"}://${addressOf(reachable(listening))}`;
}

/** A line for each place at which it is reached, the one on this machine last. */
function linesFor(place: Place, line: (place: Place) => string, interfaces?: Interfaces): string[] {
  if (!isEvery(place.host)) return [line(place)];
  const others = addressesHere(place.host, interfaces).map(
    (host) => `${line({ ...place, host })} from other machines`,
  );
  return [...others, `${line({ ...place, host: defaultHost })} here`];
}

/** A place at which other machines reach what listens on every address. */
function reachable(listening: Place): Place {
  const { host } = listening;
  return isEvery(host) ? { ...listening, host: addressesHere(host)[0] ?? defaultHost } : listening;
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** Whether it stands for every address of this machine. */
function isEvery(host: string): boolean {
  return host === "::" || host === "0.0.0.0";
}

/** The addresses that other machines may reach; those of one link alone need an interface, which differs there. */
function addressesHere(host: string, interfaces: Interfaces = networkInterfaces()): string[] {
  return Object.values(interfaces)
    .flatMap((infos = []) => infos)
    .filter(({ internal, family, address }) => {
      return !internal && !/^fe80:/i.test(address) && (host === "::" || family === "IPv4");
    })
    .map(({ address }) => address);
}
