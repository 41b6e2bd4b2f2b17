// One connection, from the first byte to the last. Bytes in, bytes out, timers; it knows no socket. It finds out the
// dialect, gets a seat, turns lines into commands, and reads no faster than the flood limits allow.

import { createHash, timingSafeEqual } from "node:crypto";
import { dialectOf } from "../../dialects/choose.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import { greeting, plain } from "../../dialects/plain.ts";
import { type CommandOf, commands } from "../../protocol/commands.ts";
import { messageOf } from "../../protocol/errors.ts";
import { type Answer, type Bye, type Fault, fault, isFault, type Recorded } from "../../protocol/events.ts";
import { LineReader } from "../../protocol/lines.ts";
import { Reader, type Sink } from "../delivery/reader.ts";
import { Origin } from "../limits/door.ts";
import { type Rate, TokenBucket } from "../limits/token-bucket.ts";
import type { Taken, Waiter } from "../room/members.ts";
import type { Room } from "../room/room.ts";
import { type Occupant, type Seat, sittingAt } from "../room/seats.ts";
import { Speaker } from "../room/speaker.ts";
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
  /** What one has to know to keep order; undefined: nobody can. */
  operatorPassword?: string | undefined;
  metrics: Record<"readBytes" | "writtenBytes" | "pauses", { add: (amount: number) => void }>;
};

/** How long a peer has to read our goodbye. */
const lingerMs = 5_000;
/** A flooder is told the wait this often. */
const toldEveryMs = 5_000;
/** The first byte of whoever speaks TLS. */
const tlsHandshake = 0x16;

export class Session extends Speaker implements Connection, Occupant, Sink {
  readonly #transport: Transport;
  readonly #origin: Origin;
  readonly #options: SessionOptions;
  readonly #reader: Reader;
  readonly #lines = new LineReader();
  #bucket: TokenBucket;
  #dialect: Dialect | undefined;
  #seat: Seat | undefined;
  #expects: ReturnType<typeof sittingAt> | undefined;
  /** The name of whoever has to give the password for it. */
  #claimed: string | undefined;
  #heardAt = Date.now();
  #toldAt = 0;
  #inputEnded = false;
  /** Lines are being obeyed now: what has its outcome at once does not begin again. */
  #working = false;
  /** How many answers are awaited before anything else is read. */
  #awaited = 0;
  /** Said so: what comes after it is not heard. */
  leaving = false;
  /** The goodbye is on its way, or the connection gone. */
  #closing = false;
  #goodbyeSent = false;
  #greeting: Timer | undefined;
  #deadline: Timer | undefined;
  #pause: Timer | undefined;
  #linger: Timer | undefined;

  constructor(room: Room, transport: Transport, origin: Origin, options: SessionOptions) {
    super(room);
    this.#transport = transport;
    this.#origin = origin;
    this.#options = options;
    this.#reader = new Reader(this, (error) => this.#unreadable(error));
    this.#bucket = new TokenBucket(options.rate);
    this.#greeting = setTimeout(() => this.#say(greeting), options.greetAfterMs);
    const tooLate: Bye = { type: "bye", code: "too-late", text: "You gave no name in time" };
    this.#deadline = setTimeout(() => this.dismiss(tooLate), options.joinWithinMs);
  }

  // ---- What the transport tells ----

  receive(chunk: Buffer): void {
    this.#heardAt = Date.now();
    this.#options.metrics.readBytes.add(chunk.length);
    if (this.#closing) return;
    clearTimeout(this.#greeting);
    if (!this.#dialect && !this.#lines.pending && chunk[0] === tlsHandshake) {
      const text = "This room does not speak TLS: connect without it";
      return this.dismiss({ type: "bye", code: "no-tls", text });
    }
    this.#lines.push(chunk);
    if (!this.#held) this.#work();
  }

  drained(): void {
    this.#reader.drain();
  }

  /** The peer will send no more, but may still read. */
  inputEnded(): void {
    this.#inputEnded = true;
    if (this.#closing) return this.#goodbyeSent ? this.#transport.end() : undefined;
    this.#lines.end();
    if (!this.#held) this.#work();
  }

  closed(): void {
    this.#closing = true;
    for (const timer of [this.#greeting, this.#deadline, this.#pause, this.#linger]) clearTimeout(timer);
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
    return this.#pause !== undefined;
  }

  // ---- Lines → commands ----

  #work(): void {
    if (this.#working) return;
    this.#working = true;
    while (!this.#held && !this.#closing && !this.leaving) {
      const line = this.#lines.next();
      if (line === undefined) break;
      this.#obey(line);
      const now = Date.now();
      const waitMs = Math.max(this.#bucket.take(now), this.#origin.bucket.take(now));
      if (waitMs > 0) this.#waitFor(waitMs);
    }
    this.#working = false;
    if (this.#inputEnded && !this.#held && !this.#closing && !this.leaving) this.#leaveAfterTurn();
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

  /** What was read is not paid for yet, or not answered: nothing more is read. */
  get #held(): boolean {
    return this.#pause !== undefined || this.#awaited > 0;
  }

  /** What comes after this may depend on its outcome, so it waits until `#settled`. */
  #await(): void {
    this.#awaited++;
    this.#transport.pause();
  }

  #settled(): void {
    this.#awaited--;
    this.#goOn();
  }

  #goOn(): void {
    if (this.#held || this.#closing) return;
    this.#transport.resume();
    this.#work();
  }

  /** The flood limit: nothing more is read until what was read is paid for. */
  #waitFor(waitMs: number): void {
    this.#transport.pause();
    this.#options.metrics.pauses.add(1);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#goOn();
    }, waitMs);
    const now = Date.now();
    if (now - this.#toldAt < toldEveryMs) return;
    // All that waits is looked through for it.
    const { waiting } = this.#lines;
    if (waiting === 0) return;
    this.#toldAt = now;
    const retryAfterMs = waitMs + this.#bucket.costMs(waiting);
    const seconds = Math.ceil(retryAfterMs / 1000);
    const text = `You write faster than the room reads: your ${waiting} waiting lines take ${seconds} s, none is lost`;
    this.answer({ ...fault("slow-down", text), retryAfterMs });
  }

  /** Half-closed: what was asked happens at the end of this turn, and is written before we close. */
  #leaveAfterTurn(): void {
    if (this.#seat && !this.#dialect?.keepsSeat) return this.quit(undefined);
    // No goodbye: whoever has a token may come back to the seat.
    this.room.afterTurn(() => this.#finish("", this.#seat));
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

  answer(answer: Answer): void {
    this.#say((this.#dialect ?? plain).encode(answer));
  }

  join(request: CommandOf<"join">): void {
    if (this.#seat) return this.answer(fault("already-joined", `You are here as "${this.name}"`));
    this.#claimed = undefined;
    const { password } = this.#options;
    if (password === undefined) return this.#take(request);
    // Until it is right, what comes next from a person is another try, and no name for all to see.
    this.#claimed = request.name;
    const ask = (problem: string) => this.answer(fault("wrong-password", `${problem}: what is it?`));
    if (request.password === undefined) return ask("This room has a password");
    this.#challenge(request.password, password, (right) => {
      if (!right) return ask("That is not the password");
      this.#claimed = undefined;
      this.#take(request);
    });
  }

  #take(request: CommandOf<"join">): void {
    const dialect = this.#dialect ?? plain;
    const { happened, failed } = this.waiter();
    this.room.members.take(this, request, dialect.keepsSeat, {
      happened: (taken) => {
        // Gone meanwhile, like any connection that breaks.
        if (this.#closing) return this.room.members.vacate(taken.seat, this);
        this.#enter(taken, dialect, request);
        happened(taken);
      },
      failed,
    });
  }

  #enter(taken: Taken, dialect: Dialect, request: CommandOf<"join">): void {
    const { seat } = taken;
    this.#seat = seat;
    this.#expects = sittingAt(seat);
    // Whoever comes back has said no less for it.
    this.#bucket = seat.bucket ??= this.#bucket;
    clearTimeout(this.#deadline);
    if (dialect.keepsSeat) this.#watch(this.#options.silentMs);
    this.room.enter(taken, dialect, request, this.#reader);
  }

  rename(name: string): void {
    if (this.#seat && name !== this.name) this.room.members.rename(this.#seat, name, this.waiter());
  }

  appoint(given: string): void {
    const { operatorPassword } = this.#options;
    if (operatorPassword === undefined) {
      return this.answer(fault("not-operator", "This room has no operator password"));
    }
    this.#challenge(given, operatorPassword, (right) => {
      if (!right) this.answer(fault("wrong-password", "That is not the operators' password"));
      else if (this.#seat) this.room.members.appoint(this.#seat, this.waiter());
    });
  }

  /** What comes after it may depend on it, so it waits until it has happened, or not. */
  protected override waiter(): Waiter<unknown> {
    this.#await();
    return {
      happened: () => this.#settled(),
      failed: (problem) => {
        this.answer(problem);
        this.#settled();
      },
    };
  }

  /** Whether a password is right, told when it is this address's turn: whoever guesses waits longer each time. */
  #challenge(given: string, wanted: string, answered: (right: boolean) => void): void {
    const waitMs = this.#origin.guess(Date.now());
    if (!Origin.isBearable(waitMs)) {
      const text = "Too many wrong passwords came from your address: wait before the next one";
      return this.answer({ ...fault("slow-down", text), retryAfterMs: waitMs });
    }
    this.#await();
    const look = () => {
      const right = isSame(given, wanted);
      if (!right) this.#origin.guessedWrong(Date.now());
      if (!this.#closing) answered(right);
      this.#settled();
    };
    // At once if it can be, so that it counts before the next one is looked at.
    if (waitMs === 0) look();
    else setTimeout(look, waitMs);
  }

  /** Can take many turns. */
  override async search(request: CommandOf<"search">): Promise<void> {
    this.#await();
    await super.search(request);
    this.#settled();
  }

  quit(text: string | undefined): void {
    this.leaving = true;
    if (this.#seat) this.room.members.leave(this.#seat, text);
    else this.dismiss({ type: "bye", code: "left", text: "Goodbye" });
  }

  // ---- Sink ----

  write(bytes: Uint8Array, offset: number, length: number): number {
    const taken = this.#transport.write(bytes, offset, length);
    if (taken > 0) this.#options.metrics.writtenBytes.add(taken);
    return taken;
  }

  // ---- Occupant ----

  whisper(event: Recorded): void {
    this.#reader.whisper(event);
  }

  /** `seat`: the one to keep for this member, if it may come back to it. */
  dismiss(bye: Bye, seat?: Seat): void {
    this.#finish((this.#dialect ?? plain).encode(bye), seat);
  }

  #finish(lastLine: string, seat: Seat | undefined): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#seat = seat;
    clearTimeout(this.#pause);
    this.#transport.resume();
    this.#linger = setTimeout(() => this.#transport.terminate(), lingerMs);
    this.#reader.finish(lastLine, () => {
      this.#goodbyeSent = true;
      // To close on a peer that still sends would reset it, and could take the goodbye back.
      if (this.#inputEnded) this.#transport.end();
      else this.#transport.shutdown();
    });
  }

  #say(line: string): void {
    if (this.#closing) return;
    if (this.#reader.tell(line)) this.room.wake(this.#reader);
    else this.#overflow();
  }

  /** The journal failed while this client was to read from it: another connection may be luckier. */
  #unreadable(error: unknown): void {
    console.error(`The history cannot be read: ${messageOf(error)}`);
    this.#transport.terminate();
  }

  /** Whoever asks for much and reads nothing. */
  #overflow(): void {
    const text = "You do not read what you are sent";
    this.dismiss({ type: "bye", code: "slow-reader", text, retryAfterMs: 1_000 }, this.#seat);
  }

  /** Ends the connection of a program that has not been heard for too long. */
  #watch(silentMs: number): void {
    const left = this.#heardAt + silentMs - Date.now();
    this.#deadline = setTimeout(
      () => {
        if (this.#pause) this.#heardAt = Date.now();
        if (Date.now() - this.#heardAt < silentMs) return this.#watch(silentMs);
        const text = `Nothing was heard of you for ${silentMs / 1000} s`;
        this.dismiss({ type: "bye", code: "silent", text, retryAfterMs: 0 }, this.#seat);
      },
      Math.max(left, 1),
    );
  }
}

/** Takes the same time whatever is wrong with it. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
