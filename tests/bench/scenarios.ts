// What is measured, and how it is shown. A scenario is a list of steps, each a server under a load or with people who
// talk at a pace, and the table its measurements make. Another scenario is another function like those here, and a line
// in `scenarios`.

import { postgresql } from "../support/parts.ts";
import type { Arrival } from "./arrival.ts";
import { type ClientCosts, clientCosts } from "./client.ts";
import type { Crowd } from "./crowd.ts";
import type { Load, LoadResult } from "./load.ts";
import type { Delay, Pace, PaceResult } from "./pace.ts";
import { searchResult } from "./search.ts";
import { pastEvents, type ServerName } from "./servers.ts";
import { megabytes, ratio, table } from "./table.ts";
import { linesPerSecond } from "./view.ts";

/** A server as busy as it can be, or people who talk at a pace, perhaps with a crowd in the room. */
export type Step = { server: ServerName } & ({ load: Load } | { pace: Pace; crowd?: Crowd | Arrival });

export type Measurement = Partial<Costs & Delays> & { lost: number };

/** Those of a load. */
export type Costs = {
  deliveriesPerSecond: number;
  /** These two from /proc: absent where there is none. */
  cpuNanosecondsPerDelivery: number | undefined;
  rssBytes: LoadResult["rssBytes"];
};

/** Those of people who talk at a pace. */
export type Delays = Pick<PaceResult, "own" | "delivery" | "cpuShare" | "cpuSeconds" | "peakBytes">;

export type Scenario = {
  title: string;
  /** Why it cannot be run here. */
  skipped?: string | undefined;
  steps: Step[];
  /** The measurements are those of the steps, in their order. */
  show: (measurements: Measurement[]) => string[] | Promise<string[]>;
};

const linux = process.platform === "linux" ? undefined : "what processes use is known on Linux only";

/** By the name that the command line knows them by. */
export const scenarios: Record<string, (clients: number | undefined) => Scenario[]> = {
  fanout: (clients) => (clients === undefined ? [fanOut(100), fanOut(1000)] : [fanOut(clients)]),
  stalled: () => [stalled(200, 10)],
  flood: () => [flood(50, 100)],
  past: () => [past("with a past", 50, 10), past("with a past, without limit", 50, 10)],
  storm: () => [storm(1_000, 9_900)],
  "catch-up": () => [
    catchUp("with a past, without limit", 100, 1_000),
    { ...catchUp("with a past on PostgreSQL", 100, 1_000), skipped },
  ],
  rename: () => [rename(50, 2_000)],
  metrics: () => [metrics(100)],
  web: (clients) => (clients === undefined ? [web(100), web(1000)] : [web(clients)]),
  irc: (clients) => [irc(clients ?? 1000)],
  postgres: () => [databaseCosts(100), databaseCosts(1000), twoServers(400), databaseDelays(100)],
  search: () => [searches],
  client: () => [client],
  view: () => [view],
};

const busy = { senders: 16, stalled: 0, window: 64, payloadBytes: 64 };

/** All members read: what does it cost to bring a message to many? */
function fanOut(clients: number): Scenario {
  const load: Load = { ...busy, clients, senders: Math.min(busy.senders, clients) };
  const compared: ServerName[] = ["ours", "naive", "websocket"];
  return {
    title: `${clients} clients, ${load.senders} of them talk, ${load.payloadBytes} bytes a message`,
    steps: compared.map((server) => ({ server, load })),
    show: (measurements) => costs(compared, measurements),
  };
}

/** Some are in the room and never read: do the others notice, and where does what they do not read pile up? */
function stalled(clients: number, stalled: number): Scenario {
  const load: Load = { ...busy, clients, payloadBytes: 1000 };
  const compared: ServerName[] = ["ours", "websocket"];
  return {
    title: `${clients} clients, ${load.payloadBytes} bytes a message, and ${stalled} more that never read`,
    steps: compared.flatMap((server) => [
      { server, load },
      { server, load: { ...load, stalled } },
    ]),
    show(measurements) {
      const columns = ["CPU per delivery", "deliveries/s", "RSS", "RSS without them"];
      const rows = compared.map((name, i) => {
        const [without, withThem] = measurements.slice(2 * i);
        const cells = [
          ratio(withThem?.cpuNanosecondsPerDelivery, without?.cpuNanosecondsPerDelivery),
          ratio(withThem?.deliveriesPerSecond, without?.deliveriesPerSecond),
          megabytes(withThem?.rssBytes),
          megabytes(without?.rssBytes),
        ];
        return { name, cells };
      });
      return [...table(columns, rows), "1.00 is each server without them"];
    },
  };
}

/**
 * Some write far more than the rate limit allows: do the others notice? A flooder brings as many lines to the room as a
 * member that speaks at the limit by choice; any cost above that is the price of the flooding itself.
 */
function flood(members: number, others: number): Scenario {
  const server = "with its flood limit";
  const pace: Pace = { members, senders: members, linesPerSecond: members, payloadBytes: 64 };
  return {
    title: `${members} members, each a line a second, and ${others} more who speak at the limit, or flood`,
    steps: [
      { server, pace },
      { server, pace, crowd: { members: others, mood: "speaking" } },
      { server, pace, crowd: { members: others, mood: "flooding" } },
    ],
    show([alone, speaking, flooding]) {
      return delays(alone, [
        { name: "speaking: nobody else", than: alone, measured: speaking },
        { name: "flooding: nobody else", than: alone, measured: flooding },
        { name: "flooding: speaking", than: speaking, measured: flooding },
      ]);
    },
  };
}

/** Some ask for the oldest page of a long history as fast as they can, or search it: do the others notice? */
function past(server: ServerName, members: number, askers: number): Scenario {
  const pace: Pace = { members, senders: members, linesPerSecond: members, payloadBytes: 64 };
  return {
    title: `${members} members, each a line a second, and ${askers} more ask for ${pastEvents} events; ${server}`,
    steps: [
      { server, pace },
      { server, pace, crowd: { members: askers, mood: "looking back" } },
      { server, pace, crowd: { members: askers, mood: "searching" } },
    ],
    show([alone, lookingBack, searching]) {
      return delays(alone, [
        { name: "looking back: nobody else", than: alone, measured: lookingBack },
        { name: "searching: nobody else", than: alone, measured: searching },
      ]);
    },
  };
}

const talk: Pace = { members: 50, senders: 50, linesPerSecond: 50, payloadBytes: 64 };

/** Few enough lines that the room itself is not busy when it is big. */
const smallTalk: Pace = { members: 20, senders: 20, linesPerSecond: 10, payloadBytes: 64 };

/** Many join at once: do the others notice, and is what each of them costs the same however many they are? */
function storm(few: number, many: number): Scenario {
  return {
    title: `${smallTalk.members} members, ten lines a second, and many more who join at once`,
    steps: [
      { server: "ours", pace: smallTalk },
      { server: "ours", pace: smallTalk, crowd: { members: few } },
      { server: "ours", pace: smallTalk, crowd: { members: many } },
    ],
    show: ([alone, ...measured]) => arrivals(alone, measured, [few, many], ["new", "new"]),
  };
}

/** Many come who missed much: do the others notice, and does each of them cost more than to write it? */
function catchUp(server: ServerName, few: number, many: number): Scenario {
  return {
    title: `${talk.members} members, each a line a second, and more who catch up with the history at once; ${server}`,
    steps: [
      { server, pace: talk },
      { server, pace: talk, crowd: { members: 1, after: 0 } },
      { server, pace: talk, crowd: { members: few, after: 0 } },
      { server, pace: talk, crowd: { members: many, after: pastEvents - 2_000 } },
    ],
    show: ([alone, ...measured]) =>
      arrivals(alone, measured, [1, few, many], ["missed all", "missed all", "missed 2,000"]),
  };
}

/** What does it cost to change one name among many, compared with a message? */
function rename(members: number, others: number): Scenario {
  const server = "ours";
  const crowd: Crowd = { members: others, mood: "silent" };
  const pace: Pace = { ...talk, members, linesPerSecond: 10 };
  return {
    title: `${members} members among ${others} more, ten lines a second or ten renames`,
    steps: [
      { server, pace, crowd },
      { server, pace: { ...pace, rename: true }, crowd },
    ],
    show: ([saying, renaming]) =>
      delays(saying, [{ name: "renames: lines", than: saying, measured: renaming }]),
  };
}

/** What it costs to be watched: the page is asked for each second. There and back, to see what is noise. */
function metrics(clients: number): Scenario {
  const load: Load = { ...busy, clients };
  const steps: ServerName[] = ["ours", "with metrics", "with metrics", "ours"];
  return {
    title: `${clients} clients, with and without --metrics`,
    steps: steps.map((server) => ({ server, load })),
    show: (measurements) => costs(steps, measurements),
  };
}

/** Members in browsers: what does a delivery cost over a WebSocket, compared with TCP? */
function web(clients: number): Scenario {
  const load: Load = { ...busy, clients };
  const compared: ServerName[] = ["ours", "without io_uring", "on WebSockets"];
  return {
    title: `${clients} clients on TCP, and on WebSockets`,
    steps: compared.map((server) => ({ server, load })),
    show: (measurements) => costs(compared, measurements),
  };
}

/** The same room for clients of IRC, which have asked for lines of two kinds: each event is written twice. */
function irc(clients: number): Scenario {
  const load: Load = { ...busy, clients };
  const compared: ServerName[] = ["ours", "in IRC"];
  return {
    title: `${clients} clients in JSON, and in IRC`,
    steps: compared.map((server) => ({ server, load })),
    show: (measurements) => costs(compared, measurements),
  };
}

const skipped = postgresql.found ? undefined : "there is no PostgreSQL here";

/** The same room in PostgreSQL: what does each delivery cost its server? */
function databaseCosts(clients: number): Scenario {
  const load: Load = { ...busy, clients };
  const compared: ServerName[] = ["ours", "on PostgreSQL"];
  return {
    title: `${clients} clients, the journal in a file, or in PostgreSQL`,
    skipped,
    steps: compared.map((server) => ({ server, load })),
    show: (measurements) => costs(compared, measurements),
  };
}

/**
 * The same room on two servers, all their CPU taken together. With as much under way in all, each of them has half of
 * it to take along in a turn, and so writes twice as often; with as much for each, it has what one alone had.
 */
function twoServers(clients: number): Scenario {
  const load: Load = { ...busy, clients };
  const twice: Load = { ...load, window: 2 * load.window };
  return {
    title: `${clients} clients, one server with a file, or two on one PostgreSQL`,
    skipped,
    steps: [
      { server: "ours", load },
      { server: "two on PostgreSQL", load },
      { server: "two on PostgreSQL", load: twice },
    ],
    show: (measurements) => costs(["ours", "two on PostgreSQL", "… with twice as much to say"], measurements),
  };
}

/** How much longer PostgreSQL takes until a message is kept, and all have it. */
function databaseDelays(members: number): Scenario {
  const pace: Pace = { members, senders: 16, linesPerSecond: 50, payloadBytes: 64 };
  return {
    title: `${members} members, ${pace.linesPerSecond} lines a second, the journal in a file, or in PostgreSQL`,
    skipped,
    steps: [
      { server: "ours", pace },
      { server: "on PostgreSQL", pace },
    ],
    show([ours, database]) {
      return delays(ours, [{ name: "on PostgreSQL", than: ours, measured: database }]);
    },
  };
}

/** The client's side, which needs no server. */
const view: Scenario = {
  title: "The client's view",
  steps: [],
  show: () => [`${Math.round(linesPerSecond() / 1000)} thousand lines/s`],
};

/** How long a member waits for what it searches. */
const searches: Scenario = {
  title: "Searches of a million events",
  skipped: linux,
  steps: [],
  async show() {
    const { ms, indexSeconds } = await searchResult();
    const { early, first, found, absent, whispered, pong } = ms;
    const rows = [
      { name: "at once, before the index is there", cells: [ratio(early, found)] },
      { name: "the first one after it", cells: [ratio(first, found)] },
      { name: "a word that is nowhere", cells: [ratio(absent, found)] },
      { name: "a word that only whispers of others have", cells: [ratio(whispered, found)] },
    ];
    return [
      ...table(["time"], rows),
      `1.00 is ${found.toFixed(1)} ms for a word that is found; a pong meanwhile took ${pong.toFixed(2)} ms`,
      `The index took ${indexSeconds.toFixed(1)} s of CPU while the room was quiet`,
    ];
  },
};

/** What a person starts, and what a busy room costs there. */
const client: Scenario = {
  title: "The client on a terminal, medians of five",
  skipped: linux,
  steps: [],
  async show() {
    const runs: ClientCosts[] = [];
    while (runs.length < 5) runs.push(await clientCosts());
    const median = (cost: keyof ClientCosts) => runs.map((run) => run[cost]).sort((a, b) => a - b)[2] ?? 0;
    return [
      `Start to prompt: ${Math.round(1_000 * median("startSeconds"))} ms of CPU`,
      `A burst of 50,000 lines: ${median("burstSeconds").toFixed(2)} s of CPU, ${megabytes(median("peakBytes"))} at the peak`,
    ];
  },
};

// ---- The tables ----

/** The first one measured is 1. */
function costs(names: string[], measurements: Measurement[]): string[] {
  const [one] = measurements;
  const columns = ["CPU per delivery", "deliveries/s", "RSS"];
  const rows = measurements.map((each, i) => ({
    name: names[i] ?? "",
    cells: [
      ratio(each.cpuNanosecondsPerDelivery, one?.cpuNanosecondsPerDelivery),
      ratio(each.deliveriesPerSecond, one?.deliveriesPerSecond),
      megabytes(each.rssBytes),
    ],
  }));
  return [...table(columns, rows), ...(one ? [oneIs(one)] : [])];
}

/** What a ratio of 1.00 stands for. */
function oneIs({ cpuNanosecondsPerDelivery: cpu, deliveriesPerSecond = 0 }: Measurement): string {
  const perSecond = `${Math.round(deliveriesPerSecond / 1000)} thousand deliveries/s`;
  return cpu === undefined
    ? `1.00 is ${perSecond}`
    : `1.00 is ${Math.round(cpu)} ns of CPU, and ${perSecond}`;
}

type Comparison = { name: string; than: Measurement | undefined; measured: Measurement | undefined };

function delays(one: Measurement | undefined, comparisons: Comparison[]): string[] {
  const columns = ["own p50", "p99", "delivery p50", "p99", "CPU"];
  const rows = comparisons.map(({ name, than, measured }) => ({
    name,
    cells: [
      ratio(measured?.own?.p50, than?.own?.p50),
      ratio(measured?.own?.p99, than?.own?.p99),
      ratio(measured?.delivery?.p50, than?.delivery?.p50),
      ratio(measured?.delivery?.p99, than?.delivery?.p99),
      ratio(measured?.cpuShare, than?.cpuShare),
    ],
  }));
  const [own, delivery] = [one?.own, one?.delivery].map(milliseconds);
  return [...table(columns, rows), `First it was ${own} for one's own message, ${delivery} for a delivery`];
}

/** Those who arrive: what the others notice, and what each costs beyond what the talk does. */
function arrivals(
  alone: Measurement | undefined,
  measured: Measurement[],
  members: number[],
  names: string[],
): string[] {
  const columns = ["own p50", "p99", "CPU", "CPU for each", "peak memory"];
  const rows = measured.map((each, i) => {
    const count = members[i] ?? 1;
    const more = (each.cpuSeconds ?? Number.NaN) - (alone?.cpuSeconds ?? Number.NaN);
    const cells = [
      ratio(each.own?.p50, alone?.own?.p50),
      ratio(each.own?.p99, alone?.own?.p99),
      `${more.toFixed(2)} s`,
      `${((1000 * more) / count).toFixed(2)} ms`,
      megabytes(each.peakBytes),
    ];
    return { name: `${count} ${names[i]}`, cells };
  });
  return [...table(columns, rows), `Before, one's own message took ${milliseconds(alone?.own)}`];
}

function milliseconds(delay: Delay | undefined): string {
  return delay ? `${delay.p50.toFixed(2)} ms (p99 ${delay.p99.toFixed(2)} ms)` : "?";
}
