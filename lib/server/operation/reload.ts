// The settings of the server, and reading them again while it runs. All of them are read before any is changed, so that a wrong
// line changes nothing. The parts of the server hold the objects of Settings and read them whenever they need a value, so
// settings that can change while the server runs are changed in place. The others wait for the next start, and are named.

import { isDeepStrictEqual } from "node:util";
import { parseFlags } from "../../cli/flags.ts";
import { messageOf } from "../../protocol/errors.ts";
import type { DoorOptions } from "../limits/door.ts";
import type { Operators } from "../session/operators.ts";
import type { SessionLimits } from "../session/options.ts";
import { doorLimits, operatorsOf, sessionLimits } from "./limits.ts";
import { about, flags, type Options } from "./options.ts";

export type Settings = {
  options: Options;
  session: SessionLimits;
  door: Omit<DoorOptions, "isBanned">;
  operators: Parameters<Operators["set"]>;
};

/** Reads the certificate anew. Returns a function that uses it, which returns false if it was in use already. */
type Renewal = { reread(options: Options): () => boolean };

/** The options that can change while the server runs. A new rate holds for open connections as well. */
const changeable = [
  "stay",
  "rate",
  "max-connections",
  "max-per-address",
  "password-file",
  "operator-password-file",
  "operators",
  "tls-cert",
  "tls-key",
  "web-names",
  "quiet",
] as const satisfies (keyof Options)[];

/** Reads all settings: flags, variables, files. Throws an Error of one sentence if one of them is wrong. */
export function readSettings(): Settings {
  const options = parseFlags(flags, about);
  return {
    options,
    session: sessionLimits(options),
    door: doorLimits(options),
    operators: operatorsOf(options),
  };
}

/**
 * Reads the settings again, and the certificate if there is one. Returns a part of a sentence for the log: the settings that
 * have changed, and those that wait for the next start.
 */
export function reload(
  settings: Settings,
  certificate: Renewal | undefined,
  read: () => Settings = readSettings,
): string {
  try {
    const fresh = read();
    const isTls = fresh.options["tls-cert"] !== undefined;
    const useCertificate = isTls ? certificate?.reread(fresh.options) : undefined;
    const isRenewed = useCertificate?.() ?? false;
    const isSameKind = isTls === (certificate !== undefined);
    const isChangeable = (name: keyof Options) =>
      changeable.some((known) => known === name) && (isSameKind || !name.startsWith("tls-"));
    return sentencePart(carryOver(settings, fresh, isChangeable, isRenewed));
  } catch (error) {
    return `nothing was changed, since the settings cannot be used: ${messageOf(error)}`;
  }
}

type Changes = { changed: string[]; waiting: string[] };

function carryOver(
  settings: Settings,
  fresh: Settings,
  isChangeable: (name: keyof Options) => boolean,
  isRenewed: boolean,
): Changes {
  const { options, session, door } = settings;
  const names = Object.keys(flags) as (keyof Options)[];
  const different = names.filter((name) => !isDeepStrictEqual(options[name], fresh.options[name]));
  const flag = (name: string) => `--${name}`;
  const changed = different.filter(isChangeable).map(flag);
  const waiting = different.filter((name) => !isChangeable(name)).map(flag);
  if (isRenewed) changed.push("the certificate");
  if (session.password !== fresh.session.password) changed.push("the room's password");
  if (!isDeepStrictEqual(settings.operators, fresh.operators)) changed.push("the operators' passwords");

  const changes = changeable.filter(isChangeable).map((name) => [name, fresh.options[name]]);
  Object.assign(options, Object.fromEntries(changes));
  settings.operators = fresh.operators;
  // The token buckets of open connections hold the objects of the rates.
  const { rate, renames, ...others } = fresh.session;
  Object.assign(session.rate, rate);
  Object.assign(session.renames, renames);
  Object.assign(session, others);
  const { addressRate, addressComings, ...limits } = fresh.door;
  Object.assign(door.addressRate, addressRate);
  Object.assign(door.addressComings, addressComings);
  Object.assign(door, limits);
  return { changed, waiting };
}

/** The changes as a part of a sentence for the log. */
function sentencePart({ changed, waiting }: Changes): string {
  const now = changed.length === 0 ? "nothing has changed" : `changed: ${changed.join(", ")}`;
  return waiting.length === 0 ? now : `${now}; at the next start: ${waiting.join(", ")}`;
}
