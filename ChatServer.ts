#!/usr/bin/env bun
// The chat room: accepts connections, gives each a session, and ends when the last member has left.
//
//   bun ChatServer.ts        then, in other terminals:   bun ChatClient.ts   or   nc localhost 53000

import "./lib/cli/bun-version.ts";
import { isatty } from "node:tty";
import type { Socket } from "bun";
import { attempt, fail, parseFlags } from "./lib/cli/flags.ts";
import { Output } from "./lib/cli/output.ts";
import { writeTo } from "./lib/cli/writer.ts";
import { addressOf } from "./lib/protocol/addresses.ts";
import type { Bye } from "./lib/protocol/events.ts";
import { addressKey } from "./lib/server/limits/addresses.ts";
import { type Admission, Door } from "./lib/server/limits/door.ts";
import { Console } from "./lib/server/operation/console.ts";
import { carryOutCopy } from "./lib/server/operation/copies.ts";
import { openDatabase, openFile } from "./lib/server/operation/history.ts";
import { Log } from "./lib/server/operation/log.ts";
import { Metrics, serveMetrics } from "./lib/server/operation/metrics.ts";
import { about, doorLimits, flags, sessionOptions } from "./lib/server/operation/options.ts";
import { Room } from "./lib/server/room/room.ts";
import { Session } from "./lib/server/session/session.ts";
import type { Connection } from "./lib/server/session/transport.ts";
import { TurnedAway } from "./lib/server/session/turned-away.ts";
import { IoUring } from "./lib/server/transports/io-uring.ts";
import { hasDescriptor, keepAliveMs, listenPatiently, waysIn } from "./lib/server/transports/tcp.ts";
import { Handshake, readCertificate } from "./lib/server/transports/tls.ts";
import { endVanished } from "./lib/server/transports/vanished.ts";
import { inForeground } from "./lib/terminal/foreground.ts";

const options = attempt(() => parseFlags(flags, about));
if (await carryOutCopy(options, (message) => console.error(message)).catch(fail)) process.exit();
const certificate = attempt(() => readCertificate(options["tls-cert"], options["tls-key"]));
const stdout = new Output(writeTo(1));
const log = new Log(options.log, stdout, { quiet: options.quiet });
const metrics = new Metrics();

const database = await openDatabase(options, (message) => log.write(message)).catch(fail);

// ---- The connections: members, peers without a name yet, and those that are being turned away ----

/** The `data` of a socket; undefined if it was closed at once. */
type SocketData = { address: string; admission: Admission } | undefined;

const connections = new Map<Socket<SocketData>, Connection>();
/** True once the goodbyes are sent: the server ends with the last connection. */
let stopping = false;

const listener = attempt(() =>
  listenPatiently(options, () =>
    Bun.listen<SocketData>({
      hostname: options.host,
      port: options.port,
      allowHalfOpen: true,
      ...(certificate && { tls: certificate }),
      socket: {
        open: (socket) => opened(socket),
        handshake(socket, ok, problem) {
          const handshake = connections.get(socket);
          if (handshake instanceof Handshake) handshake.ended(ok, problem);
        },
        data: (socket, chunk) => connections.get(socket)?.receive(chunk),
        drain: (socket) => connections.get(socket)?.drained(),
        end: (socket) => connections.get(socket)?.inputEnded(),
        close(socket) {
          connections.get(socket)?.closed();
          connections.delete(socket);
          if (socket.data) left(socket.data);
          if (stopping && connections.size === 0) exit();
        },
        error(socket, error) {
          log.repeated("handler", `A connection failed: ${error.stack ?? error.message}`);
          socket.terminate();
        },
      },
    }),
  ),
);

// ---- The room, on its history ----

const place = { host: options.host, port: listener.port };
const history =
  database ?? attempt(() => openFile(options, place.port, (message) => log.repeated("history", message)));
/** Why the history cannot be written now; undefined while it can. */
let trouble: string | undefined;

const room = attempt(
  () =>
    new Room(history.journal, {
      seatMs: options.seat * 1000,
      ownMs: options.names * 86_400_000,
      onEvent: (event) => log.event(event),
      onEmpty: () => {
        if (!options.stay) stop("Everyone has left: the server ends", { code: "room-empty" });
      },
      onJournalTrouble(reason) {
        trouble = reason;
        log.write(reason ? `The history cannot be written: ${reason}` : "The history is written again");
      },
      fanOut: IoUring.open(metrics.writtenBytes),
      metrics,
    }),
);
const door = attempt(
  () => new Door({ ...doorLimits(options), isBanned: (address) => room.members.isBanned(address) }),
);

const ways = waysIn(place, certificate !== undefined);
const limits = attempt(() => sessionOptions(options, { metrics, report, waysIn: ways }));

/** Logs what a stranger did wrong: a line a minute for each address and kind of problem. */
function report(problem: string, address: string): void {
  log.repeated(`${problem} ${address}`, `${address} ${problem}`, { address });
}

/** A socket was opened: it gets a session, or the reason why it gets none, or is closed at once. */
function opened(socket: Socket<SocketData>): void {
  const { remoteAddress } = socket;
  const admission = door.enter(remoteAddress);
  if (!admission) return socket.terminate();
  socket.setKeepAlive(true, keepAliveMs);
  const address = addressOf({ host: remoteAddress, port: socket.remotePort });
  socket.data = { address, admission };
  const { origin, refusal, withinMs } = admission;
  if (origin) {
    metrics.connections.add(1);
    log.note(`${address} connected`, { address });
  } else {
    metrics.refusedConnections.add(1);
    const message = `${remoteAddress} was turned away: ${refusal.text}`;
    log.repeated(`${refusal.code} ${addressKey(remoteAddress)}`, message, { address: remoteAddress });
  }
  const plain = !certificate && hasDescriptor(socket) ? socket : undefined;
  const begin = () => {
    const connection = origin
      ? new Session(room, socket, origin, limits, plain)
      : new TurnedAway(socket, refusal);
    connections.set(socket, connection);
  };
  if (certificate) connections.set(socket, new Handshake(socket, withinMs, begin));
  else begin();
}

endVanished(() => connections.keys());

/** A socket that was let in or refused was closed. */
function left({ address, admission }: NonNullable<SocketData>): void {
  door.leave(admission);
  if (admission.origin) log.note(`${address} disconnected`, { address });
}

// ---- The metrics' page, and the server's own terminal ----

metrics.watch(connections, () => room.members);
if (history.figures) metrics.watchShared(history.figures);
const page =
  options.metrics > 0 ? attempt(() => serveMetrics(options.metrics, metrics, () => trouble)) : undefined;
const terminal =
  options.log === "text" && isatty(0) && isatty(1) && process.env.TERM !== "dumb" && inForeground()
    ? new Console(
        room,
        () => interrupt("The server ends"),
        () => log.write("The terminal was closed: the server goes on"),
      )
    : undefined;
if (terminal) log.output = terminal;

// ---- The end: a signal, or the last member left ----

process.on("SIGINT", () => interrupt("SIGINT: the server ends"));
process.on("SIGTERM", () => interrupt("SIGTERM: the server ends"));
process.on("SIGHUP", () => log.write("SIGHUP: the server goes on"));

/** Ends the server with goodbyes; the second time, at once. */
function interrupt(why: string): void {
  if (stopping) process.exit(1);
  stop(why, { retryAfterMs: 1000 });
}

/** Says goodbye to all, waits a moment until they have it, and ends. */
function stop(why: string, more: Partial<Bye>): void {
  if (stopping) return;
  stopping = true;
  log.write(why);
  listener.stop();
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

// ---- The start: what can be typed now ----

log.write(`The chat room is open on ${addressOf(place)}`, { port: place.port });
log.write(`Its history is in ${history.place}`);
if (certificate) log.write(`It speaks TLS, with the certificate sha256:${certificate.fingerprint}`);
if (certificate?.doubt) log.write(certificate.doubt);
log.write(`Join with "${ways.join('" or "')}"; Ctrl-C ends it`);
if (page) log.write(`Its metrics are on http://127.0.0.1:${page.port}/metrics`);
terminal?.start();
