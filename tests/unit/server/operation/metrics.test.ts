import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { hostname } from "node:os";
import fc from "fast-check";
import { messageOf } from "../../../../lib/protocol/errors.ts";
import { Metrics } from "../../../../lib/server/operation/metrics/metrics.ts";
import { Counter, Gauge, Histogram } from "../../../../lib/server/operation/metrics/prometheus.ts";
import { serveMetrics } from "../../../../lib/server/transports/web/metrics.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

type Family = { type: string; help: string; samples: Map<string, number> };

/** The text format 0.0.4, as strict as it can be read: HELP, TYPE, then the samples, of one metric after the other. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  if (!text.endsWith("\n")) throw new Error("The last line has no end");
  let name = "";
  let family: Family = { type: "", help: "", samples: new Map() };
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\]|\\[\\n])+)$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/.exec(line);
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{le="([^"]+)"\})? (\S+)$/.exec(line);
    if (help) {
      const [, ofName = "", text = ""] = help;
      if (families.has(ofName)) throw new Error(`"${ofName}" is there twice`);
      name = ofName;
      family = { type: "", help: text, samples: new Map() };
      families.set(name, family);
    } else if (type && type[1] === name && family.type === "") {
      family.type = type[2] ?? "";
    } else if (sample) {
      const [, series = "", le, value = ""] = sample;
      const suffix = series.slice(name.length);
      const suffixes = family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      const key = le === undefined ? suffix : String(numberOf(le));
      if (!series.startsWith(name) || !suffixes.includes(suffix)) throw new Error(`Stray sample: ${line}`);
      if ((suffix === "_bucket") !== (le !== undefined)) throw new Error(`A bucket, or not: ${line}`);
      if (family.samples.has(key)) throw new Error(`Told twice: ${line}`);
      family.samples.set(key, numberOf(value));
    } else {
      throw new Error(`Not of this format: ${JSON.stringify(line)}`);
    }
  }
  return families;
}

/** What Go's ParseFloat takes and Prometheus writes. */
function numberOf(text: string): number {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  if (text === "NaN") return Number.NaN;
  if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(text)) throw new Error(`Not a number: ${text}`);
  return Number(text);
}

function only(metric: { name: string; render(): string }): Family {
  const families = parse(metric.render());
  const family = families.get(metric.name);
  if (!family || families.size !== 1) throw new Error(`Not one metric:\n${metric.render()}`);
  return family;
}

/** The buckets in the order they are told, and the rest by name. */
function read(histogram: Histogram) {
  const entries = [...only(histogram).samples];
  const buckets = entries.filter(([key]) => !key.startsWith("_")).map(([le, n]) => [Number(le), n] as const);
  const { _sum: sum, _count: count } = Object.fromEntries(entries);
  return { buckets, sum, count };
}

describe("Counter", () => {
  test("a counter adds up", () => {
    const counter = new Counter("things_total", "Things.");
    counter.add(1);
    counter.add(41);
    expect(counter.render()).toBe(
      "# HELP things_total Things.\n# TYPE things_total counter\nthings_total 42\n",
    );
  });

  test("a counter escapes what its help must not have", () => {
    const { help } = only(new Counter("things_total", "C:\\new\nthings"));
    expect(help).toBe("C:\\\\new\\nthings");
  });
});

describe("Gauge", () => {
  test("a gauge is read when it is rendered, and not before", () => {
    let value = 1;
    const gauge = new Gauge("level", "A level.", () => value);
    value = 7;
    expect(gauge.render()).toBe("# HELP level A level.\n# TYPE level gauge\nlevel 7\n");
  });

  test("a gauge writes every number so that it is read back", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const told = only(new Gauge("level", "A level.", () => value)).samples.get("");
        expect(told).toBe(Object.is(value, -0) ? 0 : value);
      }),
      { examples: [[Infinity], [-Infinity], [Number.NaN], [1e21], [5e-324], [-0]] },
    );
  });
});

describe("Histogram", () => {
  test("a histogram has all its buckets before the first observation", () => {
    expect(new Histogram("wait_seconds", "A wait.", [0.5, 2]).render()).toBe(
      [
        "# HELP wait_seconds A wait.",
        "# TYPE wait_seconds histogram",
        'wait_seconds_bucket{le="0.5"} 0',
        'wait_seconds_bucket{le="2"} 0',
        'wait_seconds_bucket{le="+Inf"} 0',
        "wait_seconds_sum 0",
        "wait_seconds_count 0",
        "",
      ].join("\n"),
    );
  });

  test("a histogram counts what is exactly a bound in its bucket", () => {
    const histogram = new Histogram("wait_seconds", "A wait.", [0.5, 2]);
    for (const seconds of [0.5, 0.500001, 2, 2.000001]) histogram.observe(seconds);
    expect(read(histogram).buckets).toEqual([
      [0.5, 1],
      [2, 3],
      [Infinity, 4],
    ]);
  });

  const anyBounds = fc
    .uniqueArray(fc.double({ min: 1e-6, max: 100, noNaN: true }), { minLength: 1, maxLength: 12 })
    .map((bounds) => bounds.toSorted((a, b) => a - b));
  const anyTimes = fc.array(
    fc.oneof(fc.double({ min: 0, max: 200, noNaN: true }), fc.constantFrom(0, 1e-6, 1, 100)),
  );

  test("a histogram counts up to each bound, and all of them for +Inf", () => {
    fc.assert(
      fc.property(anyBounds, anyTimes, (bounds, times) => {
        const histogram = new Histogram("wait_seconds", "A wait.", bounds);
        for (const seconds of [...times, ...bounds]) histogram.observe(seconds);
        const { buckets, sum, count } = read(histogram);
        const all = [...times, ...bounds];
        expect(buckets).toEqual(
          [...bounds, Infinity].map((bound) => [bound, all.filter((seconds) => seconds <= bound).length]),
        );
        expect(count).toBe(all.length);
        expect(sum).toBe(all.reduce((total, seconds) => total + seconds, 0));
      }),
    );
  });

  test("a histogram never tells less than it told before", () => {
    fc.assert(
      fc.property(anyTimes, (times) => {
        const histogram = new Histogram("wait_seconds", "A wait.");
        let before = [...only(histogram).samples.values()];
        for (const seconds of times) {
          histogram.observe(seconds);
          const now = [...only(histogram).samples.values()];
          expect(now.every((value, i) => value >= (before[i] ?? Infinity))).toBe(true);
          before = now;
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe("Metrics", () => {
  test("the metrics are all there, each with its type", () => {
    const types = [...parse(new Metrics().render())].map(([name, { type }]) => `${name} ${type}`);
    expect(types).toEqual([
      "chat_connections_total counter",
      "chat_refused_connections_total counter",
      "chat_events_total counter",
      "chat_deliveries_total counter",
      "chat_written_bytes_total counter",
      "chat_read_bytes_total counter",
      "chat_pauses_total counter",
      "chat_refused_commands_total counter",
      "chat_wrong_passwords_total counter",
      "chat_journal_troubles_total counter",
      "chat_web_closures_total counter",
      "chat_turn_seconds histogram",
      "chat_journal_seconds histogram",
      "chat_connections gauge",
      "chat_members gauge",
      "chat_readers_behind gauge",
      "chat_paused gauge",
      "chat_work_waiting gauge",
      "chat_journal_trouble gauge",
      "process_resident_memory_bytes gauge",
      "process_cpu_seconds_total counter",
      "process_start_time_seconds gauge",
    ]);
  });

  test("the metrics have each number under its own name", () => {
    const metrics = new Metrics({
      connections: () => 11,
      members: () => 12,
      readersBehind: () => 13,
      paused: () => 14,
    });
    metrics.connections.add(1);
    metrics.refusedConnections.add(2);
    metrics.events.add(3);
    metrics.deliveries.add(4);
    metrics.writtenBytes.add(5);
    metrics.readBytes.add(6);
    metrics.pauses.add(7);
    metrics.turnSeconds.observe(8);
    metrics.journalSeconds.observe(9);
    const families = parse(metrics.render());
    const told = [...families].map(([name, { samples }]) => [name, samples.get("") ?? samples.get("_sum")]);
    expect(Object.fromEntries(told)).toMatchObject({
      chat_connections_total: 1,
      chat_refused_connections_total: 2,
      chat_events_total: 3,
      chat_deliveries_total: 4,
      chat_written_bytes_total: 5,
      chat_read_bytes_total: 6,
      chat_pauses_total: 7,
      chat_turn_seconds: 8,
      chat_journal_seconds: 9,
      chat_connections: 11,
      chat_members: 12,
      chat_readers_behind: 13,
      chat_paused: 14,
    });
  });

  test("the build is shown by its labels", () => {
    const metrics = new Metrics();
    metrics.showBuild({ version: "1.2.3", revision: 'a"b\\' });
    expect(metrics.render()).toContain(
      '# TYPE chat_build_info gauge\nchat_build_info{version="1.2.3",revision="a\\"b\\\\"} 1\n',
    );
  });

  test("the metrics of the process are true", () => {
    const families = parse(new Metrics().render());
    const value = (name: string) => families.get(name)?.samples.get("") ?? Number.NaN;
    expect(value("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
    const { user, system } = process.cpuUsage();
    expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
    expect(value("process_cpu_seconds_total")).toBeLessThanOrEqual((user + system) / 1e6);
    const runsFor = Date.now() / 1000 - value("process_start_time_seconds");
    expect(Math.abs(runsFor - process.uptime())).toBeLessThan(5);
  });
});

describe("serveMetrics()", () => {
  const running: { stop: () => void }[] = [];
  afterEach(() => {
    for (const page of running.splice(0)) page.stop();
  });

  function serve(metrics = new Metrics(), trouble: () => string | undefined = () => undefined) {
    const page = serveMetrics({ host: "127.0.0.1", port: 0 }, metrics, trouble);
    running.push(page);
    return { ...page, url: `http://127.0.0.1:${page.port}` };
  }

  test("the metrics are shown as they are at each request", async () => {
    const metrics = new Metrics();
    const { url } = serve(metrics);
    for (const events of [1, 2]) {
      metrics.events.add(1);
      const response = await fetch(`${url}/metrics?x=1`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      expect(
        parse(await response.text())
          .get("chat_events_total")
          ?.samples.get(""),
      ).toBe(events);
    }
  });

  test("/healthz says whether the server is well, and what its trouble is", async () => {
    let trouble: string | undefined;
    const { url } = serve(new Metrics(), () => trouble);
    const ask = async () => {
      const response = await fetch(`${url}/healthz`);
      return [response.status, await response.text()];
    };
    expect(await ask()).toEqual([200, "ok\n"]);
    trouble = "the history cannot be written: disk full";
    expect(await ask()).toEqual([503, "the history cannot be written: disk full\n"]);
    trouble = undefined;
    expect(await ask()).toEqual([200, "ok\n"]);
  });

  const answers: [method: string, path: string, status: number][] = [
    ["HEAD", "/metrics", 200],
    ["HEAD", "/healthz", 200],
    ["POST", "/metrics", 405],
    ["DELETE", "/healthz", 405],
    ["GET", "/", 404],
    ["GET", "/metrics/", 404],
    ["GET", "/healthz2", 404],
    ["POST", "/", 404],
  ];
  test.each(answers)("the metrics' port answers %s %s with %d", async (method, path, status) => {
    const response = await fetch(serve().url + path, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get("allow")).toBe(status === 405 ? "GET, HEAD" : null);
  });

  test("the metrics' port is open on 127.0.0.1 alone", async () => {
    const { port } = serve();
    await expect(fetch(`http://127.0.0.2:${port}/metrics`)).rejects.toThrow();
  });

  /** Not Bun.serve, which under `bun test` would take the place of another on its port. */
  function occupy(port: number): number {
    const listener = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
    running.push(listener);
    return listener.port;
  }

  test("a port in use for the metrics is told in one sentence", () => {
    const port = occupy(0);
    expect(() => serveMetrics({ host: "127.0.0.1", port }, new Metrics(), () => undefined)).toThrow(
      `Cannot show the metrics on 127.0.0.1:${port}, something listens there already: end it, or choose another --metrics`,
    );
  });

  test.each([
    ["no host", /^this machine knows no such host: choose another --metrics$/],
    // Without a network, the answer is another one.
    [
      "nosuchhost.invalid",
      /^(this machine knows no such host:|its name cannot be looked up now:).* --metrics$/,
    ],
    ["203.0.113.1", /^this machine has no such address: choose another --metrics$/],
  ])("metrics that cannot be shown on %s are told in one sentence", (host, reason) => {
    const begin = `Cannot show the metrics on ${host}:9100, `;
    try {
      serveMetrics({ host, port: 9_100 }, new Metrics(), () => undefined);
      expect.unreachable();
    } catch (error) {
      expect(messageOf(error)).toStartWith(begin);
      expect(messageOf(error).slice(begin.length)).toMatch(reason);
    }
  });

  const hosts: [head: string, status: number][] = [
    ["HTTP/1.0\r\n", 200],
    ["HTTP/1.1\r\nHost:\r\n", 200],
    ["HTTP/1.1\r\nHost: 127.0.0.1:9100\r\n", 200],
    ["HTTP/1.1\r\nHost: [::1]:9100\r\n", 200],
    ["HTTP/1.1\r\nHost: 192.0.2.7\r\n", 200],
    ["HTTP/1.1\r\nHost: LOCALHOST.:9100\r\n", 200],
    [`HTTP/1.1\r\nHost: ${hostname()}:9100\r\n`, 200],
    ["HTTP/1.1\r\nHost: a b[\r\n", 403],
    ["HTTP/1.1\r\nHost: evil.example:9100\r\n", 403],
    ["HTTP/1.1\r\nHost: localhost.evil.example\r\n", 403],
    ["HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n", 403],
    ["HTTP/1.1\r\nHost: 127.0.0.1@evil.example\r\n", 403],
  ];
  test("the metrics' port answers an address and a name of its machine", async () => {
    const { port } = serve();
    for (const [head, status] of hosts) {
      const request = `GET /healthz ${head}Connection: close\r\n\r\n`;
      const { promise, resolve } = Promise.withResolvers<string>();
      await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: { open: (socket) => void socket.write(request), data: (_, bytes) => resolve(String(bytes)) },
      });
      expect(`${head}${await promise}`).toStartWith(`${head}HTTP/1.1 ${status}`);
    }
  });

  test("the metrics' port is free once stopped, connections or not", async () => {
    const { port, url, stop } = serve();
    await (await fetch(`${url}/metrics`)).text();
    expect(() => occupy(port)).toThrow();
    stop();
    expect(occupy(port)).toBe(port);
  });
});
