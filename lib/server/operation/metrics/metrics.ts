// The metrics of the server: counters and histograms, which are filled as things happen, and gauges, which are read when the page
// is asked for.

import { Counter, Gauge, Histogram } from "./prometheus.ts";

/** Numbers that are true at the moment when they are read. */
type Readings = {
  connections: () => number;
  members: () => number;
  readersBehind: () => number;
  paused: () => number;
  /** Pieces of work for one member alone that wait: pages, searches, welcomes. */
  work: () => number;
};

/** The part of a connection that the metrics need. */
type Watched = { readonly isBehind?: boolean; readonly isPaused?: boolean };

/** The part of the room that the metrics need. */
type Queue = { readonly waiting: number };
type WatchedRoom = { members: { readonly size: number }; work: Queue; newcomers: Queue };

/** The figures of a journal that several servers share. */
export type SharedFigures = {
  lag: number;
  reconnects: number;
  refusals: number;
  conflicts: number;
  servers: number;
};

export class Metrics {
  readonly connections = new Counter("chat_connections_total", "Connections accepted.");
  readonly refusedConnections = new Counter("chat_refused_connections_total", "Connections refused.");
  readonly events = new Counter("chat_events_total", "What happened in the room.");
  readonly deliveries = new Counter("chat_deliveries_total", "Events handed to sockets, for each reader.");
  readonly writtenBytes = new Counter("chat_written_bytes_total", "Bytes that sockets took.");
  readonly readBytes = new Counter("chat_read_bytes_total", "Bytes that came from sockets.");
  readonly pauses = new Counter("chat_pauses_total", "Times a connection had to wait for the rate limit.");
  readonly refusals = new Counter("chat_refused_commands_total", "Commands answered by an error.");
  readonly wrongPasswords = new Counter("chat_wrong_passwords_total", "Wrong passwords given.");
  readonly journalTroubles = new Counter(
    "chat_journal_troubles_total",
    "Times the history could not be written.",
  );
  readonly webClosures = new Counter(
    "chat_web_closures_total",
    "Times the page's port was closed, since open files ran out.",
  );
  readonly turnSeconds = new Histogram(
    "chat_turn_seconds",
    "A turn of the room, from the append to the last write.",
  );
  readonly journalSeconds = new Histogram("chat_journal_seconds", "An append to the journal.");
  #trouble: string | undefined;
  #readings: Partial<Readings>;
  readonly #gauges: Gauge[];

  constructor(readings: Partial<Readings> = {}) {
    this.#readings = readings;
    const read = (name: keyof Readings) => () => this.#readings[name]?.() ?? 0;
    this.#gauges = [
      new Gauge("chat_connections", "Connections open now.", read("connections")),
      new Gauge("chat_members", "Members of the room now, those away included.", read("members")),
      new Gauge("chat_readers_behind", "Readers that read from the journal now.", read("readersBehind")),
      new Gauge("chat_paused", "Connections that wait for the rate limit now.", read("paused")),
      new Gauge("chat_work_waiting", "Pages, searches and welcomes that wait for their turn.", read("work")),
      new Gauge("chat_journal_trouble", "1 while the history cannot be written, 0 otherwise.", () =>
        Number(this.#trouble !== undefined),
      ),
      new Gauge("process_resident_memory_bytes", "Resident memory in bytes.", process.memoryUsage.rss),
      new Gauge("process_cpu_seconds_total", "User and system CPU time in seconds.", cpuSeconds, "counter"),
      new Gauge(
        "process_start_time_seconds",
        "When the process began, in seconds since 1970 UTC.",
        () => performance.timeOrigin / 1000,
      ),
    ];
  }

  /** Sets where the gauges are read whenever the page is asked for. */
  watch(connections: ReadonlyMap<unknown, Watched>, room: () => WatchedRoom): void {
    const count = (key: keyof Watched) =>
      connections.values().reduce((sum, connection) => sum + Number(connection[key] ?? false), 0);
    this.#readings = {
      connections: () => connections.size,
      members: () => room().members.size,
      work: () => room().work.waiting + room().newcomers.waiting,
      readersBehind: () => count("isBehind"),
      paused: () => count("isPaused"),
    };
  }

  /** Adds gauges of a shared journal. */
  watchShared(figures: () => SharedFigures): void {
    const add = (key: keyof SharedFigures, name: string, help: string, type?: "counter") =>
      this.#gauges.push(new Gauge(name, help, () => figures()[key], type));
    add("servers", "chat_servers", "Servers of the room that are alive, this one included.");
    add("lag", "chat_journal_lag_events", "Events in the database that are not read here yet.");
    add("reconnects", "chat_journal_reconnects_total", "Connections to the database made anew.", "counter");
    add("refusals", "chat_journal_refused_total", "Entries that the database did not take.", "counter");
    add(
      "conflicts",
      "chat_journal_conflicts_total",
      "Entries that came too late for another one.",
      "counter",
    );
  }

  /** Why the history cannot be written now; undefined while it can. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  set trouble(reason: string | undefined) {
    if (reason !== undefined) this.journalTroubles.add(1);
    this.#trouble = reason;
  }

  /** Adds a gauge whose labels tell which program this is. */
  showBuild(labels: Record<string, string>): void {
    this.#gauges.push(
      new Gauge("chat_build_info", "The program that runs; always 1.", () => 1, "gauge", labels),
    );
  }

  /** The page, as it is now: the public fields, which are counters and histograms, and the gauges. */
  render(): string {
    const fields: (Counter | Histogram)[] = Object.values(this);
    return [...fields, ...this.#gauges].map((metric) => metric.render()).join("");
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}
