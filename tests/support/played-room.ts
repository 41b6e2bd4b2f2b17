// A server that a test plays, without a network: it hands out wires, writes down the commands that come on them, and
// sends the events that a test gives it, at once and in order.

import type { Connect, WireHandlers } from "../../lib/client/core/wire.ts";
import type { Raw } from "../../lib/protocol/commands.ts";
import { type Event, limits, type Recorded, type Welcome } from "../../lib/protocol/events.ts";

/** An event as a test writes it: the room adds its number and its time. */
export type Happening = Recorded extends infer E
  ? E extends Recorded
    ? Omit<E, "seq" | "at">
    : never
  : never;

export class PlayedRoom {
  /** The commands that came on the present wire. */
  heard: Raw[] = [];
  /** The last event that happened. */
  seq = 0;
  epoch = "E";
  token = "T";
  members: string[] = [];
  /** The members whose names are owned. */
  readonly owned = new Set<string>();
  connections = 0;
  paused = false;
  /** The events that happened while there was no wire. */
  #missed: Event[] = [];
  #wire: WireHandlers | undefined;

  readonly connect: Connect = (handlers) => {
    this.connections++;
    this.heard = [];
    this.#wire = handlers;
    return {
      send: (line) => void this.heard.push(JSON.parse(line)),
      pause: () => {
        this.paused = true;
      },
      resume: () => {
        this.paused = false;
      },
      close: () => {
        if (this.#wire === handlers) this.#wire = undefined;
      },
    };
  };

  /** Opens the wire that a client asked for last. */
  open(): void {
    this.#wire?.opened();
  }

  /** Opens the wire, and lets its member in; events that were missed come behind the welcome. */
  welcome(name: string): void {
    this.open();
    const members = this.members.map((name) =>
      this.owned.has(name) ? { name, owned: true as const } : { name },
    );
    const { token, epoch, seq } = this;
    const welcome: Welcome = { type: "welcome", name, token, epoch, seq, members, limits };
    this.say(welcome, ...this.#missed.splice(0));
    // The client pings to know when all missed events have come.
    for (const { type, id } of [...this.heard]) {
      if (type === "ping" && typeof id === "string") this.say({ type: "pong", id });
    }
  }

  /** Makes events happen in the room; the member hears of them now, or when it is back. */
  happen(...happenings: Happening[]): void {
    for (const happening of happenings) {
      const event = { ...happening, seq: ++this.seq, at: this.seq * 1_000 } as Recorded;
      this.#note(event);
      if (this.#wire) this.say(event);
      else this.#missed.push(event);
    }
  }

  #note(event: Recorded): void {
    if ("owned" in event && event.owned) this.owned.add("to" in event ? event.to : event.name);
    if (event.type === "freed") this.owned.clear();
    const without = (name?: string) =>
      this.members.filter((member) => member.toLowerCase() !== name?.toLowerCase());
    if (event.type === "joined") this.members = [...without(event.name), event.name];
    else if (event.type === "renamed") this.members = [...without(event.from), event.to];
    else if (event.type === "left" || event.type === "kicked" || event.type === "banned") {
      this.members = without(event.name);
    }
  }

  /** Sends events to the member alone. */
  say(...events: Event[]): void {
    for (const event of events) this.#wire?.received([JSON.stringify(event)]);
  }

  /** Replaces the events that were missed so far by a gap. */
  forget(): void {
    this.#missed = [{ type: "gap", from: 0, to: this.seq }];
  }

  /** Cuts the wire. */
  cut(): void {
    const wire = this.#wire;
    this.#wire = undefined;
    wire?.closed(new Error("The connection was lost"));
  }

  /** The commands of one type that were sent on the wire of now. */
  sent(type: string): Raw[] {
    return this.heard.filter((command) => command.type === type);
  }
}
