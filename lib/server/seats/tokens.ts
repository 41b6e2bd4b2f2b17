// The random ids of seats, the tokens that give them back, and the hashes under which the server keeps tokens and keys.

import { createHash, randomBytes } from "node:crypto";

/** 72 random bits, so that no two seats get the same. */
export function newSeatId(): string {
  return randomBytes(9).toString("base64url");
}

/** 144 random bits, which cannot be guessed. */
export function newToken(): string {
  return randomBytes(18).toString("base64url");
}

/** The SHA-256 of a token or a key, base64url: the server keeps no token and no key itself. */
export function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
