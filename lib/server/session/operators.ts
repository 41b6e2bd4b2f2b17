// Who may become an operator: a member with the one password of all, or one named in a file, by a password of its own. The
// password that made it one is known by a credential, which is stored with the member: so it is made none once that password
// is changed or gone. A credential does not help to guess the password fast.
//
// The passwords of the file are hashed with argon2: to verify one takes tens of milliseconds and of megabytes. One is
// verified at a time, off this thread, and one of each address, so that guesses from one keep no others waiting.

import { createHash, scryptSync } from "node:crypto";
import type { CommandOf } from "../../protocol/commands.ts";
import { nameKey } from "../../protocol/names.ts";
import { isSame } from "../limits/guesses.ts";
import type { Origin } from "../limits/origin.ts";

/** An operator of the file: its name, and the hash of its password as Bun.password makes it. */
export type NamedOperator = { name: string; hash: string };

export class Operators {
  /** The one password of all. */
  #shared: { password: string; credential: string } | undefined;
  /** By the keys of their names. */
  #named = new Map<string, NamedOperator>();
  #credentials = new Set<string>();
  /** Settles once no password is being verified. */
  #verified: Promise<unknown> = Promise.resolve();

  constructor(password?: string, named: readonly NamedOperator[] = []) {
    this.set(password, named);
  }

  /** Replaces the operators; afterwards `holds` tells whose credential is still good. */
  set(password: string | undefined, named: readonly NamedOperator[]): void {
    this.#shared = password === undefined ? undefined : { password, credential: credentialOfAll(password) };
    this.#named = new Map(named.map((operator) => [nameKey(operator.name), operator]));
    this.#credentials = new Set(named.map(credentialOf));
    if (this.#shared) this.#credentials.add(this.#shared.credential);
  }

  /** Whether there is any way to become an operator. */
  get any(): boolean {
    return this.#credentials.size > 0;
  }

  holds(credential: string): boolean {
    return this.#credentials.has(credential);
  }

  /** The credential that a password gives to a member, called `member`; undefined if the password is wrong. */
  match(
    request: CommandOf<"op">,
    member: string,
    origin: Origin,
  ): Promise<string | undefined> | string | undefined {
    const { password, name } = request;
    // IRC clients give some name, and who has the password of all has no name here.
    const isNamed = name !== undefined && this.#named.has(nameKey(name));
    if (this.#shared !== undefined && !isNamed && isSame(password, this.#shared.password)) {
      return this.#shared.credential;
    }
    return this.#named.size === 0 ? undefined : this.#matchNamed(request, member, origin);
  }

  async #matchNamed(
    { password, name }: CommandOf<"op">,
    member: string,
    origin: Origin,
  ): Promise<string | undefined> {
    const [, first = "", rest = ""] = /^(\S+)\s+(.+)$/s.exec(password) ?? [];
    const tries: [name: string, password: string][] =
      name === undefined
        ? [
            [first, rest],
            [member, password],
          ]
        : [[name, password]];
    for (const [name, password] of tries) {
      const operator = this.#named.get(nameKey(name));
      if (operator && (await this.#verify(password, operator, origin))) return credentialOf(operator);
    }
    return undefined;
  }

  #verify(password: string, { hash }: NamedOperator, origin: Origin): Promise<boolean> {
    const verify = () => {
      const verified = this.#verified.then(() => Bun.password.verify(password, hash)).catch(() => false);
      this.#verified = verified;
      return verified;
    };
    const verified = origin.verified.then(verify);
    origin.verified = verified;
    return verified;
  }
}

function credentialOf({ name, hash }: NamedOperator): string {
  return `operator ${createHash("sha256")
    .update(`${nameKey(name)} ${hash}`)
    .digest("base64url")}`;
}

/** Slow on purpose: who reads it in a history must not be able to try many passwords. */
function credentialOfAll(password: string): string {
  return `password ${scryptSync(password, "chatroom operators", 18).toString("base64url")}`;
}
