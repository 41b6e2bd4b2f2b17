import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secret } from "../../../lib/cli/secret.ts";
import { UsageError } from "../../../lib/protocol/errors.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

const folder = mkdtempSync(join(tmpdir(), "chatroom-secret-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, "password");
  writeFileSync(path, content);
  return path;
}

test.each([
  ["hunter2", "hunter2"],
  ["hunter2\n", "hunter2"],
  ["hunter2\r\nand a remark\n", "hunter2"],
  [" with blanks \n", "with blanks"],
  ["日本\n", "日本"],
])("a secret is the first line of its file: of %j it is %j", (content, password) => {
  expect(secret(file(content), "CHAT_X", {})).toBe(password);
});

test("a secret is the environment's where no file is named", () => {
  expect(secret(undefined, "CHAT_X", { CHAT_X: "hunter2" })).toBe("hunter2");
  expect(secret(file("mine"), "CHAT_X", { CHAT_X: "hunter2" })).toBe("mine");
});

test.each([{}, { CHAT_X: "" }, { CHAT_X: undefined }, { CHAT_Y: "x" }])(
  "there is no secret with %j",
  (environment) => {
    expect(secret(undefined, "CHAT_X", environment)).toBeUndefined();
  },
);

test.each(["", "\n", "\r\n", "\nhunter2"])(
  "a secret's file with %j is refused, environment or not",
  (content) => {
    const path = file(content);
    const message = `There is no password in ${path}: its first line is empty`;
    expect(() => secret(path, "CHAT_X", { CHAT_X: "hunter2" })).toThrow(new UsageError(message));
  },
);

test("a secret's file that is missing or a folder is refused", () => {
  for (const path of [join(folder, "none"), folder]) {
    expect(() => secret(path, "CHAT_X", { CHAT_X: "hunter2" })).toThrow(UsageError);
    expect(() => secret(path, "CHAT_X")).toThrow(`Cannot read the password in ${path}: `);
  }
});
