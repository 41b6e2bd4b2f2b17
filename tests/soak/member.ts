// Those who come and go. A member's day is made of lives; in each it joins, does some things, and leaves in one of
// many ways. What it has said and not heard yet it says again under the same id when it is back: on its own seat at
// once, since the server knows the ids of a seat; on another only once it has read what it missed.

import type { Event } from "../../lib/protocol/events.ts";
import type { Peer } from "../support/clients.ts";
import type { Random } from "../support/random.ts";
import type { Book } from "./book.ts";
import { connect, connectTries } from "./keeper.ts";

/** What all of them share. */
export type Day = {
  port: number;
  book: Book;
  /** How long the server keeps a seat. */
  seatMs: number;
  /** Sleeps, or less if the day is over. */
  sleep: (ms: number) => Promise<void>;
  over: boolean;
  /** What happened how often. */
  count: (what: string) => void;
};

/** Sees every event, then. */
export const whisperedTo = "witness0";

/** Longer than any flood takes at the server's rate. */
const acknowledgedWithinMs = 90_000;
const joinedWithinMs = 20_000;
export const closedWithinMs = 20_000;

export class Member {
  readonly #base: string;
  readonly #random: Random;
  readonly #day: Day;
  readonly #unacknowledged = new Map<string, string>();
  #peer: Peer | undefined;
  #online = false;
  /** Whether this connection has the seat of the one before. */
  #resumed = false;
  #connections = 0;
  #lives = 0;
  #lines = 0;
  #name = "";
  #seat: { token: string; epoch: string; seq: number } | undefined;
  /** The position of the last line that it said on this seat. */
  #lastSaid: number | undefined;
  /** The room's position when the member took this seat: earlier lines belong to another seat. */
  #seatedAt = 0;
  #backAt: PromiseWithResolvers<void> | undefined;
  #settled: (() => void) | undefined;

  constructor(index: number, random: Random, day: Day) {
    this.#base = `m${index}`;
    this.#random = random;
    this.#day = day;
  }

  async spend(): Promise<void> {
    while (!this.#day.over) {
      await this.#day.sleep(this.#random.below(2_000));
      await this.#connect();
      for (let acts = this.#random.between(1, 5); acts > 0 && this.#online && !this.#day.over; acts--) {
        await this.#act();
      }
      if (!this.#day.over) await this.#part();
    }
    await this.#quit();
  }

  // ---- What it does ----

  async #act(): Promise<void> {
    const random = this.#random;
    const way = random.next();
    if (way < 0.45) {
      for (let lines = random.between(1, 8); lines > 0; lines--) {
        this.#say();
        await this.#day.sleep(random.between(200, 1_500));
      }
    } else if (way < 0.6) {
      const text = random.pick(["x", `${this.#base}-1`, "nowhere"]);
      this.#send({ type: random.pick(["who", "history", "search"]), text, limit: random.between(1, 100) });
    } else if (way < 0.7) {
      this.#send({ type: "tell", to: whisperedTo, text: "psst" });
    } else if (way < 0.74) {
      if (this.#lastSaid === undefined) return;
      this.#day.count("taken back");
      this.#send({ type: "delete", seq: this.#lastSaid });
      this.#lastSaid = undefined;
    } else if (way < 0.8) {
      this.#send({ type: "rename", name: `${this.#base}r${this.#lives}x${random.below(1_000)}` });
    } else if (way < 0.9) {
      this.#day.count("stalls");
      this.#peer?.pause();
      await this.#day.sleep(random.between(3_000, 30_000));
      this.#peer?.resume();
    } else {
      this.#day.count("floods");
      for (let lines = random.between(30, 80); lines > 0; lines--) this.#say();
    }
  }

  #say(): void {
    const key = `${this.#base}-${++this.#lines}`;
    const length = this.#random.chance(0.2)
      ? this.#random.between(1_000, 3_800)
      : this.#random.between(1, 200);
    const line = JSON.stringify({ type: "say", text: `${key} ${"x".repeat(length)}`, id: key });
    this.#unacknowledged.set(key, line);
    if (this.#online) this.#peer?.send(`${line}\n`);
  }

  // ---- How it parts ----

  async #part(): Promise<void> {
    const way = this.#random.next();
    if (way < 0.35) return this.#quit();
    if (way < 0.5) this.#peer?.send('{"type":"say","text":"half a l');
    else if (way < 0.65) {
      // Said, and not heard that it was.
      this.#peer?.pause();
      for (let lines = this.#random.between(1, 5); lines > 0; lines--) this.#say();
      await this.#day.sleep(this.#random.between(20, 500));
    }
    this.#online = false;
    this.#peer?.reset();
    if (way < 0.8) {
      this.#day.count("drops");
      await this.#day.sleep(this.#random.below(this.#day.seatMs * 0.7));
    } else if (way < 0.9) {
      this.#day.count("long drops");
      await this.#day.sleep(this.#day.seatMs * this.#random.between(1, 3));
    } else {
      this.#day.count("vanished");
      // Whether what is unacknowledged was said is not known, and it is not said again.
      this.#unacknowledged.clear();
      this.#seat = undefined;
    }
  }

  /** Leaves once everything it said is in the room. */
  async #quit(): Promise<void> {
    const deadline = Date.now() + acknowledgedWithinMs;
    while (this.#unacknowledged.size > 0 && Date.now() < deadline) {
      if (!this.#online) await this.#connect();
      const settled = new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
      await Promise.race([settled, this.#peer?.closed, Bun.sleep(1_000)]);
    }
    if (this.#unacknowledged.size > 0) {
      const [first] = this.#unacknowledged.keys();
      this.#day.book.problem(`${this.#unacknowledged.size} lines were not acknowledged, ${first} the first`);
      this.#unacknowledged.clear();
    }
    this.#seat = undefined;
    if (!this.#online) return;
    this.#day.count("quits");
    this.#send({ type: "quit", text: "bye" });
    await Promise.race([this.#peer?.closed, Bun.sleep(closedWithinMs)]);
    this.#peer?.reset();
  }

  // ---- The connection ----

  /** Comes back to its seat, or to the room under a new name; resolves when it has caught up. */
  async #connect(tries = 1): Promise<void> {
    const number = ++this.#connections;
    this.#peer?.reset();
    // Whatever a connection of before still brings is not heard.
    const current = (line: string) => {
      if (number === this.#connections) this.#listen(JSON.parse(line));
    };
    const back = Promise.withResolvers<void>();
    this.#backAt = back;
    this.#peer = await connect(this.#day.port, current);
    void this.#peer.closed.then(() => {
      if (number === this.#connections) this.#online = false;
    });
    if (this.#seat === undefined) this.#name = `${this.#base}n${++this.#lives}`;
    const { token, epoch, seq: after } = this.#seat ?? {};
    this.#send({ type: "join", name: this.#name, ...(token ? { token, epoch, after } : { history: 10 }) });
    this.#send({ type: "ping", id: "caught-up" });
    const outcome = await Promise.race([
      back.promise.then(() => "joined"),
      this.#peer.closed.then(() => "closed"),
      Bun.sleep(joinedWithinMs),
    ]);
    // The listener that was to take it made room for another one, which the system tells by a reset.
    if (outcome === "closed" && tries < connectTries) {
      this.#day.count("closed at the door");
      return this.#connect(tries + 1);
    }
    if (outcome !== "joined") return this.#day.book.problem(`${this.#name} could not join`);
    this.#online = true;
    if (!this.#resumed) this.#sayAgain();
  }

  #sayAgain(): void {
    for (const line of this.#unacknowledged.values()) this.#peer?.send(`${line}\n`);
  }

  #send(command: object): void {
    this.#peer?.send(`${JSON.stringify(command)}\n`);
  }

  #listen(event: Event): void {
    const { book, count } = this.#day;
    if (event.type === "welcome") {
      this.#resumed = event.token === this.#seat?.token;
      if (!this.#resumed) [this.#lastSaid, this.#seatedAt] = [undefined, event.seq];
      if (this.#seat) count(this.#resumed ? "resumed" : "came back too late");
      this.#name = event.name;
      this.#seat = { token: event.token ?? "", epoch: event.epoch, seq: this.#seat?.seq ?? event.seq };
      if (this.#resumed) this.#sayAgain();
    } else if (event.type === "pong") this.#backAt?.resolve();
    else if (event.type === "seen") {
      count("said again");
      this.#acknowledge(event.id, event.seq);
    } else if (event.type === "gap")
      book.problem(`${this.#name} was told of a gap: ${JSON.stringify(event)}`);
    else if (event.type === "bye") count(`bye ${event.code}`);
    else if (event.type === "error") {
      if (event.code === "slow-down") count("told to slow down");
      else book.problem(`${this.#name} was sent ${JSON.stringify(event)}`);
    }
    if (!("at" in event) || !this.#seat) return;
    if (event.seq <= this.#seat.seq) {
      book.problem(`${this.#name} heard ${event.seq} after ${this.#seat.seq}`);
    }
    this.#seat.seq = event.seq;
    if (event.type !== "said" || event.id === undefined) return;
    if (event.from === this.#name && event.seq > this.#seatedAt) this.#lastSaid = event.seq;
    this.#acknowledge(event.id, event.seq);
  }

  #acknowledge(key: string, seq: number): void {
    if (!this.#unacknowledged.delete(key)) return;
    this.#day.book.acknowledge(key, seq);
    if (this.#unacknowledged.size === 0) this.#settled?.();
  }
}

/** A person on nc: no token, no ids. What is echoed was said. */
export async function spendOnNc(index: number, random: Random, day: Day): Promise<void> {
  for (let life = 1, lines = 0; !day.over; life++) {
    await day.sleep(random.below(5_000));
    const name = `p${index}n${life}`;
    const own = new RegExp(`^${name}: (\\S+)`);
    const peer = await connect(day.port, (line) => {
      const key = own.exec(line)?.[1];
      if (key !== undefined) day.book.acknowledge(key, undefined);
    });
    peer.send(`${name}\n`);
    for (let acts = random.between(1, 15); acts > 0 && !day.over; acts--) {
      peer.send(`p${index}-${++lines} ${"y".repeat(random.between(1, 300))}\n`);
      await day.sleep(random.between(200, 2_000));
    }
    const way = random.next();
    if (way < 0.3) peer.reset();
    else if (way < 0.6) peer.halfClose();
    else peer.send("/quit\n");
    await Promise.race([peer.closed, Bun.sleep(closedWithinMs)]);
    peer.reset();
  }
}
