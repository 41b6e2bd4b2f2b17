// Brings back the texts that the page kept for a name when it was open last: messages that were not known to be in the room,
// the position, and the text of the row. A message that may be in the room already is never said twice: if the room cannot tell
// that it has it, the message is offered, and the person decides.

import { isMessage, type Welcome } from "../../../protocol/events.ts";
import { holdsPassword } from "../../../protocol/typed.ts";
import type { Link } from "../../core/link.ts";
import { asTyped, type Unsettled } from "../../core/outbox.ts";
import type { Page } from "../../core/past/pages.ts";
import {
  type Keep,
  type LastSeen,
  linesText,
  parseLines,
  parseProgress,
  progressText,
} from "../../kept/keep.ts";

export class Returning {
  readonly #link: Link;
  #keep: Keep | undefined;
  #left: LastSeen | undefined;
  #unsent: Unsettled[] = [];
  #hasArrived = false;

  constructor(link: Link) {
    this.#link = link;
  }

  /** To be called before a join under a name, with the texts kept for it. */
  joining(keep: Keep): void {
    if (this.#hasArrived) return;
    const { left, unsent } = parseProgress(keep.get("positions"));
    this.#keep = keep;
    this.#left = left;
    this.#unsent = unsent;
  }

  /** We have another name: from now on everything is kept for it. */
  renamed(keep: Keep): void {
    this.#keep?.set("positions", undefined);
    this.#keep = keep;
  }

  /**
   * We are in the room, and the page with the end of its history has come; `isSame`: in the seat that we had. Sends the
   * unsent messages, or returns them as lines to offer; `readUpTo` is the position that the page had come to.
   */
  arrived(
    welcome: Welcome,
    { events, next }: Page,
    isSame: boolean,
  ): { offered: string[]; readUpTo: number | undefined } {
    this.#hasArrived = true;
    const left = this.#left?.epoch === welcome.epoch ? this.#left : undefined;
    const found = new Set(events.filter(isMessage).map(({ id }) => id));
    const unsent = this.#unsent.filter(({ id }) => !found.has(id));
    this.#unsent = [];
    // Sending is safe if the page shows all that was said since we left, or if the room knows our seat's ids and drops
    // a message that it has.
    const isCovered = left !== undefined && (next === undefined || next <= left.seq + 1);
    const isSafe = isSame || isCovered;
    if (isSafe) for (const message of unsent) this.#link.resend(message);
    return { offered: isSafe ? [] : unsent.map(asTyped), readUpTo: left?.seq };
  }

  get draft(): string {
    return this.#keep?.get("drafts") ?? "";
  }

  get lines(): string[] {
    return parseLines(this.#keep?.get("lines"));
  }

  /** Keeps the position, the unsent messages and the row, unless it has a password. */
  save(draft: string, lines: readonly string[]): void {
    const { position, unsent } = this.#link;
    if (!this.#hasArrived || !position) return;
    this.#keep?.set("positions", progressText({ left: { ...position, at: Date.now() }, unsent }));
    this.#keep?.set("drafts", draft.trim() === "" || holdsPassword(draft) ? undefined : draft);
    this.#keep?.set("lines", linesText(lines));
  }
}
