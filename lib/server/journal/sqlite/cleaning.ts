// Cleans deleted texts out of the write-ahead log, which keeps them until it is copied to the file and cut off. Cleaning does both
// right after a deletion, but not twice within a second, since it waits for the disk. The texts of events that are merely no
// longer kept go within a minute: in a busy room such events are deleted all the time.

import type { Database } from "bun:sqlite";

/** The shortest time between two cleanings, in ms. */
const pauseMs = 1_000;
/** How long the texts of events that are no longer kept may stay in the log, in ms. */
const laterMs = 60_000;

export class Cleaning {
  readonly #db: Database;
  #isDue = false;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** To be called when a text is deleted in a transaction: the next `clean`, after it, cuts off the log. */
  require(): void {
    this.#isDue = true;
  }

  /** To be called when events that are no longer kept are deleted: within a minute this cuts off the log by itself. */
  requireLater(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.require();
      this.clean();
    }, laterMs).unref();
  }

  /** Cuts off the log if that is required. To be called outside of transactions. */
  clean(): void {
    if (!this.#isDue || this.#resting) return;
    this.#isDue = false;
    try {
      const [done] = this.#db.query<{ busy: number }, []>("PRAGMA wal_checkpoint(TRUNCATE)").all();
      // Busy: another program still reads the file as it was before.
      this.#isDue = done?.busy === 1;
    } catch {
      // The disk may be full: the next write reports it.
      this.#isDue = true;
    }
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      this.clean();
    }, pauseMs).unref();
  }

  stop(): void {
    clearTimeout(this.#resting);
    clearTimeout(this.#later);
  }
}
