// The port for browsers, with real servers: the page, its WebSocket, who may open it, and those who abuse it. What the head
// of a request means is tested in tests/unit/server/transports/web.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { kept, operator } from "../support/members.ts";
import { root, type Server, withoutSettings } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";
import { FramePeer, frame, opcode, startWithPage, upgrade, WebClient } from "../support/web.ts";

setDefaultTimeout(testMs);

let server: Server;
let port: number;
let ada: JsonClient;

beforeAll(async () => {
  ({ server, port } = await startWithPage(
    ["--stay", "--rate", "5", "--max-per-address", "2", "--web-names", "chat.example.org"],
    kept,
  ));
  ada = await operator(server, "ada");
});

afterAll(async () => {
  ada[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const at = (path: string) => `http://localhost:${port}${path}`;

/** A client that a proxy here tells the address of. */
function from(address: string): Promise<WebClient> {
  return new WebClient().open(port, { headers: { "x-forwarded-for": address } });
}

describe("the page", () => {
  test("the page is the same in gzip, and runs its own script and style alone", async () => {
    const plain = await fetch(at("/"), { headers: { "accept-encoding": "identity" } });
    const html = await plain.text();
    expect([plain.status, plain.headers.get("content-encoding")]).toEqual([200, null]);
    const policy = plain.headers.get("content-security-policy") ?? "";
    for (const element of ["script", "style"]) {
      const inside = html.match(new RegExp(`<${element}[^>]*>([^]*?)</${element}>`))?.[1] ?? "";
      expect(inside.length).toBeGreaterThan(100);
      const hash = createHash("sha256").update(inside).digest("base64");
      expect(policy).toContain(`${element}-src 'sha256-${hash}'`);
    }
    const gzip = await fetch(at("/"), { headers: { "accept-encoding": "gzip" } });
    expect(gzip.headers.get("content-encoding")).toBe("gzip");
    expect(Number(gzip.headers.get("content-length"))).toBeWithin(1, 30_001);
    expect(await gzip.text()).toBe(html);

    const etag = plain.headers.get("etag") ?? "";
    expect((await fetch(at("/"), { headers: { "if-none-match": etag } })).status).toBe(304);
    const head = await fetch(at("/"), { method: "HEAD", headers: { "accept-encoding": "identity" } });
    expect([head.status, head.headers.get("etag")]).toEqual([200, etag]);
    expect([head.headers.get("content-length"), await head.text()]).toEqual([
      `${Buffer.byteLength(html)}`,
      "",
    ]);
  });

  test.each<[what: string, path: string, init: RequestInit, status: number]>([
    ["POST", "/", { method: "POST", body: "x" }, 405],
    ["OPTIONS", "/", { method: "OPTIONS" }, 405],
    ["a body of 100 KB", "/", { method: "POST", body: "x".repeat(100_000) }, 413],
    ["another path", "/index.html", {}, 404],
    ["a path that climbs", "/../etc/passwd", {}, 404],
    ["a query", "/?q", {}, 200],
    ["the icon", "/favicon.ico", {}, 204],
    ["the WebSocket's path", "/chat", {}, 426],
    ["another host", "/", { headers: { host: "evil.example" } }, 421],
    ["a host of --web-names", "/", { headers: { host: "chat.example.org" } }, 200],
    ["a page elsewhere", "/", { headers: { origin: "https://evil.example" } }, 403],
  ])("a request with %s is answered as it should be", async (_, path, init, status) => {
    const answer = await fetch(at(path), init);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    if (status !== 413) expect(answer.headers.get("connection")).toBe("close");
    await answer.text();
  });

  test("the chat port names the page's address", async () => {
    const answer = await fetch(`http://localhost:${server.port}/`);
    expect(await answer.text()).toContain(`http://localhost:${port}`);
    await server.line(new RegExp(`In a browser: http://localhost:${port}$`));
  });
});

describe("a WebSocket", () => {
  test("a WebSocket and nc talk with each other, in messages of whole lines", async () => {
    using nc = await PlainClient.join(server.port, "nc");
    using web = await WebClient.join(port, "webber");
    await nc.line("webber joined");
    web.sendBytes(JSON.stringify({ type: "say", text: "a text without a line end" }));
    web.sendBytes('{"type":"say","text":"one of"}\n{"type":"say","text":"two lines"}');
    web.sendBytes(Buffer.from('{"type":"say","te'));
    web.sendBytes(Buffer.from('xt":"cut"}\n{"type":"say","text":"and more"}\n'));
    for (const text of ["a text without a line end", "one of", "two lines", "cut", "and more"]) {
      await nc.line(`webber: ${text}`);
    }
    nc.say("héllo");
    await web.event("said", { from: "nc", text: "héllo" });
    expect(web.messages.every((bytes) => bytes.at(-1) === 10)).toBe(true);
    web.send({ type: "quit" });
    await web.event("bye", { code: "left" });
    await web.closed;
    expect(web.code).toBe(1000);
    await nc.line("webber left");
  });

  test("a WebSocket speaks JSON alone, and is not greeted in plain text", async () => {
    using web = await new WebClient().open(port);
    web.sendBytes("eve");
    await web.event("error", { code: "bad-json" });
    web.sendBytes("GET / HTTP/1.1\n");
    await web.roundTrip();
    expect(web.received.items.map(({ type }) => type)).toEqual(["error", "error", "pong", "pong"]);
  });

  test("a tab that is closed keeps its seat, and comes back by its position", async () => {
    const first = await WebClient.join(port, "tab");
    const { token, epoch } = await first.event("welcome");
    const { seq } = await first.event("joined", { name: "tab" });
    first[Symbol.dispose]();
    ada.send({ type: "say", text: "while the tab was closed" });
    using second = await WebClient.join(port, "tab", { token, epoch, after: seq });
    await second.event("said", { text: "while the tab was closed" });
    await second.roundTrip();
    expect(second.events.filter(({ type }) => type === "joined" || type === "left")).toEqual([]);
  });

  test("the page of another site opens no WebSocket", async () => {
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { host: "evil.example" },
    ]) {
      expect(await new WebClient().open(port, { headers }).catch(() => "refused")).toBe("refused");
    }
    using own = await new WebClient().open(port, { headers: { origin: `http://localhost:${port}` } });
    await own.roundTrip();
  });

  test("a full room and a ban reach the page as bye, behind a proxy, too", async () => {
    using first = await from("192.0.2.9");
    using second = await from("203.0.113.1, 192.0.2.9");
    await Promise.all([first.roundTrip(), second.roundTrip()]);
    using third = await from("192.0.2.9");
    expect(await third.event("bye")).toMatchObject({ code: "full", retryAfterMs: 5_000 });
    await third.closed;
    expect([third.code, third.received.items.length]).toEqual([1000, 1]);
    using elsewhere = await from("192.0.2.10");
    await elsewhere.roundTrip();

    first.send({ type: "join", name: "mallory" });
    await first.event("welcome");
    ada.send({ type: "ban", name: "mallory" });
    await first.event("bye", { code: "banned" });
    await first.closed;
    second[Symbol.dispose]();
    using banned = await from("192.0.2.9");
    await banned.event("bye", { code: "banned" });
    await banned.closed;
    expect(banned.code).toBe(1000);
    await server.line(/192\.0\.2\.9 was turned away: Your address is banned from this room$/);
  });
});

describe("a rude peer", () => {
  /** The room is as well as before. */
  async function isWell(): Promise<void> {
    using nc = await new JsonClient().open(server.port);
    using web = await new WebClient().open(port);
    await Promise.all([nc.roundTrip(), web.roundTrip()]);
  }

  /** Asks for a WebSocket, and joins over it. */
  const joining = (name: string) =>
    Buffer.concat([Buffer.from(upgrade), frame(JSON.stringify({ type: "join", name }))]);

  test.each<[what: string, bytes: Buffer]>([
    ["a message of 100 KB", frame("x".repeat(60_000), opcode.text, false)],
    ["a frame without a mask", Buffer.from([0x81, 2, 0x7b, 0x7d])],
    ["compressed", Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
    ["an unknown kind of frame", Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
    ["text that is not UTF-8", frame(Uint8Array.of(0xff, 0xfe))],
    ["a long ping", frame("x".repeat(200), opcode.ping)],
    ["a frame that says it has 2^63 bytes", Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ])("a peer that sends %s is closed", async (_, bytes) => {
    using peer = await FramePeer.open(port);
    peer.write(frame('{"type":"ping","id":"here"}'));
    await peer.line('"here"');
    peer.write(Buffer.concat([bytes, frame("x".repeat(60_000), opcode.more)]));
    await peer.closed;
    await isWell();
  });

  test("a peer may send a message in fragments, with pings between", async () => {
    using peer = await FramePeer.open(port);
    peer.write(frame('{"type":"ping",', opcode.text, false));
    peer.write(Buffer.concat([frame("", opcode.ping), frame('"id":"whole"}', opcode.more)]));
    await peer.line('"whole"');
  });

  test("a line that is too long is answered, and the next one obeyed", async () => {
    using web = await new WebClient().open(port);
    web.sendBytes(`{"type":"ping","id":"${"x".repeat(20_000)}"}\n{"type":"ping","id":"next"}`);
    await web.event("error", { code: "too-long" });
    await web.event("pong", { id: "next" });
  });

  test("a peer that pings, and reads no answer, is closed", async () => {
    using peer = await FramePeer.open(port, joining("pinger"));
    await peer.line('"welcome"');
    peer.pause();
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame("x".repeat(125), opcode.ping)));
    // The answers are as long: 26 MB, far more than the system takes.
    await peer.writeAll(Buffer.concat(Array.from({ length: 200 }, () => pings)));
    ada.send({ type: "say", text: "for all who read" });
    await ada.event("said", { text: "for all who read" });
    peer.resume();
    await peer.closed;
    expect(peer.lines.filter((line) => line.includes("for all who read"))).toEqual([]);
    await isWell();
  });

  test("a peer that floods is read at its pace, and told so", async () => {
    using peer = await FramePeer.open(port, joining("flooder"));
    await peer.line('"welcome"');
    const flood = Buffer.concat(Array.from({ length: 4_000 }, () => frame('{"type":"ping"}')));
    // Until the system takes no more of it: the server has stopped reading.
    while (peer.write(flood) === flood.length);
    await peer.line('"slow-down"');
    await isWell();
  });

  test.each([
    ["nothing", ""],
    ["half a request", "GET /chat HTTP/1.1\r\nHost: local"],
    ["no HTTP", '{"type":"join","name":"eve"}\n'],
    ["TLS", "\x16\x03\x01\x02\x00\x01"],
    ["a WebSocket, and then half a frame", `${upgrade}\x81\xfe`],
  ])("a peer that sends %s and goes away leaves nothing behind", async (_, bytes) => {
    {
      using peer = await FramePeer.open(port, bytes);
      await isWell();
      expect(peer.lines).toEqual([]);
    }
    await isWell();
  });
});

describe.concurrent("a server with a page", () => {
  test("SIGTERM says goodbye to browsers, too", async () => {
    const { server, port } = await startWithPage(["--stay"]);
    await using _ = server;
    using web = await WebClient.join(port, "ada");
    using nameless = await new WebClient().open(port);
    await nameless.roundTrip();
    const exited = server.kill("SIGTERM");
    for (const client of [web, nameless]) {
      expect(await client.event("bye")).toMatchObject({ code: "shutdown", retryAfterMs: 1_000 });
      await client.closed;
      expect(client.code).toBe(1000);
    }
    expect(await exited).toBe(0);
  });

  test("a room that the last browser leaves ends", async () => {
    const { server, port } = await startWithPage();
    await using _ = server;
    using web = await WebClient.join(port, "ada");
    using nameless = await new WebClient().open(port);
    web.send({ type: "quit" });
    await nameless.event("bye", { code: "room-empty" });
    expect(await server.exited).toBe(0);
  });

  test("a port that was asked for and is taken is a failure", async () => {
    using taken = Bun.listen({ hostname: "localhost", port: 0, socket: { data() {} } });
    const run = (flags: string[], environment: Record<string, string>) =>
      Bun.spawn(["bun", join(root, "ChatServer.ts"), "--port", "0", "--history", "none", ...flags], {
        env: { ...withoutSettings(), ...environment },
        stdout: "ignore",
        stderr: "pipe",
      });
    for (const failing of [run(["--web", `${taken.port}`], {}), run([], { CHAT_WEB: `${taken.port}` })]) {
      expect(await failing.exited).toBe(1);
      expect(await failing.stderr.text()).toMatch(/^Cannot listen on .*: end it, or choose another --web\n$/);
    }
  });

  test("silent peers close the page's port while files are few, and no more", async () => {
    const few = ["sh", "-c", 'ulimit -n 300; exec "$@"', "sh"];
    const { server, port } = await startWithPage(["--stay"], {}, few);
    await using _ = server;
    using web = await WebClient.join(port, "web");
    using silent = new DisposableStack();
    const trying = Array.from({ length: 200 }, () => FramePeer.open(port, ""));
    for (const outcome of await Promise.allSettled(trying)) {
      if (outcome.status === "fulfilled") silent.use(outcome.value);
    }
    await server.line(/of 300 files are open: the page's port is closed until some are free$/);
    using ada = await JsonClient.join(server.port, "ada");
    ada.send({ type: "say", text: "still here" });
    await web.event("said", { text: "still here" });
    silent.dispose();
    await server.line(/of 300 files are open: the page's port is open again$/);
    using again = await WebClient.join(port, "again");
    await again.roundTrip();
  });
});
