#!/usr/bin/env bun
// The benchmark: our server, the one everybody writes first, and Bun's own WebSockets do the same work, one after
// the other, in one run. Read the ratio of CPU per delivery first: it is the server's alone, and holds on a machine
// that does other things too. It is known on Linux only; elsewhere there are deliveries a second, and those depend
// on the load generator, and on what else runs, as well.
//
//   bun run bench        bun run bench --clients 300 --seconds 10

import { cpus } from "node:os";
import { attempt, type Flag, fail, number, parseFlags, toggle } from "../../lib/flags.ts";
import type { LoadOptions, LoadResult } from "./load.ts";
import { clear, pinned, run } from "./processes.ts";
import { chosen, type Measurement, type Step } from "./scenarios.ts";
import { reasonIn, servers, start } from "./servers.ts";
import { linesPerSecond } from "./view.ts";

const clientsFlag: Flag<number | undefined> = {
  ...number("N", "only a room of so many clients (default: all scenarios)", 100, 2, 5_000),
  default: undefined,
};

const options = attempt(() =>
  parseFlags(
    {
      seconds: number("SECONDS", "how long each server is measured", 4, 1, 60),
      clients: clientsFlag,
      json: toggle("print the measurements as JSON"),
    },
    {
      usage: "bun run bench [flags]",
      summary: "Compares this chat server with two others. Less CPU per delivery is better.",
    },
  ),
);

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

const scenarios = chosen(options.clients);

try {
  const results: { scenario: string; measurements: Measurement[] }[] = [];
  const text: string[] = [];
  const total = scenarios.flatMap(({ steps }) => steps).length;
  let done = 0;
  for (const { name, title, steps, show } of scenarios) {
    const measurements: Measurement[] = [];
    for (const step of steps) {
      const { server, load } = step;
      const people = `${load.clients}${load.stalled > 0 ? ` + ${load.stalled} stalled` : ""} clients`;
      progress(`${++done}/${total}  ${server}, ${people}`);
      measurements.push(await measure(step));
    }
    results.push({ scenario: name, measurements });
    text.push("", title, "", ...[...show(measurements), ...losses(measurements)].map((line) => `  ${line}`));
  }
  progress("the client's view");
  const viewLinesPerSecond = Math.round(linesPerSecond());
  text.push("", `The client's view: ${Math.round(viewLinesPerSecond / 1000)} thousand lines/s`);
  progress("");
  await clear();
  const machine = { bun: Bun.version, platform: process.platform, cpu: cpus()[0]?.model.trim(), pinned };
  if (options.json)
    console.log(
      JSON.stringify({ ...machine, seconds: options.seconds, results, viewLinesPerSecond }, null, 2),
    );
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

async function measure({ server, load }: Step): Promise<Measurement> {
  const maxSeconds = options.seconds + warmUpSeconds + overheadSeconds;
  const { child, port } = await start(server, maxSeconds);
  const { wire } = servers[server];
  const work: LoadOptions = { ...load, wire, port, pid: child.pid, warmUpSeconds, seconds: options.seconds };
  const generator = run("load", "load.ts", [JSON.stringify(work)], maxSeconds);
  if ((await generator.exited) !== 0) {
    throw new Error(`The load on "${server}" failed: ${reasonIn(await generator.errors)}`);
  }
  const result: LoadResult = JSON.parse(await generator.output);
  await child.end();
  const { deliveries, seconds, lost, cpuSeconds, rssBytes } = result;
  return {
    server,
    load,
    deliveriesPerSecond: deliveries / seconds,
    lost,
    ...(cpuSeconds !== undefined && { cpuNanosecondsPerDelivery: (cpuSeconds * 1e9) / deliveries }),
    ...(rssBytes !== undefined && { rssBytes }),
  };
}

function losses(measurements: Measurement[]): string[] {
  return measurements
    .filter(({ lost }) => lost > 0)
    .map(({ server, lost }) => `${server} lost messages: ${lost} deliveries never came`);
}

/** Where the run is, on stderr. On a terminal it is one line that changes, and "" takes it away. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else if (line !== "") console.error(line);
}
