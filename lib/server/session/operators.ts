// The passwords that make operators: one that all operators share, and one for each name in a file. A password has a credential,
// which the room stores with the member that gave the password: once the password is changed or removed, the credential holds
// no longer, and the member is no operator any more. A person who reads a credential cannot try many passwords, since a slow
// hash has to be computed for each.
//
// The passwords of the file are hashed with argon2: verifying one takes tens of milliseconds, and tens of megabytes. One is
// verified at a time, off this thread, and at most one of each address waits for that, so that guesses from one address keep no
// others waiting.

import { createHash, scryptSync } from "node:crypto";
import type { CommandOf } from "../../protocol/commands.ts";
import { nameKey } from "../../protocol/names.ts";
import { isSame } from "../limits/guesses.ts";
import type { Origin } from "../limits/origin.ts";

/** An operator in the file, with the hash of its password in the form of Bun.password. */
export type NamedOperator = { name: string; hash: string };

export class Operators {
  #shared: { password: string; credential: string } | undefined;
  /** The operators in the file, by the keys of their names. */
  #named = new Map<string, NamedOperator>();
  #credentials = new Set<string>();
  /** Settles once no password is being verified. */
  #verified: Promise<unknown> = Promise.resolve();

  constructor(password?: string, named: readonly NamedOperator[] = []) {
    this.set(password, named);
  }

  /** Replaces all passwords; afterwards `holds` tells which credentials still hold. */
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

  /** The credential of the password; undefined if it is wrong. `member`: the member's name, which may be that of an operator. */
  match(
    request: CommandOf<"op">,
    member: string,
    origin: Origin,
  ): Promise<string | undefined> | string | undefined {
    const { password, name } = request;
    // IRC clients always send a name: one that is not in the file goes with the shared password.
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
    const tries = [{ name: name ?? member, password }];
    // Without the field `name` the password may have a name in front.
    if (name === undefined) tries.unshift({ name: first, password: rest });
    for (const { name, password } of tries) {
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
  const digest = createHash("sha256")
    .update(`${nameKey(name)} ${hash}`)
    .digest("base64url");
  return `operator ${digest}`;
}

/** The credential of the shared password. Its hash, scrypt, is slow on purpose. */
function credentialOfAll(password: string): string {
  return `password ${scryptSync(password, "chatroom operators", 18).toString("base64url")}`;
}
