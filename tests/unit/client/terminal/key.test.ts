// The client's key file: made once, the same for clients that start at once, and of no use if it is damaged.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { keyIn } from "../../../../lib/client/terminal/key.ts";
import { isKey } from "../../../../lib/protocol/keys.ts";
import { temporaryFolder, withoutSettings } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "chatroom", "key");
});
afterEach(() => folder[Symbol.dispose]());

test("keyIn() makes a key once, which its user alone can read", () => {
  const key = keyIn(path);
  expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(isKey(key)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder.path, "chatroom")).mode & 0o777).toBe(0o700);
  expect(keyIn(path)).toBe(key);
  expect(readdirSync(join(folder.path, "chatroom"))).toEqual(["key"]);
});

test("clients that start at once end with one key", async () => {
  const program = `import { keyIn } from ${JSON.stringify(join(import.meta.dir, "../../../../lib/client/terminal/key.ts"))};
    console.log(keyIn(${JSON.stringify(path)}));`;
  const clients = Array.from({ length: 6 }, () =>
    Bun.spawn(["bun", "-e", program], { stderr: "inherit", env: withoutSettings() }),
  );
  const keys = await Promise.all(clients.map(({ stdout }) => new Response(stdout).text()));
  expect(new Set(keys).size).toBe(1);
  expect(keys[0]).toBe(readFileSync(path, "utf8"));
  expect(readdirSync(join(folder.path, "chatroom"))).toEqual(["key"]);
});

test.each([0o644, 0o640, 0o606, 0o400])("keyIn() takes a key of mode %o, and closes it to others", (mode) => {
  mkdirSync(join(folder.path, "chatroom"));
  writeFileSync(path, "correct-horse-battery\n");
  chmodSync(path, mode);
  expect(keyIn(path)).toBe("correct-horse-battery");
  expect(statSync(path).mode & 0o777).toBe(mode === 0o400 ? mode : 0o600);
});

test.each(["", "short", "two words in it\n", "x".repeat(129), "\u0000".repeat(43), "é".repeat(20)])(
  "keyIn() refuses a file with %j, and leaves it as it is",
  (text) => {
    mkdirSync(join(folder.path, "chatroom"));
    writeFileSync(path, text);
    expect(() => keyIn(path)).toThrow(
      `Cannot use the key in ${path}, which is damaged (without the file, a new one is made): your name is not kept for you`,
    );
    expect(readFileSync(path, "utf8")).toBe(text);
  },
);

test("keyIn() says in a sentence why there can be no key", () => {
  writeFileSync(join(folder.path, "file"), "");
  expect(() => keyIn(join(folder.path, "file", "key"))).toThrow(
    `Cannot use the key in ${join(folder.path, "file", "key")}, whose folder cannot be made: your name is not kept`,
  );
  expect(() => keyIn(folder.path)).toThrow("which is a folder");
  symlinkSync(join(folder.path, "gone"), join(folder.path, "link"));
  expect(() => keyIn(join(folder.path, "link"))).toThrow("which is a link to nowhere");
  Bun.spawnSync(["mkfifo", join(folder.path, "pipe")]);
  symlinkSync(join(folder.path, "pipe"), join(folder.path, "to a pipe"));
  for (const special of [join(folder.path, "pipe"), join(folder.path, "to a pipe"), "/dev/null"])
    expect(() => keyIn(special)).toThrow(
      `${special}, which is no regular file: your name is not kept for you`,
    );
  if (process.getuid?.() === 0) return;
  chmodSync(folder.path, 0o500);
  expect(() => keyIn(path)).toThrow("which this user may not use");
  expect(existsSync(path)).toBe(false);
  chmodSync(folder.path, 0o700);
});
