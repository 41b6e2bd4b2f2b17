#!/usr/bin/env bun
// The chat room: accepts clients, gives each a session, and ends when the last member has left.
//
//   bun ChatServer.ts        then, in other terminals:   bun ChatClient.ts   or   nc localhost 53000

import type { Socket } from "bun";
import { plain } from "./lib/dialects/plain.ts";
import { attempt, parseFlags } from "./lib/flags.ts";
import type { Bye, Recorded } from "./lib/protocol.ts";
import { about, cannotListen, flags, historyPath, sessionOptions } from "./lib/server/options.ts";
import { Room } from "./lib/server/room.ts";
import { type Client, Session } from "./lib/server/session.ts";
import { SqliteJournal } from "./lib/server/sqlite.ts";
import { Handshake, readCertificate } from "./lib/server/tls.ts";

const options = attempt(() => parseFlags(flags, about));
const certificate = attempt(() => readCertificate(options["tls-cert"], options["tls-key"]));

// ---- The clients: everyone connected, with a name or without one yet ----

const clients = new Map<Socket<string>, Client>();
const limits = sessionOptions(options.rate);

const listener = attempt(
  () =>
    Bun.listen<string>({
      hostname: options.host,
      port: options.port,
      allowHalfOpen: true,
      ...(certificate && { tls: certificate }),
      socket: {
        open(socket) {
          socket.data = `${socket.remoteAddress}:${socket.remotePort}`;
          note(`${socket.data} connected`);
          clients.set(
            socket,
            certificate ? new Handshake(socket, limits.joinWithinMs) : new Session(room, socket, limits),
          );
        },
        handshake(socket, ok, problem) {
          const handshake = clients.get(socket);
          if (!(handshake instanceof Handshake)) return;
          if (!ok) return handshake.failed(problem);
          handshake.closed();
          clients.set(socket, new Session(room, socket, limits));
        },
        data: (socket, chunk) => clients.get(socket)?.receive(chunk),
        drain: (socket) => clients.get(socket)?.drained(),
        end: (socket) => clients.get(socket)?.inputEnded(),
        close(socket) {
          note(`${socket.data} disconnected`);
          clients.get(socket)?.closed();
          clients.delete(socket);
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

// ---- The room ----

const path = historyPath(options.history, listener.port);
const journal = attempt(() => SqliteJournal.open({ path, keepEvents: options.keep }));
const room = attempt(
  () =>
    new Room(journal, {
      seatMs: options.seat * 1000,
      onEvent: options.quiet ? undefined : show,
      onEmpty: () => {
        if (!options.stay) stop("Everyone has left: the server ends.", { ...goodbye, code: "room-empty" });
      },
      onJournalTrouble: (reason) =>
        say(reason ? `The history cannot be written: ${reason}.` : "The history is written again."),
    }),
);

say(`The chat room is open on ${options.host}:${listener.port}.`);
say(path ? `Its history is in ${path}.` : "Its history is in memory, and gone with the server.");
if (certificate) say(`It speaks TLS, with the certificate sha256:${certificate.fingerprint}.`);
const [ours, theirs] = certificate
  ? ["bun ChatClient.ts --tls", `openssl s_client -quiet -connect ${options.host}:${listener.port}`]
  : ["bun ChatClient.ts", `nc ${options.host} ${listener.port}`];
say(`Join with "${ours}" or "${theirs}"; Ctrl-C ends it.`);

// ---- The end: a signal, or the last member left ----

const goodbye: Bye = { type: "bye", code: "shutdown", text: "The server is shutting down" };
let stopping = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stopping) process.exit(1);
    stop(`${signal}: the server ends.`, { ...goodbye, retryAfterMs: 1000 });
  });
}

/** Says goodbye to everyone, waits a moment until they have it, and ends. */
function stop(why: string, bye: Bye): void {
  if (stopping) return;
  stopping = true;
  say(why);
  listener.stop();
  for (const client of clients.values()) client.dismiss(bye);
  if (clients.size === 0) exit();
  setTimeout(exit, 1000);
}

function exit(): never {
  journal.close();
  process.exit(0);
}

// ---- What the server's own terminal shows ----

function say(line: string): void {
  console.log(`${new Date().toTimeString().slice(0, 8)}  ${line}`);
}

/** What everyone heard; a whisper is not shown here either. */
function show(event: Recorded): void {
  if (event.type !== "told") say(plain.encode(event).trimEnd());
}

function note(line: string): void {
  if (!options.quiet) say(line);
}
