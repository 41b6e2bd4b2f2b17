// One connection, from the first byte to the last. Bytes in, bytes out, timers; it knows no socket. It finds out the
// dialect, turns lines into commands, and gets a seat:
//
//   unnamed ──join──▶ joining ──seat──▶ here ──quit──▶ leaving
//      ▲────fault─────────┘
//
//   any of them ──goodbye──▶ closing ──it is written──▶ shut ──▶ closed
//
// From leaving on, nothing that it sends is read.

import { dialectOf, refusalOf } from "../../dialects/choose.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import { greeting, plain } from "../../dialects/plain.ts";
import { type CommandOf, commands } from "../../protocol/commands.ts";
import { messageOf } from "../../protocol/errors.ts";
import {
  type Answer,
  type Bye,
  type Fault,
  fault,
  isFault,
  limits,
  type Recorded,
} from "../../protocol/events.ts";
import { Reader, type Sink } from "../delivery/reader.ts";
import { Countdown } from "../limits/countdown.ts";
import { isSame } from "../limits/guesses.ts";
import type { Origin, PasswordKind } from "../limits/origin.ts";
import { type Rate, TokenBucket } from "../limits/token-bucket.ts";
import type { Taken } from "../room/members.ts";
import type { Room } from "../room/room.ts";
import { type Occupant, type Seat, sittingAt } from "../room/seats.ts";
import { Speaker } from "../room/speaker.ts";
import { Intake } from "./intake.ts";
import type { Connection, Transport } from "./transport.ts";

export type SessionOptions = {
  /** For the lines of one member. */
  rate: Rate;
  /** A person waits to be greeted; a program has spoken by then. */
  greetAfterMs: number;
  /** How long one may stay without a name. */
  joinWithinMs: number;
  /** A program that is silent for so long is taken for dead. */
  silentMs: number;
  /** What one has to know to join; undefined: nothing. */
  password?: string | undefined;
  /** What one has to know to become an operator; undefined: there are none. */
  operatorPassword?: string | undefined;
  /** The commands that join this room, for a browser. */
  waysIn: readonly string[];
  /** Hears what strangers do wrong, with the address it came from: as often as they do it. */
  report: (problem: string, address: string) => void;
  metrics: Record<"readBytes" | "writtenBytes" | "pauses", { add: (amount: number) => void }>;
};

type Phase = "unnamed" | "joining" | "here" | "leaving" | "closing" | "shut" | "closed";

/** How long a peer has to read our goodbye. */
const lingerMs = 5_000;
/** The last look at a silence comes so long after the one before: if this process slept, what waits is read first. */
const lastLookMs = 1_000;
/** The first byte of a TLS client. */
const tlsHandshake = 0x16;

export class Session extends Speaker implements Connection, Occupant, Sink {
  readonly #transport: Transport;
  readonly #origin: Origin;
  readonly #options: SessionOptions;
  readonly #intake: Intake;
  readonly #reader: Reader;
  #phase: Phase = "unnamed";
  #dialect: Dialect | undefined;
  #seat: Seat | undefined;
  #expects: ReturnType<typeof sittingAt> | undefined;
  /** The name that was asked for without the password: the next line of a person is a password for it. */
  #claimed: string | undefined;
  #greeting: Timer | undefined;
  /** Runs while a name or a password is awaited of the peer, and stands still while the peer awaits the answer. */
  readonly #joinTime: Countdown;
  /** Takes back the password that is not answered yet. */
  #takeBack = () => {};
  /** Until it is heard again, then until it has read the goodbye. */
  #deadline: Timer | undefined;

  constructor(room: Room, transport: Transport, origin: Origin, options: SessionOptions) {
    super(room);
    this.#transport = transport;
    this.#origin = origin;
    this.#options = options;
    this.#intake = new Intake(transport, new TokenBucket(options.rate), origin.bucket, {
      next: () => this.#lookAtFirstLine(),
      line: (line) => this.#obey(line),
      ended: () => this.#leaveAfterTurn(),
      paused: () => options.metrics.pauses.add(1),
      flooded: (lines, waitMs) => this.#slowDown(lines, waitMs),
    });
    this.#reader = new Reader(this, (error) => this.#unreadable(error));
    this.#greeting = setTimeout(() => this.#say(greeting), options.greetAfterMs);
    this.#joinTime = new Countdown(options.joinWithinMs, () => {
      const missing = this.#claimed === undefined ? "name" : "password";
      this.dismiss({ type: "bye", code: "too-late", text: `You gave no ${missing} in time` });
    });
  }

  // ---- What the transport tells ----

  receive(chunk: Buffer): void {
    this.#options.metrics.readBytes.add(chunk.length);
    if (this.#isClosing) return;
    clearTimeout(this.#greeting);
    if (!this.#dialect && !this.#intake.isPending && chunk[0] === tlsHandshake) {
      const text = "This room does not speak TLS: connect without it";
      return this.dismiss({ type: "bye", code: "no-tls", text });
    }
    this.#intake.push(chunk);
  }

  drained(): void {
    this.#reader.drain();
  }

  /** The peer will send no more, but may still read. */
  inputEnded(): void {
    if (this.#phase === "shut") this.#transport.end();
    else this.#intake.end();
  }

  closed(): void {
    this.#phase = "closed";
    this.#intake.stop();
    this.#joinTime.stop();
    this.#takeBack();
    clearTimeout(this.#greeting);
    clearTimeout(this.#deadline);
    this.#reader.close();
    const seat = this.#seat;
    this.#seat = undefined;
    if (seat) this.room.members.vacate(seat, this);
  }

  // ---- What the metrics ask ----

  get isBehind(): boolean {
    return this.#reader.behind;
  }

  /** Whether it waits for the flood limit. */
  get isPaused(): boolean {
    return this.#intake.isPaused;
  }

  // ---- Lines → commands ----

  /** Ends the connection if its first line is one of no chat client. */
  #lookAtFirstLine(): void {
    const refusal = this.#dialect ? undefined : refusalOf(this.#intake.peek(), this.#options.waysIn);
    if (!refusal) return;
    this.#options.report(refusal.problem, this.address);
    this.#finish(refusal.answer, undefined);
  }

  #obey(line: string | Fault): void {
    if (isFault(line)) return this.answer(line);
    if (!this.#dialect && line.trim() === "") return;
    this.#dialect ??= dialectOf(line);
    const command = this.#dialect.parse(line, this.#seat !== undefined, this.#claimed);
    if (isFault(command)) this.answer(command);
    else if (this.#seat || commands[command.type].early) this.carryOut(command);
    else this.answer(fault("not-joined", "Join with a name first"));
  }

  #slowDown(lines: number, waitMs: number): void {
    const waiting = lines === 1 ? "waiting line" : `${lines} waiting lines`;
    const text = `Slow down: your ${waiting} will take ${Math.ceil(waitMs / 1000)} s; none is lost`;
    this.answer({ ...fault("slow-down", text), retryAfterMs: waitMs });
  }

  /** Half-closed: what was asked happens at the end of this turn, and is written before we close. */
  #leaveAfterTurn(): void {
    if (this.#seat && !this.#dialect?.keepsSeat) return this.quit(undefined);
    this.#intake.stop();
    // No goodbye: with its token it may come back to the seat.
    void this.room.afterTurn().then(() => this.#finish("", this.#seat));
  }

  // ---- Commands ----

  get name(): string {
    return this.#seat?.name ?? "";
  }

  get address(): string {
    return this.#origin.address;
  }

  get operator(): boolean {
    return this.#seat?.operator ?? false;
  }

  protected get author(): string {
    return this.#seat?.id ?? "";
  }

  protected get expects() {
    return this.#expects;
  }

  protected get historyEvents(): number {
    return (this.#dialect ?? plain).historyEvents;
  }

  protected get silenced(): Fault | undefined {
    return this.#seat && this.room.members.refusesSpeech(this.#seat);
  }

  protected override wait(): () => void {
    this.#joinTime.stop();
    const goOn = this.#intake.wait();
    return () => {
      if (this.#phase === "unnamed") this.#joinTime.start();
      goOn();
    };
  }

  /** A long answer costs as much as the lines that would be as long. */
  answer(answer: Answer): void {
    const line = (this.#dialect ?? plain).encode(answer);
    this.#say(line);
    if (line.length >= limits.lineBytes) this.#intake.pay(Math.floor(line.length / limits.lineBytes));
  }

  protected join(request: CommandOf<"join">): void {
    if (this.#seat) return this.answer(fault("already-joined", `You are here as "${this.name}"`));
    const isNew = this.#claimed === undefined;
    this.#claimed = undefined;
    const { password } = this.#options;
    if (password === undefined || this.room.members.hasSeat(request.token)) return this.#take(request);
    // Until it is right, what comes next from a person is another try, and no name for all to see.
    this.#claimed = request.name;
    const ask = (problem: string) => {
      // There is time to look the password up; a join repeated without one gains none.
      if (isNew || request.password !== undefined) this.#joinTime.reset();
      this.answer(fault("wrong-password", `${problem}: what is it?`));
    };
    if (request.password === undefined) return ask("This room has a password");
    this.#challenge(request.password, password, "room", (right) => {
      if (!right) return ask("That is not the password");
      this.#claimed = undefined;
      this.#take(request);
    });
  }

  #take(request: CommandOf<"join">): void {
    this.#phase = "joining";
    const dialect = this.#dialect ?? plain;
    const { happened, failed } = this.waiter();
    this.room.members.take(this, request, dialect.keepsSeat, {
      happened: (taken) => {
        // Gone meanwhile, like any connection that breaks.
        if (this.#isClosing) return this.room.members.vacate(taken.seat, this);
        this.#enter(taken, dialect, request);
        happened(taken);
      },
      failed: (problem) => {
        if (this.#phase === "joining") this.#phase = "unnamed";
        failed(problem);
      },
    });
  }

  #enter(taken: Taken, dialect: Dialect, request: CommandOf<"join">): void {
    const { seat } = taken;
    this.#phase = "here";
    this.#seat = seat;
    this.#expects = sittingAt(seat);
    // Reconnecting must not refill the bucket.
    this.#intake.bucket = seat.bucket ??= this.#intake.bucket;
    if (dialect.keepsSeat) this.#watch();
    this.room.enter(taken, dialect, request, this.#reader);
  }

  protected rename(name: string): void {
    if (this.#seat && name !== this.name) this.room.members.rename(this.#seat, name, this.waiter());
  }

  protected appoint(given: string): void {
    const { operatorPassword } = this.#options;
    if (operatorPassword === undefined) {
      return this.answer(fault("not-operator", "This room has no operator password"));
    }
    this.#challenge(given, operatorPassword, "operator", (right) => {
      if (!right) this.answer(fault("wrong-password", "That is not the operators' password"));
      else if (this.#seat) this.room.members.appoint(this.#seat, this.waiter());
    });
  }

  /** Whether a password is right: told at once if it is, later each time if not. Nothing else is read meanwhile. */
  #challenge(given: string, wanted: string, kind: PasswordKind, answered: (right: boolean) => void): void {
    const right = isSame(given, wanted);
    if (!right) this.#options.report(`gave a wrong ${kind} password`, this.address);
    const settled = this.wait();
    this.#takeBack = this.#origin.guesses[kind].judge({
      right,
      delayed: (notice) => this.answer(notice),
      answered: (right) => {
        answered(right);
        settled();
      },
    });
  }

  protected quit(text: string | undefined): void {
    this.#intake.stop();
    if (!this.#seat) return this.dismiss({ type: "bye", code: "left", text: "Goodbye" });
    this.#phase = "leaving";
    this.room.members.leave(this.#seat, text);
  }

  // ---- Sink ----

  write(bytes: Uint8Array, offset: number, length: number): number {
    const taken = this.#transport.write(bytes, offset, length);
    if (taken > 0) this.#options.metrics.writtenBytes.add(taken);
    return taken;
  }

  // ---- Occupant ----

  get leaving(): boolean {
    return this.#phase === "leaving";
  }

  whisper(event: Recorded): void {
    this.#reader.whisper(event);
  }

  /** `seat`: the one to keep for this member, if it may come back to it. */
  dismiss(bye: Bye, seat?: Seat): void {
    this.#finish((this.#dialect ?? plain).encode(bye), seat);
  }

  // ---- The end ----

  get #isClosing(): boolean {
    return this.#phase === "closing" || this.#phase === "shut" || this.#phase === "closed";
  }

  #finish(lastLine: string, seat: Seat | undefined): void {
    if (this.#isClosing) return;
    this.#phase = "closing";
    this.#seat = seat;
    this.#intake.stop();
    this.#joinTime.stop();
    this.#takeBack();
    this.#transport.resume();
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#transport.terminate(), lingerMs);
    this.#reader.finish(lastLine, () => {
      this.#phase = "shut";
      // To close on a peer that still sends would reset it, and could take the goodbye back.
      if (this.#intake.hasEnded) this.#transport.end();
      else this.#transport.shutdown();
    });
  }

  #say(line: string): void {
    if (this.#isClosing) return;
    if (this.#reader.tell(line)) this.room.wake(this.#reader);
    else this.#overflow();
  }

  /** The journal failed while this client was to read from it: another connection may be luckier. */
  #unreadable(error: unknown): void {
    this.#options.report(
      `was not shown the history, which cannot be read: ${messageOf(error)}`,
      this.address,
    );
    this.#transport.terminate();
  }

  /** It asks for much and reads nothing. */
  #overflow(): void {
    const text = "You are not reading: connection closed";
    this.dismiss({ type: "bye", code: "slow-reader", text, retryAfterMs: 1_000 }, this.#seat);
  }

  /** Ends the connection of a program that has not been heard for `silentMs`. */
  #watch(isLastLook = false): void {
    const { silentMs } = this.#options;
    const leftMs = silentMs - this.#intake.silentMs;
    if (leftMs <= 0 && isLastLook) {
      const text = `Nothing was heard of you for ${silentMs / 1000} s`;
      return this.dismiss({ type: "bye", code: "silent", text, retryAfterMs: 0 }, this.#seat);
    }
    const isNextLast = leftMs <= lastLookMs;
    const lookMs = isNextLast ? lastLookMs : leftMs - lastLookMs;
    this.#deadline = setTimeout(() => this.#watch(isNextLast), lookMs);
  }
}
