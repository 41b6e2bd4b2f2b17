#!/usr/bin/env bun
// The chat room: accepts connections, gives each a session, and ends when the last member has left. The parts stand in the
// order in which they start; a function that is called later may name a part further down.
//
//   bun ChatServer.ts        then, in other terminals:   bun ChatClient.ts   or   nc localhost 53000

import "./lib/cli/bun-version.ts";
import { attempt, fail } from "./lib/cli/failure.ts";
import { onHangup } from "./lib/cli/hangup.ts";
import { Output } from "./lib/cli/output.ts";
import { writeTo } from "./lib/cli/writer.ts";
import { buildDocument } from "./lib/client/web/document.ts";
import type { Bye } from "./lib/protocol/events.ts";
import { dayMs } from "./lib/protocol/fields.ts";
import { isLoopback } from "./lib/server/limits/addresses.ts";
import { Door } from "./lib/server/limits/door.ts";
import { openFiles } from "./lib/server/limits/open-files.ts";
import { consoleFor } from "./lib/server/operation/console.ts";
import { carryOutCopy } from "./lib/server/operation/copies/copies.ts";
import { openDatabase, openFile } from "./lib/server/operation/history.ts";
import { Log } from "./lib/server/operation/log.ts";
import { Metrics } from "./lib/server/operation/metrics/metrics.ts";
import { aboutBuild, openingLines } from "./lib/server/operation/opening.ts";
import { hashOfPassword } from "./lib/server/operation/operators-file.ts";
import { readSettings, reload } from "./lib/server/operation/reload.ts";
import { Traffic } from "./lib/server/operation/traffic.ts";
import { Room } from "./lib/server/room/room.ts";
import { Operators } from "./lib/server/session/operators.ts";
import { Session } from "./lib/server/session/session.ts";
import type { Connection } from "./lib/server/session/transport.ts";
import { TurnedAway } from "./lib/server/session/turned-away.ts";
import { CertificateWatch } from "./lib/server/transports/certificates.ts";
import { IoUring } from "./lib/server/transports/io-uring.ts";
import { addressesOf, Listeners } from "./lib/server/transports/listeners.ts";
import { trustedProxies } from "./lib/server/transports/proxy.ts";
import { type Carrier, Reception } from "./lib/server/transports/reception.ts";
import { socketHandlers } from "./lib/server/transports/tcp.ts";
import { type Certificate, readCertificate } from "./lib/server/transports/tls.ts";
import { endVanished } from "./lib/server/transports/vanished.ts";
import { waysIn, waysToJoin } from "./lib/server/transports/ways-in.ts";
import { watchFiles } from "./lib/server/transports/web/free-files.ts";
import { serveMetrics } from "./lib/server/transports/web/metrics.ts";
import { Web } from "./lib/server/transports/web/server.ts";

const settings = attempt(readSettings);
const { options } = settings;
if (options["hash-password"]) {
  console.log(await hashOfPassword().catch(fail));
  process.exit();
}
if (await carryOutCopy(options, (message) => console.error(message)).catch(fail)) process.exit();

const stdout = new Output(writeTo(1));
const log = new Log(options.log, stdout, options);
const say = (message: string) => log.write(message);
const handlerFailed = (problem: string) => log.repeated("handler", problem);
const metrics = new Metrics();
const traffic = new Traffic(log, metrics);
const operators = new Operators(...settings.operators);
let certificate = attempt(() => readCertificate(options["tls-cert"], options["tls-key"]));
const isTls = certificate !== undefined;
const proxies = attempt(() => trustedProxies(options.proxy, isTls));
const database = await openDatabase(options, say).catch(fail);
const addresses = await addressesOf(options).catch(fail);

// ---- The connections: members, peers without a name yet, and refused peers ----

const connections = new Map<Carrier, Connection>();
/** True once the goodbyes are sent: the server ends with the last connection. */
let stopping = false;

const isBanned = (address: string) => room.members.moderation.isBanned(address);
// A reload changes `settings.door` and `settings.session` in place, so the parts get these objects and no copies.
const reception = new Reception(connections, {
  door: new Door(Object.assign(settings.door, { isBanned })),
  proxies,
  isTls,
  session: (carrier, origin, plain) => new Session(room, carrier, origin, sessionOptions, plain),
  refused: (carrier, refusal) => new TurnedAway(carrier, refusal),
  traffic,
  closed: () => {
    if (stopping && connections.size === 0) exit();
  },
});
endVanished(() => connections.keys());

const socket = socketHandlers(reception, handlerFailed);
const listen = (hostname: string, port: number) =>
  Bun.listen({ hostname, port, allowHalfOpen: true, socket, ...(certificate && { tls: certificate }) });
const listeners = attempt(() => new Listeners(options, addresses, listen));
const place = { host: options.host, port: listeners.port };

const isProxy = (address: string) => isLoopback(address) || proxies.has(address);
const webHandlers = {
  build: buildDocument,
  certificate: () => certificate,
  isProxy,
  reception,
  failed: handlerFailed,
};
const web = attempt(() => new Web(options, addresses, webHandlers));

/** Bun cannot change the certificate of a listener, so new listeners take the place of the old ones. */
function useCertificate(next: Certificate): void {
  if (stopping) return;
  certificate = next;
  listeners.renew(say);
  web.renew(say);
}

// ---- The room, on its history, whose file is named after the port ----

const history =
  database ?? attempt(() => openFile(options, place.port, (message) => log.repeated("history", message)));

const room = attempt(
  () =>
    new Room(history.journal, {
      seatMs: options.seat * 1000,
      ownMs: options.names * dayMs,
      holds: (credential) => operators.holds(credential),
      channel: `#${options.channel}`,
      onEvent: (event) => log.event(event, room.members.addressOf(event)),
      onEmpty: () => {
        if (!options.stay) stop("Everyone has left: the server ends", { code: "room-empty" });
      },
      onJournalTrouble(reason) {
        metrics.trouble = reason;
        log.write(reason ? `The history cannot be written: ${reason}` : "The history is written again");
      },
      fanOut: IoUring.open(metrics.writtenBytes),
      metrics,
    }),
);
const sessionOptions = Object.assign(settings.session, {
  metrics,
  operators,
  waysIn: [...waysIn(place, isTls), ...web.waysIn],
  report: traffic.report,
  posted: traffic.posted,
});

// ---- The metrics' page, and the server's own terminal ----

metrics.showBuild(aboutBuild());
metrics.watch(connections, () => room);
if (history.figures) metrics.watchShared(history.figures);
const { metrics: metricsPlace } = options;
const page = metricsPlace && attempt(() => serveMetrics(metricsPlace, metrics, () => metrics.trouble));
const terminal = consoleFor(options, room, {
  stop: () => interrupt("The server ends"),
  gone: () => log.write("The terminal was closed: the server goes on"),
});
if (terminal) log.output = terminal;

// ---- The end: a signal, or the last member left ----

process.on("SIGINT", () => interrupt("SIGINT: the server ends"));
process.on("SIGTERM", () => interrupt("SIGTERM: the server ends"));

/** Ends the server with goodbyes; when called a second time, at once. */
function interrupt(why: string): void {
  if (stopping) process.exit(1);
  stop(why, { retryAfterMs: 1000 });
}

/** Says goodbye to all, waits a moment until they have read it, and ends. */
function stop(why: string, more: Partial<Bye>): void {
  if (stopping) return;
  stopping = true;
  log.write(why);
  listeners.stop();
  web.stop();
  const bye: Bye = { type: "bye", code: "shutdown", text: "The server is shutting down", ...more };
  for (const connection of connections.values()) connection.dismiss(bye);
  if (connections.size === 0) exit();
  setTimeout(exit, 1000);
}

async function exit(): Promise<never> {
  await terminal?.close();
  await history.journal.close();
  await stdout.flush(200);
  process.exit();
}

// ---- The start: the first lines of the log, and the parts that watch from now on ----

const ways = [...web.lines, ...waysToJoin(place, isTls)];
const opening = { options, place, addresses, ways, certificate, historyPlace: history.place, page };
for (const [line, fields] of openingLines(opening)) log.write(line, fields);
const watch = certificate && new CertificateWatch(options, certificate, { use: useCertificate, say });
onHangup(() => {
  say(`SIGHUP: the server goes on; ${reload(settings, watch)}`);
  operators.set(...settings.operators);
  room.members.enforcement.revokeOperators();
});
const connectionsLeft = () => settings.door.maxConnections - connections.size;
watchFiles(web, { limit: openFiles(), connectionsLeft, closures: metrics.webClosures, say });
terminal?.start();
