// Waiting for conditions, never for time. A wait that is not met fails with what there was instead.

/** How long something may take to come: a verdict, not a measure. */
export const patienceMs = 20_000;
/** A test must not end before that, or nobody would know what was there instead. */
export const testMs = 2 * patienceMs;

/** Collects text and resolves those who wait for something in it. */
export class Transcript<T> {
  readonly items: T[] = [];
  readonly #waiting = new Set<() => void>();
  #looking: NodeJS.Immediate | undefined;

  push(item: T): void {
    this.items.push(item);
    // Once for all that comes in one go.
    this.#looking ??= setImmediate(() => {
      this.#looking = undefined;
      for (const look of [...this.#waiting]) look();
    });
  }

  /** What `find` makes of the items, once it makes anything. */
  async until<R>(find: (items: T[]) => R | undefined, what: string): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const look = () => {
      const found = find(this.items);
      if (found !== undefined) resolve(found);
    };
    const timer = setTimeout(
      () =>
        reject(
          new Error(`Waited for ${what} in vain; there was:\n${this.items.slice(-40).map(show).join("\n")}`),
        ),
      patienceMs,
    );
    this.#waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }
}

function show(item: unknown): string {
  return typeof item === "string" ? item : JSON.stringify(item);
}
