// Addresses as limits and bans count them. An IPv6 network of 64 bits counts as one address: each machine has such a
// network for itself, and could come from any of its 2^64 addresses. An IPv4 address that a socket shows as
// ::ffff:192.0.2.1 counts as 192.0.2.1. Loopback addresses are recognised, since this machine has no limits.

import { BlockList, isIPv6 } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether it is a loopback address: several people may share the machine, and limits do not protect it from itself. */
export function isLoopback(address: string): boolean {
  const plain = unmapped(address);
  return loopback.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
}

/** What limits and bans compare: an IPv4 address, or the network of an IPv6 one. ::1 stays as it is, for this machine. */
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

/** ::ffff:192.0.2.1 is 192.0.2.1, as a socket for both families shows it. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
