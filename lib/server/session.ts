// One connection, from the first byte to the last. Bytes in, bytes out, timers; it knows no socket. It finds out the
// dialect, gets a seat, turns lines into commands, and reads no faster than the flood limit allows.

import type { Caller, JoinRequest, SearchRequest } from "../commands.ts";
import { type Dialect, dialectOf } from "../dialects/dialect.ts";
import { greeting, plain } from "../dialects/plain.ts";
import { LineReader } from "../lines.ts";
import {
  type Answer,
  type Bye,
  type Fault,
  fault,
  isFault,
  type Member,
  type Recorded,
} from "../protocol.ts";
import { type Rate, TokenBucket } from "./flood.ts";
import { Reader, type Sink } from "./reader.ts";
import type { Room } from "./room.ts";
import type { Occupant, Seat } from "./seats.ts";

/** What carries the bytes: a TCP socket as it is, and one day a WebSocket. */
export interface Transport extends Sink {
  /** Stops delivering what the peer sends, so that it has to wait, and goes on. */
  pause(): void;
  resume(): void;
  /** Tells the peer that nothing more comes; what it still sends is delivered. */
  shutdown(): void;
  /** Closes; what was written still arrives, if the peer has stopped sending. */
  end(): void;
  /** Closes now, whatever is under way. */
  terminate(): void;
}

export type SessionOptions = {
  rate: Rate;
  /** A person waits to be greeted; a program has spoken by then. */
  greetAfterMs: number;
  /** How long one may stay without a name. */
  joinWithinMs: number;
  /** A program that is silent for so long is taken for dead. */
  silentMs: number;
};

/** What a connection's events are given to. */
export type Client = Pick<Session, "receive" | "drained" | "inputEnded" | "closed" | "dismiss">;

/** How long a peer has to read our goodbye. */
const lingerMs = 5_000;
/** A flooder is told the wait this often. */
const toldEveryMs = 5_000;
/** The first byte of whoever speaks TLS. */
const tlsHandshake = 0x16;

export class Session implements Caller, Occupant {
  readonly #room: Room;
  readonly #transport: Transport;
  readonly #options: SessionOptions;
  readonly #reader: Reader;
  readonly #lines = new LineReader();
  readonly #bucket: TokenBucket;
  #dialect: Dialect | undefined;
  #seat: Seat | undefined;
  #heardAt = Date.now();
  #toldAt = 0;
  #inputEnded = false;
  #searching = false;
  /** Said so: what comes after it is not heard. */
  #leaving = false;
  /** The goodbye is on its way, or the connection gone. */
  #closing = false;
  #goodbyeSent = false;
  #greeting: Timer | undefined;
  #deadline: Timer | undefined;
  #pause: Timer | undefined;
  #linger: Timer | undefined;

  constructor(room: Room, transport: Transport, options: SessionOptions) {
    this.#room = room;
    this.#transport = transport;
    this.#options = options;
    this.#reader = new Reader(transport, (error) => this.#unreadable(error));
    this.#bucket = new TokenBucket(options.rate);
    this.#greeting = setTimeout(() => this.#say(greeting), options.greetAfterMs);
    const tooLate: Bye = { type: "bye", code: "too-late", text: "You gave no name in time" };
    this.#deadline = setTimeout(() => this.dismiss(tooLate), options.joinWithinMs);
  }

  // ---- What the transport tells ----

  receive(chunk: Buffer): void {
    this.#heardAt = Date.now();
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
    if (seat) this.#room.vacate(seat, this);
  }

  // ---- Lines → commands ----

  #work(): void {
    while (!this.#closing && !this.#leaving) {
      const line = this.#lines.next();
      if (line === undefined) break;
      this.#obey(line);
      const waitMs = this.#bucket.take(Date.now());
      if (waitMs > 0) this.#waitFor(waitMs);
      if (this.#held) return;
    }
    if (this.#inputEnded && !this.#closing && !this.#leaving) this.#leaveAfterTurn();
  }

  #obey(line: string | Fault): void {
    if (isFault(line)) return this.answer(line);
    if (!this.#dialect && line.trim() === "") return;
    this.#dialect ??= dialectOf(line);
    const command = this.#dialect.parse(line, this.#seat !== undefined);
    if (isFault(command)) this.answer(command);
    else if (this.#seat || command.early) command.run(this);
    else this.answer(fault("not-joined", "Join with a name first"));
  }

  /** What was read is not paid for yet, or not answered: nothing more is read. */
  get #held(): boolean {
    return this.#pause !== undefined || this.#searching;
  }

  #goOn(): void {
    if (this.#held || this.#closing) return;
    this.#transport.resume();
    this.#work();
  }

  /** The flood limit: nothing more is read until what was read is paid for. */
  #waitFor(waitMs: number): void {
    this.#transport.pause();
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#goOn();
    }, waitMs);
    const now = Date.now();
    const { waiting } = this.#lines;
    if (waiting === 0 || now - this.#toldAt < toldEveryMs) return;
    this.#toldAt = now;
    const retryAfterMs = waitMs + this.#bucket.costMs(waiting);
    const seconds = Math.ceil(retryAfterMs / 1000);
    const text = `You write faster than the room reads: your ${waiting} waiting lines take ${seconds} s, none is lost`;
    this.answer({ ...fault("slow-down", text), retryAfterMs });
  }

  /** Half-closed: what was asked happens at the end of this turn, and is written before we close. */
  #leaveAfterTurn(): void {
    if (this.#seat && !this.#dialect?.keepsSeat) return this.#room.leave(this.#seat);
    // No goodbye: whoever has a token may come back to the seat.
    this.#room.afterTurn(() => this.#finish("", this.#seat));
  }

  // ---- Commands (Caller) ----

  get name(): string {
    return this.#seat?.name ?? "";
  }

  answer(answer: Answer): void {
    this.#say((this.#dialect ?? plain).encode(answer));
  }

  record(event: Recorded): void {
    if (this.#seat) this.#room.record({ event, author: this.#seat.id });
  }

  tell(name: string, text: string, id: string | undefined): void {
    const reader = this.#room.find(name);
    if (!this.#seat || !reader) {
      return this.answer({ ...fault("no-such-member", `Nobody here is called "${name}"`), id });
    }
    const event: Recorded = { type: "told", seq: 0, at: 0, from: this.name, to: reader.name, text, id };
    this.#room.record({ event, author: this.#seat.id, reader: reader.id });
  }

  roster(): { seq: number; members: Member[] } {
    return this.#room.roster();
  }

  join(request: JoinRequest): void {
    if (this.#seat) return this.answer(fault("already-joined", `You are here as "${this.name}"`));
    const dialect = this.#dialect ?? plain;
    const taken = this.#room.take(this, request, dialect.keepsSeat);
    if (isFault(taken)) return this.answer(taken);
    this.#seat = taken.seat;
    clearTimeout(this.#deadline);
    if (dialect.keepsSeat) this.#watch(this.#options.silentMs);
    this.#room.enter(taken, dialect, request, this.#reader);
  }

  rename(name: string): void {
    const problem = this.#seat && this.#room.rename(this.#seat, name);
    if (problem) this.answer(problem);
  }

  async recall({
    before,
    limit,
  }: {
    before?: number | undefined;
    limit?: number | undefined;
  }): Promise<void> {
    if (!this.#seat || !this.#dialect) return;
    const upTo = before === undefined ? this.#room.seq : before - 1;
    try {
      const events = await this.#room.recall(this.#seat, upTo, limit ?? this.#dialect.historyEvents);
      this.answer({ type: "history", events });
    } catch (error) {
      this.answer(fault("unavailable", `The history cannot be read, ${(error as Error).message}`));
    }
  }

  /** Can take many turns; what was asked after it waits, so that answers keep their order. */
  async search(request: SearchRequest): Promise<void> {
    if (!this.#seat) return;
    this.#searching = true;
    this.#transport.pause();
    this.answer(await this.#room.search(this.#seat, request));
    this.#searching = false;
    this.#goOn();
  }

  quit(text: string | undefined): void {
    this.#leaving = true;
    if (this.#seat) this.#room.leave(this.#seat, text);
    else this.dismiss({ type: "bye", code: "left", text: "Goodbye" });
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
    if (this.#reader.tell(line)) this.#room.wake(this.#reader);
    else this.#overflow();
  }

  /** The journal failed while this client was to read from it: another connection may be luckier. */
  #unreadable(error: unknown): void {
    console.error(`The history cannot be read: ${(error as Error).message}`);
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
