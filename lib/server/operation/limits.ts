// The limits of the door and of sessions: those that flags set, and times and sizes that no flag sets; and the passwords.

import { secret } from "../../cli/secret.ts";
import type { DoorOptions } from "../limits/door.ts";
import { openFiles } from "../limits/open-files.ts";
import { unlimited } from "../limits/token-bucket.ts";
import type { Operators } from "../session/operators.ts";
import type { SessionLimits } from "../session/options.ts";
import { readOperators } from "./operators-file.ts";
import type { Options } from "./options.ts";

/** How long a TLS handshake may take, then a name, then each password, in ms. */
const joinWithinMs = 20_000;

/** How many lines a member may send at once. One address may send `addressShare` times as many, at once and per second. */
const burst = 20;
const addressShare = 5;

/** The limits of every session. Throws a UsageError if the password file cannot be read. */
export function sessionLimits(options: Options): SessionLimits {
  return {
    rate: { burst, perSecond: options.rate },
    renames: options.rate === 0 ? unlimited : { burst: 10, perSecond: 0.5 },
    greetAfterMs: 250,
    joinWithinMs,
    silentMs: 90_000,
    password: secret(options["password-file"], "CHAT_PASSWORD"),
  };
}

/** The passwords that make operators. Throws a UsageError if their file cannot be read. */
export function operatorsOf(options: Options): Parameters<Operators["set"]> {
  const { operators } = options;
  return [
    secret(options["operator-password-file"], "CHAT_OPERATOR_PASSWORD"),
    operators === undefined ? [] : readOperators(operators),
  ];
}

/** The limits of the door. Throws an Error if the system allows too few open files. */
export function doorLimits(options: Options): Omit<DoorOptions, "isBanned"> {
  const files = openFiles();
  if (files <= sparedFiles) {
    throw new Error(
      `The system allows ${files} open files: the server needs more than ${sparedFiles} (ulimit -n)`,
    );
  }
  return {
    maxConnections: Math.min(options["max-connections"], files - sparedFiles),
    maxPerAddress: options["max-per-address"],
    joinWithinMs,
    addressRate: { burst: burst * addressShare, perSecond: options.rate * addressShare },
    // 40: a whole class may join at once.
    addressComings: options.rate === 0 ? unlimited : { burst: 40, perSecond: 1 },
  };
}

/** How many open files the connections of members leave free: for the history, the metrics, and refused connections. */
const sparedFiles = 200;
