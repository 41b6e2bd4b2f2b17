#!/usr/bin/env bun

// The benchmark: our server, the naive one that is written first, and Bun's own WebSockets do the same work, one after
// the other, in one run. Read the ratio of CPU per delivery first: it is the server's alone, and holds on a machine
// that does other things too. It is known on Linux only; elsewhere there are deliveries a second, and those depend
// on the load generator, and on what else runs, as well.
//
//   bun run bench        bun run bench flood postgres        bun run bench fanout --clients 300 --seconds 10

import { cpus } from "node:os";
import { attempt, fail } from "../../lib/cli/failure.ts";
import { type Flag, number, parseFlags, toggle } from "../../lib/cli/flags.ts";
import { UsageError } from "../../lib/protocol/errors.ts";
import type { LoadResult, Target } from "./load.ts";
import type { PaceResult } from "./pace.ts";
import { type Child, clear, pinned, runScript } from "./processes.ts";
import { type Costs, type Delays, type Measurement, type Step, scenarios } from "./scenarios.ts";
import { reasonIn, start } from "./servers.ts";

const clientsFlag: Flag<number | undefined> = {
  ...number("N", "fanout: only a room of so many clients (default: 100, then 1000)", 100, 2, 5_000),
  default: undefined,
};

const words = Bun.argv.slice(2);
const names = words.slice(0, words.findIndex((word) => word.startsWith("-")) >>> 0);
const options = attempt(() =>
  parseFlags(
    {
      seconds: number("SECONDS", "how long each server is measured", 3, 1, 60),
      clients: clientsFlag,
      json: toggle("print the measurements as JSON"),
    },
    {
      usage: `bun run bench [${Object.keys(scenarios).join("|")}]... [flags]`,
      summary: "Compares this chat server with two others, and with itself. Less CPU per delivery is better.",
    },
    words.slice(names.length),
  ),
);

/** What is seldom, p99, takes longer to see. */
const paceShare = 2;
const scrapeMs = 1_000;
/** Before the measuring starts, so that code is compiled and buffers have grown. */
const warmUpSeconds = 1;
/** To start, to join, and to let the last messages arrive. */
const overheadSeconds = 40;

let interrupted = false;
for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
  ["SIGHUP", 1],
] as const) {
  process.on(signal, () => {
    interrupted = true;
    progress("");
    void clear().then(() => process.exit(128 + number));
  });
}

const chosen = attempt(() =>
  (names.length > 0 ? names : Object.keys(scenarios)).flatMap((name) => {
    const scenario = scenarios[name];
    if (scenario) return scenario(options.clients).map((each) => ({ name, ...each }));
    throw new UsageError(`There is no scenario "${name}": see --help`);
  }),
);

try {
  const results: { scenario: string; title: string; measured: (Step & Measurement)[] }[] = [];
  const text: string[] = [];
  const total = chosen.flatMap(({ skipped, steps }) => (skipped === undefined ? steps : [])).length;
  let done = 0;
  for (const { name, title, skipped, steps, show } of chosen) {
    text.push("", title, "");
    if (skipped !== undefined) {
      text.push(`  skipped: ${skipped}`);
      continue;
    }
    const measured: (Step & Measurement)[] = [];
    for (const step of steps) {
      progress(`${++done}/${total}  ${step.server}, ${peopleIn(step)}`);
      measured.push({ ...step, ...(await measure(step)) });
    }
    results.push({ scenario: name, title, measured });
    text.push(...[...(await show(measured)), ...losses(measured)].map((line) => `  ${line}`));
  }
  progress("");
  await clear();
  const machine = { bun: Bun.version, platform: process.platform, cpu: cpus()[0]?.model.trim(), pinned };
  if (options.json) console.log(JSON.stringify({ ...machine, seconds: options.seconds, results }, null, 2));
  else {
    console.log(
      `Bun ${machine.bun}, ${machine.cpu}, server and load ${pinned ? "on a CPU each" : "not pinned"}`,
    );
    console.log(text.join("\n"));
  }
} catch (error) {
  // Interrupted, it fails because its processes are gone: the signal has the last word.
  if (interrupted) await new Promise(() => {});
  progress("");
  await clear();
  fail(error);
}

async function measure(step: Step): Promise<Measurement> {
  const seconds = "pace" in step ? options.seconds * paceShare : options.seconds;
  const maxSeconds = seconds + warmUpSeconds + overheadSeconds;
  const { wire, ports, pids, metricsPort, end } = await start(step.server, maxSeconds);
  const target: Target = { wire, ports, pids, warmUpSeconds, seconds };
  const play = (script: string, work: object) =>
    runScript("load", script, [JSON.stringify({ ...target, ...work })], maxSeconds);
  const scraping =
    step.server === "with metrics" ? setInterval(() => scrape(metricsPort), scrapeMs) : undefined;
  try {
    if ("load" in step) return costsOf(await resultOf<LoadResult>(play("load.ts", step.load)));
    if (!step.crowd) return await resultOf<Delays & PaceResult>(play("pace.ts", step.pace));
    const crowd = runScript(
      "load",
      "mood" in step.crowd ? "crowd.ts" : "arrival.ts",
      [JSON.stringify({ port: ports[0], ...step.crowd })],
      maxSeconds,
    );
    const failed = crowd.exited.then(async () => {
      throw new Error(`The crowd failed: ${reasonIn(await crowd.errors)}`);
    });
    await Promise.race([crowd.ready, failed]);
    const result = await Promise.race([resultOf<PaceResult>(play("pace.ts", step.pace)), failed]);
    failed.catch(() => {});
    await crowd.end();
    return result;
  } finally {
    clearInterval(scraping);
    await end();
  }
}

async function resultOf<T>(child: Child): Promise<T> {
  if ((await child.exited) !== 0) throw new Error(`The load failed: ${reasonIn(await child.errors)}`);
  return JSON.parse(await child.output);
}

function costsOf({ deliveries, seconds, lost, cpuSeconds, rssBytes }: LoadResult): Costs & Measurement {
  const cpuNanosecondsPerDelivery = cpuSeconds === undefined ? undefined : (cpuSeconds * 1e9) / deliveries;
  return { lost, deliveriesPerSecond: deliveries / seconds, cpuNanosecondsPerDelivery, rssBytes };
}

async function scrape(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  await answer.text();
}

function peopleIn(step: Step): string {
  if ("load" in step) {
    const { clients, stalled } = step.load;
    return `${clients}${stalled > 0 ? ` + ${stalled} stalled` : ""} clients`;
  }
  const { pace, crowd } = step;
  return `${pace.members} members${crowd ? ` + ${crowd.members} ${"mood" in crowd ? crowd.mood : "arriving"}` : ""}`;
}

function losses(measured: (Step & Measurement)[]): string[] {
  return measured
    .filter(({ lost }) => lost > 0)
    .map(({ server, lost }) => `${server} lost messages: ${lost} deliveries never came`);
}

/** Where the run is, on stderr. On a terminal it is one line that changes, and "" takes it away. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else if (line !== "") console.error(line);
}
