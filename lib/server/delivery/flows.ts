// What the readers share: for each encoding in use, a live log, and the pages for readers that are behind.

import type { Encoding } from "../../dialects/dialect.ts";
import type { Recorded } from "../../protocol/events.ts";
import type { Journal } from "../journal/journal.ts";
import { type FanOut, LiveLog, liveLogBytes } from "./live-log.ts";
import { SharedPages } from "./shared-pages.ts";

/** What the readers of one encoding share. */
export type Flow = { log: LiveLog; pages: SharedPages };

export class Flows {
  readonly #journal: Pick<Journal, "entriesAfter">;
  readonly #fanOut: FanOut | undefined;
  readonly #flows = new Map<Encoding, Flow>();

  constructor(journal: Pick<Journal, "entriesAfter">, fanOut?: FanOut) {
    this.#journal = journal;
    this.#fanOut = fanOut;
  }

  /** The flow of an encoding; `last`: the last event that happened, behind which a new live log begins. */
  of(encoding: Encoding, last: number): Flow {
    const flow = this.#flows.get(encoding) ?? {
      log: new LiveLog(encoding, last, liveLogBytes, this.#fanOut),
      pages: new SharedPages(encoding, this.#journal),
    };
    this.#flows.set(encoding, flow);
    return flow;
  }

  /** Adds an event that every member may see; returns how many readers are live. */
  append(event: Recorded, json?: string): number {
    let readers = 0;
    for (const { log } of this.#flows.values()) {
      log.append(event, json);
      readers += log.readers.size;
    }
    return readers;
  }

  /** Counts an event that not every member may see. */
  skip(seq: number): void {
    for (const { log } of this.#flows.values()) log.skip(seq);
  }

  /** Lets the live readers write; false if there was no time for all of them: call it next turn. */
  pump(): boolean {
    let isDone = true;
    for (const { log } of this.#flows.values()) isDone = log.pump() && isDone;
    return isDone;
  }

  /** Takes the texts of these events out of all that was to be shown from memory. */
  forget(seqs: number[]): void {
    for (const { log, pages } of this.#flows.values()) {
      pages.clear();
      log.forget(Math.max(...seqs));
    }
  }

  /** The room begins again: all logs and pages are gone. */
  clear(): void {
    this.#flows.clear();
  }
}
