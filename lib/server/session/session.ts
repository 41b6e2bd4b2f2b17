// One connection, from its first byte to its last: bytes in, bytes out, and timers, without a socket. The session chooses the
// dialect by the first line, takes a seat when the peer joins, and turns lines into commands.
//
//   open ──quit──▶ leaving ──goodbye──▶ closing ──it is written──▶ shut ──the peer closes──▶ closed
//    ▲└────────────goodbye────────────────▲
//    └───its seat is gone, it stays────┘
//
// From leaving on no line of the peer is read. A connection that breaks is closed, in any phase. In IRC a connection outlives its
// seat: once all that its member may see is written, it is open again, as one that has not joined.

import { beginsTls, dialectOf, refusalOf, undecided, withoutTelnet } from "../../dialects/choose.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import type { Host } from "../../dialects/host.ts";
import { greeting } from "../../dialects/plain.ts";
import { type CommandOf, commands } from "../../protocol/commands.ts";
import { messageOf } from "../../protocol/errors.ts";
import { type Answer, type Bye, type Fault, fault, limits, type Recorded } from "../../protocol/events.ts";
import { Reader, type Sink } from "../delivery/reader.ts";
import type { Origin } from "../limits/origin.ts";
import { Silence } from "../limits/silence.ts";
import { TokenBucket } from "../limits/token-bucket.ts";
import type { Taken } from "../room/entering/arrivals.ts";
import { noTls, silentFor, slowReader } from "../room/goodbyes.ts";
import type { Room } from "../room/room.ts";
import { Speaker } from "../room/speaker.ts";
import type { Occupant, Seat, ShownKey } from "../seats/seats.ts";
import { Comings } from "./comings.ts";
import { Entrance } from "./entrance.ts";
import { hostFor } from "./host.ts";
import { Intake, slowDown } from "./intake.ts";
import type { SessionOptions } from "./options.ts";
import { post } from "./posting.ts";
import { type Connection, sinkOf, type Transport, type WithDescriptor } from "./transport.ts";

type Phase = "open" | "leaving" | "closing" | "shut" | "closed";

/** How long a peer has to read the goodbye, in ms. */
const lingerMs = 5_000;

export class Session extends Speaker implements Connection, Occupant {
  readonly #transport: Transport;
  readonly #origin: Origin;
  readonly #options: SessionOptions;
  readonly #entrance: Entrance;
  readonly #intake: Intake;
  readonly #comings: Comings;
  #reader: Reader;
  readonly #sink: Sink;
  #phase: Phase = "open";
  #dialect: Dialect;
  #greeting: Timer | undefined;
  #silence: Silence | undefined;
  /** Set while a seat is given up and the connection stays: lets the next line be read. */
  #parted: (() => void) | undefined;
  /** Cuts the connection off if the peer does not read its goodbye, or its last lines as a member, in time. */
  #linger: Timer | undefined;

  constructor(
    room: Room,
    transport: Transport,
    origin: Origin,
    options: SessionOptions,
    withDescriptor?: WithDescriptor,
  ) {
    super(room);
    this.#sink = sinkOf(transport, withDescriptor, options.metrics.writtenBytes);
    this.#transport = transport;
    this.#dialect = transport.dialect ?? undecided;
    this.#origin = origin;
    this.#options = options;
    this.#intake = new Intake(transport, new TokenBucket(options.rate), origin.bucket, {
      next: () => this.#lookAtFirstLine(),
      line: (line) => this.#handle(line),
      cost: () => this.#dialect.lineCost ?? 1,
      ended: () => this.#leaveAfterTurn(),
      paused: () => options.metrics.pauses.add(1),
      flooded: (lines, waitMs) => this.answer(slowDown(lines, waitMs)),
    });
    this.#comings = new Comings(origin.comings, () => this.wait(), this.isGone);
    this.#reader = this.#newReader();
    if (this.#isOpening) this.#greeting = setTimeout(() => this.#say(greeting), options.greetAfterMs);
    this.#entrance = new Entrance(options, origin, {
      answer: (problem) => this.answer(problem),
      wait: () => this.wait(),
      tooLate: (bye) => this.dismiss(bye),
    });
  }

  // ---- Called by the transport ----

  receive(chunk: Buffer): void {
    this.#options.metrics.readBytes.add(chunk.length);
    if (this.#isClosing) return;
    const isFirst = this.#isOpening && !this.#intake.isPending;
    const bytes = isFirst ? withoutTelnet(chunk) : chunk;
    if (bytes.length === 0) return;
    if (this.#isOpening) clearTimeout(this.#greeting);
    if (isFirst && beginsTls(bytes)) return this.dismiss(noTls);
    if (this.seat) return this.#intake.push(bytes);
    // The lines of a newcomer wait for their turn among those of all newcomers.
    const settled = this.wait();
    this.#intake.push(bytes);
    this.room.newcomers.soon(settled);
  }

  /** The transport takes bytes again. A reader that is behind has much to write, so it waits for its turn among the newcomers. */
  drained(): void {
    if (this.#reader.behind) this.room.newcomers.soon(() => this.#reader.drain());
    else this.#reader.drain();
  }

  /** The peer has ended its side, but may still read. */
  inputEnded(): void {
    if (this.#phase === "shut") this.#transport.end();
    else this.#intake.end();
  }

  closed(): void {
    this.#phase = "closed";
    this.#stopTaking();
    clearTimeout(this.#linger);
    const seat = this.seat;
    this.seat = undefined;
    if (seat) this.room.members.vacate(seat, this);
    this.#reader.close();
  }

  get isBehind(): boolean {
    return this.#reader.behind;
  }

  get isPaused(): boolean {
    return this.#intake.isPaused;
  }

  // ---- Lines → commands ----

  /** Whether the first line, which decides the dialect, is still to come. */
  get #isOpening(): boolean {
    return this.#dialect === undecided;
  }

  /** Ends the connection if its first line is HTTP or too long. */
  #lookAtFirstLine(): void {
    const refusal = this.#isOpening && refusalOf(this.#intake.peek(), this.#options.waysIn);
    if (!refusal) return;
    this.#options.report(refusal.problem, this.address);
    this.#finish(refusal.answer, undefined);
  }

  #handle(line: string | Fault): void {
    if (typeof line !== "string") return this.answer(line);
    if (this.#isOpening && line.trim() === "") return;
    if (this.#isOpening) this.#dialect = dialectOf(line, () => this.#host());
    const command = this.#dialect.parse(line, this.seat !== undefined, this.#entrance.claimed);
    if (command === undefined) return;
    if (command.type === "error") this.answer(command);
    else if (this.seat || commands[command.type].early) this.carryOut(command);
    else this.answer(fault("not-joined", "Join with a name first"));
  }

  /** Closes after the peer has ended its side: its last commands happen at the end of this turn, and are answered first. */
  #leaveAfterTurn(): void {
    if (this.seat && !this.#dialect.keepsSeat) return this.quit(undefined);
    this.#intake.stop();
    // Without a goodbye, and with its seat kept: the member may come back to it by its token.
    void Promise.all([this.room.afterTurn(), this.lookingBack]).then(() => this.#finish("", this.seat));
  }

  // ---- Commands ----

  get address(): string {
    return this.#origin.address;
  }

  get key(): ShownKey | undefined {
    return this.#entrance.key;
  }

  protected get historyEvents(): number {
    return this.#dialect.historyEvents;
  }

  protected override readonly isGone = () => this.#isClosing;

  protected override wait(): () => void {
    const settled = [this.#entrance.hold(), this.#intake.wait()];
    return () => {
      for (const goOn of settled) goOn();
    };
  }

  answer(answer: Answer): void {
    const line = this.#dialect.encode(answer);
    if (answer.type === "error") this.#options.metrics.refusals.add(1);
    if (this.#dialect.ends?.(answer)) this.#finish(line, undefined);
    else this.#say(line);
  }

  protected join(request: CommandOf<"join">): void {
    if (this.seat) return this.answer(fault("already-joined", `You are here as "${this.name}"`));
    const { members } = this.room;
    const take = () => this.#take(request);
    // Members are not shown that a seat is taken again, so that need not wait for the rate limit.
    const isBack = () => members.comesBack(request, this.#entrance.key?.hash);
    this.#entrance.join(request, members, () => (isBack() ? take() : this.#comings.inTime(take)));
  }

  #take(request: CommandOf<"join">): void {
    const dialect = this.#dialect;
    const { happened, failed } = this.waiter();
    this.room.members.arrivals.take(this, request, dialect.keepsSeat, {
      happened: (taken) => {
        // The connection closed while it joined: its seat is kept like that of any lost connection.
        if (this.#isClosing) return this.room.members.vacate(taken.seat, this);
        this.#enter(taken, dialect, request);
        happened(taken);
      },
      failed,
    });
  }

  #enter(taken: Taken, dialect: Dialect, request: CommandOf<"join">): void {
    const { seat } = taken;
    this.seat = seat;
    // Reconnecting must not refill the bucket.
    this.#intake.bucket = seat.bucket ??= this.#intake.bucket;
    this.#entrance.close();
    if (dialect.keepsSeat || dialect.nudge !== undefined) this.#watch(dialect.nudge);
    this.room.entering.enter(taken, dialect, request, this.#reader);
  }

  protected post(request: CommandOf<"post">): void {
    const { name, address } = this;
    const wait = () => this.wait();
    const sender = { name, address, entrance: this.#entrance, posted: this.#options.posted, wait };
    post(this.room, request, sender, (answer) => this.answer(answer));
  }

  protected rename(name: string): void {
    const seat = this.seat;
    if (!seat || name === this.name) return;
    const { members } = this.room;
    const rename = () => {
      if (this.seat) members.rename(this.seat, name, this.waiter());
    };
    seat.renames ??= new TokenBucket(this.#options.renames);
    this.#comings.inTime(() => this.#entrance.rename(members.ownerOf(name), rename), seat.renames);
  }

  protected appoint(request: CommandOf<"op">): void {
    this.#entrance.appoint(request, this.name, (credential) => {
      if (this.seat) this.room.members.enforcement.appoint(this.seat, credential, this.notedWaiter());
    });
  }

  protected quit(text: string | undefined): void {
    this.#intake.stop();
    if (!this.seat) return this.dismiss({ type: "bye", code: "left", text: "Goodbye" });
    this.#phase = "leaving";
    this.room.members.leave(this.seat, this.#comings.words(text));
  }

  // ---- Occupant ----

  get read(): number | undefined {
    return this.#dialect.showsMissed ? this.#reader.position : undefined;
  }

  get leaving(): boolean {
    return this.#phase === "leaving";
  }

  whisper(event: Recorded, isOwn: boolean): void {
    this.#reader.whisper(event, isOwn ? this.#dialect.own?.(event) : undefined);
  }

  did(event: Recorded): void {
    const words = this.#dialect.own?.(event);
    if (words !== undefined) this.#reader.replace(event.seq, words);
  }

  pump(): void {
    this.#reader.pump();
  }

  /** Says goodbye and closes. `seat`: the seat to keep, if the member may come back to it. */
  dismiss(bye: Bye, seat?: Seat): void {
    const stays = this.#phase === "open" || (this.leaving && this.#parted !== undefined);
    const lastLines = stays ? this.#dialect.outlived?.(bye) : undefined;
    if (lastLines === undefined) this.#finish(this.#dialect.encode(bye), seat);
    else this.#standUp(lastLines);
  }

  #host(): Host {
    return hostFor(this.room, this, {
      entrance: this.#entrance,
      send: (lines) => this.#say(lines),
      part: (text) => this.#part(text),
      wait: () => this.wait(),
      seatId: () => this.author,
      isGone: this.isGone,
    });
  }

  /** Gives up the seat, and keeps the connection. */
  #part(text: string | undefined): void {
    if (!this.seat) return;
    this.#phase = "leaving";
    this.#parted = this.wait();
    this.room.members.leave(this.seat, this.#comings.words(text));
  }

  /** Goes on without the seat, which was given up: all that its member may see is written, then `lastLines`. */
  #standUp(lastLines: string): void {
    this.seat = undefined;
    this.#parted ??= this.wait();
    // A peer that reads nothing is cut off after a while.
    this.#linger = setTimeout(() => this.#transport.terminate(), this.#options.silentMs);
    this.#reader.finish(lastLines, () => {
      clearTimeout(this.#linger);
      this.#reader = this.#newReader();
      this.#phase = "open";
      this.#parted?.();
      this.#parted = undefined;
    });
  }

  #newReader(): Reader {
    return new Reader(this.#sink, (error) => {
      const problem = `was not shown the history, which cannot be read: ${messageOf(error)}`;
      this.#options.report(problem, this.address);
      // A new connection tries again.
      this.#transport.terminate();
    });
  }

  // ---- The end ----

  get #isClosing(): boolean {
    return this.#phase === "closing" || this.#phase === "shut" || this.#phase === "closed";
  }

  #finish(lastLine: string, seat: Seat | undefined): void {
    if (this.#isClosing) return;
    this.#phase = "closing";
    this.seat = seat;
    this.#stopTaking();
    this.#transport.resume();
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => this.#transport.terminate(), lingerMs);
    this.#reader.finish(lastLine, () => {
      this.#phase = "shut";
      // Closing while the peer still sends would reset the connection, and the goodbye could be lost.
      if (this.#intake.hasEnded) this.#transport.end();
      else this.#transport.shutdown();
    });
  }

  /** Takes no further line, and stops the timers that wait for the peer. */
  #stopTaking(): void {
    this.#intake.stop();
    this.#entrance.close();
    this.#silence?.stop();
    clearTimeout(this.#greeting);
  }

  /** Sends lines to this connection alone. They cost the rate limit one line for each 16 KiB. */
  #say(line: string): void {
    if (this.#isClosing) return;
    if (this.#reader.tell(line)) this.room.wake(this.#reader);
    else this.dismiss(slowReader, this.seat);
    if (line.length >= limits.lineBytes) this.#intake.pay(Math.floor(line.length / limits.lineBytes));
  }

  /** Ends the connection if it is silent for too long. `nudge`: lines to send when half of that time is over. */
  #watch(nudge: string | undefined): void {
    const { silentMs } = this.#options;
    this.#silence?.stop();
    this.#silence = new Silence(
      silentMs,
      () => this.#intake.silentMs,
      () => this.dismiss(silentFor(silentMs), this.seat),
      nudge === undefined ? undefined : () => this.#say(nudge),
    );
  }
}
