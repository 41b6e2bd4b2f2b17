// A flow is shared by the readers of one encoding: its live log, and the pages for readers that are behind.

import type { Encoding } from "../../dialects/dialect.ts";
import type { Recorded } from "../../protocol/events.ts";
import type { Journal } from "../journal/journal.ts";
import { type FanOut, LiveLog, liveLogBytes } from "./live-log.ts";
import { SharedPages } from "./shared-pages.ts";

type Flow = { log: LiveLog; pages: SharedPages };

export class Flows {
  readonly #journal: Pick<Journal, "entriesAfter">;
  readonly #fanOut: FanOut | undefined;
  readonly #flows = new Map<Encoding, Flow>();

  constructor(journal: Pick<Journal, "entriesAfter">, fanOut?: FanOut) {
    this.#journal = journal;
    this.#fanOut = fanOut;
  }

  /** The flow of an encoding. `last`: the latest event, after which a new live log begins. */
  of(encoding: Encoding, last: number): Flow {
    const flow = this.#flows.get(encoding) ?? {
      log: new LiveLog(encoding, last, liveLogBytes, this.#fanOut),
      pages: new SharedPages(encoding, this.#journal),
    };
    this.#flows.set(encoding, flow);
    return flow;
  }

  /** Adds an event that all members may see. `json`: the event as JSON. Returns how many readers are live. */
  append(event: Recorded, json?: string): number {
    let readers = 0;
    for (const { log } of this.#flows.values()) {
      log.append(event, json);
      readers += log.readers.size;
    }
    return readers;
  }

  /** Notes the number of an event that not all members may see. */
  advance(seq: number): void {
    for (const { log } of this.#flows.values()) log.advance(seq);
  }

  /** Lets the live readers write. Returns false if some are left: call it again in the next turn. */
  pump(): boolean {
    let isDone = true;
    for (const { log } of this.#flows.values()) isDone = log.pump() && isDone;
    return isDone;
  }

  /** Drops the texts of these events from memory, so that no reader is sent them any more. */
  forget(seqs: number[]): void {
    for (const { log, pages } of this.#flows.values()) {
      pages.clear();
      log.forget(Math.max(...seqs));
    }
  }

  /** Drops all logs and pages: the room begins again. */
  clear(): void {
    this.#flows.clear();
  }
}
