// Addresses as text: tells IP addresses and networks from names, and writes each in one notation, whichever a person used. It
// needs no runtime, since browsers have no function for this. It looks up no name.
//
//   ::ffff:192.0.2.1, ::FFFF:c000:201, 192.000.002.001   192.0.2.1
//   10.1.2.3/8                                           10.0.0.0/8
//   2001:0DB8:0:1::7/64                                  2001:db8:0:1::/64

const byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const version4 = new RegExp(`^${byte}(?:\\.${byte}){3}$`);
/** A version 4 address at the end of a version 6 one: it stands for the last two groups. */
const mapped = new RegExp(`(?<=:)${byte}(?:\\.${byte}){3}$`);
const group = /^[\da-f]{1,4}$/i;
/** The scope behind a version 6 address: fe80::1%eth0. */
const scope = /%[\da-z.:-]+$/i;
/** Leading zeros of a byte of version 4: people write them, sockets do not. */
const paddedByte = /(?<=^|[.:])0{1,2}(?=\d{1,2}(?:\.|$))(?=[\d.]*$)/g;

/** A host, which is a name or an IP address without brackets, and a port. */
export type Place = { host: string; port: number };

/**
 * The addresses whose first `bits` bits are those of `first`: of 32 bits in version 4, of 128 in version 6. A single address is
 * a network of all its bits. A version 4 address written as a version 6 one (::ffff:192.0.2.1) has version 4 here.
 */
export type Network = { version: 4 | 6; first: bigint; bits: number };

/** `host:port`, with brackets around the colons of IPv6. */
export function addressOf({ host, port }: Place): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * A key that is equal for all spellings of one server: names in any case, addresses in any notation, and localhost in each of
 * its forms. It looks up no name.
 */
export function serverKey({ host, port }: Place): string {
  // An address with a scope stays as it is: the scope is part of the place.
  const network = scope.test(host) ? undefined : networkIn(host);
  const plain = network ? networkText(network) : host.toLowerCase().replace(/\.$/, "");
  return addressOf({ host: ownHosts.has(plain) ? "localhost" : plain, port });
}

const ownHosts = new Set(["localhost", "127.0.0.1", "::1"]);

/** Whether the whole text is an IP address, of version 4 or 6. */
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

/** Reads a network or an address in any notation; undefined if the text is neither. */
export function networkIn(text: string): Network | undefined {
  const [, host = "", length] = /^\[?([^/\]]*)\]?(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = host.replace(paddedByte, "");
  if (!isAddress(address)) return undefined;
  const version = version4.test(address) ? 4 : 6;
  const first = version === 4 ? version4Number(address) : version6Number(address.replace(scope, ""));
  const all = lengthOf[version];
  const bits = length === undefined ? all : Number(length);
  if (bits > all) return undefined;
  const isMapped = version === 6 && bits >= mappedBits && first >> 32n === 0xffffn;
  return isMapped
    ? networkOf({ version: 4, first: first & 0xffff_ffffn, bits: bits - mappedBits })
    : networkOf({ version, first, bits });
}

const lengthOf = { 4: 32, 6: 128 };
/** The length of ::ffff:0:0/96, which holds the version 4 addresses within version 6. */
const mappedBits = 96;

/** The network with the address `first`, whose bits after the first `bits` become 0. */
export function networkOf({ version, first, bits }: Network): Network {
  const cut = BigInt(lengthOf[version] - bits);
  return { version, first: (first >> cut) << cut, bits };
}

/** Whether the network contains the address, or the whole of the other network. */
export function contains(network: Network, { version, first, bits }: Network): boolean {
  if (version !== network.version || bits < network.bits) return false;
  return networkOf({ version, first, bits: network.bits }).first === network.first;
}

/** Writes a network or an address in the one notation: 10.0.0.0/8, 2001:db8::1 (RFC 5952). */
export function networkText({ version, first, bits }: Network): string {
  if (version === 4) {
    const bytes = [24n, 16n, 8n, 0n].map((shift) => (first >> shift) & 0xffn).join(".");
    return bits === 32 ? bytes : `${bytes}/${bits}`;
  }
  const groups = Array.from({ length: 8 }, (_, at) => Number((first >> BigInt(16 * (7 - at))) & 0xffffn));
  if (bits === 128) return shortened(groups);
  const shown = groups.slice(0, Math.ceil(bits / 16)).map((group) => group.toString(16));
  return `${shown.join(":")}${shown.length === 8 ? "" : "::"}/${bits}`;
}

/** A version 6 address in the form of RFC 5952: "::" stands for the first of its longest rows of zeros. */
function shortened(groups: number[]): string {
  const text = groups.map((group) => group.toString(16)).join(":");
  const rows = [...text.matchAll(/\b0(?::0)+\b/g)].sort(([a], [b]) => b.length - a.length);
  const [row] = rows;
  if (!row) return text;
  const [before, after] = [text.slice(0, row.index), text.slice(row.index + row[0].length)];
  return `${before.replace(/:$/, "")}::${after.replace(/^:/, "")}`;
}

function version4Number(text: string): bigint {
  return text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function version6Number(text: string): bigint {
  const hex = text.replace(mapped, (bytes) => {
    const number = version4Number(bytes);
    return `${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
  });
  const [head = [], tail] = hex.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const missing = Array<string>(8 - head.length - (tail?.length ?? 0)).fill("0");
  const groups = tail === undefined ? head : [...head, ...missing, ...tail];
  return groups.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n);
}
