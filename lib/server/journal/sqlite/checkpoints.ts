// Checkpoints: what the write-ahead log has is written into the file itself, and then the log begins anew. That waits for
// the disk three times: 10 ms, and on a busy disk half a second. So a thread of its own does it, and the room goes on.
// The log begins anew only once all of it is in the file. While events come so fast that this never is, it grows, and the
// commit with which it is as long as it may be makes the checkpoint itself: most of it has been done by then.

import type { Database } from "bun:sqlite";

/** So many pages that may have been written are worth a checkpoint: 32 MB. */
const worthPages = 8_000;
/** The log has at most about so many pages: 100 MB. */
const mostPages = 25_000;

export class Checkpoints {
  readonly #path: string;
  #pages = 0;
  #worker: Worker | undefined;
  /** Resolves when the checkpoint that is under way has ended. */
  #running: Promise<void> | undefined;

  constructor(db: Database, path: string) {
    this.#path = path;
    db.run(`PRAGMA wal_autocheckpoint = ${mostPages}`);
  }

  /** About so many pages were written. */
  follow(pages: number): void {
    this.#pages += pages;
    if (this.#pages < worthPages || this.#running) return;
    this.#pages = 0;
    this.#running = this.#run().then(() => {
      this.#running = undefined;
    });
  }

  /** Ends the thread: at once if it has nothing to do, so undefined, or when it has done what it is doing. */
  stop(): Promise<void> | undefined {
    if (this.#running) return this.#running.then(() => this.stop());
    this.#worker?.terminate();
    return undefined;
  }

  #run(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const url = new URL("./checkpoint-worker.ts", import.meta.url);
    const worker = this.#worker ?? new Worker(url, { smol: true, ref: false });
    this.#worker = worker;
    worker.onmessage = () => resolve();
    // The next checkpoint tries it with another thread.
    worker.onerror = () => {
      this.#worker = undefined;
      resolve();
    };
    worker.postMessage(this.#path);
    return promise;
  }
}
