// Carries out orders, and the acts that need no order: it lifts bans and mutes when their time is over, and revokes operators
// whose password was changed or removed.

import { type Fault, isFault } from "../../protocol/events.ts";
import { factKey } from "../journal/facts.ts";
import { serversOnly, unnumbered } from "../journal/journal.ts";
import { sittingAt } from "../seats/changes.ts";
import { keyHashOf, type Seat } from "../seats/seats.ts";
import { entryOf, type Operator, type Order, type RoomFacts } from "./orders.ts";
import type { Recorder, Waiter } from "./recorder.ts";

/** The name in events that the server causes by itself, which is also their author. */
const server = "server";
/** The shortest time to the next `liftEnded`, in ms: the journal may not have taken an entry, which is then made again. */
const shortestWaitMs = 1_000;
/** The longest time of one timer, in ms, since a timer cannot run for more than 24 days. */
const longestWaitMs = 3_600_000;

export class Enforcement {
  readonly #recorder: Recorder;
  readonly #facts: RoomFacts;
  readonly #holds: (credential: string) => boolean;
  /** Runs until the next ban or mute ends. */
  #lifting: Timer | undefined;
  #hasEnded = false;

  /** `holds` tells whether a credential still makes its member an operator. */
  constructor(recorder: Recorder, roomFacts: RoomFacts, holds: (credential: string) => boolean) {
    this.#recorder = recorder;
    this.#facts = roomFacts;
    this.#holds = holds;
  }

  /** Stops lifting bans and mutes: the room has begun again, with another Enforcement. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#lifting);
  }

  /**
   * Carries out an order. If the facts that it expects were changed in the same moment, it is tried again, `tries` times in
   * all. The outcome for the waiter is a note to the operator, or undefined.
   */
  order(order: Order, by: Operator, waiter: Waiter<string | undefined>, tries = 2): void {
    const carried = entryOf(order, by, this.#facts);
    if (isFault(carried)) return waiter.failed(carried);
    const { note, ...entry } = carried;
    const expects = { ...entry.expects, ...by.expects };
    const failed = (problem: Fault) => {
      if (problem.code === "conflict" && tries > 1) this.order(order, by, waiter, tries - 1);
      else waiter.failed(problem);
    };
    this.#recorder.ask(
      { ...entry, author: by.author, expects },
      { happened: () => waiter.happened(note), failed },
    );
  }

  /**
   * Makes a member an operator, for as long as it keeps its seat and the credential holds. Of one that is an operator already
   * the other members are shown nothing; the waiter is given a note for it.
   */
  appoint(seat: Seat, credential: string, waiter: Waiter<string | undefined>): void {
    const { id, name } = seat;
    const change = { facts: { [factKey.op(id)]: credential }, expects: sittingAt(seat) };
    if (seat.operator) {
      const event = unnumbered({ type: "moved", name });
      if (seat.credential !== credential)
        this.#recorder.record({ event, author: "", reader: serversOnly, ...change });
      return waiter.happened("You are an operator already");
    }
    const happened = () => waiter.happened(undefined);
    this.#recorder.ask(
      { event: unnumbered({ type: "opped", name }), author: id, ...change },
      { ...waiter, happened },
    );
  }

  /** Revokes the operators whose credential no longer holds. Called at the start, and when passwords were changed. */
  revokeOperators(): void {
    const { seats, owners } = this.#facts;
    for (const seat of seats) {
      const { id, name, credential } = seat;
      if (credential === undefined || this.#holds(credential)) continue;
      this.#recorder.record({
        event: unnumbered({ type: "deopped", name, by: server }),
        author: server,
        facts: { [factKey.op(id)]: null },
        expects: { [factKey.op(id)]: credential },
      });
      // A separate entry: if the change of a title fails, the member is no operator any more all the same.
      const titles = owners.freeTitles(keyHashOf(seat));
      const event = unnumbered({ type: "moved", name });
      if (titles) this.#recorder.record({ event, author: "", reader: serversOnly, ...titles });
    }
  }

  /** Lifts the bans and mutes whose time is over, and sets a timer for the one that ends next. */
  liftEnded(): void {
    clearTimeout(this.#lifting);
    if (this.#hasEnded) return;
    const { moderation } = this.#facts;
    for (const { type, name, ...change } of moderation.ended(Date.now())) {
      this.#recorder.record({ event: unnumbered({ type, name, by: server }), author: server, ...change });
    }
    const next = moderation.nextEnd;
    if (next === Infinity) return;
    const waitMs = Math.min(Math.max(next - Date.now(), shortestWaitMs), longestWaitMs);
    this.#lifting = setTimeout(() => this.liftEnded(), waitMs);
    this.#lifting.unref();
  }
}
