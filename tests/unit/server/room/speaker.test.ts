// One who speaks in a room of its own, whose journal is in memory: what each command answers, and what happens of it.

import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type Command,
  type CommandOf,
  check,
  commands,
  type Raw,
} from "../../../../lib/protocol/commands.ts";
import {
  type Answer,
  type Event,
  type Fault,
  isFault,
  type Recorded,
} from "../../../../lib/protocol/events.ts";
import { help } from "../../../../lib/protocol/typed.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { Speaker } from "../../../../lib/server/room/speaker.ts";
import type { Occupant, Seat } from "../../../../lib/server/seats/seats.ts";
import { idleMetrics } from "../../../support/metrics.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

class Ann extends Speaker {
  override accessor name = "ann";
  override accessor operator = true;
  override accessor silenced: Fault | undefined = undefined;
  protected override accessor author = "ann's seat";
  readonly address = "192.0.2.1";
  protected readonly historyEvents = 2;
  /** What has no outcome yet, and who waits until all has. */
  #awaited = 0;
  #settled = () => {};
  /** What she was answered, and what of her own ways she was asked for. */
  readonly answers: Answer[] = [];
  readonly asked: unknown[][] = [];

  answer(answer: Answer): void {
    this.answers.push(answer);
  }

  protected override wait(): () => void {
    this.#awaited++;
    return () => {
      if (--this.#awaited === 0) this.#settled();
    };
  }

  get isHeld(): boolean {
    return this.#awaited > 0;
  }

  /** Resolves once everything that was asked has its outcome. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#awaited === 0) resolve();
      else this.#settled = resolve;
    });
  }

  protected post(request: Command): void {
    this.asked.push(["post", request]);
  }

  protected join(request: Command): void {
    this.asked.push(["join", request]);
  }

  protected rename(name: string): void {
    this.asked.push(["rename", name]);
  }

  protected appoint({ password }: CommandOf<"op">): void {
    this.asked.push(["appoint", password]);
  }

  protected quit(text: string | undefined): void {
    this.asked.push(["quit", text]);
  }
}

let room: Room;
let ann: Ann;
let events: Recorded[];

beforeEach(async () => {
  events = [];
  room = new Room(SqliteJournal.open({ keepEvents: 1000 }), {
    seatMs: 30_000,
    onEvent: (event) => events.push(event),
    onEmpty: () => {},
    onJournalTrouble: () => {},
    metrics: idleMetrics(),
  });
  ann = new Ann(room);
  await sit("bob");
  events = [];
});

/** Another member, who hears nothing. */
async function sit(name: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const occupant: Occupant = {
    address: "192.0.2.1",
    leaving: false,
    answer: () => {},
    whisper: () => {},
    pump: () => {},
    dismiss: () => {},
  };
  const failed = ({ text }: Fault) => reject(new Error(text));
  room.members.arrivals.take(occupant, { type: "join", name }, true, { happened: resolve, failed });
  await promise;
}

const unheard = { happened: () => {}, failed: () => {} };

function seatOf(name: string): Seat {
  const seat = room.members.find(name);
  if (!seat) throw new Error(`${name} is not here`);
  return seat;
}

/** Carries the commands out, and lets the turn end in which they were given. */
async function carryOut(...raws: Raw[]): Promise<void> {
  for (const raw of raws) give(raw);
  await room.afterTurn();
  await ann.settled();
}

function give(raw: Raw): void {
  const command = check(raw);
  if (isFault(command)) throw new Error(command.text);
  ann.carryOut(command);
}

describe("carryOut()", () => {
  const happens: [raw: Raw, event: Partial<Event>][] = [
    [
      { type: "say", text: "hi ", id: "1" },
      { type: "said", from: "ann", text: "hi", id: "1" },
    ],
    [
      { type: "act", text: "waves" },
      { type: "acted", from: "ann", text: "waves" },
    ],
    [
      { type: "tell", to: "BOB", text: "hi", id: "2" },
      { type: "told", from: "ann", to: "bob", text: "hi", id: "2" },
    ],
    [
      { type: "topic", text: "tea" },
      { type: "topic", by: "ann", text: "tea" },
    ],
    [
      { type: "kick", name: "bob", text: "loud" },
      { type: "kicked", name: "bob", by: "ann", text: "loud" },
    ],
    [
      { type: "ban", name: "2001:db8::1" },
      { type: "banned", by: "ann" },
    ],
    [
      { type: "mute", name: "bob" },
      { type: "muted", name: "bob", by: "ann" },
    ],
  ];
  test.each(happens)("carryOut() makes %j happen", async (raw, event) => {
    await carryOut(raw);
    expect<unknown[]>(events).toMatchObject([event]);
    expect(ann.answers).toEqual([]);
  });

  const answers: [raw: Raw, answer: Partial<Answer>][] = [
    [{ type: "delete" }, { type: "error", code: "no-such-message" }],
    [
      { type: "who", id: "3" },
      { type: "members", seq: 1, members: [{ name: "bob" }], id: "3" },
    ],
    [
      { type: "history", before: 1 },
      { type: "history", events: [] },
    ],
    [
      { type: "search", text: "hi", limit: 5 },
      { type: "results", text: "hi", events: [] },
    ],
    [
      { type: "ping", id: "4" },
      { type: "pong", id: "4" },
    ],
    [{ type: "topic" }, { type: "subject" }],
    [{ type: "bans" }, { type: "bans", bans: [] }],
    [{ type: "help" }, { type: "help", text: help() }],
    [
      { type: "tell", to: "gus", text: "hi", id: "5" },
      { type: "error", code: "no-such-member", id: "5" },
    ],
    [
      { type: "unban", name: "bob" },
      { type: "error", code: "no-such-ban" },
    ],
    [
      { type: "unmute", name: "bob" },
      { type: "error", code: "no-such-member" },
    ],
    [
      { type: "free", name: "bob" },
      { type: "error", code: "no-such-member" },
    ],
    [
      { type: "deop", name: "bob" },
      { type: "error", code: "no-such-member" },
    ],
    [
      { type: "whois", name: "b0b", id: "6" },
      { type: "whois", name: "b0b", traces: [{ name: "bob", names: [], address: "192.0.2.1" }], id: "6" },
    ],
    [
      { type: "whowas", name: "bob", id: "7" },
      { type: "whowas", name: "bob", traces: [], id: "7" },
    ],
  ];
  test.each(answers)("carryOut() answers %j", async (raw, answer) => {
    await carryOut(raw);
    expect<unknown[]>(ann.answers).toMatchObject([answer]);
    expect(events).toEqual([]);
  });

  const own: [raw: Raw, asked: unknown[]][] = [
    [{ type: "join", name: "ann", after: 3 }, ["join", { type: "join", name: "ann", after: 3 }]],
    [
      { type: "post", name: "bot", text: "hi", id: "1" },
      ["post", { type: "post", name: "bot", text: "hi", id: "1" }],
    ],
    [{ type: "rename", name: "bea" }, ["rename", "bea"]],
    [{ type: "op", password: "p" }, ["appoint", "p"]],
    [{ type: "quit", text: "bye" }, ["quit", "bye"]],
    [{ type: "quit" }, ["quit", undefined]],
  ];
  test.each(own)("carryOut() leaves %j to who speaks", async (raw, asked) => {
    ann.operator = false;
    await carryOut(raw);
    expect(ann.asked).toEqual([asked]);
  });

  test("carryOut() knows every command there is", () => {
    const tested = [...happens, ...answers, ...own].map(([{ type }]) => type);
    expect(new Set(tested)).toEqual(new Set(Object.keys(commands)));
  });

  const orders: Raw[] = [
    { type: "topic", text: "tea" },
    { type: "topic", text: "-" },
    { type: "kick", name: "bob" },
    { type: "ban", name: "bob" },
    { type: "unban", name: "bob" },
    { type: "mute", name: "bob" },
    { type: "unmute", name: "bob" },
    { type: "free", name: "bob" },
    { type: "bans" },
  ];
  test.each(orders)("carryOut() refuses %j from one who is no operator", async (raw) => {
    ann.operator = false;
    await carryOut(raw);
    const text = "That is for operators: /op PASSWORD makes you one";
    expect(ann.answers).toEqual([{ type: "error", code: "not-operator", text }]);
    expect(events).toEqual([]);
  });

  test("carryOut() takes the topic away for -", async () => {
    for (const text of ["tea", "-"]) await carryOut({ type: "topic", text });
    expect(events).toMatchObject([{ text: "tea" }, { type: "topic", text: undefined }]);
    expect(room.members.moderation.topic).toBeUndefined();
  });

  test.each(["history", "search"])("carryOut() has in a %s what was said just before it", async (type) => {
    ann.carryOut({ type: "say", text: "hi" });
    await carryOut({ type, text: "hi", limit: 1 });
    expect<unknown[]>(ann.answers).toMatchObject([{ events: [{ type: "said", text: "hi" }] }]);
  });

  test.each(["history", "search"])("a %s with an id goes on beside the next commands", async (type) => {
    ann.carryOut({ type: "say", text: "hi" });
    const look = (id?: string) => ({ type, text: "hi", limit: 1, id });
    for (const raw of [look("1"), { type: "ping", id: "2" }]) give(raw);
    expect(ann.isHeld).toBe(false);
    expect<unknown[]>(ann.answers).toEqual([{ type: "pong", id: "2" }]);
    // A second one waits for the first, and holds the commands behind it.
    give(look("3"));
    expect(ann.isHeld).toBe(true);
    await ann.settled();
    expect<unknown[]>(ann.answers.slice(1)).toMatchObject([
      { id: "1", events: [{ text: "hi" }] },
      { id: "3" },
    ]);
    give(look());
    expect(ann.isHeld).toBe(true);
    await ann.settled();
    expect(ann.answers.at(-1)).toMatchObject({ id: undefined, events: [{ text: "hi" }] });
  });

  test("a look back is answered before its speaker leaves", async () => {
    for (const raw of [
      { type: "search", text: "hi", id: "1" },
      { type: "quit", text: "bye" },
    ])
      give(raw);
    expect(ann.asked).toEqual([]);
    expect(ann.isHeld).toBe(true);
    await ann.settled();
    expect(ann.answers).toMatchObject([{ type: "results", id: "1" }]);
    expect(ann.asked).toEqual([["quit", "bye"]]);
  });

  test("carryOut() shows as many events as the speaker sees by default", async () => {
    await carryOut(...["1", "2", "3"].map((text) => ({ type: "say", text })));
    await carryOut({ type: "history" });
    expect(ann.answers).toMatchObject([{ type: "history", events: [{ text: "2" }, { text: "3" }] }]);
  });

  test("carryOut() whispers to none who took the name since its sender looked", async () => {
    const whisper = (seq: number, id: string) => ({ type: "tell", to: "bob", text: "psst", seq, id });
    const bob = seatOf("bob");
    await carryOut(whisper(room.seq, "1"), whisper(0, "2"));
    room.members.rename(bob, "BOB", unheard);
    await carryOut();
    await carryOut(whisper(bob.namedAt, "3"));
    const seen = room.seq;
    await carryOut({ type: "kick", name: "bob" }, whisper(seen, "4"));
    await carryOut(whisper(seen, "5"));
    await sit("bob");
    await carryOut(whisper(seen, "6"), whisper(room.seq, "7"));
    room.members.rename(seatOf("bob"), "rob", unheard);
    await sit("gus");
    const before = room.seq;
    room.members.rename(seatOf("gus"), "bob", unheard);
    await carryOut();
    await carryOut(whisper(before, "8"), whisper(room.seq, "9"), { type: "tell", to: "bob", text: "psst" });
    const told = events.flatMap((event) => (event.type === "told" ? [event.id] : []));
    expect(told).toEqual(["1", "3", "4", "7", "9", undefined]);
    expect(ann.answers).toEqual(
      [
        ["2", '"bob" is somebody else now: nothing was sent'],
        ["5", 'Nobody here is called "bob"'],
        ["6", '"bob" is somebody else now: nothing was sent'],
        ["8", '"bob" is somebody else now: nothing was sent'],
      ].map(([id, text]) => ({ type: "error", code: "no-such-member", text, id }) as Answer),
    );
  });

  test("carryOut() lets one who is silenced give orders, but say nothing", async () => {
    ann.silenced = { type: "error", code: "muted", text: "Hush" };
    await carryOut(
      { type: "say", text: "hi", id: "1" },
      { type: "tell", to: "bob", text: "hi", id: "2" },
      { type: "kick", name: "bob", text: "hi" },
      { type: "ban", name: "bob", text: "hi" },
      { type: "topic", text: "hi" },
      { type: "ping" },
    );
    await carryOut({ type: "mute", name: "bob", text: "hi" });
    await carryOut({ type: "topic", text: "-" });
    await carryOut({ type: "kick", name: "bob" });
    const muted = { type: "error", code: "muted" };
    expect<unknown[]>(ann.answers).toMatchObject([
      { ...muted, id: "1" },
      { ...muted, id: "2" },
      muted,
      muted,
      muted,
      { type: "pong" },
    ]);
    expect(events.map(({ type }) => type)).toEqual(["muted", "topic", "kicked"]);
    expect(JSON.stringify(events)).not.toContain("hi");
  });
});
