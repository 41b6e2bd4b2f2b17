#!/usr/bin/env bun
// The chat room: accepts clients, gives each a session, and ends when the last member has left.
//
//   bun ChatServer.ts        then, in other terminals:   bun ChatClient.ts   or   nc localhost 53000

import type { Socket } from "bun";
import { attempt, fail, parseFlags } from "./lib/cli/flags.ts";
import { render } from "./lib/dialects/plain.ts";
import type { Bye, Recorded } from "./lib/protocol/events.ts";
import { RedisJournal } from "./lib/server/journal/redis.ts";
import { SqliteJournal } from "./lib/server/journal/sqlite.ts";
import { addressKey } from "./lib/server/limits/addresses.ts";
import { type Admission, Door } from "./lib/server/limits/door.ts";
import { Console, inForeground } from "./lib/server/operation/console.ts";
import { type Fields, Log } from "./lib/server/operation/log.ts";
import { Metrics, serveMetrics } from "./lib/server/operation/metrics.ts";
import {
  about,
  addressOf,
  cannotListen,
  doorLimits,
  flags,
  historyPath,
  sessionOptions,
  waysIn,
} from "./lib/server/operation/options.ts";
import { Room } from "./lib/server/room/room.ts";
import { Session } from "./lib/server/session/session.ts";
import type { Connection } from "./lib/server/session/transport.ts";
import { TurnedAway } from "./lib/server/session/turned-away.ts";
import { Handshake, readCertificate } from "./lib/server/transports/tls.ts";

const options = attempt(() => parseFlags(flags, about));
const metrics = new Metrics({
  connections: () => clients.size,
  members: () => room.members.size,
  readersBehind: () => clients.values().reduce((sum, { isBehind }) => sum + Number(isBehind), 0),
  paused: () => clients.values().reduce((sum, { isPaused }) => sum + Number(isPaused), 0),
});
const certificate = attempt(() => readCertificate(options["tls-cert"], options["tls-key"]));

/** With several servers, the journal that they share. */
const shared =
  options.redis === undefined
    ? undefined
    : await RedisJournal.open({
        url: options.redis,
        room: options.room,
        keepEvents: options.keep,
        onLost(reason) {
          process.exitCode = 1;
          stop(`${reason}: the server ends`, { ...goodbye, retryAfterMs: 1000 });
        },
      }).catch(fail);

// ---- The clients: everyone connected, with a name or without one yet ----

type Peer = { address: string; admission: Admission | undefined };

const clients = new Map<Socket<Peer>, Connection>();
const limits = attempt(() => sessionOptions(options, { metrics, report, waysIn: commandsToJoin }));
const door = attempt(
  () => new Door({ ...doorLimits(options), isBanned: (address) => room.members.isBanned(address) }),
);

const listener = attempt(
  () =>
    Bun.listen<Peer>({
      hostname: options.host,
      port: options.port,
      allowHalfOpen: true,
      ...(certificate && { tls: certificate }),
      socket: {
        open(socket) {
          const admission = door.enter(socket.remoteAddress);
          socket.data = { address: `${socket.remoteAddress}:${socket.remotePort}`, admission };
          if (!admission) return socket.terminate();
          tell(socket, admission);
          clients.set(
            socket,
            certificate ? new Handshake(socket, admission.withinMs) : clientOn(socket, admission),
          );
        },
        handshake(socket, ok, problem) {
          const handshake = clients.get(socket);
          const { admission } = socket.data;
          if (!(handshake instanceof Handshake) || !admission) return;
          if (!ok) return handshake.failed(problem);
          handshake.closed();
          clients.set(socket, clientOn(socket, admission));
        },
        data: (socket, chunk) => clients.get(socket)?.receive(chunk),
        drain: (socket) => clients.get(socket)?.drained(),
        end: (socket) => clients.get(socket)?.inputEnded(),
        close(socket) {
          const { address, admission } = socket.data;
          clients.get(socket)?.closed();
          clients.delete(socket);
          if (admission) door.leave(admission);
          if (admission?.origin) note(`${address} disconnected`, { address });
          if (stopping && clients.size === 0) exit();
        },
        error(socket, error) {
          console.error(error);
          socket.terminate();
        },
      },
    }),
  (error) => cannotListen(error, options),
);

/** Whoever may come in has a session; whoever may not is told why. */
function clientOn(socket: Socket<Peer>, { origin, refusal }: Admission): Connection {
  return origin ? new Session(room, socket, origin, limits) : new TurnedAway(socket, refusal);
}

/** Somebody knocked. */
function tell({ remoteAddress, data: { address } }: Socket<Peer>, { origin, refusal }: Admission): void {
  if (origin) {
    metrics.connections.add(1);
    return note(`${address} connected`, { address });
  }
  metrics.refusedConnections.add(1);
  const message = `${remoteAddress} was turned away: ${refusal.text}`;
  log.repeated(`${refusal.code} ${addressKey(remoteAddress)}`, message, { address: remoteAddress });
}

/** What a stranger did wrong: a line a minute for each address and kind. */
function report(problem: string, address: string): void {
  log.repeated(`${problem} ${address}`, `${address} ${problem}`, { address });
}

/** The commands that join this room. */
function commandsToJoin(): [ours: string, theirs: string] {
  return waysIn(place, certificate !== undefined);
}

// ---- The room ----

const path = attempt(() => historyPath(options, listener.port));
const journal = shared ?? attempt(() => SqliteJournal.open({ path, keepEvents: options.keep }));
const room = attempt(
  () =>
    new Room(journal, {
      seatMs: options.seat * 1000,
      onEvent: options.quiet ? undefined : show,
      onEmpty: () => {
        if (!options.stay) stop("Everyone has left: the server ends", { ...goodbye, code: "room-empty" });
      },
      onJournalTrouble(reason) {
        trouble = reason;
        log.write(reason ? `The history cannot be written: ${reason}` : "The history is written again");
      },
      metrics,
    }),
);

/** Why the history cannot be written now. */
let trouble: string | undefined;
const page =
  options.metrics > 0 ? attempt(() => serveMetrics(options.metrics, metrics, () => trouble)) : undefined;

// ---- What the server's own terminal shows, and says ----

const terminal =
  options.log === "text" && process.stdin.isTTY && process.stdout.isTTY && inForeground()
    ? new Console(room, () => interrupt("The server ends"))
    : undefined;
const log = new Log(options.log, (line) => (terminal ? terminal.print(line) : console.log(line)));

const place = { host: options.host, port: listener.port };
const [ours, theirs] = commandsToJoin();
log.write(`The chat room is open on ${addressOf(place)}`, { port: listener.port });
log.write(`Its history is in ${shared ? shared.place : (path ?? "memory, and gone with the server")}`);
if (certificate) log.write(`It speaks TLS, with the certificate sha256:${certificate.fingerprint}`);
log.write(`Join with "${ours}" or "${theirs}"; Ctrl-C ends it`);
if (page) log.write(`Its metrics are on http://127.0.0.1:${page.port}/metrics`);
terminal?.start();

/** What everyone heard; a whisper is not shown here either. */
function show(event: Recorded): void {
  if (event.type !== "told" && event.type !== "moved") log.write(render(event), { event });
}

function note(message: string, fields: Fields): void {
  if (!options.quiet) log.write(message, fields);
}

// ---- The end: a signal, or the last member left ----

const goodbye: Bye = { type: "bye", code: "shutdown", text: "The server is shutting down" };
let stopping = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => interrupt(`${signal}: the server ends`));
}

/** Somebody wants the server to end; asked twice, it does so at once. */
function interrupt(why: string): void {
  if (stopping) process.exit(1);
  stop(why, { ...goodbye, retryAfterMs: 1000 });
}

/** Says goodbye to everyone, waits a moment until they have it, and ends. */
function stop(why: string, bye: Bye): void {
  if (stopping) return;
  stopping = true;
  log.write(why);
  listener.stop();
  for (const client of clients.values()) client.dismiss(bye);
  if (clients.size === 0) exit();
  setTimeout(exit, 1000);
}

async function exit(): Promise<never> {
  terminal?.close();
  await journal.close();
  process.exit();
}
