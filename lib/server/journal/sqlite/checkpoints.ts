// Checkpoints copy the write-ahead log into the file, and then the log begins anew. A checkpoint waits for the disk three times:
// for 10 ms, on a busy disk for half a second. So a thread makes it, and the room goes on. The log begins anew only once all of
// it is in the file. While events come too fast for that, the log grows, until the commit that brings it to its longest makes
// the checkpoint itself: by then the thread has done most of the work.

import type { Database } from "bun:sqlite";

/** After this many written pages a checkpoint begins: 32 MB. */
const checkpointPages = 8_000;
/** About how many pages the log has at most: 100 MB. */
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

  /** To be called after each turn. `pages`: about how many pages of the file it wrote. */
  follow(pages: number): void {
    this.#pages += pages;
    if (this.#pages < checkpointPages || this.#running) return;
    this.#pages = 0;
    this.#running = this.#run().then(() => {
      this.#running = undefined;
    });
  }

  /** Ends the thread: at once (undefined), or when the checkpoint that is under way has ended. */
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
    // The next checkpoint starts another thread.
    worker.onerror = () => {
      this.#worker = undefined;
      resolve();
    };
    worker.postMessage(this.#path);
    return promise;
  }
}
