// The server for browsers in this process: a port that is taken, and handlers that fail.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { defaultWebPort, Web, type WebHandlers } from "../../../../../lib/server/transports/web/server.ts";
import { freePort } from "../../../../support/server.ts";
import { Transcript, testMs } from "../../../../support/transcript.ts";
import { WebClient } from "../../../../support/web.ts";

setDefaultTimeout(testMs);

const addresses = ["127.0.0.1"];
const options = { host: "127.0.0.1", "web-names": [] };
let acts: Transcript<string>;
let open: Web[];
let failing: string;

beforeEach(() => {
  [acts, open, failing] = [new Transcript(), [], ""];
});
afterEach(() => {
  for (const web of open) web.stop();
});

const handlers: WebHandlers = {
  build: () => Promise.reject(new Error("main.ts is damaged")),
  certificate: () => undefined,
  isProxy: () => true,
  reception: {
    admit: (_, { host }) => act(`opened from ${host}`),
    receive: (transport, chunk) => {
      act(`receive ${chunk}`);
      transport.write(chunk, 0, chunk.length);
    },
    drained: () => {},
    closed: () => act("closed"),
  },
  failed: (problem) => acts.push(problem.split("\n", 1)[0] ?? ""),
};

function act(what: string): void {
  acts.push(what.trim());
  if (failing !== "" && what.startsWith(failing)) throw new Error("a bug");
}

function start(port: number | undefined): Web {
  const web = new Web({ ...options, web: port }, addresses, handlers);
  open.push(web);
  return web;
}

test("without the default port the room goes on without a page, and says so", () => {
  // Taken by this test, if it is not taken anyway.
  start(undefined);
  const second = start(undefined);
  expect(second.isOpen).toBe(false);
  expect([second.lines.length, second.waysIn]).toEqual([1, []]);
  expect(second.lines[0]).toMatch(
    new RegExp(`^There is no page for browsers: Cannot listen on .*:${defaultWebPort}, .* another --web$`),
  );
});

test("port 0 is nowhere, in silence", () => {
  const web = start(0);
  expect([web.isOpen, web.lines, web.waysIn]).toEqual([false, [], []]);
  web.renew(() => {});
});

test("a port that was asked for and is taken is an error", () => {
  const port = freePort();
  const web = start(port);
  expect(web.lines).toEqual([`In a browser: http://127.0.0.1:${port}`]);
  expect(() => start(port)).toThrow(/^Cannot listen on .* choose another --web$/);
});

test("connections outlive the listener that they came by", async () => {
  const port = freePort();
  const web = start(port);
  using client = await new WebClient().open(port, { headers: { "x-forwarded-for": "192.0.2.9" } });
  web.renew(() => {});
  client.send({ type: "ping" });
  await client.received.until((items) => items[0], "an echo");
  using second = await new WebClient().open(port);
  web.stop();
  expect(await new WebClient().open(port).catch(() => "refused")).toBe("refused");
  second.send({ type: "ping" });
  await second.received.until((items) => items[0], "an echo");
  expect(acts.items).toEqual([
    "opened from 192.0.2.9",
    'receive {"type":"ping"}',
    "opened from 127.0.0.1",
    'receive {"type":"ping"}',
  ]);
});

test.each(["opened", "receive", "closed"])("a bug in %s ends that connection alone", async (where) => {
  const port = freePort();
  start(port);
  failing = where;
  using client = await new WebClient().open(port);
  client.send({ type: "ping" });
  if (where === "closed") client[Symbol.dispose]();
  await client.closed;
  await acts.until((items) => items.find((item) => item === "A connection failed: Error: a bug"), "the bug");
  await acts.until((items) => items.find((item) => item === "closed"), "closed");
  failing = "";
  using other = await new WebClient().open(port);
  other.send({ type: "ping" });
  await other.received.until((items) => items[0], "an echo");
});

test("a closed port stays closed with a new certificate, until reopened", async () => {
  const port = freePort();
  const web = start(port);
  web.stop();
  web.renew(() => {});
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  web.reopen(() => {});
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(500);
});

test("a page that cannot be built is told, and the WebSocket works", async () => {
  const port = freePort();
  start(port);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(500);
  expect(acts.items).toEqual(["The page cannot be built: main.ts is damaged"]);
  using client = await new WebClient().open(port);
  client.send({ type: "ping" });
  await client.received.until((items) => items[0], "an echo");
});
