import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { Undrawn } from "../../../../lib/terminal/screen/undrawn.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const line = fc.oneof(
  fc.string({ maxLength: 40 }).map((text) => text.replaceAll("\n", " ")),
  fc.integer({ min: 0, max: 40_000 }).map((length) => "x".repeat(length)),
);

test("lines come out in order, whole, whatever they are taken between", () => {
  const steps = fc.array(fc.oneof(fc.array(line, { maxLength: 5 }), fc.constant("take" as const)));
  fc.assert(
    fc.property(steps, (steps) => {
      const undrawn = new Undrawn(Infinity);
      const added = steps.flatMap((step) => (step === "take" ? [] : step));
      let taken = "";
      for (const step of steps) {
        if (step === "take") taken += undrawn.take();
        else undrawn.add(step);
      }
      taken += undrawn.takeAll();
      expect(taken).toBe(added.map((line) => `${line}\n`).join(""));
      expect(undrawn.isEmpty).toBe(true);
      expect(undrawn.take()).toBe("");
    }),
  );
});

test("a burst comes out in blocks", () => {
  const undrawn = new Undrawn(Infinity);
  undrawn.add(Array.from({ length: 10_000 }, (_, i) => `line ${i} of what was said`));
  const longest = () => undrawn.take().length;
  const lengths = Array.from({ length: 100 }, longest).filter((length) => length > 0);
  expect(Math.max(...lengths)).toBeLessThan(20_000);
  expect(undrawn.isEmpty).toBe(true);
});

test("of too many lines the newest stay, and the others are counted", () => {
  fc.assert(
    fc.property(fc.integer({ min: 200_000, max: 500_000 }), fc.nat({ max: 20_000 }), (max, count) => {
      const undrawn = new Undrawn(max);
      for (let i = 0; i < count; i++) undrawn.add([`line ${i} ${"x".repeat(40)}`]);
      const [note = "", ...rest] = undrawn.takeAll().split("\n");
      const skipped = Number(/^… (\d+) lines were not shown$/.exec(note)?.[1] ?? 0);
      const shown = (skipped === 0 ? [note, ...rest] : rest).slice(0, -1);
      expect(shown.map((text) => Number(text.split(" ")[1]))).toEqual(
        Array.from({ length: count - skipped }, (_, i) => skipped + i),
      );
      expect(shown.join("\n").length).toBeLessThanOrEqual(max);
      // Dropping begins only when there are too many, and takes no more than half of them with a block.
      if (skipped > 0) expect(shown.join("\n").length).toBeGreaterThan(max / 2 - 40_000);
    }),
  );
});
