// The memory of a client for its name at a server: how far it has come, the messages that are not known to be in the room,
// the lines typed and the draft. With it the next start shows the missed messages, and sends the unsent ones:
//
//   join under a name ──▶ read its Keep ──▶ missed messages are shown ──▶ unsent ones not among them are sent
//
// An unsent message that may be in the room already is never said twice: it is offered, and the person decides.
// A position never gets ahead of the events shown, and is kept together with the unsent messages, so that both fit.

import type { Event } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import { holdsPassword } from "../../protocol/typed.ts";
import type { Client } from "../core/client.ts";
import { asTyped, type Unsettled } from "../core/outbox.ts";
import {
  type Keep,
  type Kind,
  type LastSeen,
  linesText,
  parseLines,
  parseProgress,
  progressText,
} from "./keep.ts";
import { CatchUp, type Missed, missedMessages } from "./missed.ts";

export type MemoryHandlers = {
  /** An event that was not missed, to be shown. */
  event: (event: Event) => void;
  missed: (missed: Missed) => void;
  /** Messages that may be in the room already, as a person types them: the person is to decide whether to send them. */
  offered: (lines: string[]) => void;
  /** The text in the row. */
  draft: () => string;
  /** Whether new events wait behind something else instead of being shown; absent where they never do. */
  isHidden?: () => boolean;
};

/** How long after a change the memory is saved, with later changes. */
const saveMs = 1_000;

export class Memory {
  readonly #client: Client;
  readonly #keepOf: (name: string) => Keep;
  readonly #handlers: MemoryHandlers;
  readonly #catchUp: CatchUp;
  #name = "";
  #keep: Keep | undefined;
  /** The Keep of the name that we joined under; the same as `#keep` until we take another name. */
  #first: Keep | undefined;
  /** The last event that was shown, in this run or in the last one. */
  #left: LastSeen | undefined;
  /** Messages of the last run, until it is known whether they are in the room. */
  #unsent: Unsettled[] = [];
  #hasStarted = false;
  /** Whether we are in the room, so that a save is a sign of life. */
  #isHere = false;
  #isTyped = false;
  #saved = "";
  #saving: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, keepOf: (name: string) => Keep, handlers: MemoryHandlers) {
    this.#client = client;
    this.#keepOf = keepOf;
    this.#handlers = handlers;
    this.#catchUp = new CatchUp((message) => client.chat.regard(message), {
      event: handlers.event,
      missed: (missed) => this.#missed(missed),
      found: (id) => {
        this.#unsent = this.#unsent.filter((message) => message.id !== id);
      },
      ask: (command) => client.link.send(command),
    });
  }

  /** To be called before the first join under a name: reads its Keep. */
  joining(name: string): void {
    this.#use(name);
    this.#first = this.#keep;
    const left = this.#left;
    this.#client.link.firstJoin = left ? { epoch: left.epoch, after: left.seq, history: missedMessages } : {};
  }

  /** The next event, which the chat has applied. */
  event(event: Event): void {
    this.#catchUp.event(event);
    if (event.type === "welcome" && !this.#hasStarted) this.#started();
    this.changed();
  }

  #started(): void {
    this.#hasStarted = true;
    if (this.#left) return this.#catchUp.started(this.#left);
    this.#offer(this.#unsent);
    this.#unsent = [];
  }

  online(isBack: boolean): void {
    const { link } = this.#client;
    this.#isHere = true;
    if (nameKey(link.name) !== nameKey(this.#name)) this.#rename(link.name);
    if (isBack) this.#catchUp.dropped();
  }

  offline(): void {
    this.#catchUp.end();
    this.save();
    this.#isHere = false;
  }

  /** All that was missed since the loss has come. */
  caughtUp(): void {
    this.#catchUp.end();
  }

  /** Unsent messages of the last run, which wait until the missed ones are known; oldest first. */
  get waiting(): Unsettled[] {
    return this.#unsent;
  }

  /** The lines that were typed, oldest first. */
  get lines(): string[] {
    return parseLines(this.#keep?.get("lines"));
  }

  set lines(lines: readonly string[]) {
    this.#set("lines", linesText(lines));
  }

  /** The text that stood in the row when the last run ended. It is kept no longer: a second call returns "". */
  takeDraft(): string {
    const draft = this.#keep?.get("drafts") ?? "";
    this.#keep?.set("drafts", undefined);
    return draft;
  }

  /** To be called when the text in the row has changed. */
  typed(): void {
    this.#isTyped = true;
    this.changed();
  }

  /** Keeps the text in the row; nothing is kept if it is blank or has a password. */
  keepDraft(): void {
    const draft = this.#handlers.draft();
    // A client that never got into the room leaves the draft of the run before, unless a text was typed.
    if (!this.#hasStarted && draft.trim() === "") return;
    this.#isTyped = false;
    this.#set("drafts", draft.trim() === "" || holdsPassword(draft) ? undefined : draft);
  }

  /** Keeps the changes, within a second. */
  changed(): void {
    this.#saving ??= setTimeout(() => this.save(), saveMs);
  }

  /** Keeps the changes now. */
  save(unsent = [...this.#unsent, ...this.#client.link.unsent]): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    // A name under which we were not let in may belong to another client, whose memory must not be overwritten.
    if (!this.#hasStarted) return;
    if (this.#isTyped) this.keepDraft();
    const { position } = this.#client.link;
    const isShown = !this.#catchUp.isUnderWay && !this.#handlers.isHidden?.();
    if (position && isShown) {
      this.#left = { ...position, at: this.#isHere ? Date.now() : (this.#left?.at ?? Date.now()) };
    }
    const text = progressText({ left: this.#left, unsent });
    if (text === this.#saved) return;
    this.#saved = text;
    this.#keep?.set("positions", text);
    // Unsent messages are for one name alone, so that none is sent twice.
    if (this.#first === this.#keep) return;
    const { unsent: others } = parseProgress(this.#first?.get("positions"));
    this.#first?.set("positions", progressText({ left: this.#left, unsent: others }));
  }

  /** Keeps a text for our name, and for the one we joined under, since the next start may use either. */
  #set(kind: Kind, value: string | undefined): void {
    for (const keep of new Set([this.#first, this.#keep])) keep?.set(kind, value);
  }

  #use(name: string): void {
    this.#name = name;
    this.#keep = this.#keepOf(name);
    const { left, unsent } = parseProgress(this.#keep.get("positions"));
    this.#left = left;
    this.#unsent = unsent;
  }

  /** We have another name: from now on everything is kept for it. */
  #rename(name: string): void {
    const before = this.#unsent;
    const left = this.#left;
    this.save([]);
    this.#use(name);
    this.#offer(this.#unsent);
    this.#unsent = before;
    this.#left = left;
    this.save();
  }

  #missed(missed: Missed): void {
    this.#handlers.missed(missed);
    const unsent = this.#unsent;
    this.#unsent = [];
    const { link, chat } = this.#client;
    const isRead = !missed.hasMore && !missed.hasGap && !missed.isUnknown;
    // The room knows the ids of an owner's messages, and drops one that it has.
    if (isRead || chat.people.me.owned) for (const message of unsent) link.resend(message);
    else this.#offer(unsent);
    this.save();
  }

  #offer(unsent: Unsettled[]): void {
    if (unsent.length > 0) this.#handlers.offered(unsent.map(asTyped));
  }
}
