// An emulator's screen that a canvas draws on, without a program or a pseudo-terminal between.

import { Terminal as Emulator } from "@xterm/headless";
import { Canvas } from "../../../../lib/terminal/screen/canvas.ts";
import type { Picture } from "../../../../lib/terminal/screen/picture.ts";
import type { Tty } from "../../../../lib/terminal/tty.ts";

export class Paper implements Disposable {
  readonly emulator: Emulator;
  readonly canvas: Canvas;

  constructor(cols: number, rows: number) {
    this.emulator = new Emulator({ cols, rows, allowProposedApi: true, scrollback: 1_000, convertEol: true });
    const { emulator } = this;
    const tty: Pick<Tty, "columns" | "askColumn"> = {
      get columns() {
        return emulator.cols;
      },
      askColumn: (tell) => tell(emulator.buffer.active.cursorX),
    };
    this.canvas = new Canvas(tty, {});
  }

  async draw(lines: string, picture: Picture): Promise<void> {
    await new Promise<void>((done) => this.emulator.write(this.canvas.draw(lines, picture), done));
  }

  /** The emulator has another size, and the canvas knows it. */
  resize(cols: number, rows: number): void {
    this.emulator.resize(cols, rows);
    this.canvas.resized(() => {});
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.emulator.cols, rows: this.emulator.rows };
  }

  get cursor(): { x: number; y: number } {
    const { cursorX, cursorY } = this.emulator.buffer.active;
    return { x: cursorX, y: cursorY };
  }

  /** The rows on the screen. */
  get rows(): string[] {
    const { active } = this.emulator.buffer;
    return Array.from({ length: this.emulator.rows }, (_, y) => {
      return (
        active
          .getLine(active.baseY + y)
          ?.translateToString(true)
          .trimEnd() ?? ""
      );
    });
  }

  /** The rows on the screen and those scrolled off it, without the blank ones at the end. */
  get everything(): string[] {
    const { active } = this.emulator.buffer;
    const rows = Array.from({ length: active.length }, (_, y) => {
      return active.getLine(y)?.translateToString(true).trimEnd() ?? "";
    });
    return rows.slice(
      0,
      Math.max(
        rows.findLastIndex((row) => row !== ""),
        0,
      ) + 1,
    );
  }

  [Symbol.dispose](): void {
    this.emulator.dispose();
  }
}
