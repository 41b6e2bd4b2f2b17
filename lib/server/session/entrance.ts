// What a connection has to give, and how long it may take: a name to join, with the room's password if it has one, and
// perhaps the operators' password later. The time counts only while the peer could answer, and begins anew with each
// question that it is asked. While a password is judged nothing else is read.

import type { CommandOf } from "../../protocol/commands.ts";
import { type Bye, type Fault, fault } from "../../protocol/events.ts";
import { Countdown } from "../limits/countdown.ts";
import { isSame } from "../limits/guesses.ts";
import type { Origin, PasswordKind } from "../limits/origin.ts";

export type EntranceOptions = {
  /** How long a connection may take to give a name, and then each password it is asked for. */
  joinWithinMs: number;
  /** The password to join with; undefined: none is needed. */
  password?: string | undefined;
  /** The password to become an operator with; undefined: no member can. */
  operatorPassword?: string | undefined;
  /** Called each time a stranger does something wrong, with the address it came from. */
  report: (problem: string, address: string) => void;
};

export type EntranceHandlers = {
  answer(answer: Fault): void;
  /** The next line waits until the function that this returns is called. */
  wait(): () => void;
  tooLate(bye: Bye): void;
};

export class Entrance {
  /** The name that was asked for without the password: the next line of a person is a password for it. */
  claimed: string | undefined;
  readonly #options: EntranceOptions;
  readonly #origin: Origin;
  readonly #handlers: EntranceHandlers;
  readonly #time: Countdown;
  #isInTime = false;
  /** Takes back the password that is not answered yet. */
  #takeBack = () => {};

  constructor(options: EntranceOptions, origin: Origin, handlers: EntranceHandlers) {
    this.#options = options;
    this.#origin = origin;
    this.#handlers = handlers;
    this.#time = new Countdown(options.joinWithinMs, () => {
      const missing = this.claimed === undefined ? "name" : "password";
      handlers.tooLate({ type: "bye", code: "too-late", text: `You gave no ${missing} in time` });
    });
  }

  /** Calls `enter` if the request has the password, or needs none since its token has a seat. */
  join({ name, password }: CommandOf<"join">, hasSeat: boolean, enter: () => void): void {
    const isNew = this.claimed === undefined;
    this.claimed = undefined;
    const wanted = this.#options.password;
    if (wanted === undefined || hasSeat) return enter();
    // Until the password is right, a person's next line is another try at it, and no name for all to see.
    this.claimed = name;
    const ask = (problem: string) => {
      // Each question gives time to look the password up; a join repeated without one gives none.
      if (isNew || password !== undefined) this.#time.reset();
      this.#handlers.answer(fault("wrong-password", `${problem}: what is it?`));
    };
    if (password === undefined) return ask("This room has a password");
    this.#judge(password, wanted, "room", (right) => {
      if (!right) return ask("That is not the password");
      this.claimed = undefined;
      enter();
    });
  }

  /** Calls `appoint` if `password` is the operators'. */
  appoint(password: string, appoint: () => void): void {
    const { answer } = this.#handlers;
    const wanted = this.#options.operatorPassword;
    if (wanted === undefined) return answer(fault("not-operator", "This room has no operator password"));
    this.#judge(password, wanted, "operator", (right) => {
      if (right) appoint();
      else answer(fault("wrong-password", "That is not the operators' password"));
    });
  }

  /** The time stands still until the function that this returns is called. */
  hold(): () => void {
    this.#time.stop();
    return () => {
      if (!this.#isInTime) this.#time.start();
    };
  }

  /** The connection has joined, or is gone: no time runs any more, and a password that waits is not answered. */
  close(): void {
    this.#isInTime = true;
    this.#time.stop();
    this.#takeBack();
  }

  /** Calls `answered` with whether a password is right; how soon, the guesses of its address decide. */
  #judge(given: string, wanted: string, kind: PasswordKind, answered: (right: boolean) => void): void {
    const right = isSame(given, wanted);
    if (!right) this.#options.report(`gave a wrong ${kind} password`, this.#origin.address);
    const settled = this.#handlers.wait();
    this.#takeBack = this.#origin.guesses[kind].judge({
      right,
      delayed: (notice) => this.#handlers.answer(notice),
      answered: (right) => {
        answered(right);
        settled();
      },
    });
  }
}
