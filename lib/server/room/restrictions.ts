// The bans that are in force, or the mutes. Each is found by the key of its fact, and by the looks of a name, the address and the
// member's key for which it holds.

import { meansAddress } from "../../protocol/fields.ts";
import { looks } from "../../protocol/looks/looks.ts";
import type { BanFact, MuteFact } from "../journal/facts.ts";
import { addressKey, Networks } from "../limits/addresses.ts";
import { Groups } from "../seats/groups.ts";

export class Restrictions<T extends BanFact | MuteFact> {
  readonly #byFact = new Map<string, T>();
  readonly #byLook = new Groups<T>();
  readonly #byKeyHash = new Groups<T>();
  readonly #networks = new Networks();

  get size(): number {
    return this.#byFact.size;
  }

  entries(): IterableIterator<[key: string, value: T]> {
    return this.#byFact.entries();
  }

  get(key: string): T | undefined {
    return this.#byFact.get(key);
  }

  /** Sets the restriction of a fact; undefined: there is none any more. */
  set(key: string, value: T | undefined): void {
    const before = this.#byFact.get(key);
    if (before) this.#index(before, "delete");
    if (!value) return void this.#byFact.delete(key);
    this.#byFact.set(key, value);
    this.#index(value, "add");
  }

  hasLook(wanted: readonly string[]): boolean {
    return wanted.some((look) => this.#byLook.has(look));
  }

  hasAddress(address: string | undefined): boolean {
    return address !== undefined && this.#networks.has(address);
  }

  hasKey(keyHash: string | undefined): boolean {
    return keyHash !== undefined && this.#byKeyHash.has(keyHash);
  }

  #index(value: T, change: "add" | "delete"): void {
    const { name, keyHash } = value;
    const address = addressOfRestriction(value);
    if (keyHash !== undefined) this.#byKeyHash[change](keyHash, value);
    if (address !== undefined) this.#networks[change](address);
    for (const look of meansAddress(name) ? [] : looks(name)) this.#byLook[change](look, value);
  }
}

/** The address or network for which a ban or a mute holds, as `addressKey` returns it; undefined if it holds for none. */
export function addressOfRestriction({ name, address }: BanFact | MuteFact): string | undefined {
  return meansAddress(name) ? addressKey(name) : address;
}
