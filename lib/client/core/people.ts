// Who is here and who has spoken lately: what completion offers first, and whose coming and going is worth a line.

import type { Event, Recorded } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";

/** For so long after their last word somebody counts as active. */
const activeMs = 30 * 60_000;

export class Company {
  /** Name by key, those who are here. */
  readonly #here = new Map<string, string>();
  /** When somebody last said something, by key; the newest at the end. */
  readonly #spokeAt = new Map<string, number>();

  follow(event: Event): void {
    if (event.type === "welcome" || event.type === "members") {
      this.#here.clear();
      for (const { name } of event.members) this.#here.set(nameKey(name), name);
    } else if ("at" in event) this.#happened(event);
    else if (event.type === "history") for (const past of event.events) this.#spoke(past);
  }

  /** Everybody here, most recently active first. */
  get names(): string[] {
    const active = [...this.#spokeAt.keys()].reverse().filter((key) => this.#here.has(key));
    return [...new Set([...active, ...this.#here.keys()])].map((key) => this.#here.get(key) ?? key);
  }

  /** Whether somebody spoke in the time before `at`, milliseconds since 1970 UTC. */
  isActive(name: string, at: number): boolean {
    return (this.#spokeAt.get(nameKey(name)) ?? -Infinity) > at - activeMs;
  }

  #happened(event: Recorded): void {
    if (event.type === "joined") this.#here.set(nameKey(event.name), event.name);
    else if (event.type === "left" || event.type === "kicked" || event.type === "banned") {
      if (event.name !== undefined) this.#here.delete(nameKey(event.name));
    } else if (event.type === "renamed") {
      this.#here.delete(nameKey(event.from));
      this.#here.set(nameKey(event.to), event.to);
      const spokeAt = this.#spokeAt.get(nameKey(event.from));
      if (spokeAt !== undefined) this.#spokeAt.set(nameKey(event.to), spokeAt);
    }
    this.#spoke(event);
  }

  #spoke(event: Recorded): void {
    if (event.type !== "said" && event.type !== "acted" && event.type !== "told") return;
    const key = nameKey(event.from);
    this.#spokeAt.delete(key);
    this.#spokeAt.set(key, event.at);
  }
}
