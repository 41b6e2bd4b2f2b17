// The ways to join a room, for people: the commands, and the address of the page, from this machine and from others.

import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { addressOf, type Place } from "../../protocol/addresses.ts";
import { defaultHost, defaultPort } from "../../protocol/events.ts";

/** The two commands that join a server at this place: one with the client, one with nc or openssl. */
export function waysIn(listening: Place, tls: boolean): [ours: string, theirs: string] {
  const place = reachable(listening);
  const address = addressOf(place);
  const isDefault = place.host === defaultHost && place.port === defaultPort;
  return [
    `bun ChatClient.ts${tls ? " --tls" : ""}${isDefault ? "" : ` ${address}`}`,
    tls ? `openssl s_client -quiet -connect ${address}` : `nc ${place.host} ${place.port}`,
  ];
}

/** Lines that tell people how to join a server at this place, from this machine and from others. */
export function waysToJoin(place: Place, tls: boolean, interfaces?: Interfaces): string[] {
  return linesFor(place, (at) => `Join with "${waysIn(at, tls).join('" or "')}"`, interfaces);
}

/** Lines that tell people the address of the page at this place. */
export function waysToBrowse(place: Place, tls: boolean, interfaces?: Interfaces): string[] {
  return linesFor(place, (at) => `In a browser: ${pageAt(at, tls)}`, interfaces);
}

/** The address of the page at this place. */
export function pageAt(listening: Place, tls: boolean): string {
  return `${tls ? "https" : "http"}://${addressOf(reachable(listening))}`;
}

/** A line for each address at which a place can be reached, that of this machine last. */
function linesFor(place: Place, line: (place: Place) => string, interfaces?: Interfaces): string[] {
  if (!isEvery(place.host)) return [line(place)];
  const others = addressesHere(place.host, interfaces).map(
    (host) => `${line({ ...place, host })} from other machines`,
  );
  return [...others, `${line({ ...place, host: defaultHost })} here`];
}

/** The place at which other machines reach a server: of one that listens on every address, the first of these. */
function reachable(listening: Place): Place {
  const { host } = listening;
  return isEvery(host) ? { ...listening, host: addressesHere(host)[0] ?? defaultHost } : listening;
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** Whether the host stands for every address of this machine. */
function isEvery(host: string): boolean {
  return host === "::" || host === "0.0.0.0";
}

/** The addresses that other machines may reach, without link-local ones, which need the interface of the other machine. */
function addressesHere(host: string, interfaces: Interfaces = networkInterfaces()): string[] {
  return Object.values(interfaces)
    .flatMap((infos = []) => infos)
    .filter(({ internal, family, address }) => {
      return !internal && !/^fe80:/i.test(address) && (host === "::" || family === "IPv4");
    })
    .map(({ address }) => address);
}
