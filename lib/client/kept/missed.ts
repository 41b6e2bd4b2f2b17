// The messages missed while there was no connection, or no client: how many, which are for us, and the last of them.
//
//   after a drop   all missed events come as if they were live, until `caughtUp`
//   at a start     the last 200 messages come as a `history`; older ones are asked for, page by page, to be counted
//
// They are shown once all of them are known; live events at a start wait until then. The wait is bounded: a start counts
// at most 10,000 messages for at most 3 seconds, and after a drop only the last events are held.
// Only messages of others are counted, and none of ignored people. If they are few, a start asks for some messages before them
// as well, so that the person understands them.

import { type Event, isMessage, limits, type Message, type Recorded } from "../../protocol/events.ts";
import type { Regard } from "../core/chat.ts";
import { pageOf } from "../core/past/pages.ts";
import type { LastSeen } from "./keep.ts";

/** The messages a client missed, counted, and the last of them. */
export type Missed = {
  /** When the client was in the room last, in ms since 1970; undefined after a drop. */
  since: number | undefined;
  /** Messages of others, and how many of them mention us or are whispers to us. */
  messages: number;
  mentions: number;
  /** There are more than were counted. */
  hasMore: boolean;
  /** Mentions and whispers to us before the last messages, the newest of them. */
  before: Message[];
  /** The last messages, with the other events between them. */
  last: Recorded[];
  /** At a start, if few messages were missed: the ones before them, which the person has seen. */
  seen: Recorded[];
  /** Some of the missed events are not kept any more. */
  hasGap: boolean;
  /** The room has another history than the one of our position: `last` is its end; how much was missed is unknown. */
  isUnknown: boolean;
};

export type CatchUpHandlers = {
  /** An event that was not missed. */
  event: (event: Event) => void;
  missed: (missed: Missed) => void;
  /** A message with this id is in the room. */
  found: (id: string) => void;
  /** Asks the room for the messages before a position; false if there is no connection. */
  ask: (command: { type: "history"; before: number; limit: number; id: string }) => boolean;
};

/** How many of the last messages are shown. */
export const missedMessages = 200;
/** How many messages for us are shown above the last messages. */
const shownMentions = 100;
/** How many messages a start counts. */
const countedMessages = 10_000;
/** If fewer messages than this were missed, this many that were seen before are shown above them. */
const seenMessages = 10;
/** How long a start may take to count. */
const countMs = 3_000;
/** The id of the client's requests for missed messages. */
const askedId = "missed";

const nothing: Missed = {
  since: undefined,
  messages: 0,
  mentions: 0,
  hasMore: false,
  before: [],
  last: [],
  seen: [],
  hasGap: false,
  isUnknown: false,
};

export class CatchUp {
  readonly #regard: (message: Message) => Regard;
  readonly #handlers: CatchUpHandlers;
  #missed: Missed = nothing;
  /** `seen`: all messages missed at a start are counted, and the seen ones before them are asked for. */
  #state: "none" | "drop" | "start" | "seen" = "none";
  /** At a start: where the missed messages begin, the pages that have come, and the live events that wait. */
  #after = 0;
  #pages = 0;
  #held: Recorded[] = [];
  /** The positions of whispers that waited, which are counted already. */
  readonly #waitedAt = new Set<number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(regard: (message: Message) => Regard, handlers: CatchUpHandlers) {
    this.#regard = regard;
    this.#handlers = handlers;
  }

  /** Whether missed messages are still being collected. */
  get isUnderWay(): boolean {
    return this.#state !== "none";
  }

  /** The connection is back: all events until `end` were missed. A start that is under way goes on. */
  dropped(): void {
    if (this.isUnderWay) return;
    this.#state = "drop";
    this.#missed = { ...nothing, before: [], last: [] };
  }

  /** We have joined where another run of the client left. */
  started(left: LastSeen): void {
    this.#state = "start";
    this.#missed = { ...nothing, before: [], last: [], since: left.at };
    this.#after = left.seq;
    this.#pages = 0;
    this.#timer = setTimeout(() => this.end(), countMs);
  }

  /** Takes the next event; the chat has applied it. */
  event(event: Event): void {
    // The time to count was over before this answer to `ask` came.
    const isAsking = this.#state === "start" || this.#state === "seen";
    if (event.type === "history" && event.id === askedId && !isAsking) return;
    if (this.#state === "none") this.#handlers.event(event);
    else if (event.type === "gap") this.#gap(event.from);
    else if (this.#state === "drop") this.#afterDrop(event);
    else this.#atStart(event);
  }

  /** Shows the missed messages that have come so far. After a drop those are all of them. */
  end(): void {
    if (!this.isUnderWay) return;
    this.#missed.hasMore = this.#state === "start";
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#timer);
    if (!this.#missed.isUnknown) this.#cut();
    const isDrop = this.#state === "drop";
    const missed = this.#missed;
    const held = this.#held;
    this.#state = "none";
    this.#missed = nothing;
    this.#held = [];
    // Our own messages and events without a message are no reason for a block.
    const isNothing = isDrop && missed.messages === 0 && !missed.hasGap;
    if (isNothing) held.push(...missed.last);
    else this.#handlers.missed(missed);
    for (const event of held) this.#handlers.event(event);
  }

  #gap(from: number): void {
    this.#missed.hasGap = true;
    this.#missed.isUnknown ||= this.#state === "start" && from === 0;
  }

  #afterDrop(event: Event): void {
    if (!("at" in event) || event.type === "joined" || event.type === "left") {
      return this.#handlers.event(event);
    }
    if (isMessage(event) && !this.#count(event)) return;
    const { last } = this.#missed;
    last.push(event);
    // Cut at every 200th event, since a cut goes through all that is held.
    if (last.length > 2 * missedMessages) this.#cut();
  }

  /** Keeps the last messages, and from before them only the messages for us. */
  #cut(): void {
    const { last, before } = this.#missed;
    let messages = 0;
    const first = last.findLastIndex((event) => isMessage(event) && ++messages > missedMessages) + 1;
    before.push(...this.#forUs(last.splice(0, first)));
    before.splice(0, Math.max(before.length - shownMentions, 0));
  }

  #forUs(events: Recorded[]): Message[] {
    return events.filter(isMessage).filter((event) => this.#regard(event) === "mention");
  }

  #atStart(event: Event): void {
    if ("at" in event) {
      this.#held.push(event);
      return;
    }
    if (event.type === "waiting" && !this.#missed.isUnknown) return this.#waited(event.events);
    // The first page is part of the join, and has no id.
    const isPage = event.type === "history" && (event.id === undefined || event.id === askedId);
    if (isPage) return this.#page(event);
    this.#handlers.event(event);
    // Without the page that is awaited there is nothing to wait for.
    const expected = this.#pages === 0 ? undefined : askedId;
    if (event.type === "error" && event.id === expected) this.end();
  }

  /** Whispers that waited for us, older than the last messages; pages that go back so far have them as well. */
  #waited(events: Recorded[]): void {
    for (const event of events) this.#waitedAt.add(event.seq);
    this.#missed.before = this.#forUs(events.filter((event) => !isMessage(event) || this.#count(event)));
  }

  /** A page of the history: the first is shown, the others, each older than the one before, are counted. */
  #page(answer: Extract<Event, { type: "history" }>): void {
    const limit = this.#pages === 0 ? missedMessages : limits.historyEvents;
    const { events, next } = pageOf(answer, { limit });
    const missed = this.#missed;
    if (this.#state === "seen") {
      missed.seen = events.filter(({ seq }) => seq <= this.#after);
      return this.#end();
    }
    if (missed.isUnknown) {
      missed.last = events;
      return this.#end();
    }
    const isFirst = this.#pages++ === 0;
    const behind = events.filter(({ seq }) => seq > this.#after);
    const isNew = ({ seq }: Recorded) => !this.#waitedAt.has(seq);
    const counted = behind.filter((event) => !isMessage(event) || (isNew(event) && this.#count(event)));
    if (isFirst) missed.last = counted;
    else {
      const found = [...this.#forUs(counted.filter(isNew)), ...missed.before];
      missed.before = found.sort((one, other) => one.seq - other.seq).slice(-shownMentions);
    }
    const isAll = behind.length < events.length || next === undefined || next <= this.#after + 1;
    if (isAll) return this.#askSeen();
    missed.hasMore = missed.messages >= countedMessages || !this.#ask(next, limits.historyEvents);
    if (missed.hasMore) this.#end();
  }

  /** Asks for the messages seen before, if few were missed. Before a gap they say nothing about the missed ones. */
  #askSeen(): void {
    const { messages, hasGap } = this.#missed;
    this.#state = "seen";
    const isLittle = messages < seenMessages && !hasGap;
    if (!isLittle || !this.#ask(this.#after + 1, seenMessages)) this.#end();
  }

  #ask(before: number, limit: number): boolean {
    return this.#handlers.ask({ type: "history", before, limit, id: askedId });
  }

  /** Counts a message of others; false if it is not to be shown. */
  #count(message: Message): boolean {
    if (message.id !== undefined) this.#handlers.found(message.id);
    const regard = this.#regard(message);
    if (regard === "ignored") return false;
    if (regard !== "own") this.#missed.messages++;
    if (regard === "mention") this.#missed.mentions++;
    return true;
  }
}
