// The splice, against its definition: whatever the socket takes and whenever, what a reader receives is every event
// it may see, once, in order, and each private line right behind the event it was told after, or in place of it. Some
// readers of a room are written to by a fan-out, the others write by themselves.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { LiveLog } from "../../../../lib/server/delivery/live-log.ts";
import { privateBytes, Reader, type Sink } from "../../../../lib/server/delivery/reader.ts";
import { testMs } from "../../../support/transcript.ts";
import { fail, House, later, openingAt, plain, readers, short, step } from "./reader-house.ts";

setDefaultTimeout(testMs);

test("a reader gets what it may see, once and in order, in short writes", async () => {
  let fellBehind = 0;
  let fannedOut = 0;
  await fc.assert(
    fc.asyncProperty(plain, fc.array(step, { maxLength: 120, size: "max" }), async (plain, steps) => {
      const house = new House(plain);
      await house.take({ do: "start", who: 0, back: 0 });
      for (const one of steps) await house.take(one);
      fellBehind += house.fellBehind;
      fannedOut += house.fanOut.calls.flat().length;
      await house.drainEverything();
      for (const client of house.clients) expect(client.received).toBe(client.expected(house.journal));
    }),
    { numRuns: 5000 },
  );
  expect(fellBehind).toBeGreaterThan(100);
  expect(fannedOut).toBeGreaterThan(1000);
});

test("a client that resumes after a cut at any byte sees each event once", async () => {
  const drop = fc.record({ do: fc.constant("drop" as const), who: fc.nat(readers - 1) });
  const steps = fc.array(fc.oneof({ weight: 10, arbitrary: step }, { weight: 1, arbitrary: drop }), {
    maxLength: 120,
    size: "max",
  });
  let resumed = 0;
  await fc.assert(
    fc.asyncProperty(plain, steps, async (plain, steps) => {
      const house = new House(plain);
      for (const client of house.clients) client.start(0);
      for (const one of steps) {
        if (one.do !== "drop") await house.take(one);
        else {
          house.clients[one.who]?.dropAndResume();
          resumed++;
        }
      }
      await house.drainEverything();
      for (const client of house.clients) {
        const visible = house.journal.filter(
          (kept) => (kept.only ?? client.index) === client.index && client.lineFor(kept) !== "",
        );
        expect(client.seqs).toEqual(visible.map(({ event }) => event.seq));
      }
    }),
    { numRuns: 2000 },
  );
  expect(resumed).toBeGreaterThan(1000);
});

test("a reader that never reads stops costing memory once it is behind", async () => {
  const house = new House();
  await house.take({ do: "start", who: 0, back: 0 });
  await house.take({ do: "turn" });
  for (let i = 0; i < 2000; i++) {
    await house.take({ do: "say", length: 20, by: readers });
    if (i % 10 === 0) await house.take({ do: "turn" });
  }
  expect(house.log.readers.size).toBe(0);
  expect(house.pagesRead).toBeLessThan(3);
  await house.drainEverything();
  expect(house.clients[0]?.received).toBe(house.clients[0]?.expected(house.journal) ?? "");
});

test("a client that reads nothing has a bounded number of lines waiting", () => {
  const reader = new Reader({ write: () => 0 }, fail);
  const line = `${"x".repeat(1023)}\n`;
  let told = 0;
  while (reader.tell(line)) told++;
  // One more has been begun, and one may go over.
  expect(told).toBe(privateBytes / 1024 + 2);
});

test("a reader that reads takes a turn of many answers and whispers", async () => {
  const house = new House();
  const [client] = house.clients;
  client?.allow(Infinity);
  client?.start(0);
  await house.drainEverything();
  for (let i = 0; i < 50; i++) {
    await house.take({ do: "whisper", to: 0 });
    client?.tell();
  }
  await house.drainEverything();
  expect(client?.told).toHaveLength(50);
  expect(client?.received).toBe(client?.expected(house.journal) ?? "");
});

test("a journal that cannot be read is reported to the reader's owner", async () => {
  const told: unknown[] = [];
  const log = new LiveLog(short, 5, 256);
  const broken = () => Promise.reject(new Error("damaged"));
  for (const opening of [broken, openingAt(0)]) {
    const reader = new Reader({ write: (_, __, length) => length }, (error) => told.push(error));
    await reader.start(log, opening, broken);
    await later(undefined);
  }
  expect(told).toEqual([new Error("damaged"), new Error("damaged")]);
});

test("private lines before start() come before the opening", async () => {
  const house = new House();
  const [client] = house.clients;
  client?.reader.tell("greeting\n");
  client?.reader.tell("your name is bad\n");
  client?.start(0);
  client?.reader.tell("private\n");
  await house.drainEverything();
  expect(client?.received).toBe("greeting\nyour name is bad\nopening\nprivate\n");
});

test("finish() calls back once the last line has been written, not before", () => {
  let budget = 0;
  let written = "";
  const sink: Sink = {
    write(bytes, offset, length) {
      const taken = Math.min(budget, length);
      written += Buffer.from(bytes.subarray(offset, offset + taken)).toString();
      budget -= taken;
      return taken;
    },
  };
  const reader = new Reader(sink, fail);
  let drained = 0;
  reader.tell("first\n");
  reader.finish("bye\n", () => drained++);
  budget = 8;
  reader.drain();
  expect(drained).toBe(0);
  budget = 8;
  reader.drain();
  expect({ written, drained }).toEqual({ written: "first\nbye\n", drained: 1 });
});

test("a fan-out serves at once those who want nothing but the log", async () => {
  const house = new House([true, true, true]);
  for (const client of house.clients) {
    client.start(0);
    client.allow(Infinity);
  }
  await house.turn();
  await house.turn();
  await house.take({ do: "say", length: 5, by: readers });
  house.clients[1]?.reader.tell("private\n");
  await house.turn();
  expect(house.fanOut.calls).toEqual([[0, 2]]);
  await house.take({ do: "say", length: 5, by: readers });
  await house.turn();
  // It takes two at once.
  expect(house.fanOut.calls).toEqual([[0, 2], [0, 1], [2]]);
});

test("a reader that a fan-out served in part goes on as its socket drains", async () => {
  const house = new House([true]);
  const [client] = house.clients;
  client?.start(0);
  client?.allow(Buffer.byteLength("opening\n1 xx"));
  await house.turn();
  await house.turn();
  await house.take({ do: "say", length: 5, by: readers });
  await house.turn();
  expect(house.fanOut.calls).toEqual([[0]]);
  expect(client?.received).toBe("opening\n1 xx");
  client?.allow(Infinity);
  expect(client?.received).toBe("opening\n1 xxxxx\n");
});
