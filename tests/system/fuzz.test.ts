// A short run of the fuzzer (tests/fuzz), always the same one. By hand it takes other seeds, and more time.

import { expect, setDefaultTimeout, test } from "bun:test";
import { attack } from "../fuzz/attack.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

test(
  "20,000 inputs that should not be sent disturb no member",
  async () => {
    const { inputs, lines } = await attack({ seed: 1, inputs: 20_000 });
    expect(inputs).toBeGreaterThanOrEqual(20_000);
    expect(lines).toBeGreaterThan(0);
  },
  2 * testMs,
);
