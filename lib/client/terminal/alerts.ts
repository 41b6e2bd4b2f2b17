// How a person is called to the terminal: the bell, a notification of the desktop, and in the window's title how many
// messages are unread.

import type { Event } from "../../protocol/events.ts";
import type { Screen } from "../../terminal/screen/screen.ts";
import type { Tty } from "../../terminal/tty.ts";
import { notification } from "../../terminal/window.ts";
import type { Client } from "../core/client.ts";
import type { Options } from "./options.ts";
import type { View } from "./view.ts";

export type AlertsParts = {
  client: Client;
  view: View;
  tty: Tty;
  screen: Screen;
  /** `bell` and `notify` are looked up when they are needed, since /set changes them. */
  settings: Pick<Options, "bell" | "notify">;
  /** The servers' addresses, for the title. */
  address: string;
  /** Whether new messages are not shown yet, but wait. */
  isHidden: () => boolean;
};

export class Alerts {
  readonly #parts: AlertsParts;

  constructor(parts: AlertsParts) {
    this.#parts = parts;
  }

  /** A live event came, which the chat has applied. */
  event(event: Event): void {
    const { view } = this.#parts;
    this.#call(view.rings(event), view.calls(event) ? event : undefined);
  }

  /** Missed messages are shown, with this number of messages for us. */
  missed(mentions: number): void {
    if (mentions === 0) return;
    const { settings, address } = this.#parts;
    this.#call(settings.bell !== "off", { from: address, text: `${mentions} for you` });
  }

  /** The person looks at the terminal: all messages count as read, unless they wait behind something else. */
  looked(): void {
    if (this.#parts.isHidden()) return;
    this.#parts.client.chat.read();
    this.#showUnread();
  }

  /** Rings, and tells the desktop of a message for us unless the person looks at the terminal. */
  #call(rings: boolean, words: { from: string; text: string } | undefined): void {
    const { tty, screen, settings } = this.#parts;
    const { notify } = settings;
    if (tty.isFocused) this.looked();
    this.#showUnread();
    if (notify === "off") return;
    if (rings) screen.ring();
    if (notify === "bell" || tty.isFocused || !words) return;
    screen.notify(notification(notify === "osc9" ? 9 : 777, words.from, words.text));
  }

  #showUnread(): void {
    const { client, screen, address } = this.#parts;
    screen.title = `${client.chat.unreadMark}${client.link.name}@${address}`;
  }
}
