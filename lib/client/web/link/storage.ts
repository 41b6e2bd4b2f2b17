// The page's storage in its browser, under `chatroom.`: the key and the seat, the last names, settings, and for each of
// these names the texts of a Keep. Another tab has the same storage. A browser may allow no storage, or no more of it: then
// nothing is kept, and the page works until it is reloaded.

import { isKey } from "../../../protocol/keys.ts";
import { nameKey } from "../../../protocol/names.ts";
import type { Keep, Kind } from "../../kept/keep.ts";

/** The seat in the room that a reload takes again. */
export type StoredSeat = { name: string; token: string };

/** The methods of localStorage that are used here. */
export type TextStorage = {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
  removeItem: (key: string) => void;
};

/** For how many names texts are kept. */
const keptNames = 5;
const kinds: Kind[] = ["positions", "lines", "drafts"];

export class PageStorage {
  readonly #storage: TextStorage | undefined;

  /** `storage`: undefined where the browser allows none. */
  constructor(storage: TextStorage | undefined) {
    this.#storage = storage;
  }

  get(item: string): string | undefined {
    try {
      return this.#storage?.getItem(`chatroom.${item}`) ?? undefined;
    } catch {
      return undefined;
    }
  }

  set(item: string, value: string | undefined): void {
    try {
      if (value === undefined) this.#storage?.removeItem(`chatroom.${item}`);
      else this.#storage?.setItem(`chatroom.${item}`, value);
    } catch {}
  }

  /** The key of the person's own names: 32 random bytes in base64url, made once. */
  get key(): string {
    const kept = this.get("key");
    if (kept !== undefined && isKey(kept)) return kept;
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const key = btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
    this.set("key", key);
    return key;
  }

  get seat(): StoredSeat | undefined {
    const seat = this.#json("seat");
    if (typeof seat !== "object" || seat === null || !("name" in seat) || !("token" in seat))
      return undefined;
    const { name, token } = seat;
    return typeof name === "string" && typeof token === "string" ? { name, token } : undefined;
  }

  set seat(seat: StoredSeat | undefined) {
    this.set("seat", seat && JSON.stringify(seat));
  }

  /** The ignored people, a list of names for each. */
  get ignored(): string[][] {
    const lists = this.#json("ignored");
    if (!Array.isArray(lists)) return [];
    return lists.filter((names) => Array.isArray(names) && names.every((name) => typeof name === "string"));
  }

  set ignored(people: string[][]) {
    this.set("ignored", JSON.stringify(people));
  }

  /** The names that were used last, the latest first. */
  get names(): string[] {
    const names = this.#json("names");
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
  }

  /** The texts kept for a name, which counts as used now; those of names used long ago are deleted. */
  keepFor(name: string): Keep {
    const key = nameKey(name);
    const names = [name, ...this.names.filter((other) => nameKey(other) !== key)];
    for (const old of names.splice(keptNames))
      for (const kind of kinds) this.set(`${kind}.${nameKey(old)}`, undefined);
    this.set("names", JSON.stringify(names));
    return {
      get: (kind) => this.get(`${kind}.${key}`),
      set: (kind, value) => this.set(`${kind}.${key}`, value),
    };
  }

  #json(item: string): unknown {
    try {
      return JSON.parse(this.get(item) ?? "null");
    } catch {
      return undefined;
    }
  }
}
