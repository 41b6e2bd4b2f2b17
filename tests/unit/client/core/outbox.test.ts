import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { peek } from "bun";
import { Outbox } from "../../../../lib/client/core/outbox.ts";
import { check } from "../../../../lib/protocol/commands.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const say = (text: string) => ({ type: "say", text });

describe("add()", () => {
  test("add() gives the message back with an id, its type first", () => {
    const { id, ...message } = new Outbox().add({ type: "tell", text: "hi", to: "bob" });
    expect(message).toEqual({ type: "tell", text: "hi", to: "bob" });
    expect(id).not.toBe("");
    expect(JSON.stringify(new Outbox().add({ text: "hi", type: "say" }))).toStartWith('{"type":"say"');
  });

  test("add() leaves the message it was given as it was", () => {
    const message = say("hi");
    new Outbox().add(message);
    expect(message).toEqual({ type: "say", text: "hi" });
  });

  test("add() leaves a program its own id", () => {
    const outbox = new Outbox();
    const { id } = outbox.add({ ...say("hi"), id: "mine" });
    expect(id).toBe("mine");
  });

  test("add() gives ids that the server takes, no two the same in any outbox", () => {
    const outboxes = Array.from({ length: 100 }, () => new Outbox());
    const sent = outboxes.flatMap((outbox) => ["hi", "hi"].map((text) => outbox.add(say(text))));
    for (const message of sent) expect(check(message)).not.toHaveProperty("code");
    expect(new Set(sent.map(({ id }) => id)).size).toBe(200);
  });

  test("add() never gives the id of a settled message again", () => {
    const outbox = new Outbox();
    const first = outbox.add(say("hi"));
    outbox.settle(first.id);
    expect(outbox.add(say("hi")).id).not.toBe(first.id);
  });
});

describe("settle()", () => {
  test("settle() takes a message out and keeps the order of the others", () => {
    const outbox = new Outbox();
    const [one, two, three] = [outbox.add(say("1")), outbox.add(say("2")), outbox.add(say("3"))];
    expect([...outbox]).toEqual([one, two, three]);
    expect(outbox.settle(two.id)).toBe(true);
    expect([...outbox]).toEqual([one, three]);
    expect(outbox.size).toBe(2);
  });

  test("settle() is false for a message settled before or not ours", () => {
    const outbox = new Outbox();
    const { id } = outbox.add(say("hi"));
    const other = new Outbox().add(say("hi"));
    expect(outbox.settle(other.id)).toBe(false);
    expect([outbox.settle(id), outbox.settle(id)]).toEqual([true, false]);
    expect(outbox.size).toBe(0);
  });
});

describe("below()", () => {
  test("below() has resolved already if fewer are under way", () => {
    const outbox = new Outbox();
    expect(peek.status(outbox.below(1))).toBe("fulfilled");
    outbox.add(say("hi"));
    expect(peek.status(outbox.below(2))).toBe("fulfilled");
    expect(peek.status(outbox.below(1))).toBe("pending");
  });

  test("below() resolves for each waiter at its own count", () => {
    const outbox = new Outbox();
    const sent = ["1", "2", "3"].map((text) => outbox.add(say(text)));
    const waiters = [outbox.below(1), outbox.below(2), outbox.below(3), outbox.below(1)];
    const statuses = () => waiters.map((waiter) => peek.status(waiter)[0]).join("");
    const after = sent.map(({ id }) => {
      outbox.settle(id);
      return statuses();
    });
    expect(after).toEqual(["ppfp", "pffp", "ffff"]);
  });

  test("below() goes on waiting when a message is settled that is none", () => {
    const outbox = new Outbox();
    const { id } = outbox.add(say("hi"));
    const empty = outbox.below(1);
    outbox.settle("other");
    expect(peek.status(empty)).toBe("pending");
    outbox.settle(id);
    expect(peek.status(empty)).toBe("fulfilled");
  });
});
