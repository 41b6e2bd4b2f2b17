// Carries orders out, and does what needs no order: bans and mutes end when their time is over, and a member is no operator
// any more once the password that made it one is changed or gone.

import { type Fault, isFault } from "../../protocol/events.ts";
import { factKey } from "../journal/facts.ts";
import { unnumbered } from "../journal/journal.ts";
import { sittingAt } from "../seats/changes.ts";
import type { Seat } from "../seats/seats.ts";
import { entryOf, type Operator, type Order, type Standing } from "./orders.ts";
import type { Recorder, Waiter } from "./recorder.ts";

/** The name in events that the server causes by itself, and their author. */
const server = "server";
/** How long until a ban or mute that the journal did not lift is lifted again. */
const liftAgainMs = 1_000;
/** A time that is too long for a timer is waited for in parts. */
const longestWaitMs = 3_600_000;

export class Enforcement {
  readonly #recorder: Recorder;
  readonly #standing: Standing;
  readonly #holds: (credential: string) => boolean;
  /** Runs until the next ban or mute ends. */
  #lifting: Timer | undefined;
  #hasEnded = false;

  /** `holds`: whether a credential still makes its member an operator. */
  constructor(recorder: Recorder, standing: Standing, holds: (credential: string) => boolean) {
    this.#recorder = recorder;
    this.#standing = standing;
    this.#holds = holds;
  }

  /** Another one takes its place. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#lifting);
  }

  /**
   * Carries out an order. If the facts it expects changed in the same moment, it is carried out once more. The waiter is
   * given what the operator has to know about it.
   */
  order(order: Order, by: Operator, waiter: Waiter<string | undefined>, isRetry = false): void {
    const carried = entryOf(order, by, this.#standing);
    if (isFault(carried)) return waiter.failed(carried);
    const { note, ...entry } = carried;
    const expects = { ...entry.expects, ...by.expects };
    const failed = (problem: Fault) => {
      if (problem.code === "conflict" && !isRetry) this.order(order, by, waiter, true);
      else waiter.failed(problem);
    };
    this.#recorder.ask(
      { ...entry, author: by.author, expects },
      { happened: () => waiter.happened(note), failed },
    );
  }

  /** Makes a member an operator for as long as it has its seat, and the credential holds. */
  appoint(seat: Seat, credential: string, waiter: Waiter<unknown>): void {
    const { id, name } = seat;
    const facts = { [factKey.op(id)]: credential };
    this.#recorder.ask(
      { event: unnumbered({ type: "opped", name }), author: id, facts, expects: sittingAt(seat) },
      waiter,
    );
  }

  /** Makes those no operators any more whose credential does not hold: at the start, and when passwords changed. */
  revokeOperators(): void {
    for (const { id, name, credential } of this.#standing.seats) {
      if (credential === undefined || this.#holds(credential)) continue;
      this.#recorder.record({
        event: unnumbered({ type: "deopped", name, by: server }),
        author: server,
        facts: { [factKey.op(id)]: null },
        expects: { [factKey.op(id)]: credential },
      });
    }
  }

  /** Lifts the bans and mutes that have ended by now, and comes back when the next one ends. */
  liftEnded(): void {
    clearTimeout(this.#lifting);
    if (this.#hasEnded) return;
    const { moderation } = this.#standing;
    for (const { type, name, ...change } of moderation.ended(Date.now())) {
      this.#recorder.record({ event: unnumbered({ type, name, by: server }), author: server, ...change });
    }
    const next = moderation.nextEnd;
    if (next === Infinity) return;
    const waitMs = Math.min(Math.max(next - Date.now(), liftAgainMs), longestWaitMs);
    this.#lifting = setTimeout(() => this.liftEnded(), waitMs);
    this.#lifting.unref();
  }
}
