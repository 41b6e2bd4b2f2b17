// The status above the row, in one line: how many messages are unsent, how many members are here, the topic; and without a
// connection, when the next try is, since when it is lost, and why. The most important part stands first, since a narrow
// terminal cuts the end. It is shown a second after a change, and at once when the connection is lost or back.

import type { Client } from "../core/client.ts";
import type { LinkState } from "../core/link.ts";
import { clockOf } from "../kept/times.ts";

export type Situation = {
  members: number;
  topic: string | undefined;
  /** How many messages are not in the room yet. */
  unsent: number;
  /** How far a long reading of the past has come, in words. */
  lookingBack?: string | undefined;
  /** Undefined while there is a connection. */
  offline?: Offline | undefined;
};

type Offline = {
  reason: string;
  /** When the connection was lost, in milliseconds since 1970 UTC. */
  since: number;
  /** How long until the next try, in milliseconds; undefined while it is under way. */
  retryMs: number | undefined;
};

/** How long after a change the status is shown, and how often while it counts down. */
const showMs = 1_000;

/** The status in words. `now`: ms since 1970 UTC. */
export function statusOf(
  { members, topic, unsent, lookingBack, offline }: Situation,
  now = Date.now(),
): string {
  const waiting = unsent === 0 ? [] : [`${unsent} unsent`];
  const looking = lookingBack === undefined ? [] : [lookingBack];
  if (!offline) return [...looking, ...waiting, `${members} here`, ...(topic ? [topic] : [])].join(" · ");
  const { reason, since, retryMs } = offline;
  const next = retryMs === undefined ? "trying again" : `again in ${duration(retryMs)}`;
  return [next, `since ${clock(since, now)}`, ...waiting, reason].join(" · ");
}

export class Status {
  readonly #client: Client;
  readonly #show: (status: string) => void;
  /** `retryAt` is a time of `performance.now()`. */
  #offline: { reason: string; since: number; retryAt: number } | undefined;
  /** The ids of the messages that were not in the room when the status was shown last. */
  #wereUnsent = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, show: (status: string) => void) {
    this.#client = client;
    this.#show = show;
  }

  /** The connection was lost, or is back. Tries that fail in between do not change since when it is lost. */
  connection(state: LinkState): void {
    const { since = Date.now() } = this.#offline ?? {};
    this.#offline =
      state.type === "online"
        ? undefined
        : { since, reason: state.reason, retryAt: performance.now() + state.retryMs };
    clearTimeout(this.#timer);
    this.#tick();
  }

  /** Something may have changed: the status is shown in a second. */
  changed(): void {
    this.#timer ??= setTimeout(() => this.#tick(), showMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Shows the status; again in a second if it counts down or something is unsent. */
  #tick(): void {
    this.#show(statusOf(this.#situation));
    this.#wereUnsent = new Set(Array.from(this.#client.link.outbox, ({ id }) => id));
    const goesOn = this.#offline !== undefined || this.#wereUnsent.size > 0;
    this.#timer = goesOn ? setTimeout(() => this.#tick(), showMs) : undefined;
  }

  get #situation(): Situation {
    const { chat, link, past } = this.#client;
    // A message counts only if it was unsent at the last look as well: most are in the room at once.
    const unsent = [...link.outbox].filter(({ id }) => this.#offline || this.#wereUnsent.has(id));
    const situation = {
      members: chat.people.count,
      topic: chat.topic,
      unsent: unsent.length,
      lookingBack: past?.progress,
    };
    if (!this.#offline) return situation;
    const { reason, since, retryAt } = this.#offline;
    const retryMs = link.status === "offline" ? Math.max(retryAt - performance.now(), 0) : undefined;
    return { ...situation, offline: { reason, since, retryMs } };
  }
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

/** The time of day, behind the day if that is not today. */
function clock(at: number, now: number): string {
  const [day, today] = [new Date(at), new Date(now)];
  const time = clockOf(at);
  if (day.toDateString() === today.toDateString()) return time;
  return `${day.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${time}`;
}
