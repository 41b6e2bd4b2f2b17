// A pipe that nothing is read from until the test does so. It holds 64 KiB.

import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./server.ts";
import { lastOf, patienceMs } from "./transcript.ts";

export class Pipe implements Disposable {
  readonly #folder = temporaryFolder();
  readonly #reading: number;
  readonly writing: number;
  #isOpen = true;

  constructor() {
    const path = join(this.#folder.path, "pipe");
    Bun.spawnSync(["mkfifo", path]);
    this.#reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writing = openSync(path, constants.O_WRONLY);
  }

  /** Reads the bytes that are in the pipe now. */
  read(): string {
    const chunk = Buffer.alloc(1024 * 1024);
    try {
      return chunk.toString("utf8", 0, readSync(this.#reading, chunk));
    } catch {
      return "";
    }
  }

  /** Reads until it has read something that matches. */
  async readUntil(pattern: RegExp): Promise<string> {
    const until = performance.now() + patienceMs;
    for (let text = ""; ; await Bun.sleep(5)) {
      text += this.read();
      if (pattern.test(text)) return text;
      if (performance.now() > until) {
        throw new Error(`Waited for ${pattern} in vain; there was:\n${lastOf(text.split("\n"))}`);
      }
    }
  }

  /** Closes the reading end. */
  hangUp(): void {
    this.#isOpen = false;
    closeSync(this.#reading);
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.hangUp();
    closeSync(this.writing);
    this.#folder[Symbol.dispose]();
  }
}
