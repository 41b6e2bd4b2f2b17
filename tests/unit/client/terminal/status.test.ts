// The status above the row, in words.

import { afterEach, beforeEach, expect, jest, setDefaultTimeout, test } from "bun:test";
import { Client } from "../../../../lib/client/core/client.ts";
import { type Situation, Status, statusOf } from "../../../../lib/client/terminal/status.ts";
import { PlayedRoom } from "../../../support/played-room.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

const now = new Date(2026, 10, 25, 18, 4).getTime();
const online: Situation = { members: 3, topic: undefined, unsent: 0 };
const offline = { reason: "nobody listens there", since: now, retryMs: 4_200 };

test.each<[situation: Partial<Situation>, status: string]>([
  [{}, "3 here"],
  [{ topic: "tea at four" }, "3 here · tea at four"],
  [{ topic: "tea", unsent: 2 }, "2 unsent · 3 here · tea"],
  [{ lookingBack: "500 of 2,000 lines" }, "500 of 2,000 lines · 3 here"],
  [{ offline }, "again in 5 s · since 18:04 · nobody listens there"],
  [
    { offline: { ...offline, retryMs: undefined }, unsent: 1 },
    "trying again · since 18:04 · 1 unsent · nobody listens there",
  ],
  [{ offline: { ...offline, retryMs: 600_000 } }, "again in 10 min · since 18:04 · nobody listens there"],
  [
    { offline: { ...offline, since: now - 86_400_000, retryMs: 0 } },
    "again in 0 s · since 24 Nov 18:04 · nobody listens there",
  ],
])("the status of %j is in words", (situation, status) => {
  expect(statusOf({ ...online, ...situation }, now)).toBe(status);
});

test("a message that is in the room soon does not count as unsent", () => {
  const room = new PlayedRoom();
  room.members = ["ada"];
  const shown: string[] = [];
  const client = new Client(
    { servers: [room.connect], joins: "all" },
    {
      event: () => status.changed(),
      problem: () => {},
      help: () => {},
      set: () => {},
      notice: () => {},
      refused: () => {},
      state: (state) => status.connection(state),
      nameless: () => {},
      closed: () => {},
    },
  );
  const status = new Status(client, (text) => {
    if (text !== shown.at(-1)) shown.push(text);
  });
  const said = () => {
    room.happen({ type: "said", from: "ada", text: "hi", id: String(room.sent("say").at(-1)?.id) });
  };
  client.link.join("ada");
  room.welcome("ada");
  // At any time of the second between two pictures of the status.
  for (let i = 0; i < 100; i++) {
    client.enter("hi");
    status.changed();
    jest.advanceTimersByTime(100);
    said();
    jest.advanceTimersByTime(13);
  }
  jest.advanceTimersByTime(2_000);
  expect(shown.join()).not.toContain("unsent");
  client.enter("a slow one");
  status.changed();
  jest.advanceTimersByTime(2_000);
  expect(shown.at(-1)).toBe("1 unsent · 1 here");
  said();
  jest.advanceTimersByTime(1_000);
  expect(shown.at(-1)).toBe("1 here");
  client.link.quit();
  status.stop();
});
