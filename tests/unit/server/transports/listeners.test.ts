import { expect, jest, setDefaultTimeout, test } from "bun:test";
import { addressOf } from "../../../../lib/protocol/addresses.ts";
import {
  addressesOf,
  cannotListen,
  Listeners,
  listenPatiently,
} from "../../../../lib/server/transports/listeners.ts";
import { testMs } from "../../../support/transcript.ts";
import { type Heard, transportContract } from "./contract.ts";

setDefaultTimeout(testMs);

transportContract("TCP", (begun) => {
  const listener = Bun.listen<Heard>({
    hostname: "localhost",
    port: 0,
    allowHalfOpen: true,
    socket: {
      open(socket) {
        socket.data = begun(socket);
      },
      data: ({ data }, chunk) => data.receive(chunk),
      drain: ({ data }) => data.drained(),
      end: ({ data }) => data.inputEnded(),
      close: ({ data }) => data.closed(),
      error: () => {},
    },
  });
  return { port: listener.port, stop: () => listener.stop(true) };
});

test("cannotListen() names the place, an IPv6 address in brackets", () => {
  expect(cannotListen(new Error("why"), { host: "::1", port: 7 })).toStartWith("Cannot listen on [::1]:7, ");
});

test.each([
  ["nosuchhost.invalid", "this machine knows no such host"],
  ["no host", "this machine knows no such host"],
  ["256.1.1.1", "this machine knows no such host"],
  ["localhost:53000", "this machine knows no such host"],
  ["203.0.113.1", "this machine has no such address"],
  ["2001:db8::1", "this machine has no such address"],
])("a server that cannot listen on %s says that %s", (host, reason) => {
  const place = { host, port: 0 };
  const listen = () => Bun.listen({ hostname: host, port: 0, socket: { data() {} } });
  expect(() => listenPatiently(place, listen)).toThrow(
    `Cannot listen on ${addressOf(place)}, ${reason}: choose another --host`,
  );
});

test("a port that only a connection holds is told as such", () => {
  const inUse = Object.assign(new Error(), { code: "EADDRINUSE" });
  const place = { host: "localhost", port: 53_990 };
  const why = (...rows: string[]) => cannotListen(inUse, place, "--port", () => rows);
  const timeWait = "  1: 0100007F:D2E6 0100007F:97E1 06 00000000:00000000 03:000004C0";
  const listener = "  2: 0100007F:D2E6 00000000:0000 0A 00000000:00000000 00:00000000";
  const elsewhere = "  3: 0100007F:97E1 0100007F:D2E6 06 00000000:00000000 03:000004C0";
  const held = "a connection of another program still holds the port: try again in a minute";
  expect(why(elsewhere, timeWait)).toContain(held);
  for (const rows of [[], [elsewhere], [listener], [timeWait, listener]]) {
    expect(why(...rows)).toContain("something listens there already, or has used the port a moment ago");
  }
});

test("a port that is free again in a moment is waited for", () => {
  const earlier = Bun.listen({ hostname: "localhost", port: 0, socket: { data() {} } });
  const { port } = earlier;
  let tries = 0;
  using listener = listenPatiently({ host: "localhost", port }, () => {
    if (++tries === 3) earlier.stop(true);
    return Bun.listen({ hostname: "localhost", port, socket: { data() {} } });
  });
  expect(listener.port).toBe(port);
  expect(tries).toBe(3);
});

test("a port that stays taken is a sentence after a few tries", () => {
  using earlier = Bun.listen({ hostname: "localhost", port: 0, socket: { data() {} } });
  const { port } = earlier;
  const listen = () => Bun.listen({ hostname: "localhost", port, socket: { data() {} } });
  expect(() => listenPatiently({ host: "localhost", port }, listen, { patienceMs: 150 })).toThrow(
    `Cannot listen on localhost:${port}, something listens there already, or has used the port a moment ago: `,
  );
});

test("a host is all the addresses of its name, each once", async () => {
  const find = async () => ["127.0.0.1", "::1", "127.0.0.1"].map((address) => ({ address }));
  expect(await addressesOf({ host: "localhost", port: 7 }, find)).toEqual(["127.0.0.1", "::1"]);
  expect(await addressesOf({ host: "::", port: 7 }, find)).toEqual(["::"]);
});

test("a host that cannot be looked up is a sentence", async () => {
  const sentence = (reason: string) => `Cannot listen on no host:7, ${reason} --host`;
  const place = { host: "no host", port: 7 };
  const unknown = sentence("this machine knows no such host: choose another");
  await expect(addressesOf(place)).rejects.toThrow(unknown);
  // Without a network.
  const find = () => Promise.reject(Object.assign(new Error("getaddrinfo"), { code: "EAI_AGAIN" }));
  const later = sentence("its name cannot be looked up now: try again, or choose another");
  await expect(addressesOf(place, find)).rejects.toThrow(later);
});

/** Plays the machine: refuses addresses that are taken or missing, and writes down the ports that are open. */
function listening(taken: string[] = [], missing: string[] = []) {
  const open: string[] = [];
  let free = 1_000;
  const listen = (address: string, asked: number) => {
    const port = asked === 0 ? ++free : asked;
    const place = `${address} ${port}`;
    if (missing.includes(address)) throw Object.assign(new Error(), { code: "EADDRNOTAVAIL" });
    if (taken.includes(place)) throw Object.assign(new Error(), { code: "EADDRINUSE" });
    open.push(place);
    return { port, stop: () => open.splice(open.indexOf(place), 1) };
  };
  return { open, listen };
}

const anyPort = { host: "localhost", port: 0 };
const both = ["127.0.0.1", "::1"];

test("all addresses of a host are listened on, on one port", () => {
  const { open, listen } = listening();
  expect(new Listeners(anyPort, both, listen).port).toBe(1001);
  expect(open).toEqual(["127.0.0.1 1001", "::1 1001"]);
});

test("new listeners take the port of those before, at every address", () => {
  const { open, listen } = listening();
  const listeners = new Listeners(anyPort, both, listen);
  open.push("another 1001");
  listeners.renew(() => expect.unreachable());
  expect(open).toEqual(["another 1001", "127.0.0.1 1001", "::1 1001"]);
  expect(listeners.port).toBe(1001);
  listeners.stop();
  expect(open).toEqual(["another 1001"]);
});

test("listeners whose port was taken meanwhile wait until it is free", () => {
  jest.useFakeTimers();
  try {
    const taken: string[] = [];
    const { open, listen } = listening(taken);
    const listeners = new Listeners(anyPort, both, listen);
    const said: string[] = [];
    taken.push("::1 1001");
    listeners.renew((message) => said.push(message));
    expect(open).toEqual([]);
    jest.advanceTimersByTime(10_000);
    expect(said).toEqual([expect.stringMatching(/^No new connections .* Cannot listen on localhost:1001, /)]);
    expect(listeners.port).toBe(1001);
    taken.pop();
    jest.advanceTimersByTime(1_000);
    expect(open).toEqual(["127.0.0.1 1001", "::1 1001"]);
    expect(said.slice(1)).toEqual(["New connections are taken again"]);
    taken.push("::1 1001");
    listeners.renew(() => {});
    listeners.stop();
    taken.pop();
    jest.advanceTimersByTime(10_000);
    expect(open).toEqual([]);
  } finally {
    jest.useRealTimers();
  }
});

test("a free port is one that is free at every address", () => {
  const { open, listen } = listening(["::1 1001"]);
  new Listeners(anyPort, both, listen);
  expect(open).toEqual(["127.0.0.1 1002", "::1 1002"]);
});

test("an address that this machine has not is left out", () => {
  for (const missing of both) {
    const { open, listen } = listening([], [missing]);
    new Listeners({ host: "localhost", port: 7 }, both, listen);
    expect(open).toEqual([`${both.find((address) => address !== missing)} 7`]);
  }
});

test("a port that is taken at one address leaves nothing open", () => {
  const { open, listen } = listening(["::1 7"]);
  expect(() => new Listeners({ host: "localhost", port: 7 }, both, listen, { patienceMs: 150 })).toThrow(
    "listens there already",
  );
  expect(open).toEqual([]);
  const none = listening([], both);
  expect(() => new Listeners(anyPort, both, none.listen)).toThrow("this machine has no such address");
});
