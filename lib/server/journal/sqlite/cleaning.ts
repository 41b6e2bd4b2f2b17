// Cleans deleted texts out of the write-ahead log, which keeps them until it is copied to the file and cut off. Cleaning does both
// right after a deletion, but not twice within a second, since it waits for the disk. What is merely not kept any more goes
// within a minute: in a busy room that is deleted all the time.

import type { Database } from "bun:sqlite";

const pauseMs = 1_000;
const laterMs = 60_000;

export class Cleaning {
  readonly #db: Database;
  #isDue = false;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** To be called when a text was deleted, in a transaction that is not over yet. */
  begin(): void {
    this.#isDue = true;
  }

  /** The same where it may take a minute until the log is cut off, which needs no call of `go`. */
  later(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.begin();
      this.go();
    }, laterMs).unref();
  }

  /** Cuts off the log if a text was deleted. To be called outside of transactions. */
  go(): void {
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
      this.go();
    }, pauseMs).unref();
  }

  stop(): void {
    clearTimeout(this.#resting);
    clearTimeout(this.#later);
  }
}
