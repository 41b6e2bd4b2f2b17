// What a connection has to give, and how long it may take: a name to join, the room's password if it has one, the key of the
// name if it is owned; later perhaps the operators' password. The time counts only while the peer could answer, and begins
// anew with each question. While a password is judged nothing else is read.

import type { Claimed } from "../../dialects/dialect.ts";
import type { CommandOf } from "../../protocol/commands.ts";
import { type Bye, type Fault, fault } from "../../protocol/events.ts";
import { Countdown } from "../limits/countdown.ts";
import { isSame } from "../limits/guesses.ts";
import type { Origin, SecretKind } from "../limits/origin.ts";
import type { Members } from "../room/members.ts";
import type { ShownKey } from "../seats/seats.ts";
import { hashOf } from "../seats/tokens.ts";
import type { Operators } from "./operators.ts";

export type EntranceOptions = {
  /** How long a connection may take to give a name, and then each secret it is asked for. */
  joinWithinMs: number;
  /** The password to join with; undefined: none is needed. */
  password?: string | undefined;
  /** Who may become an operator. */
  operators: Operators;
  /** Called each time a stranger does something wrong, with the address it came from; `isGuess`: a wrong password. */
  report: (problem: string, address: string, isGuess?: true) => void;
};

export type EntranceHandlers = {
  answer(answer: Fault): void;
  /** The next line waits until the function that this returns is called. */
  wait(): () => void;
  tooLate(bye: Bye): void;
};

/** The part of the members that it needs. */
type Seating = Pick<Members, "hasSeat" | "ownerOf" | "hasOwnSeat">;

export class Entrance {
  /** The name that was asked for, while a secret is missing: a person's next line is that secret. */
  claimed: Claimed | undefined;
  /** Whether it has given the room's password, or none is needed. */
  #isAdmitted: boolean;
  #keyHash: string | undefined;
  readonly #options: EntranceOptions;
  readonly #origin: Origin;
  readonly #handlers: EntranceHandlers;
  readonly #time: Countdown;
  #isInTime = false;
  /** Functions of `hold` that are not called yet: the time runs when there are none. */
  #holds = 0;
  /** Takes back the password that is not answered yet. */
  #takeBack = () => {};

  constructor(options: EntranceOptions, origin: Origin, handlers: EntranceHandlers) {
    this.#options = options;
    this.#isAdmitted = options.password === undefined;
    this.#origin = origin;
    this.#handlers = handlers;
    this.#time = new Countdown(options.joinWithinMs, () => {
      const missing = this.claimed?.missing ?? "name";
      handlers.tooLate({ type: "bye", code: "too-late", text: `You gave no ${missing} in time` });
    });
  }

  /** Whether the room has a password. */
  get hasPassword(): boolean {
    return this.#options.password !== undefined;
  }

  /** Whether that is the room's password. Nothing may be told of this before it is judged. */
  isPassword(text: string): boolean {
    return isSame(text, this.#options.password ?? "") && this.hasPassword;
  }

  /** The key that the last request to join had. */
  get key(): ShownKey | undefined {
    if (this.#keyHash === undefined) return undefined;
    return { hash: this.#keyHash, names: this.#origin.names, isAdmitted: this.#isAdmitted };
  }

  /**
   * Calls `enter` if the request has what the room and the name need: the room's password, and the name's key if it is
   * owned. A seat that is in use stands for both, if the request has its token, or the key of its name.
   */
  join(request: CommandOf<"join"> | CommandOf<"post">, members: Seating, enter: () => void): void {
    const { name, password, key } = request;
    const token = request.type === "join" ? request.token : undefined;
    const before = this.claimed?.missing;
    this.claimed = undefined;
    const hash = key === undefined ? undefined : hashOf(key);
    this.#keyHash = hash;
    if (members.hasSeat(token)) return enter();
    const owner = members.ownerOf(name);
    /** Until it is right, a person's next line is another try at it, and nothing for all to see. */
    const ask = (missing: Claimed["missing"], given: string | undefined, problem: Fault) => {
      // Each question gives time to look the answer up; a join repeated without one gives none.
      if (before !== missing || given !== undefined) this.#time.reset();
      this.claimed = { name, password, key, missing };
      this.#handlers.answer(problem);
    };
    const enterWithKey = () => {
      if (!owner || key !== undefined) return enter();
      const text = `"${name}" belongs to a key: what is it? Or take another name`;
      ask("key", undefined, fault("name-owned", text));
    };
    const enterWithPassword = () => {
      const wanted = this.#options.password;
      if (wanted === undefined) return enterWithKey();
      const askAgain = (problem: string) =>
        ask("password", password, fault("wrong-password", `${problem}: what is it?`));
      if (password === undefined) return askAgain("This room has a password");
      this.#judge(isSame(password, wanted), "room", (right) => {
        this.#isAdmitted = right;
        if (right) enterWithKey();
        else askAgain("That is not the password");
      });
    };
    if (!owner || hash === undefined) return enterWithPassword();
    this.#judge(isSame(hash, owner.keyHash), "key", (right) => {
      const text = `"${name}" belongs to another key: take another name`;
      if (!right) ask("key", key, fault("name-owned", text));
      else if (members.hasOwnSeat(name, hash)) enter();
      else enterWithPassword();
    });
  }

  /** Calls `rename`, which refuses a name of another key, once such a key has counted as a guess. */
  rename(owner: { keyHash: string } | undefined, rename: () => void): void {
    if (!owner || this.#keyHash === undefined) rename();
    else this.#judge(isSame(this.#keyHash, owner.keyHash), "key", rename);
  }

  /** Calls `appoint` with the member's credential if the password is the operators', or that of one of them. */
  appoint(request: CommandOf<"op">, member: string, appoint: (credential: string) => void): void {
    const { answer } = this.#handlers;
    const { operators } = this.#options;
    if (!operators.any) return answer(fault("not-operator", "This room has no operator password"));
    const judge = (credential: string | undefined) =>
      this.#judge(credential !== undefined, "operator", () => {
        if (credential !== undefined) appoint(credential);
        else answer(fault("wrong-password", "That is not the operators' password"));
      });
    const credential = operators.match(request, member, this.#origin);
    if (!(credential instanceof Promise)) return judge(credential);
    const settled = this.#handlers.wait();
    // A connection that is gone meanwhile is judged all the same: hanging up saves no guess.
    void credential.then(judge).finally(settled);
  }

  /** The time begins anew, for a sender that only posts. */
  goOn(): void {
    this.#time.reset();
  }

  /** Calls `answered` with whether that is the room's password; true if it has none. */
  prove(password: string, answered: (right: boolean) => void): void {
    const wanted = this.#options.password;
    if (wanted === undefined) answered(true);
    else this.#judge(isSame(password, wanted), "room", answered);
  }

  /** The time stands still until the function that this returns is called. */
  hold(): () => void {
    this.#holds++;
    this.#time.stop();
    return () => {
      this.#holds--;
      if (!this.#isInTime && this.#holds === 0) this.#time.start();
    };
  }

  /** The connection has joined, or is gone: no time runs any more, and a password that waits is not answered. */
  close(): void {
    this.#isInTime = true;
    this.#time.stop();
    this.#takeBack();
  }

  /** Calls `answered` with whether a password, or a key, is right; how soon, the guesses of its address decide. */
  #judge(right: boolean, kind: SecretKind, answered: (right: boolean) => void): void {
    const what = kind === "key" ? "key for a name" : `${kind} password`;
    if (!right) this.#options.report(`gave a wrong ${what}`, this.#origin.address, true);
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
