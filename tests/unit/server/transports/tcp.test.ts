import { expect, setDefaultTimeout, test } from "bun:test";
import { addressOf } from "../../../../lib/protocol/addresses.ts";
import { defaultHost, defaultPort } from "../../../../lib/protocol/events.ts";
import { cannotListen, listenPatiently, waysIn } from "../../../../lib/server/transports/tcp.ts";
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

test.each<[host: string, port: number, tls: boolean, ways: [string, string]]>([
  [defaultHost, defaultPort, false, ["bun ChatClient.ts", "nc localhost 53000"]],
  [
    defaultHost,
    defaultPort,
    true,
    ["bun ChatClient.ts --tls", "openssl s_client -quiet -connect localhost:53000"],
  ],
  [defaultHost, 7, false, ["bun ChatClient.ts localhost:7", "nc localhost 7"]],
  ["::1", 7, false, ["bun ChatClient.ts [::1]:7", "nc ::1 7"]],
  ["::1", 7, true, ["bun ChatClient.ts --tls [::1]:7", "openssl s_client -quiet -connect [::1]:7"]],
])("the way to %s, port %d, TLS %p, is one that works there", (host, port, tls, ways) => {
  expect(waysIn({ host, port }, tls)).toEqual(ways);
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
  expect(() => listenPatiently({ host: "localhost", port }, listen)).toThrow(
    `Cannot listen on localhost:${port}, something listens there already, or has used the port a moment ago: `,
  );
});
