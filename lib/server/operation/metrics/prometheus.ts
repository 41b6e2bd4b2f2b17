// Metrics in Prometheus' text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
//
//   # HELP chat_events_total What happened in the room.
//   # TYPE chat_events_total counter
//   chat_events_total 42
//
// Units are seconds and bytes, as Prometheus wants them. Counting is on the hot path, so it is one addition; the text is made
// when the page is asked for.

/** A number that only grows. */
export class Counter {
  value = 0;

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  add(amount: number): void {
    this.value += amount;
  }

  render(): string {
    return head(this.name, this.help, "counter") + sample(this.name, this.value);
  }
}

/** A number that is read when the page is asked for. Its type is "counter" if it only grows. */
export class Gauge {
  constructor(
    readonly name: string,
    readonly help: string,
    readonly read: () => number,
    readonly type: "gauge" | "counter" = "gauge",
    readonly labels: Record<string, string> = {},
  ) {}

  render(): string {
    const labels = Object.entries(this.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    const series = labels.length === 0 ? this.name : `${this.name}{${labels.join(",")}}`;
    return head(this.name, this.help, this.type) + sample(series, this.read());
  }
}

/** Upper bounds, in seconds, for work that should take less than a millisecond and must not take a second. */
const shortTimes = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** Counts durations in buckets. `bounds`: the upper bounds of the buckets, in seconds, rising. */
export class Histogram {
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(
    readonly name: string,
    readonly help: string,
    readonly bounds: readonly number[] = shortTimes,
  ) {
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(seconds: number): void {
    let bucket = 0;
    while (seconds > (this.bounds[bucket] ?? Infinity)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
  }

  /** Each bucket counts all durations up to its bound, with those of the smaller buckets. */
  render(): string {
    let count = 0;
    let text = head(this.name, this.help, "histogram");
    for (const [bucket, more] of this.#counts.entries()) {
      count += more;
      text += sample(`${this.name}_bucket{le="${numeral(this.bounds[bucket] ?? Infinity)}"}`, count);
    }
    return text + sample(`${this.name}_sum`, this.#sum) + sample(`${this.name}_count`, count);
  }
}

function head(name: string, help: string, type: string): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`;
}

function sample(series: string, value: number): string {
  return `${series} ${numeral(value)}\n`;
}

/** A number in the form that Go's ParseFloat reads: as JavaScript writes it, except for the infinite. */
function numeral(value: number): string {
  if (Math.abs(value) !== Infinity) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
