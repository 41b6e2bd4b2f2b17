// Waits for conditions, never for time. A wait that is not met fails with the last items that came instead.

import { LineReader } from "../../lib/protocol/lines.ts";

/** How long a wait may take before it fails. No test expects anything of this time. */
export const patienceMs = 20_000;
/** How long a test may take: longer than a wait in it, whose failure says more than that the time is over. */
export const testMs = 2 * patienceMs;

const shownItems = 20;
const shownCharacters = 200;

/** Collects items, and resolves waits for something in them. */
export class Transcript<T> {
  readonly items: T[] = [];
  readonly #waiting = new Set<() => void>();
  #looking: NodeJS.Immediate | undefined;

  push(item: T): void {
    this.items.push(item);
    // Waits look once for all items that come in one turn.
    this.#looking ??= setImmediate(() => {
      this.#looking = undefined;
      for (const look of [...this.#waiting]) look();
    });
  }

  /** Resolves with the result of `find` on the items, once that is not undefined; `what` names it in the error. */
  async until<R>(find: (items: T[]) => R | undefined, what: string): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const look = () => {
      const found = find(this.items);
      if (found !== undefined) resolve(found);
    };
    const fail = () => reject(new Error(`Waited for ${what} in vain; there was:\n${lastOf(this.items)}`));
    const timer = setTimeout(fail, patienceMs);
    this.#waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }
}

/** Collects the lines of a stream, until it ends. */
export async function follow(
  stream: ReadableStream<Uint8Array>,
  collected: Transcript<string>,
): Promise<void> {
  const lines = new LineReader();
  for await (const chunk of stream) {
    lines.push(chunk);
    for (let line = lines.next(); line !== undefined; line = lines.next()) collected.push(String(line));
  }
}

/** The last items, a line each, long ones cut. */
export function lastOf(items: unknown[]): string {
  const before = items.length > shownItems ? [`(${items.length - shownItems} before these)`] : [];
  return [...before, ...items.slice(-shownItems).map(shown)].join("\n");
}

function shown(item: unknown): string {
  const text = typeof item === "string" ? item : (JSON.stringify(item) ?? String(item));
  const cut = text.length - shownCharacters;
  return cut > 0 ? `${text.slice(0, shownCharacters)}… (${cut} more characters)` : text;
}
