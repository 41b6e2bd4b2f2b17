// Addresses as limits and bans count them. An IPv6 network of 64 bits is one address here: any machine has one of its
// own, and could come from 2^64 places.

import { BlockList, isIPv6 } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether it is this machine's own: several people may share it, and whoever is there can do worse. */
export function isLoopback(address: string): boolean {
  const plain = unmapped(address);
  return loopback.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
}

/** What the limits and bans go by: an IPv4 address, or the first 64 bits of an IPv6 one. ::1 stays apart: it is ours. */
export function addressKey(address: string): string {
  const plain = unmapped(address);
  if (!isIPv6(plain)) return plain;
  if (isLoopback(plain)) return "::1";
  const [head = "", tail] = plain.split("%")[0]?.split("::") ?? [];
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const rest = tail === "" ? [] : tail.split(":");
    while (groups.length + rest.length < 8) groups.push("0");
    groups.push(...rest);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

/** ::ffff:192.0.2.1 is 192.0.2.1, seen by a socket that speaks both. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
