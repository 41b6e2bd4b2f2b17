// Sets of values by a key. A key has a set for as long as there is a value in it.

export class Groups<V> {
  readonly #sets = new Map<string, Set<V>>();

  get(key: string): ReadonlySet<V> {
    return this.#sets.get(key) ?? none;
  }

  has(key: string): boolean {
    return this.#sets.has(key);
  }

  add(key: string, value: V): void {
    this.#sets.set(key, (this.#sets.get(key) ?? new Set()).add(value));
  }

  delete(key: string, value: V): void {
    const set = this.#sets.get(key);
    set?.delete(value);
    if (set?.size === 0) this.#sets.delete(key);
  }
}

const none = new Set<never>();
