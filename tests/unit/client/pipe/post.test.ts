// Messages that are posted: one after the other, each until it is acknowledged, in a room that the test plays.

import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { messagesIn, post } from "../../../../lib/client/pipe/post.ts";
import { fault, limits } from "../../../../lib/protocol/events.ts";
import { PlayedRoom } from "../../../support/played-room.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let room: PlayedRoom;

beforeEach(() => {
  jest.useFakeTimers();
  room = new PlayedRoom();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Posts the texts; `outcome` is undefined until it is known, then "said" or why not. */
function posting(texts: string[], password?: string) {
  const posting: { outcome: string | undefined } = { outcome: undefined };
  post(texts, { servers: [room.connect], address: "room.example:1", name: "cron", password }).then(
    () => (posting.outcome = "said"),
    (error) => (posting.outcome = error.message),
  );
  return posting;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const posts = () => room.heard.filter(({ type }) => type === "post");

/** Acknowledges the last message that was heard. */
function acknowledge(): void {
  room.say({ type: "seen", id: String(posts().at(-1)?.id), seq: 1 });
}

describe("post()", () => {
  test("messages are posted one after the other, each acknowledged", async () => {
    const sender = posting(["one", "two"], "secret");
    room.open();
    expect(posts()).toMatchObject([{ name: "cron", text: "one", password: "secret" }]);
    room.say({ type: "seen", id: "another", seq: 1 });
    expect(posts()).toHaveLength(1);
    acknowledge();
    expect(posts().map(({ text }) => text)).toEqual(["one", "two"]);
    await settled();
    expect(sender.outcome).toBeUndefined();
    acknowledge();
    await settled();
    expect(sender.outcome).toBe("said");
  });

  test("a message is posted again after a drop, with the same id", async () => {
    const sender = posting(["one"]);
    room.open();
    const [first] = posts();
    room.cut();
    jest.advanceTimersByTime(1_000);
    room.open();
    expect(posts()).toEqual(first ? [first] : []);
    acknowledge();
    await settled();
    expect(sender.outcome).toBe("said");
  });

  test("a message that cannot be kept now is posted again, for 30 s", async () => {
    const sender = posting(["one"]);
    room.open();
    for (let second = 0; second < 29; second++) {
      room.say({ ...fault("unavailable", "The disk is full: try again"), retryAfterMs: 1_000 });
      jest.advanceTimersByTime(1_000);
    }
    expect(posts()).toHaveLength(30);
    room.say({ ...fault("unavailable", "The disk is full: try again"), retryAfterMs: 2_000 });
    jest.advanceTimersByTime(1_000);
    await settled();
    expect(sender.outcome).toBe("The message was not said: The disk is full: try again");
  });

  test.each([
    ["a name that is taken", fault("name-taken", '"cron" is taken: choose another name'), "is taken"],
    ["a name that is owned", fault("name-owned", '"cron" belongs to a key: what is it?'), "client has none"],
    ["a wrong password", fault("wrong-password", "This room has a password: what is it?"), "CHAT_PASSWORD"],
    ["a ban", { type: "bye", code: "banned", text: "Your address is banned" } as const, "is banned"],
  ])("%s ends it, with the reason", async (_, event, reason) => {
    const sender = posting(["one", "two"]);
    room.open();
    room.say(event);
    await settled();
    expect(sender.outcome).toStartWith("2 messages were not said: ");
    expect(sender.outcome).toContain(reason);
  });

  test("the notice that an answer comes late is no answer", async () => {
    const sender = posting(["one"], "secret");
    room.open();
    room.say({ ...fault("slow-down", "The answer takes 2 s"), retryAfterMs: 2_000 });
    jest.advanceTimersByTime(2_000);
    expect(posts()).toHaveLength(1);
    acknowledge();
    await settled();
    expect(sender.outcome).toBe("said");
  });

  test("a server that cannot be reached ends it at once", async () => {
    const sender = posting(["one"]);
    room.cut();
    await settled();
    expect(sender.outcome).toStartWith("The message was not said: No chat server at room.example:1: ");
  });

  test.each([
    ["", "A message needs some text"],
    ["x".repeat(limits.textLength + 1), "at most"],
  ])("a text that is no message is not sent (%#)", async (text, reason) => {
    const sender = posting([text]);
    await settled();
    expect(sender.outcome).toContain(reason);
    expect(room.connections).toBe(0);
  });
});

describe("messagesIn()", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

  test.each([
    ["", [""]],
    ["\n \n", [""]],
    ["one\n", ["one"]],
    ["one\r\n\r\ntwo\n\n", ["one\n\ntwo"]],
  ])("%j is the messages %j", (text, messages) => {
    expect(messagesIn(text)).toEqual(messages);
  });

  test("each message has as many lines as one may have", () => {
    const messages = messagesIn(lines(45).join("\n"));
    expect(messages.map((message) => message.split("\n").length)).toEqual([20, 20, 5]);
    expect(messages.join("\n").split("\n")).toEqual(lines(45));
  });

  test("each message is as long as one may be, in characters", () => {
    const long = "😀".repeat(limits.textLength / 2);
    expect(messagesIn([long, long, "end"].join("\n"))).toEqual([long, `${long}\nend`]);
  });

  test("blank lines that fill a message say nothing", () => {
    expect(messagesIn(`one${"\n".repeat(50)}two`)).toEqual([
      `one${"\n".repeat(19)}`,
      `${"\n".repeat(10)}two`,
    ]);
  });
});
