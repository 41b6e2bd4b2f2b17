// Times as a person says them.

import { dayMs } from "../../protocol/fields.ts";

/** The time of day, "18:04"; `at`: ms since 1970 UTC. */
export function clockOf(at: number): string {
  return new Date(at).toTimeString().slice(0, 5);
}

/** A past time, in ms since 1970 UTC, as seen from `now`: "18:04", "yesterday 18:04", "Monday 18:04", "3 March 2024 18:04". */
export function sinceWords(at: number, now: Date): string {
  const then = new Date(at);
  const clock = clockOf(at);
  // By the calendar: a day may have 23 or 25 hours.
  const noon = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  const days = Math.round((noon(now) - noon(then)) / dayMs);
  if (days === 0) return clock;
  if (days === 1) return `yesterday ${clock}`;
  const inWords = (options: Intl.DateTimeFormatOptions) => then.toLocaleDateString("en-GB", options);
  if (days > 1 && days < 7) return `${inWords({ weekday: "long" })} ${clock}`;
  const isThisYear = then.getFullYear() === now.getFullYear();
  return `${inWords({ day: "numeric", month: "long", ...(isThisYear ? {} : { year: "numeric" }) })} ${clock}`;
}
