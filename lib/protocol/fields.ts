// The fields of commands. Each is a check: it takes a value of unknown type, and returns it cleaned, or a fault.

import { type Fault, fault, limits } from "./events.ts";
import { isKey } from "./keys.ts";
import { cleanName, memberName } from "./names.ts";
import { cleanText, visibleRow } from "./text.ts";

export type Field<T> = (value: unknown) => T | Fault;

/** A string that `clean` accepts. */
function stringField<T>(clean: (text: string) => T | Fault): Field<T> {
  return (value) => (typeof value === "string" ? clean(value) : fault("bad-field", "must be a string"));
}

export const string = stringField((text) => text);
export const text = stringField(cleanText);
/** A name to take. */
export const name = stringField(cleanName);
/** The name of another member. */
export const member = stringField(memberName);
/** A member's name, or an address or a network: these have dots or colons, which names have not. The server reads them. */
export const nameOrAddress = stringField((text) => (meansAddress(text) ? text.trim() : memberName(text)));
/** A member's name, or `*` for all members but operators. */
export const nameOrAll = stringField((text) => (text.trim() === everybody ? everybody : memberName(text)));

/** A length of time in ms, written as 90s, 30m, 1h, 7d or 2w. */
export const duration = stringField(
  (text) => durationIn(text) ?? fault("bad-field", "must be a time, such as 1h or 7d"),
);

export const key = stringField((key) =>
  isKey(key) ? key : fault("bad-field", "must be 12 to 128 printable ASCII characters"),
);

export const operatorPassword = stringField((password) =>
  password === "" ? fault("empty", "An operators' password needs at least one character") : password,
);

/** A single row of at most `maxLength` code points; `what` names it in faults. */
export function row(what: string, maxLength: number): Field<string> {
  return stringField((text) => {
    const row = visibleRow(text).trim();
    if (row === "") return fault("empty", `${what} needs some words`);
    return [...row].length <= maxLength
      ? row
      : fault("too-long", `${what} has at most ${maxLength} characters: shorten it`);
  });
}

export const reason = row("A reason", limits.topicLength);

export const id: Field<string> = (value) =>
  typeof value === "string" && /^[\x21-\x7e]+$/.test(value) && value.length <= limits.idLength
    ? value
    : fault("bad-field", `must be 1 to ${limits.idLength} printable ASCII characters`);

export const count: Field<number> = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : fault("bad-field", "must be a whole number, 0 or more");

/** A number of messages from 1 up; Infinity for "all". */
export const amount: Field<number> = (value) => {
  if (value === "all") return Number.POSITIVE_INFINITY;
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0
    ? value
    : fault("bad-field", 'must be a whole number, 1 or more, or "all"');
};

export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value) => (value === undefined || value === null ? undefined : field(value));
}

/** True for a message from a program, which no program should answer. */
export const notice: Field<true | undefined> = (value) => {
  if (value === undefined || value === null || value === false) return undefined;
  return value === true ? true : fault("bad-field", "must be true or false");
};

/** Whether the text means an address or a network, not a name: no name has a dot or a colon. */
export function meansAddress(nameOrAddress: string): boolean {
  return /[.:]/.test(nameOrAddress);
}

/** Stands for all members except the operators. */
export const everybody = "*";

/** A day, in milliseconds. */
export const dayMs = 86_400_000;

/** The milliseconds in each unit of time that people write. */
export const unitMs: Record<string, number> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: dayMs,
  w: 604_800_000,
};

/** The milliseconds in 90s, 30m, 1h, 7d or 2w (at most five digits); undefined for any other text, and for 0. */
function durationIn(text: string): number | undefined {
  const [, count = "", unit = ""] = /^(\d{1,5})([smhdw])$/i.exec(text) ?? [];
  return Number(count) * (unitMs[unit.toLowerCase()] ?? 0) || undefined;
}

/** Writes milliseconds as 90s, 30m, 1h, 7d or 2w: in the largest unit that divides them, rounded to seconds. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1_000) * 1_000;
  const [unit, each] = Object.entries(unitMs).findLast(
    ([, each]) => seconds % each === 0 && seconds >= each,
  ) ?? ["s", 1_000];
  return `${seconds / each}${unit}`;
}
