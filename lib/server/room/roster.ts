// The members as of one event, and what a newcomer is shown of the room there. Many may enter at the same event: what they
// are shown is encoded when the first of them needs it, and is the same bytes for all of them.

import type { Dialect, Newcomer, RoomState } from "../../dialects/dialect.ts";
import { messageOf } from "../../protocol/errors.ts";
import { type Answer, type Fault, fault, type Member, type Recorded } from "../../protocol/events.ts";
import type { Past } from "../journal/pages.ts";

export class Roster {
  readonly #state: RoomState;
  readonly #rooms = new Map<Dialect, Uint8Array>();
  readonly #histories = new Map<Dialect, Map<number, Promise<Uint8Array>>>();

  constructor(state: RoomState) {
    this.#state = state;
  }

  get epoch(): string {
    return this.#state.epoch;
  }

  get seq(): number {
    return this.#state.seq;
  }

  get members(): Member[] {
    return this.#state.members;
  }

  /** A welcome, in two pieces: the second is the same for all. */
  welcome(dialect: Dialect, newcomer: Newcomer): Uint8Array[] {
    // In this order, since a dialect may learn the name from the first.
    const own = Buffer.from(dialect.encodeNewcomer(newcomer));
    return [own, once(this.#rooms, dialect, () => Buffer.from(dialect.encodeRoom(this.#state)))];
  }

  /** The last `count` events up to here that all may see. `recall` finds them, and is called once. */
  history(dialect: Dialect, count: number, recall: () => Promise<Past>): Promise<Uint8Array> {
    const histories = once(this.#histories, dialect, () => new Map<number, Promise<Uint8Array>>());
    return once(histories, count, () => encodePast(dialect, recall));
  }
}

/** The `history` that a newcomer is shown, or the reason why it is not. */
async function encodePast(dialect: Dialect, recall: () => Promise<Past>): Promise<Uint8Array> {
  const answer = await recall().then(
    ({ events, before }): Answer => ({ type: "history", events, before }),
    unreadable,
  );
  return Buffer.from(dialect.encode(answer));
}

/**
 * What an owner who comes back is shown: the whispers that waited for it and are older than the history, then the history.
 * `recall` is absent if it is shown none. `waiting` finds the whispers before a position, by default all up to now.
 */
export async function encodeOwnPast(
  dialect: Dialect,
  recall: (() => Promise<Past>) | undefined,
  waiting: (before?: number) => Recorded[] | Promise<Recorded[]>,
): Promise<Uint8Array[]> {
  const past = recall?.();
  const shown = past ? [await encodePast(dialect, () => past)] : [];
  const first = await past?.then(
    ({ events }) => events[0]?.seq,
    () => 0,
  );
  try {
    // Where the history cannot be read (0), the whispers cannot either.
    const events = first === 0 ? [] : await waiting(first);
    return events.length === 0 ? shown : [Buffer.from(dialect.encode({ type: "waiting", events })), ...shown];
  } catch (error) {
    return [Buffer.from(dialect.encode(unreadable(error))), ...shown];
  }
}

/** Why a member is not shown the history. */
export function unreadable(error: unknown): Fault {
  return fault("unavailable", `The history cannot be read now, ${messageOf(error)}: try again`);
}

function once<K, V>(made: Map<K, V>, key: K, make: () => V): V {
  const before = made.get(key);
  if (before !== undefined) return before;
  const value = make();
  made.set(key, value);
  return value;
}
