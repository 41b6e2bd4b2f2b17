// Real pipes, files and sockets, which take bytes late or never.

import { expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Output } from "../../../lib/cli/output.ts";
import { type Outcome, writeText, writeTo } from "../../../lib/cli/writer.ts";
import { devFull } from "../../support/parts.ts";
import { Pipe } from "../../support/pipe.ts";
import { root, temporaryFolder, withoutSettings } from "../../support/server.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

const long = "x".repeat(200_000);

/** Writes the text, and tells how that ended. */
function written(fd: number, text: string): Promise<Outcome> {
  return new Promise((resolve) => writeText(writeTo(fd), text, resolve));
}

/** What comes out of the pipe until this has happened. */
async function readUntil(pipe: Pipe, happened: Promise<unknown>): Promise<string> {
  let text = "";
  let isOver = false;
  const over = happened.then(() => {
    isOver = true;
  });
  while (!isOver) {
    text += pipe.read();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await over;
  return text + pipe.read();
}

test("a pipe gets at once what it takes", () => {
  using pipe = new Pipe();
  let outcome: Outcome | undefined;
  writeText(writeTo(pipe.writing), "hello\n", (how) => {
    outcome = how;
  });
  expect(outcome).toBe("taken");
  expect(pipe.read()).toBe("hello\n");
});

test("a pipe that is full gets the rest once it is read", async () => {
  using pipe = new Pipe();
  const taken = written(pipe.writing, `${long}\nand then\n`);
  expect(await readUntil(pipe, taken)).toBe(`${long}\nand then\n`);
  expect(await taken).toBe("taken");
});

test("the flags of a descriptor stay as they are for those who share it", () => {
  using pipe = new Pipe();
  writeText(writeTo(pipe.writing), long, () => {});
  const info = readFileSync(`/proc/self/fdinfo/${pipe.writing}`, "utf8");
  expect(Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? "", 8) & constants.O_NONBLOCK).toBe(0);
});

test("a pipe whose reader goes while it is full is gone", async () => {
  using pipe = new Pipe();
  const outcome = written(pipe.writing, long);
  pipe.hangUp();
  expect(await outcome).toBe("gone");
});

devFull.test("what a full disk does not take is lost", async () => {
  const full = openSync(devFull.found, constants.O_WRONLY);
  expect(await written(full, "hello\n")).toBe("lost");
  closeSync(full);
});

test("a descriptor that is closed is gone", async () => {
  expect(await written(99_999, "hello\n")).toBe("gone");
});

test("a file is written on where others have written", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "log");
  const script = `const { writeText, writeTo } = await import("./lib/cli/writer.ts");
    writeText(writeTo(3), "between\\n", () => {});`;
  const shell = `exec 3> "$1"; echo before >&3; bun -e "$2"; echo after >&3`;
  Bun.spawnSync(["sh", "-c", shell, "sh", path, script], { cwd: root, env: withoutSettings() });
  expect(readFileSync(path, "utf8")).toBe("before\nbetween\nafter\n");
});

test("a socket, which cannot be opened again, gets everything", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "socket");
  const script = `const { writeText, writeTo } = await import("./lib/cli/writer.ts");
    writeText(writeTo(1), "x".repeat(3_000_000) + "end", () => {});`;
  const ended = Promise.withResolvers<string>();
  let text = "";
  using _ = Bun.listen({
    unix: path,
    socket: {
      data(_, chunk) {
        text += chunk.toString("latin1");
        if (text.endsWith("end")) ended.resolve(text);
      },
    },
  });
  const socket = await Bun.connect({ unix: path, socket: { data() {} } });
  const fd = "fd" in socket && typeof socket.fd === "number" ? socket.fd : -1;
  await using child = Bun.spawn([process.execPath, "-e", script], {
    cwd: root,
    env: withoutSettings(),
    stdio: ["ignore", fd, 2],
  });
  expect((await ended.promise).length).toBe(3_000_003);
  expect(await child.exited).toBe(0);
  socket.end();
});

test("lines on a pipe all come out or are counted, however it is read", async () => {
  const read = fc.constant("read" as const);
  const print = fc.integer({ min: 0, max: 30_000 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(print, print, print, read), { maxLength: 60 }), async (steps) => {
      using pipe = new Pipe();
      const output = new Output(writeTo(pipe.writing), 50_000);
      let dropped = 0;
      output.onDropped = (count) => {
        dropped += count;
      };
      let printed = 0;
      let text = "";
      for (const step of steps) {
        if (step === "read") text += pipe.read();
        else output.print(`${printed++} ${"y".repeat(step)}`);
      }
      text += await readUntil(pipe, output.flush(testMs));
      const lines = text.split("\n").slice(0, -1);
      const numbers = lines.map((line) => Number.parseInt(line, 10));
      expect(numbers.length + dropped).toBe(printed);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }),
    { numRuns: 30 },
  );
});
