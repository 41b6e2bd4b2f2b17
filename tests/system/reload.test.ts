// SIGHUP at a server that has members: it reads files again and disturbs no member. And its log of strangers.

import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Certificates } from "../support/certificates.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { openssl } from "../support/parts.ts";
import { root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";
import { startWithPage, WebClient } from "../support/web.ts";

setDefaultTimeout(testMs);

const trusting = { rejectUnauthorized: false };

/** The fingerprint of the certificate that a new connection is shown. */
function fingerprintAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    Bun.connect({
      hostname: "localhost",
      port,
      tls: trusting,
      socket: {
        handshake(socket) {
          resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "none");
          socket.terminate();
        },
        data() {},
      },
    }).catch(reject);
  });
}

openssl.test("SIGHUP reads all again, and no member is disturbed", async () => {
  using folder = temporaryFolder();
  using made = new Certificates().selfSigned("one").selfSigned("two");
  const file = (name: string) => join(folder.path, name);
  const install = (name: string) => {
    copyFileSync(made.cert(name), file("cert.pem"));
    copyFileSync(made.key(name), file("key.pem"));
  };
  const settings = [
    `tls-cert ${file("cert.pem")}`,
    `tls-key ${file("key.pem")}`,
    `password-file = ${file("pw")}`,
  ];
  writeFileSync(file("server.conf"), ["# the room", ...settings, "stay"].join("\n"));
  writeFileSync(file("pw"), "old\n");
  install("one");
  const { server, port } = await startWithPage(["--config", file("server.conf")]);
  await using _ = server;
  using web = await new WebClient().open(port, { tls: trusting });
  using ada = await JsonClient.join(server.port, "ada", { password: "old" }, trusting);
  using bob = await JsonClient.join(server.port, "bob", { password: "old" }, trusting);
  for (const each of [server.port, port]) expect(await fingerprintAt(each)).toBe(made.fingerprint("one"));

  install("two");
  writeFileSync(file("pw"), "new\n");
  writeFileSync(file("server.conf"), [...settings, "stay", "keep = 500", "max-per-address = 50"].join("\n"));
  process.kill(server.pid, "SIGHUP");
  await server.line(
    /SIGHUP: the server goes on; changed: --max-per-address, the certificate, the room's password; at the next start: --keep$/,
  );
  for (const each of [server.port, port]) expect(await fingerprintAt(each)).toBe(made.fingerprint("two"));
  await server.line(new RegExp(`In a browser: https://localhost:${port}$`));
  await web.roundTrip();
  const page = await fetch(`https://localhost:${port}/`, { tls: trusting });
  expect([page.status, page.headers.get("etag")]).toEqual([200, expect.any(String)]);
  ada.send({ type: "say", text: "still here" });
  await bob.event("said", { from: "ada", text: "still here" });
  using cyd = await new JsonClient().open(server.port, { tls: trusting });
  cyd.send({ type: "join", name: "cyd", password: "old" });
  await cyd.event("error", { code: "wrong-password" });
  cyd.send({ type: "join", name: "cyd", password: "new" });
  await cyd.event("welcome");

  writeFileSync(file("server.conf"), [...settings, "max-per-address = many"].join("\n"));
  process.kill(server.pid, "SIGHUP");
  await server.line(/nothing was changed, .*--max-per-address takes .* \(from .*server\.conf, line 4\)$/);
  cyd.send({ type: "say", text: "me too" });
  await ada.event("said", { from: "cyd", text: "me too" });
  expect(ada.received.items.filter(({ type }) => type === "bye" || type === "left")).toEqual([]);
});

test.concurrent("the log has a line for a loop of connections, and joins' addresses", async () => {
  await using server = await Server.start(["--stay"], { CHAT_MAX_CONECTIONS: "5", CHAT_NAME: "ada" });
  for (let i = 0; i < 50; i++) {
    using loop = await new PlainClient().open(server.port);
    loop.halfClose();
    await loop.closed;
  }
  using ada = await JsonClient.join(server.port, "ada");
  await server.line(/ada joined \(127\.0\.0\.1\)$/);
  await ada.roundTrip();
  const lines = server.log.items;
  expect(lines.filter((line) => line.endsWith(" connected")).length).toBeLessThanOrEqual(3);
  expect(lines.filter((line) => line.endsWith(" disconnected")).length).toBeLessThanOrEqual(3);
  expect(lines.filter((line) => line.includes("The variable "))).toHaveLength(1);
  await server.line(/The variable CHAT_MAX_CONECTIONS sets nothing: see --help$/);
});

test.concurrent("a wrong line in the settings is named, with code 2", async () => {
  using folder = temporaryFolder();
  const env = { ...withoutSettings(), XDG_CONFIG_HOME: folder.path };
  const path = join(folder.path, "chatroom", "server.conf");
  await Bun.write(path, "stay\n\ncolour = red\n");
  const server = Bun.spawn(["bun", join(root, "ChatServer.ts"), "--port", "0"], { env, stderr: "pipe" });
  expect(await server.exited).toBe(2);
  expect(await server.stderr.text()).toBe(`There is no setting "colour" in ${path}, line 3: see --help\n`);
});
