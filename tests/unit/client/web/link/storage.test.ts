// The state that the page keeps in its browser, also beside values of another page, an older version or a person.

import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { PageStorage } from "../../../../../lib/client/web/link/storage.ts";
import { testMs } from "../../../../support/transcript.ts";

setDefaultTimeout(testMs);

const items = new Map<string, string>();
const storage = new PageStorage({
  getItem: (key) => items.get(key) ?? null,
  setItem: (key, value) => void items.set(key, value),
  removeItem: (key) => void items.delete(key),
});

const keptIn = ({ seat, names }: PageStorage) => ({ seat, names });

beforeEach(() => items.clear());

describe("the key", () => {
  test("is 32 random bytes in base64url, made once", () => {
    const { key } = storage;
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(storage.key).toBe(key);
    items.clear();
    expect(storage.key).not.toBe(key);
  });

  test("that a person has chosen is kept, one that is none is not", () => {
    items.set("chatroom.key", "a-key-of-my-own");
    expect(storage.key).toBe("a-key-of-my-own");
    items.set("chatroom.key", "short");
    expect(storage.key).toMatch(/^[\w-]{43}$/);
  });
});

test("damaged values read as nothing", () => {
  for (const damaged of ["{", "null", "1", '"text"', "[1, {}]", '{"name": 1, "token": 2}', "[[1]]"]) {
    for (const item of ["seat", "ignored", "names"]) items.set(`chatroom.${item}`, damaged);
    expect(storage.seat).toBeUndefined();
    expect(storage.ignored.flat().concat(storage.names)).toEqual([]);
  }
});

test("something is kept for the last five names, in any case", () => {
  for (const name of ["ada", "bob", "carol", "dan", "eve", "Ada", "fay"]) {
    storage.keepFor(name).set("drafts", `of ${name}`);
  }
  expect(storage.names).toEqual(["fay", "Ada", "eve", "dan", "carol"]);
  expect(storage.keepFor("ada").get("drafts")).toBe("of Ada");
  expect([...items.keys()].filter((key) => key.startsWith("chatroom.drafts."))).toHaveLength(5);
});

test("a browser without storage, or whose storage is full, keeps nothing", () => {
  const full = () => {
    throw new Error("QuotaExceededError");
  };
  for (const broken of [undefined, { getItem: full, setItem: full, removeItem: full }]) {
    const page = new PageStorage(broken);
    page.seat = { name: "ada", token: "T" };
    page.keepFor("ada").set("drafts", "a draft");
    expect(keptIn(page)).toEqual({ seat: undefined, names: [] });
    expect(page.key).toHaveLength(43);
  }
});
