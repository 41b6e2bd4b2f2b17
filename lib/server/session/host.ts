// The services of a session for a dialect with a state: it shows the dialect the room and its past, and gives up the seat
// without the connection.

import type { Host, PastRequest } from "../../dialects/host.ts";
import { type Fault, limits, type Recorded } from "../../protocol/events.ts";
import type { Room } from "../room/room.ts";
import { unreadable } from "../room/roster.ts";
import type { Entrance } from "./entrance.ts";

/** Code units in the longest name: a longer text is no name, and is not looked up. */
const maxNameUnits = 2 * limits.nameLength;

/** The part of a session that its host needs. */
export type Hosting = {
  seatId(): string;
  readonly entrance: Pick<Entrance, "hasPassword" | "isPassword" | "prove">;
  utter(lines: string): void;
  part(text: string | undefined): void;
  /** Holds the next line back until the function that this returns is called. */
  wait(): () => void;
  readonly isGone: () => boolean;
};

export class SessionHost implements Host {
  readonly #room: Room;
  readonly #member: { readonly name: string; readonly operator: boolean };
  readonly #session: Hosting;

  /** `member`: the member of the connection; its name is "" without a seat. */
  constructor(room: Room, member: { readonly name: string; readonly operator: boolean }, session: Hosting) {
    this.#room = room;
    this.#member = member;
    this.#session = session;
  }

  get channel() {
    return this.#room.channel;
  }

  get name(): string {
    return this.#member.name;
  }

  get operator(): boolean {
    return this.#member.operator;
  }

  get topic(): string | undefined {
    return this.#room.members.topic;
  }

  get hasPassword(): boolean {
    return this.#session.entrance.hasPassword;
  }

  isPassword(text: string): boolean {
    return this.#session.entrance.isPassword(text);
  }

  get members() {
    return this.#room.members.roster().members;
  }

  find(name: string) {
    return name.length > maxNameUnits ? undefined : this.#room.members.memberCalled(name);
  }

  utter(lines: string): void {
    if (lines !== "") this.#session.utter(lines);
  }

  part(text: string | undefined): void {
    this.#session.part(text);
  }

  later(then: () => void): void {
    void this.#room.afterTurn().then(then);
  }

  past(requests: PastRequest[], found: (events: Recorded[] | Fault) => void): void {
    const settled = this.#session.wait();
    const { isGone } = this.#session;
    const seatId = this.#session.seatId();
    const read = async () => {
      await this.#room.afterTurn();
      const events: Recorded[] = [];
      for (const request of requests)
        events.push(...(await this.#room.archive.past(seatId, request, isGone)));
      return events;
    };
    void read()
      .then(found, (error) => found(unreadable(error)))
      .finally(settled);
  }

  prove(password: string, answered: (right: boolean) => void): void {
    this.#session.entrance.prove(password, answered);
  }
}
