// A roster: the members as of one event, with the welcome and the history for connections that enter at that event. Many may
// enter at once, so both are encoded when the first connection needs them, and the others are sent the same bytes.

import type { Dialect, Newcomer, RoomState } from "../../../dialects/dialect.ts";
import { messageOf } from "../../../protocol/errors.ts";
import { type Answer, type Fault, fault, type Member, type Recorded } from "../../../protocol/events.ts";
import type { Past } from "../../journal/pages.ts";

export class Roster {
  readonly epoch: string;
  readonly seq: number;
  readonly members: Member[];
  readonly #state: RoomState;
  readonly #rooms = new Map<Dialect, Uint8Array>();
  readonly #histories = new Map<Dialect, Map<number, Promise<Uint8Array>>>();

  constructor(state: RoomState) {
    this.epoch = state.epoch;
    this.seq = state.seq;
    this.members = state.members;
    this.#state = state;
  }

  /** The welcome, in two pieces: the second is the same for all. */
  welcome(dialect: Dialect, newcomer: Newcomer): Uint8Array[] {
    // In this order: IRC takes the newcomer's name from the first for the second.
    const own = Buffer.from(dialect.encodeNewcomer(newcomer));
    return [own, once(this.#rooms, dialect, () => Buffer.from(dialect.encodeRoom(this.#state)))];
  }

  /** The encoded `count` messages up to here that all members may see. `recall`, which finds them, is called once. */
  history(dialect: Dialect, count: number, recall: () => Promise<Past>): Promise<Uint8Array> {
    const histories = once(this.#histories, dialect, () => new Map<number, Promise<Uint8Array>>());
    return once(histories, count, () => encodePast(dialect, recall));
  }
}

/** The encoded `history` for a newcomer, or the fault if it cannot be read. */
async function encodePast(dialect: Dialect, recall: () => Promise<Past>): Promise<Uint8Array> {
  const answer = await recall().then(
    ({ events, before }): Answer => ({ type: "history", events, before }),
    unreadable,
  );
  return Buffer.from(dialect.encode(answer));
}

/**
 * The encoded past of one member: the whispers that waited for it and are older than the history, then the history. `recall`
 * finds the history; undefined: none is shown. `waiting` finds the whispers before a position, or without one all.
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
    // If the history cannot be read (0), the whispers cannot be read either.
    const events = first === 0 ? [] : await waiting(first);
    return events.length === 0 ? shown : [Buffer.from(dialect.encode({ type: "waiting", events })), ...shown];
  } catch (error) {
    return [Buffer.from(dialect.encode(unreadable(error))), ...shown];
  }
}

/** The fault for a history that cannot be read. */
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
