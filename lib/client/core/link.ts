// The way to the room: it joins, comes back after a loss, and sends each message until it is in the room. It knows
// (epoch, seq) of the last event it gave out, so missed events come first when it is back, and no event comes twice.
//
//   connecting ──welcome──▶ online ──lost──▶ offline ──after a wait──▶ connecting …
//                             └── bye without retryAfterMs, or quit ──▶ closed, for good
//
// A whisper is for a person, not for a name: it follows its addressee to a new name, and is given back if the addressee
// has left before it was sent.

import type { Raw } from "../../protocol/commands.ts";
import { messageOf } from "../../protocol/errors.ts";
import { type ByeCode, type Event, type Fault, isFault, type Welcome } from "../../protocol/events.ts";
import { Connection } from "./connection.ts";
import { Addressees, Outbox, type Unsettled } from "./outbox.ts";
import { People } from "./people.ts";
import { type RoomOptions, Servers } from "./servers.ts";
import { Refusal } from "./wire.ts";

export type LinkOptions = Pick<RoomOptions, "servers" | "key"> & {
  /** How many past events to show at the first join; undefined leaves it to the server. */
  historyEvents?: number | undefined;
};

export type LinkState =
  /** Also given when our name changes. `isBack`: after a loss; the missed events come next, and then `caughtUp`. */
  | { type: "online"; isBack: boolean }
  /** The next try to connect begins in `retryMs`. */
  | { type: "offline"; reason: string; retryMs: number };

export type LinkHandlers = {
  /** Each event once, in order. */
  event: (event: Event) => void;
  state: (state: LinkState) => void;
  /** All that was missed since the loss has come. */
  caughtUp?: () => void;
  /** The server gave up our seat, and refuses our name: a `join` under another name loses no message. */
  nameless: (problem: Fault) => void;
  /** A message was not taken and never will be. */
  refused: (message: Unsettled, problem: Fault) => void;
  /** The link is closed for good: `reason` is undefined if we left; `code` is that of the server's goodbye. */
  closed: (reason: string | undefined, code?: ByeCode) => void;
};

type Joining = PromiseWithResolvers<Fault | undefined>;
type Timer = ReturnType<typeof setTimeout>;

type Status =
  /** Until the next try, if there is one by itself; otherwise until `join`. */
  | { type: "offline"; retry?: Timer }
  /** `joining`: settles the promise of `join`; undefined when the link connects again by itself. */
  | { type: "connecting"; connection: Connection; joining: Joining | undefined }
  | {
      type: "online";
      connection: Connection;
      /** The id of the ping behind the missed events: nothing is said before its pong. */
      catchUp?: string | undefined;
      /** Runs while the room can take no messages. */
      held?: Timer | undefined;
      /** Runs while a goodbye is awaited. */
      leaving?: Timer | undefined;
    }
  | { type: "closed" };

/** How long the server may take to say goodbye. */
const goodbyeMs = 2_000;

/** The commands that are about the member who has a name. */
const orders = new Set(["kick", "ban", "mute", "unmute"]);

export class Link {
  readonly outbox = new Outbox();
  readonly people = new People();
  /** Our name, or the one that we ask for. */
  name = "";
  /** Fields of the first join: how many of the last messages it asks for, and the position behind which they are. */
  firstJoin: { history?: number | undefined; epoch?: string; after?: number };
  /** The token of the seat that an earlier run of the program had; sent with each join until the first welcome. */
  token: string | undefined;
  /** The password of the room, if it needs one. */
  password: string | undefined;
  readonly #options: LinkOptions;
  readonly #handlers: LinkHandlers;
  readonly #servers: Servers;
  readonly #addressees = new Addressees(this.people);
  #status: Status = { type: "offline" };
  /** How many servers in a row were not to be trusted. */
  #refusals = 0;
  /** The token that takes our seat again, and the epoch of `#seq`; undefined before the first welcome. */
  #seat: { token: string | undefined; epoch: string } | undefined;
  /** The `seq` of the last event that was given out. */
  #seq = 0;
  /** Whether the front end was told that messages wait. It is told again only after one of them was taken. */
  #toldHeld = false;
  #paused = false;

  constructor(options: LinkOptions, handlers: LinkHandlers) {
    this.#options = options;
    this.firstJoin = { history: options.historyEvents };
    this.#handlers = handlers;
    this.#servers = new Servers(options.servers);
  }

  get status(): Status["type"] {
    return this.#status.type;
  }

  /** The position of the last event that was given out; undefined before the first welcome. */
  get position(): { epoch: string; seq: number } | undefined {
    return this.#seat && { epoch: this.#seat.epoch, seq: this.#seq };
  }

  /** The messages that are not known to be in the room, so that another link to it can `resend` them. */
  get unsent(): Unsettled[] {
    return Array.from(this.outbox, (message) => this.#addressees.dated(message, this.#seq));
  }

  /**
   * Joins, perhaps under another name than before, or again after it was over: then with the same seat, if it is kept.
   * Resolves with the fault of the name, or undefined once we are in. Rejects if no server answers, or it hangs up; with a
   * Refusal if it is not to be trusted, or lets no client in.
   */
  async join(name: string): Promise<Fault | undefined> {
    this.name = name;
    for (let left = this.#servers.count; ; left--) {
      const joining: Joining = Promise.withResolvers();
      this.#connect(joining);
      try {
        return await joining.promise;
      } catch (error) {
        if (left === 1 || (error instanceof Refusal && error.undecided)) throw error;
        this.#servers.giveUp();
      }
    }
  }

  /** Sends a command now or not at all. False if there is no connection to send it on. */
  send(command: Raw): boolean {
    if (this.#status.type !== "online") return false;
    // An order is for the member who had the name in the events received so far, not for one who takes it meanwhile.
    const seen = orders.has(command.type) && { seq: command.seq ?? this.#seq };
    this.#status.connection.send({ ...command, ...seen });
    return true;
  }

  /** Sends a message now or as soon as it can be, again and again until it is known to be in the room. */
  say(message: Raw & { text: string }): void {
    const unsettled = this.outbox.add(message);
    this.#addressees.add(unsettled, { epoch: this.#seat?.epoch, seq: this.#seq });
    this.#sendNow(unsettled);
  }

  /** Sends a message of another link's `unsent`: a whisper goes to the name as of its `seq`, or is refused. */
  resend(message: Unsettled): void {
    this.#sendNow(this.outbox.add(message));
  }

  #sendNow(unsettled: Unsettled): void {
    const status = this.#status;
    if (status.type === "online" && status.catchUp === undefined && !status.held) {
      this.#post(status.connection, unsettled);
    }
  }

  /** Ends the wait for the next try, if there is one. */
  tryNow(): void {
    if (this.#status.type === "offline" && this.#status.retry) this.#connect(undefined);
  }

  /** The machine or the window may have slept: finds out at once whether the connection is still there. */
  wake(): void {
    this.tryNow();
    if (this.#status.type === "online") this.#status.connection.wake();
  }

  /** Reads nothing more until `resume`, so that the server waits; messages are sent all the same. */
  pause(): void {
    this.#paused = true;
    if ("connection" in this.#status) this.#status.connection.pause();
  }

  resume(): void {
    this.#paused = false;
    if ("connection" in this.#status) this.#status.connection.resume();
  }

  /** Leaves the room. Messages without an ack are given up. */
  quit(text?: string): void {
    const status = this.#status;
    if (status.type !== "online") return this.#close(undefined);
    status.connection.send({ type: "quit", ...(text !== undefined && { text }) });
    status.leaving ??= setTimeout(() => this.#close(undefined), goodbyeMs);
  }

  // ---- Connecting ----

  #connect(joining: Joining | undefined): void {
    this.#end();
    const connection = new Connection(this.#servers.present, {
      opened: () => this.#sendJoin(connection),
      event: (event) => this.#handle(event),
      lost: (why) => this.#lost(why),
    });
    if (this.#paused) connection.pause();
    this.#status = { type: "connecting", connection, joining };
  }

  #sendJoin(connection: Connection): void {
    const { name, password, token } = this;
    const place = this.#seat ? { ...this.#seat, after: this.#seq } : { token, ...this.firstJoin };
    connection.send({ type: "join", name, password, key: this.#options.key, ...place });
  }

  #welcomed(welcome: Welcome): void {
    if (this.#status.type !== "connecting") return;
    const { connection, joining } = this.#status;
    const isBack = this.#seat !== undefined;
    // A message of ours may be among the missed events: it is sent again only once they have come.
    const catchUp = isBack ? `back-${welcome.seq}` : undefined;
    this.#status = { type: "online", connection, catchUp };
    this.#refusals = 0;
    this.#seat = { token: welcome.token, epoch: welcome.epoch };
    if (!isBack) this.#seq = welcome.seq;
    this.#named(welcome.name, isBack);
    this.#handlers.event(welcome);
    joining?.resolve(undefined);
    const { leaseMs } = welcome.limits;
    if (leaseMs !== undefined && this.#servers.count > 1) connection.loseWithin(leaseMs);
    if (catchUp !== undefined) connection.send({ type: "ping", id: catchUp });
  }

  #named(name: string, isBack: boolean): void {
    this.name = name;
    this.#handlers.state({ type: "online", isBack });
  }

  // ---- Events ----

  #handle(event: Event): void {
    if ("at" in event) {
      if (event.seq <= this.#seq) return;
      this.#seq = event.seq;
      if ("id" in event && event.id !== undefined && this.outbox.settle(event.id)) this.#toldHeld = false;
    }
    this.people.apply(event);
    switch (event.type) {
      case "welcome":
        return this.#welcomed(event);
      case "renamed":
        if (!this.people.arriving && this.people.me.name !== this.name)
          this.#named(this.people.me.name, false);
        break;
      case "pong":
        if (event.id === undefined) return;
        if (this.#status.type === "online" && event.id === this.#status.catchUp) return this.#caughtUp();
        break;
      case "seen":
        this.outbox.settle(event.id);
        return;
      case "epoch":
        if (this.#seat) this.#seat.epoch = event.epoch;
        return;
      case "gap":
        this.#seq = event.to;
        break;
      case "error":
        return this.#faulted(event);
      case "bye":
        if (event.code === "left") return this.#close(undefined);
        if (event.retryAfterMs === undefined) return this.#close(event.text, event.code);
        return this.#lost(new Error(event.text), event.retryAfterMs);
    }
    this.#handlers.event(event);
  }

  #caughtUp(): void {
    if (this.#status.type !== "online") return;
    this.#status.catchUp = undefined;
    this.people.arrive();
    this.#servers.works();
    this.#handlers.caughtUp?.();
    this.#sendOutbox();
  }

  #faulted(problem: Fault): void {
    if (this.#status.type !== "online") return this.#turnedAway(problem);
    const message = [...this.outbox].find(({ id }) => id === problem.id);
    if (!message) return this.#handlers.event(problem);
    if (problem.retryAfterMs !== undefined) return this.#hold(problem, problem.retryAfterMs);
    // The addressee changed its name, or left, while the message was on its way; the event came before this answer.
    if (this.#addressees.hasMoved(message)) this.#post(this.#status.connection, message);
    else this.#refuse(message, problem);
  }

  /** The room does not let us in, or not under this name. */
  #turnedAway(problem: Fault): void {
    // A password was wrong, and the answer comes later. To ask again would delay it further.
    if (problem.code === "slow-down") return this.#handlers.event(problem);
    const joining = this.#status.type === "connecting" ? this.#status.joining : undefined;
    if (!joining && problem.retryAfterMs !== undefined) {
      return this.#lost(new Error(problem.text), problem.retryAfterMs);
    }
    // The next try needs a new connection, whenever it comes.
    this.#end();
    const refusal = asRefusal(problem, this.name, this.#options.key);
    if (joining) joining.resolve(refusal);
    else this.#handlers.nameless(refusal);
  }

  // ---- Messages ----

  #sendOutbox(): void {
    for (const message of this.outbox) {
      if (this.#status.type === "online") this.#post(this.#status.connection, message);
    }
  }

  #post(connection: Connection, message: Unsettled): void {
    const addressed = this.#addressees.address(message, { epoch: this.#seat?.epoch, seq: this.#seq });
    if (isFault(addressed)) this.#refuse(message, addressed);
    else connection.send(addressed);
  }

  #refuse(message: Unsettled, problem: Fault): void {
    this.outbox.settle(message.id);
    this.#handlers.refused(message, { ...problem, id: message.id });
  }

  /** Holds all messages back, so that they keep their order. */
  #hold(problem: Fault, waitMs: number): void {
    const status = this.#status;
    if (status.type !== "online" || status.held) return;
    status.held = setTimeout(() => {
      status.held = undefined;
      if (status.catchUp === undefined) this.#sendOutbox();
    }, waitMs);
    if (!this.#toldHeld) this.#handlers.event(problem);
    this.#toldHeld = true;
  }

  // ---- Losses, the end ----

  #lost(why: unknown, retryAfterMs?: number): void {
    const status = this.#status;
    if (status.type === "closed") return;
    if (status.type === "online" && status.leaving) return this.#close(undefined);
    this.#end();
    if (status.type === "connecting" && status.joining) {
      return status.joining.reject(retryAfterMs === undefined ? why : new Refusal(messageOf(why)));
    }
    // A server that is not to be trusted is given up; another server of the room may do.
    if (why instanceof Refusal && ++this.#refusals >= this.#servers.count) return this.#close(why.message);
    this.#servers.giveUp();
    const retryMs = this.#servers.wait(retryAfterMs);
    this.#status = { type: "offline", retry: setTimeout(() => this.#connect(undefined), retryMs) };
    this.#handlers.state({ type: "offline", reason: messageOf(why), retryMs });
  }

  #close(reason: string | undefined, code?: ByeCode): void {
    if (this.#status.type === "closed") return;
    this.#end();
    this.#status = { type: "closed" };
    this.#handlers.closed(reason, code);
  }

  /** Closes the connection and stops the timers of the status, which becomes offline. */
  #end(): void {
    const status = this.#status;
    this.#status = { type: "offline" };
    if (status.type === "offline") clearTimeout(status.retry);
    if ("connection" in status) status.connection.close();
    if (status.type === "online") {
      clearTimeout(status.held);
      clearTimeout(status.leaving);
    }
  }
}

/** A fault of a join, for people of this client: the server asks for a key to be typed, which only nc can do. */
export function asRefusal(problem: Fault, name: string, key: string | undefined): Fault {
  if (problem.code !== "name-owned" || key !== undefined) return problem;
  return { ...problem, text: `"${name}" belongs to a key, and this client has none: take another name` };
}
