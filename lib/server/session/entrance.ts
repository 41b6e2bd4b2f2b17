// The entrance asks a connection for all that it needs to join, and limits the time: for a name, for the password of the room if
// it has one, and for the key of the name if that is owned. Later it also checks the passwords of operators. The time counts
// only while the peer could answer, and begins anew with each question. While a password is checked no line is read.

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
  /** How long a connection may take to give a name, and then each secret, in ms. */
  joinWithinMs: number;
  /** The password to join with; undefined: none is needed. */
  password?: string | undefined;
  operators: Operators;
  /** Called when a peer does something wrong, with its address. `isGuess`: it gave a wrong password or key. */
  report: (problem: string, address: string, isGuess?: true) => void;
};

type EntranceHandlers = {
  answer(answer: Fault): void;
  /** Holds the next line back until the function that this returns is called. */
  wait(): () => void;
  tooLate(bye: Bye): void;
};

/** The part of the room's members that an entrance needs. */
type Seating = Pick<Members, "hasSeat" | "ownerOf" | "hasOwnSeat">;

/** A request that may still lack a secret. */
type Attempt = {
  request: CommandOf<"join"> | CommandOf<"post">;
  isOwned: boolean;
  /** The secret that the latest answer asked for. */
  asked: Claimed["missing"] | undefined;
  enter: () => void;
};

export class Entrance {
  /** The latest join, while a secret for it is missing: in plain text the next line is that secret. */
  claimed: Claimed | undefined;
  /** Whether the connection has given the room's password, or none is needed. */
  #isAdmitted: boolean;
  #keyHash: string | undefined;
  readonly #options: EntranceOptions;
  readonly #origin: Origin;
  readonly #handlers: EntranceHandlers;
  readonly #time: Countdown;
  #isInTime = false;
  /** How many functions that `hold` returned are not called yet: while there are any, the time is stopped. */
  #holds = 0;
  /** Cancels the answer to the password that is being checked. */
  #cancel = () => {};

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

  get hasPassword(): boolean {
    return this.#options.password !== undefined;
  }

  /** Whether the text is the room's password. The peer may not learn this without a guess that counts: see `join`. */
  isPassword(text: string): boolean {
    return isSame(text, this.#options.password ?? "") && this.hasPassword;
  }

  /** The key in the latest request to join. */
  get key(): ShownKey | undefined {
    if (this.#keyHash === undefined) return undefined;
    return { hash: this.#keyHash, names: this.#origin.names, isAdmitted: this.#isAdmitted };
  }

  /**
   * Calls `enter` if the request has the room's password and, if the name is owned, its key. A request with the token of a seat
   * in use, or with the key of its name, needs no password.
   */
  join(request: Attempt["request"], members: Seating, enter: () => void): void {
    const { name, key } = request;
    const asked = this.claimed?.missing;
    const hash = key === undefined ? undefined : hashOf(key);
    this.claimed = undefined;
    this.#keyHash = hash;
    if (request.type === "join" && members.hasSeat(request.token)) return enter();
    const owner = members.ownerOf(name);
    const attempt = { request, isOwned: owner !== undefined, asked, enter };
    if (!owner || hash === undefined) return this.#checkPassword(attempt);
    this.#judge(isSame(hash, owner.keyHash), "key", (right) => {
      const text = `"${name}" belongs to another key: take another name`;
      if (!right) this.#ask("key", attempt, fault("name-owned", text));
      else if (members.hasOwnSeat(name, hash)) enter();
      else this.#checkPassword(attempt);
    });
  }

  #checkPassword(attempt: Attempt): void {
    const { password } = attempt.request;
    const wanted = this.#options.password;
    const ask = (problem: string) =>
      this.#ask("password", attempt, fault("wrong-password", `${problem}: what is it?`));
    if (wanted === undefined) return this.#enterWithKey(attempt);
    if (password === undefined) return ask("This room has a password");
    this.#judge(isSame(password, wanted), "room", (right) => {
      this.#isAdmitted = right;
      if (right) this.#enterWithKey(attempt);
      else ask("That is not the password");
    });
  }

  /** Enters, unless the name is owned and the request has no key. */
  #enterWithKey(attempt: Attempt): void {
    const { request, isOwned, enter } = attempt;
    if (!isOwned || request.key !== undefined) return enter();
    const text = `"${request.name}" belongs to a key: what is it? Or take another name`;
    this.#ask("key", attempt, fault("name-owned", text));
  }

  /** Answers with the problem. Until the secret is right, the next line in plain text is another try, and never a message. */
  #ask(missing: Claimed["missing"], { request, asked }: Attempt, problem: Fault): void {
    const { name, password, key } = request;
    // Each question gives time to find the answer; the same request once more, without the secret, gives none.
    if (asked !== missing || request[missing] !== undefined) this.#time.reset();
    this.claimed = { name, password, key, missing };
    this.#handlers.answer(problem);
  }

  /** Calls `rename`, which refuses a name of another owner. With a key the attempt counts as a guess at the owner's key. */
  rename(owner: { keyHash: string } | undefined, rename: () => void): void {
    if (!owner || this.#keyHash === undefined) rename();
    else this.#judge(isSame(this.#keyHash, owner.keyHash), "key", rename);
  }

  /** Calls `appoint` with the credential of the password, if that makes an operator; else answers that it does not. */
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
    // The guess counts even if the connection has closed meanwhile.
    void credential.then(judge).finally(settled);
  }

  /** Lets the time begin anew: a sender that posts messages need not join. */
  resetTime(): void {
    this.#time.reset();
  }

  /** Calls `answered` with whether the password is the room's; true if the room has none. */
  checkPassword(password: string, answered: (right: boolean) => void): void {
    const wanted = this.#options.password;
    if (wanted === undefined) answered(true);
    else this.#judge(isSame(password, wanted), "room", answered);
  }

  /** Stops the time until the function that this returns is called. */
  hold(): () => void {
    this.#holds++;
    this.#time.stop();
    return () => {
      this.#holds--;
      if (!this.#isInTime && this.#holds === 0) this.#time.start();
    };
  }

  /** The connection has joined or closed: the time ends, and a password that is being checked gets no answer. */
  close(): void {
    this.#isInTime = true;
    this.#time.stop();
    this.#cancel();
  }

  /** Calls `answered` with `right` after the time that the guesses of the address cost. */
  #judge(right: boolean, kind: SecretKind, answered: (right: boolean) => void): void {
    const what = kind === "key" ? "key for a name" : `${kind} password`;
    if (!right) this.#options.report(`gave a wrong ${what}`, this.#origin.address, true);
    const settled = this.#handlers.wait();
    this.#cancel = this.#origin.guesses[kind].judge({
      right,
      delayed: (notice) => this.#handlers.answer(notice),
      answered: (right) => {
        answered(right);
        settled();
      },
    });
  }
}
