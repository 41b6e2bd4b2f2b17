// A pager on an emulator's screen, in a room that a test plays. Below it stands the conversation, of which the emulator
// keeps the rows that were scrolled off.

import { Terminal as Emulator } from "@xterm/headless";
import picocolors from "picocolors";
import { Chat } from "../../../../../lib/client/core/chat.ts";
import { People } from "../../../../../lib/client/core/people.ts";
import { Pager, type PagerScreen } from "../../../../../lib/client/terminal/pager/pager.ts";
import { View } from "../../../../../lib/client/terminal/view.ts";
import { limits } from "../../../../../lib/protocol/events.ts";
import type { Key } from "../../../../../lib/terminal/keys.ts";
import { Canvas } from "../../../../../lib/terminal/screen/canvas.ts";
import { type Overlay, OverlayScreen } from "../../../../../lib/terminal/screen/overlay.ts";
import { type Content, pictureOf, type Size } from "../../../../../lib/terminal/screen/picture.ts";
import type { PlayedPast } from "../../core/past/played-past.ts";

const content: Content = { waiting: [], status: "2 here", label: "ada> ", text: "draft", cursor: 5 };

export class PlayedScreen implements PagerScreen, Disposable {
  readonly emulator: Emulator;
  readonly room: PlayedPast;
  readonly pager: Pager;
  /** How often the pager was left. */
  left = 0;
  readonly #canvas: Canvas;
  readonly #overlays: OverlayScreen;

  constructor(size: Size, room: PlayedPast) {
    const { columns: cols, rows } = size;
    this.emulator = new Emulator({ cols, rows, allowProposedApi: true, scrollback: 5_000, convertEol: true });
    this.room = room;
    const { emulator } = this;
    const tty = {
      get columns() {
        return emulator.cols;
      },
      get rows() {
        return emulator.rows;
      },
      askColumn: () => {},
      write: (text: string) => emulator.write(text),
    };
    this.#canvas = new Canvas(tty);
    this.#overlays = new OverlayScreen(tty, this.#canvas);
    const people = new People();
    const chat = new Chat(people, "all");
    people.apply({ type: "welcome", name: "ada", epoch: "E", seq: 0, members: [], limits });
    const colors = picocolors.createColors(false);
    this.pager = new Pager(this, room.pages, {
      now: () => room.now,
      renderer: () => {
        const view = new View(chat, { colors, time: "off", bell: "off", columns: () => emulator.cols });
        return (event) => view.past(event);
      },
      left: () => this.left++,
    });
  }

  get overlay(): Overlay | undefined {
    return this.#overlays.overlay;
  }

  set overlay(overlay: Overlay | undefined) {
    if (overlay) this.#overlays.show(overlay);
    else this.#overlays.leave();
  }

  get overlaySize(): Size {
    return this.#overlays.size(content);
  }

  changed(): void {
    if (this.overlay) this.emulator.write(this.#overlays.draw(this.overlay, content));
  }

  /** Lines of the conversation, drawn as the screen draws them. */
  print(lines: string[]): void {
    const text = lines.map((line) => `${line}\n`).join("");
    this.emulator.write(this.#canvas.draw(text, pictureOf(content, this.#size)));
  }

  /** Presses a key, and lets the room answer what the pager asks for; true if the pager took the key. */
  press(name: string): boolean {
    const key: Key = { type: "key", name, ctrl: false, alt: false, shift: false };
    const isTaken = this.overlay?.key(key) ?? false;
    this.room.answer();
    return isTaken;
  }

  resize(columns: number, rows: number): void {
    this.emulator.resize(columns, rows);
    this.#overlays.resized();
    this.changed();
  }

  /** The rows on the screen. */
  async rows(): Promise<string[]> {
    await new Promise<void>((written) => this.emulator.write("", written));
    const { active } = this.emulator.buffer;
    const { cols } = this.emulator;
    // The emulator's other screen keeps the text beyond the last column.
    const row = (y: number) => active.getLine(active.baseY + y)?.translateToString(true, 0, cols) ?? "";
    return Array.from({ length: this.emulator.rows }, (_, y) => row(y).trimEnd());
  }

  /** The numbers of the lines on the page. */
  async lines(): Promise<number[]> {
    return (await this.rows()).flatMap((row) => /line (\d+)$/.exec(row)?.[1] ?? []).map(Number);
  }

  get #size(): Size {
    return { columns: this.emulator.cols, rows: this.emulator.rows };
  }

  [Symbol.dispose](): void {
    this.emulator.dispose();
  }
}
