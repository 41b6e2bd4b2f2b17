// Addresses as text: tells an IP address from a name, without a runtime's help (a browser has no function for it), and
// writes a host and a port as one. Nothing is looked up: a name stays a name.

const byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const version4 = new RegExp(`^${byte}(?:\\.${byte}){3}$`);
/** A version 4 address at the end stands for the last two groups. */
const mapped = new RegExp(`(?<=:)${byte}(?:\\.${byte}){3}$`);
const group = /^[\da-f]{1,4}$/i;
/** The scope behind a version 6 address: fe80::1%eth0. */
const scope = /%[\da-z.:-]+$/i;

/** A host as a person gives it, a name or an IP address without brackets, and a port. */
export type Place = { host: string; port: number };

/** `host:port`, with brackets around the colons of IPv6. */
export function addressOf({ host, port }: Place): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether the text is an IP address, of version 4 or 6, and nothing else. */
export function isAddress(text: string): boolean {
  return version4.test(text) || isVersion6(text.replace(scope, ""));
}

function isVersion6(text: string): boolean {
  const halves = text.replace(mapped, "0:0").split("::");
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  // "::" stands for one group of zeros at least.
  const isWhole = halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8;
  return isWhole && groups.every((part) => group.test(part));
}
