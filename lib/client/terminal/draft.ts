// Keeps the text that stood in the input row when the program ended, in a file that its owner alone can read, and offers
// it at the next start under the same name at the same server. Each name and server has a file, so that windows which
// are closed together do not overwrite each other's.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { holdsPassword } from "../../protocol/commands.ts";
import { nameKey } from "../../protocol/names.ts";

export class Draft {
  readonly #folder: string;
  readonly #path: string;

  /** `folder`: where drafts are kept; made if need be. `place`: the server, as the user calls it. */
  constructor(folder: string, place: string, name: string) {
    const key = createHash("sha256")
      .update(`${nameKey(name)}@${place}`)
      .digest("hex")
      .slice(0, 32);
    this.#folder = folder;
    this.#path = join(folder, `${key}.txt`);
  }

  /**
   * Keeps the text, unless it holds a password. Where it cannot be written it is lost: the program ends, and the window
   * may be gone.
   */
  keep(text: string): void {
    if (text.trim() === "" || holdsPassword(text)) return;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(this.#path, text, { mode: 0o600 });
    } catch {}
  }

  /** The text that was kept, once; empty if there is none. */
  take(): string {
    try {
      const text = readFileSync(this.#path, "utf8");
      rmSync(this.#path);
      return text;
    } catch {
      return "";
    }
  }
}
