import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parseLines, parseProgress } from "../../../../lib/client/kept/keep.ts";
import { Files } from "../../../../lib/client/terminal/files.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const localhost = { host: "localhost", port: 1 };

test("each name at each server has texts of its own, for its owner alone", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "state", "chatroom");
  const ada = new Files(path, [localhost], "ada");
  expect(ada.get("positions")).toBeUndefined();
  ada.set("positions", "ada's");
  new Files(path, [localhost], "eve").set("positions", "eve's");
  new Files(path, [{ ...localhost, port: 2 }], "ada").set("positions", "ada's elsewhere");
  expect(new Files(path, [localhost], "ADA").get("positions")).toBe("ada's");
  expect(ada.get("drafts")).toBeUndefined();
  const [file = ""] = readdirSync(join(path, "positions"));
  expect(statSync(join(path, "positions", file)).mode & 0o777).toBe(0o600);
  expect(statSync(join(path, "positions")).mode & 0o777).toBe(0o700);
  ada.set("positions", undefined);
  ada.set("positions", undefined);
  expect(ada.get("positions")).toBeUndefined();
  expect(readdirSync(join(path, "positions"))).toHaveLength(2);
});

test("the servers of a room are the same however they are written", () => {
  using folder = temporaryFolder();
  const far = { host: "2001:DB8::0:7", port: 2 };
  new Files(folder.path, [localhost, far], "ada").set("drafts", "hi");
  const same = [
    { host: "2001:db8:0::7", port: 2 },
    { host: "127.0.0.1", port: 1 },
  ];
  expect(new Files(folder.path, same, "ada").get("drafts")).toBe("hi");
  expect(new Files(folder.path, same.slice(1), "ada").get("drafts")).toBeUndefined();
});

test("the files that were not written for longest make room for new ones", () => {
  using folder = temporaryFolder();
  const of = (i: number) => new Files(folder.path, [localhost], `guest${i}`);
  of(0).set("lines", "0");
  const [first = ""] = readdirSync(join(folder.path, "lines"));
  utimesSync(join(folder.path, "lines", first), 1, 1);
  for (let i = 1; i <= 100; i++) of(i).set("lines", `${i}`);
  expect(readdirSync(join(folder.path, "lines"))).toHaveLength(100);
  expect([of(0).get("lines"), of(100).get("lines")]).toEqual([undefined, "100"]);
});

test("where nothing can be written nothing is kept", () => {
  for (const folder of ["/dev/null", "/dev/null/deeper", "\0"]) {
    const files = new Files(folder, [localhost], "ada");
    files.set("positions", "x");
    files.set("positions", undefined);
    expect(files.get("positions")).toBeUndefined();
  }
});

test("a folder in the place of a file is no text", () => {
  using folder = temporaryFolder();
  const ada = new Files(folder.path, [localhost], "ada");
  ada.set("positions", "x");
  const [file = ""] = readdirSync(join(folder.path, "positions"));
  ada.set("positions", undefined);
  mkdirSync(join(folder.path, "positions", file));
  expect(ada.get("positions")).toBeUndefined();
  ada.set("positions", "y");
  expect(ada.get("positions")).toBeUndefined();
});

test("any bytes in a file are read to an end", () => {
  using folder = temporaryFolder();
  const ada = new Files(folder.path, [localhost], "ada");
  ada.set("positions", "x");
  const path = join(folder.path, "positions", readdirSync(join(folder.path, "positions"))[0] ?? "");
  chmodSync(path, 0o600);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
      writeFileSync(path, bytes);
      expect(parseProgress(ada.get("positions"))).toHaveProperty("unsent");
      expect(Array.isArray(parseLines(ada.get("positions")))).toBe(true);
    }),
    { numRuns: 300 },
  );
});
