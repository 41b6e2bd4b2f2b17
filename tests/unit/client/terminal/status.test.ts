// The status above the row, in words.

import { expect, setDefaultTimeout, test } from "bun:test";
import { type Situation, statusOf } from "../../../../lib/client/terminal/status.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const now = new Date(2026, 10, 25, 18, 4).getTime();
const online: Situation = { members: 3, topic: undefined, unsent: 0 };
const offline = { reason: "nobody listens there", since: now, retryMs: 4_200 };

test.each<[situation: Partial<Situation>, status: string]>([
  [{}, "3 here"],
  [{ topic: "tea at four" }, "3 here · tea at four"],
  [{ topic: "tea", unsent: 2 }, "2 unsent · 3 here · tea"],
  [{ lookingBack: "500 of 2,000 lines" }, "500 of 2,000 lines · 3 here"],
  [{ offline }, "again in 5 s · nobody listens there · offline since 18:04"],
  [
    { offline: { ...offline, retryMs: undefined }, unsent: 1 },
    "trying again · nobody listens there · offline since 18:04 · 1 unsent",
  ],
  [
    { offline: { ...offline, retryMs: 600_000 } },
    "again in 10 min · nobody listens there · offline since 18:04",
  ],
  [
    { offline: { ...offline, since: now - 86_400_000, retryMs: 0 } },
    "again in 0 s · nobody listens there · offline since 24 Nov 18:04",
  ],
])("the status of %j is in words", (situation, status) => {
  expect(statusOf({ ...online, ...situation }, now)).toBe(status);
});
