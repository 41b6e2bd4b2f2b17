// The way into the room on a terminal: it asks for a name, a password, or whether a certificate is the right one, until the
// room lets the person in or a question is left without an answer.

import { messageOf } from "../../../protocol/errors.ts";
import { type Fault, fault } from "../../../protocol/events.ts";
import type { Tty } from "../../../terminal/tty.ts";
import type { Link } from "../../core/link.ts";
import { Refusal } from "../../core/wire.ts";
import { UnknownCertificate } from "../trust.ts";
import { askName, askPassword, askTrust, whileWaiting } from "./questions.ts";

export type EntranceOptions = {
  tty: Tty;
  link: Link;
  /** The servers' addresses, as messages name them. */
  address: string;
  /** The name to join under; undefined: it is asked for. */
  name: string | undefined;
  /** Called with each name before the first join under it. */
  joining: (name: string) => void;
  /** Rejects with a Refusal once the client is closed, so that no wait for the room goes on. */
  over: Promise<never>;
};

export class Entrance {
  readonly #options: EntranceOptions;

  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  /** Lets a person in. False if a question was left; throws an Error of one sentence if there is no way in. */
  async enter(): Promise<boolean> {
    try {
      return await this.#ask(this.#options.name, undefined, async (name) => {
        this.#options.joining(name);
        return this.#joinAsking(name);
      });
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Error(
        `${this.#unreachable(error)}. Start one with "bun ChatServer.ts", or choose another --host`,
      );
    }
  }

  /**
   * Lets a member in again who lost the seat and the name. Such a member may have messages to lose, so after a failed try
   * it is asked again. False if a question was left; throws a Refusal if the servers let no client in.
   */
  reenter(lost: Fault): Promise<boolean> {
    return this.#ask(this.#options.link.name, lost, async (name) => {
      try {
        return await this.#join(name);
      } catch (error) {
        if (error instanceof Refusal) throw error;
        return fault("unavailable", this.#unreachable(error));
      }
    });
  }

  /** Joins until there is no problem left that the person may have an answer to. */
  async #ask(
    first: string | undefined,
    lost: Fault | undefined,
    join: (name: string) => Promise<Fault | undefined>,
  ): Promise<boolean> {
    let name = first;
    for (let problem = lost; ; ) {
      name = await this.#answerTo(problem, name);
      if (name === undefined) return false;
      problem = await join(name);
      if (problem === undefined) return true;
    }
  }

  /** The name to try next, once the person has answered the problem with the last try. Undefined to give up. */
  async #answerTo(problem: Fault | undefined, name: string | undefined): Promise<string | undefined> {
    const { tty, link } = this.#options;
    if (problem?.code === "wrong-password") {
      link.password = await askPassword(tty, problem.text);
      return link.password === undefined ? undefined : name;
    }
    if (name === undefined) return askName(tty);
    return problem ? askName(tty, { name, problem }) : name;
  }

  /** Joins; an unknown certificate is shown to the person, who may accept it. */
  async #joinAsking(name: string): Promise<Fault | undefined> {
    try {
      return await this.#join(name);
    } catch (error) {
      if (!(error instanceof UnknownCertificate)) throw error;
      const { trust, unknown } = error;
      if (!(await askTrust(this.#options.tty, trust.address, unknown))) throw error;
      trust.remember(unknown.fingerprint);
      return this.#join(name);
    }
  }

  #join(name: string): Promise<Fault | undefined> {
    const { tty, link, address, over } = this.#options;
    return whileWaiting(tty, `Connecting to ${address}`, Promise.race([link.join(name), over]));
  }

  #unreachable(error: unknown): string {
    return `No chat server at ${this.#options.address}: ${messageOf(error)}`;
  }
}
