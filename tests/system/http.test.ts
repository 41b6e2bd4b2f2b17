// Browsers and curl on the chat port: they are shown what this is, and nothing they send reaches the room.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Certificates } from "../support/certificates.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { openssl, program } from "../support/parts.ts";
import { Server } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const curl = program("curl");
const body = 'mallory\nhi\n{"type":"join","name":"mallory"}\n{"type":"say","text":"hi"}\n';

let server: Server;
let witness: JsonClient;

beforeAll(async () => {
  server = await Server.start(["--stay"]);
  witness = await JsonClient.join(server.port, "witness");
});

afterAll(async () => {
  witness[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

/** Nothing of what was sent so far was obeyed; the log has one line of it. */
async function unheard(): Promise<void> {
  await witness.roundTrip();
  witness.send({ type: "who" });
  await witness.event("members");
  const rosters = witness.received.items.filter((event) => event.type === "members");
  expect(rosters.at(-1)?.members).toEqual([{ name: "witness" }]);
  expect(witness.events.map(({ type }) => type)).toEqual(["joined"]);
  await server.line(/sent an HTTP request$/);
  expect(server.log.items.filter((line) => line.endsWith("sent an HTTP request"))).toHaveLength(1);
}

async function run(url: string, flags: string[]): Promise<{ status: string; shown: string; code: number }> {
  const process = Bun.spawn([curl.found, "-sSk", "-m", "20", "-w", "\n%{http_code}", ...flags, url], {
    stdin: Buffer.from(body),
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = (await process.stdout.text()).split("\n");
  return { status: lines.pop() ?? "", shown: lines.join("\n"), code: await process.exited };
}

curl.describe("curl", () => {
  test.each<[what: string, ...flags: string[]]>([
    ["GET"],
    ["HTTP/1.0", "--http1.0"],
    ["a method of its own", "-X", "brew"],
    ["a method in lower case", "-X", "get"],
    ["OPTIONS *", "-X", "OPTIONS", "--request-target", "*"],
    ["POST of lines", "--data-binary", "@-"],
    ["POST of lines as text", "--http0.9", "--data-binary", "@-", "-H", "Content-Type: text/plain"],
    ["PUT in chunks", "-T", "-", "-H", "Transfer-Encoding: chunked"],
    ["POST that asks first", "-H", "Expect: 100-continue", "--data-binary", "@-"],
    ["POST to a long path", "--request-target", `/${"x".repeat(20_000)}`, "--data-binary", "@-"],
    [
      "a WebSocket",
      "-H",
      "Origin: http://x.example",
      "-H",
      "Upgrade: websocket",
      "-H",
      "Connection: Upgrade",
    ],
  ])("curl is shown what this is: %s", async (_, ...flags) => {
    const { status, shown, code } = await run(`http://localhost:${server.port}/`, flags);
    expect([status, code]).toEqual(["400", 0]);
    expect(shown).toContain("This is a chat room, not a web server.");
    expect(shown).toContain(`bun ChatClient.ts localhost:${server.port}\n  nc localhost ${server.port}`);
    await unheard();
  });

  test("curl -I is shown the head alone, which lets no other site read it", async () => {
    const { status, shown } = await run(`http://localhost:${server.port}/`, ["-I"]);
    expect(status).toBe("400");
    expect(shown).toContain("Content-Type: text/plain");
    expect(shown).not.toMatch(/access-control|chat room/i);
  });
});

test("a request whose parts come late is answered, and obeyed in nothing", async () => {
  using slow = await new PlainClient().open(server.port);
  const parts = ["PO", "ST / HT", "TP/1.1\r", "\nHost: localhost\r\n"];
  for (const part of parts) {
    slow.sendBytes(part);
    // A round trip of another client: the server has read what was there.
    await witness.roundTrip();
  }
  await slow.line("This is a chat room");
  slow.sendBytes(`\r\n${body}`);
  slow.halfClose();
  await slow.closed;
  expect(slow.received.items.join("\n")).toStartWith("HTTP/1.1 400 Bad Request");
  await unheard();
});

(curl.found ? openssl : curl).describe("curl at a TLS port", () => {
  test.each([
    ["https", "bun ChatClient.ts --tls localhost:"],
    ["http", "bun ChatClient.ts --tls HOST:PORT"],
  ])("is shown how to join by %s", async (scheme, wayIn) => {
    using made = new Certificates().selfSigned("localhost");
    const files = ["--tls-cert", made.cert("localhost"), "--tls-key", made.key("localhost")];
    await using server = await Server.start(["--stay", ...files]);
    for (const flags of [[], ["--data-binary", "@-"]]) {
      const { status, shown } = await run(`${scheme}://localhost:${server.port}/`, flags);
      expect(status).toBe("400");
      expect(shown).toContain(wayIn);
    }
    expect(server.log.items.join("\n")).not.toContain("mallory");
  });
});
