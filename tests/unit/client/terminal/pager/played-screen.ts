// A pager on an emulator's screen, in a room that a test plays. Below it stands the conversation, of which the emulator
// keeps the rows that were scrolled off.

import { Terminal as Emulator } from "@xterm/headless";
import picocolors from "picocolors";
import { Chat } from "../../../../../lib/client/core/chat.ts";
import { People } from "../../../../../lib/client/core/people.ts";
import { Pager } from "../../../../../lib/client/terminal/pager/pager.ts";
import { View } from "../../../../../lib/client/terminal/view.ts";
import { limits } from "../../../../../lib/protocol/events.ts";
import type { Key } from "../../../../../lib/terminal/keys.ts";
import type { Content, Size } from "../../../../../lib/terminal/screen/picture.ts";
import { Screen, type ScreenTty } from "../../../../../lib/terminal/screen/screen.ts";
import type { PlayedPast } from "../../core/past/played-past.ts";

const content: Content = { waiting: [], status: "2 here", label: "ada> ", text: "draft", cursor: 5 };

/** Draws at each change, so that a test need not wait for the end of a turn. */
class EagerScreen extends Screen {
  override changed(): void {
    this.draw();
  }
}

export class PlayedScreen implements Disposable {
  readonly emulator: Emulator;
  readonly room: PlayedPast;
  readonly pager: Pager;
  /** How often the pager was left. */
  left = 0;
  readonly #screen: Screen;

  constructor(size: Size, room: PlayedPast) {
    const { columns: cols, rows } = size;
    this.emulator = new Emulator({ cols, rows, allowProposedApi: true, scrollback: 5_000, convertEol: true });
    this.room = room;
    this.#screen = new EagerScreen(ttyOf(this.emulator), { content: () => content, key: () => {} });
    this.#screen.start();
    const people = new People();
    const chat = new Chat(people, "all");
    people.apply({ type: "welcome", name: "ada", epoch: "E", seq: 0, members: [], limits });
    const colors = picocolors.createColors(false);
    this.pager = new Pager(this.#screen, room.pages, {
      now: () => room.now,
      renderer: () => {
        const view = new View(chat, { colors, time: "off", bell: "off", columns: () => this.emulator.cols });
        return (event) => view.past(event);
      },
      left: () => this.left++,
    });
  }

  /** Lines of the conversation. */
  print(lines: string[]): void {
    this.#screen.print(lines);
  }

  /** Presses a key, and lets the room answer what the pager asks for; true if the pager took the key. */
  press(name: string): boolean {
    const key: Key = { type: "key", name, ctrl: false, alt: false, shift: false };
    const isTaken = this.#screen.overlay?.key(key) ?? false;
    this.room.answer();
    return isTaken;
  }

  resize(columns: number, rows: number): void {
    this.emulator.resize(columns, rows);
    this.#screen.resized();
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

  [Symbol.dispose](): void {
    this.emulator.dispose();
  }
}

/** A terminal of that emulator, which takes all that is written at once. */
function ttyOf(emulator: Emulator): ScreenTty {
  return {
    get columns() {
      return emulator.cols;
    },
    get rows() {
      return emulator.rows;
    },
    isBusy: false,
    attach: () => [],
    detach: () => {},
    write: (text) => emulator.write(text),
    title: () => "",
    askColumn: (tell) => tell(undefined),
  };
}
