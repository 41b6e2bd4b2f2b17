#!/usr/bin/env bun
// The fuzzer by hand: what it sends, a seed determines (inputs.ts); what must hold meanwhile is in attack.ts.
//
//   bun run fuzz        bun run fuzz --inputs 1000000 --seed 7

import { attempt } from "../../lib/cli/failure.ts";
import { type Flag, number, parseFlags } from "../../lib/cli/flags.ts";
import { messageOf } from "../../lib/protocol/errors.ts";
import { attack } from "./attack.ts";

const maxSeed = 2 ** 31 - 1;
const unset = (flag: Flag<number>): Flag<number | undefined> => ({ ...flag, default: undefined });

const options = attempt(() =>
  parseFlags(
    {
      inputs: unset(number("N", "how many to send (default: 100000 if no --seconds)", 0, 1, 1e9)),
      seconds: unset(number("SECONDS", "for how long to send", 0, 1, 86_400)),
      seed: unset(number("SEED", "what determines them (default: another one each time)", 0, 0, maxSeed)),
    },
    {
      usage: "bun run fuzz [flags]",
      summary: "Sends a server what it should not be sent, while others talk.",
    },
  ),
);

const seed = options.seed ?? Math.floor(Math.random() * maxSeed);
const inputs = options.inputs ?? (options.seconds === undefined ? 100_000 : undefined);
/** How much bigger the server may be in the end than it was when it was warm. */
const growth = { times: 1.3, megabytes: 30 };

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
console.log(`Seed ${seed}`);
try {
  const outcome = await attack({ seed, inputs, seconds: options.seconds });
  const { connections, lines, seconds, slowestMs } = outcome;
  const perSecond = Math.round(outcome.inputs / seconds);
  const sent = `${outcome.inputs} inputs on ${connections} connections`;
  console.log(`${sent} in ${seconds.toFixed(1)} s: ${perSecond} a second`);
  console.log(`${lines} lines of those who behave, the slowest after ${slowestMs} ms`);
  const [warm = Number.NaN, end = Number.NaN] = outcome.rssMegabytes;
  console.log(`RSS ${warm} MB warm, ${end} MB at the end`);
  if (end > warm * growth.times + growth.megabytes) throw new Error("The server has grown too much");
  process.exit(0);
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
