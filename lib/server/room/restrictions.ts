// The bans, or the mutes, that are in force: by the keys of their facts, and found by the looks of names, by addresses and by keys.

import { meansAddress } from "../../protocol/fields.ts";
import { looks } from "../../protocol/looks/looks.ts";
import type { BanFact, MuteFact } from "../journal/facts.ts";
import { addressKey, Networks } from "../limits/addresses.ts";

export class Restrictions<T extends BanFact | MuteFact> {
  readonly #byKey = new Map<string, T>();
  readonly #byLook = new Map<string, Set<T>>();
  readonly #networks = new Networks();
  readonly #keys: string[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  entries(): IterableIterator<[key: string, value: T]> {
    return this.#byKey.entries();
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  set(key: string, value: T | undefined): void {
    const before = this.#byKey.get(key);
    if (before) this.#index(before, false);
    if (value) {
      this.#byKey.set(key, value);
      this.#index(value, true);
    } else this.#byKey.delete(key);
  }

  hasLook(wanted: readonly string[]): boolean {
    return this.#byLook.size > 0 && wanted.some((look) => this.#byLook.has(look));
  }

  hasAddress(address: string | undefined): boolean {
    return address !== undefined && this.#networks.has(address);
  }

  hasKey(keyHash: string | undefined): boolean {
    return keyHash !== undefined && this.#keys.includes(keyHash);
  }

  #index(value: T, isNew: boolean): void {
    const { keyHash } = value;
    if (keyHash !== undefined && isNew) this.#keys.push(keyHash);
    else if (keyHash !== undefined) this.#keys.splice(this.#keys.indexOf(keyHash), 1);
    const address = addressOfRestriction(value);
    if (address !== undefined) this.#networks[isNew ? "add" : "delete"](address);
    for (const look of meansAddress(value.name) ? [] : looks(value.name)) {
      const same = this.#byLook.get(look) ?? new Set();
      this.#byLook.set(look, same);
      if (isNew) same.add(value);
      else same.delete(value);
      if (same.size === 0) this.#byLook.delete(look);
    }
  }
}

/** The address or network for which it holds, as `addressKey` returns it; undefined if it holds for none. */
export function addressOfRestriction({ name, address }: BanFact | MuteFact): string | undefined {
  return meansAddress(name) ? addressKey(name) : address;
}
