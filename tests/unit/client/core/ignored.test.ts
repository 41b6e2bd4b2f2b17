import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Ignored } from "../../../../lib/client/core/ignored.ts";
import { People } from "../../../../lib/client/core/people.ts";
import { type Event, limits, type Recorded } from "../../../../lib/protocol/events.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let people: People;
let ignored: Ignored;
let seq: number;

beforeEach(() => {
  people = new People();
  ignored = new Ignored(people);
  seq = 10;
  const members = ["me", "gus", "mallory"].map((name) => ({ name }));
  happen({ type: "welcome", name: "me", epoch: "e", seq, members, limits });
});

function happen(event: Event): boolean {
  people.apply(event);
  return ignored.apply(event);
}

const at = () => ({ seq: ++seq, at: seq });
const renamed = (from: string, to: string) => happen({ type: "renamed", ...at(), from, to });
const joined = (name: string) => happen({ type: "joined", ...at(), name });
const left = (name: string) => happen({ type: "left", ...at(), name } satisfies Recorded);
/** Which of these names are hidden now. */
const hidden = (...names: string[]) => names.filter((name) => ignored.has(name, seq + 1));

describe("an ignore", () => {
  test("follows a member to its next names, in any case", () => {
    ignored.add("gus");
    expect(renamed("GUS", "gustav")).toBe(true);
    expect(renamed("Gustav", "g3")).toBe(true);
    expect(hidden("gus", "gustav", "G3")).toEqual(["G3"]);
    expect(ignored.list).toEqual([["gus", "gustav", "g3"]]);
  });

  test("does not pass to a member who takes the name that was left behind", () => {
    ignored.add("gus");
    renamed("gus", "gustav");
    expect(renamed("mallory", "gus")).toBe(false);
    expect(hidden("gus", "gustav", "mallory")).toEqual(["gustav"]);
    // Messages under the member's earlier name are hidden in a history, too.
    expect(ignored.has("gus", 10)).toBe(true);
  });

  test("is for the one who comes back under any of the names", () => {
    ignored.add("gus");
    renamed("gus", "gustav");
    left("gustav");
    joined("gus");
    expect(hidden("gus")).toEqual(["gus"]);
  });

  test("outlives the program with all names of each person", () => {
    ignored.add("gus");
    renamed("gus", "gustav");
    ignored.add("eve");
    const later = new Ignored(new People());
    later.list = ignored.list;
    expect(later.list).toEqual([["gus", "gustav"], ["eve"]]);
    expect(["gus", "gustav", "EVE", "bob"].filter((name) => later.has(name))).toEqual([
      "gus",
      "gustav",
      "EVE",
    ]);
  });

  test("ends for the person, under whichever of its names", () => {
    ignored.add("gus");
    renamed("gus", "gustav");
    expect(ignored.remove("gus")).toBe(true);
    expect(ignored.list).toEqual([]);
    expect(ignored.remove("gus")).toBe(false);
  });

  test("of a name that another member has now is that member's", () => {
    ignored.add("gus");
    renamed("gus", "gustav");
    renamed("mallory", "gus");
    expect(ignored.remove("gus")).toBe(false);
    ignored.add("gus");
    expect(hidden("gus", "gustav")).toEqual(["gus", "gustav"]);
  });

  test("of an owned name does not stay on a name that was taken for a while", () => {
    happen({ type: "joined", ...at(), name: "olga", owned: true });
    ignored.add("olga");
    renamed("olga", "passing");
    expect(hidden("olga", "passing")).toEqual(["passing"]);
    expect(ignored.list).toEqual([["olga"]]);
    left("passing");
    joined("passing");
    expect(hidden("passing")).toEqual([]);
    happen({ type: "joined", ...at(), name: "olga", owned: true });
    expect(hidden("olga", "passing")).toEqual(["olga"]);
  });

  test("of one person does not change for another one who is added", () => {
    ignored.add("gus");
    renamed("gus", "gustav");
    renamed("mallory", "gus");
    joined("eve");
    ignored.add("eve");
    expect(hidden("gus", "gustav", "eve")).toEqual(["gustav", "eve"]);
  });

  test("is at the next start for the latest of the names in use", () => {
    ignored.list = [
      ["gus", "mallory"],
      ["gone", "mallory2"],
    ];
    const members = ["me", "gus", "mallory", "gone"].map((name) => ({ name }));
    people = new People();
    const next = new Ignored(people);
    next.list = ignored.list;
    const welcome: Event = { type: "welcome", name: "me", epoch: "e", seq: 9, members, limits };
    people.apply(welcome);
    next.apply(welcome);
    expect(["gus", "mallory", "gone"].filter((name) => next.has(name, 10))).toEqual(["mallory", "gone"]);
  });

  test("keeps a bounded number of names, the latest", () => {
    ignored.add("gus");
    for (let i = 0, name = "gus"; i < 50; i++) {
      renamed(name, `g${i}`);
      name = `g${i}`;
    }
    expect(ignored.list).toEqual([Array.from({ length: 10 }, (_, i) => `g${i + 40}`)]);
  });
});
