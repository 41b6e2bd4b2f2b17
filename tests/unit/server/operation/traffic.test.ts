// Who comes and goes, in the log and in the metrics.

import { beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { Door } from "../../../../lib/server/limits/door.ts";
import { Log } from "../../../../lib/server/operation/log.ts";
import { Traffic } from "../../../../lib/server/operation/traffic.ts";
import { idleMetrics } from "../../../support/metrics.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let lines: string[];
let metrics: ReturnType<typeof idleMetrics>;
let traffic: Traffic;
let door: Door;
let ports: number;

beforeEach(() => {
  lines = [];
  metrics = idleMetrics();
  traffic = new Traffic(
    new Log("text", { print: (line) => lines.push(line.slice(10)), onDropped: () => {} }),
    metrics,
  );
  door = new Door({
    maxConnections: 5,
    maxPerAddress: 5,
    addressRate: { burst: 0, perSecond: 0 },
    addressComings: { burst: 0, perSecond: 0 },
    joinWithinMs: 20_000,
    isBanned: () => false,
  });
  ports = 0;
});

/** A connection from this host comes; the returned function ends it. */
function come(host: string): () => void {
  const admission = door.enter(host);
  if (!admission) return () => {};
  const address = `${host}:${++ports}`;
  traffic.came(host, address, admission);
  return () => {
    traffic.went(address, admission);
    door.leave(admission);
  };
}

test("a loop of connections has a line, each address its own", () => {
  for (let i = 0; i < 100; i++) come("192.0.2.7")();
  come("192.0.2.8");
  expect(lines).toEqual(["192.0.2.7:1 connected", "192.0.2.7:1 disconnected", "192.0.2.8:101 connected"]);
  expect(metrics.connections.value).toBe(101);
});

test("connections that are there at once have a line each", () => {
  const gone = [come("192.0.2.7"), come("192.0.2.7"), come("192.0.2.7")];
  for (const go of gone) go();
  expect(lines.map((line) => line.split(" ")[1])).toEqual([
    ...["connected", "connected", "connected"],
    ...["disconnected", "disconnected", "disconnected"],
  ]);
});

test("refused connections are counted, and have a line for their reason", () => {
  for (let i = 0; i < 8; i++) come("192.0.2.7");
  expect(metrics.refusedConnections.value).toBe(3);
  expect(lines.filter((line) => line.includes("was turned away: The room is full"))).toHaveLength(1);
});

test("each wrong password has a line, up to a hundred a minute", () => {
  for (let i = 0; i < 150; i++) traffic.report("gave a wrong room password", "192.0.2.7", true);
  traffic.report("gave a wrong room password", "192.0.2.8", true);
  traffic.report("sent an HTTP request", "192.0.2.7");
  traffic.report("sent an HTTP request", "192.0.2.7");
  expect(lines.filter((line) => line === "192.0.2.7 gave a wrong room password")).toHaveLength(100);
  expect(lines.slice(100)).toEqual([
    "192.0.2.8 gave a wrong room password",
    "192.0.2.7 sent an HTTP request",
  ]);
  expect(metrics.wrongPasswords.value).toBe(151);
});
