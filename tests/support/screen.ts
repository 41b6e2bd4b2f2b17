// A real pseudo-terminal with an emulator behind it, for tests of the screen that a person sees.

import { Terminal as Emulator } from "@xterm/headless";
import { withoutSettings } from "./server.ts";
import { patienceMs } from "./transcript.ts";

export class Terminal implements AsyncDisposable {
  readonly emulator: Emulator;
  /** Everything the program wrote, for sequences that a screen does not show. */
  written = "";
  bells = 0;
  readonly #process: Bun.Subprocess;
  /** Resolves once nothing more comes from the program. */
  readonly #closed = Promise.withResolvers<void>();
  readonly #waiting = new Set<() => void>();

  constructor(
    command: string[],
    size: { cols: number; rows: number },
    environment: Record<string, string> = {},
  ) {
    this.emulator = new Emulator({ ...size, allowProposedApi: true, scrollback: 100_000 });
    const decoder = new TextDecoder();
    this.#process = Bun.spawn(command, {
      // No file can be made below /dev/null, so nothing is kept; tests of drafts give a folder of their own.
      env: { ...withoutSettings(), XDG_STATE_HOME: "/dev/null", TERM: "xterm-256color", ...environment },
      terminal: {
        ...size,
        data: (_, bytes) => {
          this.written += decoder.decode(bytes, { stream: true });
          this.emulator.write(bytes, () => {
            for (const look of [...this.#waiting]) look();
          });
        },
        exit: () => this.#closed.resolve(),
      },
    });
    this.emulator.onBell(() => this.bells++);
    // A terminal answers questions, for example for the cursor.
    this.emulator.onData((answer) => this.type(answer));
  }

  type(keys: string): void {
    this.#process.terminal?.write(keys);
  }

  resize(cols: number, rows: number): void {
    this.emulator.resize(cols, rows);
    this.#process.terminal?.resize(cols, rows);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Closes the window: the program's terminal is gone. */
  hangUp(): void {
    this.#process.terminal?.close();
    this.#closed.resolve();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The exit code, once all that the program wrote is on the screen. */
  get exited(): Promise<number> {
    return this.#ended();
  }

  /** The rows on the screen, without the blanks at their ends, down to the last one with anything in it. */
  get screen(): string[] {
    const { active } = this.emulator.buffer;
    const rows = Array.from({ length: this.emulator.rows }, (_, y) => this.#row(active.viewportY + y));
    return rows.slice(0, rows.findLastIndex((row) => row !== "") + 1);
  }

  /** The screen and all that was scrolled off it. */
  get scrolled(): string[] {
    const { length } = this.emulator.buffer.active;
    return Array.from({ length }, (_, y) => this.#row(y));
  }

  get cursor(): { x: number; y: number } {
    const { cursorX, cursorY } = this.emulator.buffer.active;
    return { x: cursorX, y: cursorY };
  }

  /** The row the cursor is in. */
  get row(): string {
    const { active } = this.emulator.buffer;
    return this.#row(active.baseY + active.cursorY);
  }

  /** Resolves once `holds` is true; `what` names that in the error if it does not come. */
  async until(what: string, holds: (terminal: this) => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => holds(this) && resolve();
    const timer = setTimeout(() => {
      const { x, y } = this.cursor;
      reject(
        new Error(
          `Waited for ${what} in vain; cursor at ${x},${y} of this screen:\n${this.screen.join("\n")}`,
        ),
      );
    }, patienceMs);
    this.#waiting.add(look);
    look();
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }

  /** Resolves once some row holds this text. */
  shows(text: string): Promise<void> {
    return this.until(`"${text}"`, ({ screen }) => screen.some((row) => row.includes(text)));
  }

  async #ended(): Promise<number> {
    const code = await this.#process.exited;
    await this.#closed.promise;
    await new Promise<void>((resolve) => this.emulator.write("", resolve));
    return code;
  }

  #row(y: number): string {
    return this.emulator.buffer.active.getLine(y)?.translateToString(true) ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    this.#process.terminal?.close();
  }
}
