// Whether the person sees new messages, and how the page tells of them otherwise: by the title, a dot on the icon and, if
// wanted, a notification. A person sees them if the window is in front and focused, with the latest messages in sight.

import type { Message } from "../../../protocol/events.ts";
import { visibleRow } from "../../../protocol/text.ts";
import type { Chat } from "../../core/chat.ts";
import { byId } from "./dom.ts";

export type AttentionHandlers = {
  /** Whether the latest messages are in sight. */
  isAtEnd: () => boolean;
  /** The messages from a position on are unread; `count` is their number. */
  unread: (from: number, count: number) => void;
  /** The person came back to this window. */
  back: () => void;
};

/** How much of a message a notification shows, in UTF-16 units. */
const shownLetters = 200;

export class Attention {
  readonly #chat: Chat;
  readonly #handlers: AttentionHandlers;
  readonly #icon = byId("icon", HTMLLinkElement);
  /** Whether notifications are wanted. */
  notifies = false;
  /** Whether missed events are still coming: they count as unread even if the person looks. */
  isCatchingUp = false;
  /** Where the unread messages begin, and how many there are; undefined once they were read. */
  #unread: { from: number; count: number } | undefined;
  /** The colour of the dot that is drawn, "" for none; undefined before the first drawing. */
  #dot: string | undefined;

  constructor(chat: Chat, handlers: AttentionHandlers) {
    this.#chat = chat;
    this.#handlers = handlers;
    const back = () => {
      if (!this.#isHere) return;
      handlers.back();
      this.looked();
    };
    for (const type of ["focus", "pageshow", "online"]) addEventListener(type, back);
    document.addEventListener("visibilitychange", back);
    this.draw();
  }

  /** Whether the person sees the latest messages now. */
  get looks(): boolean {
    return !this.isCatchingUp && this.#isHere && this.#handlers.isAtEnd();
  }

  get unreadCount(): number {
    return this.#unread?.count ?? 0;
  }

  /** A message of another came, which the chat has applied. */
  message(message: Message, isForUs: boolean): void {
    if (this.looks) return this.#chat.read();
    this.#unread ??= { from: message.seq, count: 0 };
    this.#unread.count++;
    this.#handlers.unread(this.#unread.from, this.#unread.count);
    if (isForUs && this.notifies && !this.#isHere) notify(message);
  }

  /** The person may look now: if so, all messages count as read. */
  looked(): void {
    if (!this.looks) return;
    this.#chat.read();
    this.#unread = undefined;
    this.draw();
  }

  draw(): void {
    const { messages, mentions } = this.#chat.unread;
    const topic = visibleRow(this.#chat.topic ?? "Chat room");
    const title = this.#chat.unreadMark + topic;
    if (document.title !== title) document.title = title;
    const colour = mentions > 0 ? "#b45309" : "#3b5b76";
    const dot = messages === 0 ? "" : colour;
    if (dot !== this.#dot) this.#icon.href = iconOf(dot);
    this.#dot = dot;
  }

  get #isHere(): boolean {
    return document.visibilityState === "visible" && document.hasFocus();
  }
}

/** Whether notifications are allowed already. */
export function mayNotify(): boolean {
  return "Notification" in globalThis && Notification.permission === "granted";
}

/** Why there can be no notifications here; undefined if there can. Asks the person. */
export async function whyNoNotifications(): Promise<string | undefined> {
  if (!isSecureContext || !("Notification" in globalThis)) return "Notifications need a page with https.";
  const answer = await Notification.requestPermission();
  return answer === "granted" ? undefined : "The browser does not allow notifications from this page.";
}

function notify({ from, text, type }: Message): void {
  try {
    const title = type === "told" ? `${visibleRow(from)} to you` : visibleRow(from);
    const shown = new Notification(title, { body: visibleRow(text).slice(0, shownLetters), tag: "chatroom" });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
  } catch {
    // Chrome on Android allows notifications from service workers alone.
  }
}

/** A balloon, and a dot in this colour. */
function iconOf(dot: string): string {
  const circle =
    dot === "" ? "" : `<circle cx="23" cy="9" r="8" fill="${dot}" stroke="#fff" stroke-width="2"/>`;
  const balloon = '<path d="M2 6h28v18H14l-7 6v-6H2z" fill="#5b83a6"/>';
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${balloon}${circle}</svg>`)}`;
}
