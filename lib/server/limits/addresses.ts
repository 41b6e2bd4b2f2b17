// Addresses for limits and bans. An IPv6 network of 64 bits counts as one address, since a machine has such a network for itself
// and can use any of its 2^64 addresses. ::ffff:192.0.2.1, as a socket may show an IPv4 address, counts as 192.0.2.1. Loopback
// addresses have no limits.

import { contains, type Network, networkIn, networkOf, networkText } from "../../protocol/addresses.ts";

const loopback = ["127.0.0.0/8", "::1"].map(networkIn).filter((network) => network !== undefined);
/** An IPv6 network that counts as one address. */
const oneBits = 64;
/** The form of most keys, an IPv4 address or an IPv6 network of 64 bits: these need not be parsed. */
const plainKey =
  /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$|^(?:(?:0|[1-9a-f][\da-f]{0,3}):){4}:\/64$/;

/** Whether it is a loopback address. These have no limits: several people may share this machine. */
export function isLoopback(address: string): boolean {
  const network = networkIn(address);
  return network !== undefined && isWithinLoopback(network);
}

function isWithinLoopback(network: Network): boolean {
  return loopback.some((own) => contains(own, network));
}

/**
 * The key by which limits and bans compare addresses: an IPv4 address, the network of 64 bits of an IPv6 address, or a larger
 * network, in one notation. ::1 stays as it is, and so does text that is no address.
 */
export function addressKey(address: string): string {
  if (plainKey.test(address)) return address;
  const network = networkIn(address);
  if (!network) return address;
  const isOne = network.version === 6 && network.bits > oneBits && !isWithinLoopback(network);
  return networkText(isOne ? networkOf({ ...network, bits: oneBits }) : network);
}

/** An address in one notation, for people. */
export function plainAddress(address: string): string {
  const network = networkIn(address);
  return network ? networkText(network) : address;
}

/** How many results of `Networks.has` are remembered. */
const mostKnown = 1_000;

/** A set of networks, which may contain each other. A network that was added twice stays until it is deleted twice. */
export class Networks {
  readonly #counts = new Map<string, number>();
  /** The latest results of `has`: a member's address is looked up with each of its messages. */
  readonly #known = new Map<string, boolean>();
  /** For each version, how many networks have which length. */
  readonly #lengths = { 4: new Map<number, number>(), 6: new Map<number, number>() };

  constructor(networks: Iterable<string> = []) {
    for (const network of networks) this.add(network);
  }

  get size(): number {
    return this.#counts.size;
  }

  add(network: string): void {
    this.#count(network, 1);
  }

  delete(network: string): void {
    this.#count(network, -1);
  }

  /** Whether one of the networks contains the address. */
  has(address: string): boolean {
    if (this.size === 0) return false;
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    if (this.#known.size >= mostKnown) this.#known.clear();
    const found = this.#find(address);
    this.#known.set(address, found);
    return found;
  }

  /** Takes time in proportion to the number of different lengths. */
  #find(address: string): boolean {
    const whole = networkIn(address);
    if (!whole) return false;
    return this.#lengths[whole.version]
      .keys()
      .some((bits) => bits <= whole.bits && this.#counts.has(networkText(networkOf({ ...whole, bits }))));
  }

  #count(network: string, one: 1 | -1): void {
    const parsed = networkIn(addressKey(network));
    if (!parsed) return;
    this.#known.clear();
    change(this.#counts, networkText(parsed), one);
    change(this.#lengths[parsed.version], parsed.bits, one);
  }
}

function change<K>(counts: Map<K, number>, key: K, one: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + one;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}
