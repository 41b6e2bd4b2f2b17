// The link against a server that misbehaves: one that the test plays, line by line, on a clock that it sets.

import { afterEach, beforeEach, expect, jest, setDefaultTimeout, setSystemTime, test } from "bun:test";
import type { Socket } from "bun";
import { Link, type LinkState } from "../../../../lib/client/core/link.ts";
import { tcp } from "../../../../lib/client/terminal/tcp.ts";
import { Trust } from "../../../../lib/client/terminal/trust.ts";
import { type Event, limits } from "../../../../lib/protocol/events.ts";
import { LineReader } from "../../../../lib/protocol/lines.ts";
import { Transcript, testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

type Line = Record<string, unknown> & { type: string };

/** Accepts, writes down what it is sent, and says only what it is told to. */
class PlayedServer {
  /** What was sent on each connection, one after the other. */
  readonly heard = new Transcript<Line & { connection: number }>();
  connections = 0;
  #socket: Socket | undefined;
  readonly #listener = Bun.listen({
    hostname: "localhost",
    port: 0,
    socket: {
      open: (socket) => {
        this.connections++;
        this.#socket = socket;
        this.#lines = new LineReader();
      },
      data: (socket, chunk) => {
        if (socket !== this.#socket) return;
        this.#lines.push(chunk);
        for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
          this.heard.push({ ...JSON.parse(String(line)), connection: this.connections });
        }
      },
    },
  });
  #lines = new LineReader();

  get port(): number {
    return this.#listener.port;
  }

  say(...events: (Event | string)[]): void {
    const lines = events.map((event) => (typeof event === "string" ? event : JSON.stringify(event)));
    this.#socket?.write(`${lines.join("\n")}\n`);
  }

  hangUp(): void {
    this.#socket?.terminate();
  }

  hears(type: string, connection: number): Promise<Line> {
    return this.heard.until(
      (lines) => lines.find((line) => line.type === type && line.connection === connection),
      `${type} on connection ${connection}`,
    );
  }

  stop(): void {
    this.#listener.stop(true);
  }
}

let server: PlayedServer;
let link: Link;
let given: Transcript<Event>;
let states: Transcript<LinkState>;
let closed: Transcript<string | undefined>;
let refused: Transcript<string>;
let nameless: Transcript<string>;

beforeEach(() => {
  server = new PlayedServer();
  given = new Transcript();
  states = new Transcript();
  const end = new Transcript<string | undefined>();
  closed = end;
  refused = new Transcript();
  nameless = new Transcript();
  link = new Link(
    { servers: [tcp({ host: "localhost", port: server.port })] },
    {
      event: (event) => given.push(event),
      state: (state) => states.push(state),
      nameless: (problem) => nameless.push(problem.text),
      refused: (message, problem) => refused.push(`${message.text}: ${problem.text}`),
      // The link of the test before may only now see that its server is gone.
      closed: (reason) => end.push(reason),
    },
  );
});

afterEach(() => {
  jest.useRealTimers();
  server.stop();
  link.quit();
});

function welcome(seq: number, token = "T", epoch = "E"): Event {
  return { type: "welcome", name: "ada", token, epoch, seq, members: [], limits };
}

function said(seq: number, text: string, id?: string): Event {
  return { type: "said", seq, at: 0, from: "ada", text, id };
}

async function join(seq: number): Promise<void> {
  const joining = link.join("ada");
  await server.hears("join", 1);
  server.say(welcome(seq));
  expect(await joining).toBeUndefined();
}

const texts = () => given.items.flatMap((event) => ("text" in event ? [event.text] : []));

test("a link comes back with token, epoch and seq, and gives nothing twice", async () => {
  await join(10);
  server.say(said(11, "a"), said(12, "b"));
  await given.until(() => texts().length === 2 || undefined, "two messages");
  server.hangUp();
  expect(await server.hears("join", 2)).toMatchObject({ name: "ada", token: "T", epoch: "E", after: 12 });
  server.say(welcome(14), said(12, "b"), said(13, "c"), said(14, "d"));
  await given.until(() => texts().length === 4 || undefined, "four messages");
  expect(texts()).toEqual(["a", "b", "c", "d"]);
  expect(states.items.map(({ type }) => type)).toEqual(["online", "offline", "online"]);
});

test("a link does not take the new name of another for its own", async () => {
  await join(10);
  server.hangUp();
  await server.hears("join", 2);
  // Its seat was given up; another ada came, and is eve now.
  const renamed: Event = { type: "renamed", seq: 12, at: 0, from: "ada", to: "eve" };
  server.say(welcome(13, "new"), renamed, said(13, "x"));
  await given.until(() => texts().length === 1 || undefined, "what was missed");
  expect(link.name).toBe("ada");
  server.say({ ...renamed, seq: 14, to: "ann" }, said(15, "y"));
  await given.until(() => texts().length === 2 || undefined, "what came then");
  expect(link.name).toBe("ann");
});

test("a link sends again what has no ack, once it has caught up", async () => {
  await join(0);
  link.say({ type: "say", text: "arrived" });
  link.say({ type: "say", text: "seen before" });
  link.say({ type: "say", text: "lost" });
  const ids = await server.heard.until((lines) => {
    const says = lines.filter(({ type }) => type === "say");
    return says.length === 3 ? says.map(({ id }) => String(id)) : undefined;
  }, "three messages");
  server.hangUp();
  await server.hears("join", 2);
  link.say({ type: "act", text: "said while away" });
  server.say(welcome(2));
  const { id } = await server.hears("ping", 2);
  expect(
    server.heard.items.filter(({ type, connection }) => type !== "ping" && connection === 2),
  ).toHaveLength(1);
  server.say(
    said(1, "arrived", ids[0]),
    { type: "seen", id: ids[1] ?? "", seq: 2 },
    { type: "pong", id: String(id) },
  );
  await server.hears("act", 2);
  const again = server.heard.items.filter((line) => line.connection === 2 && "text" in line);
  expect(again.map(({ type, text }) => [type, text])).toEqual([
    ["say", "lost"],
    ["act", "said while away"],
  ]);
  expect(again[0]?.id).toBe(ids[2]);
});

test("a message the room cannot take now is sent again, or given back", async () => {
  await join(0);
  link.say({ type: "say", text: "for later" });
  const first = await server.hears("say", 1);
  server.say({
    type: "error",
    code: "unavailable",
    text: "disk full",
    id: String(first.id),
    retryAfterMs: 10,
  });
  await server.heard.until((lines) => lines.filter(({ id }) => id === first.id)[1], "the message again");
  expect(link.outbox.size).toBe(1);
  server.say({ type: "error", code: "too-long", text: "too long", id: String(first.id) });
  await refused.until((items) => items[0], "the refusal");
  expect(refused.items).toEqual(["for later: too long"]);
  expect(link.outbox.size).toBe(0);
});

test("a goodbye with retryAfterMs is waited out, one without ends the link", async () => {
  await join(0);
  server.say({ type: "bye", code: "shutdown", text: "Restarting", retryAfterMs: 50 });
  const offline = await states.until((all) => all.find((state) => state.type === "offline"), "offline");
  expect(offline).toMatchObject({ reason: "Restarting", retryMs: 50 });
  await server.hears("join", 2);
  server.say(welcome(0), { type: "bye", code: "taken-over", text: "You joined from another place" });
  await closed.until((reasons) => reasons.length > 0 || undefined, "the end");
  expect(closed.items).toEqual(["You joined from another place"]);
});

test("a link waits longer each time, up to 15 s, at random moments", async () => {
  await join(0);
  jest.useFakeTimers();
  server.stop();
  server.hangUp();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 10; attempt++) {
    const state = await states.until(
      (all) => all.filter(({ type }) => type === "offline")[attempt],
      "another attempt",
    );
    if (state.type === "offline") waits.push(state.retryMs);
    jest.advanceTimersByTime(15_000);
  }
  const longest = [0, 250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000];
  for (const [i, most] of longest.entries()) {
    expect(waits[i]).toBeLessThanOrEqual(most);
    expect(waits[i]).toBeGreaterThanOrEqual(most / 2);
  }
});

test("a silent server is asked after 30 s and given up after 90 s", async () => {
  jest.useFakeTimers();
  await join(0);
  jest.advanceTimersByTime(30_000);
  expect(server.heard.items.filter(({ type }) => type === "ping")).toEqual([]);
  jest.advanceTimersByTime(5_000);
  await server.hears("ping", 1);
  jest.advanceTimersByTime(54_000);
  expect(states.items.map(({ type }) => type)).toEqual(["online"]);
  jest.advanceTimersByTime(6_000);
  expect(states.items.at(-1)).toMatchObject({ type: "offline", reason: "The server does not answer" });
});

test("a machine that slept asks at once, reconnects without an answer", async () => {
  jest.useFakeTimers();
  await join(0);
  const wake = () => {
    setSystemTime(Date.now() + 3_600_000);
    jest.advanceTimersByTime(5_000);
  };
  wake();
  await server.hears("ping", 1);
  server.say({ type: "pong" }, said(1, "still here"));
  await given.until(() => texts().length === 1 || undefined, "the answer");
  jest.advanceTimersByTime(10_000);
  expect(states.items.map(({ type }) => type)).toEqual(["online"]);
  wake();
  jest.advanceTimersByTime(10_000);
  expect(states.items.at(-1)).toMatchObject({ type: "offline" });
});

test("a gap moves the position to where the server goes on", async () => {
  await join(100);
  server.hangUp();
  await server.hears("join", 2);
  server.say(welcome(3, "T2", "E2"), { type: "gap", from: 0, to: 0 }, said(1, "new"), said(2, "journal"));
  await given.until(() => texts().length === 2 || undefined, "the new journal");
  server.hangUp();
  expect(await server.hears("join", 3)).toMatchObject({ token: "T2", epoch: "E2", after: 2 });
});

test("a link skips what is no event, and all before the first one", async () => {
  const joining = link.join("ada");
  await server.hears("join", 1);
  server.say(
    `Welcome to the room. Your name? ${JSON.stringify(welcome(0))}`,
    "nonsense",
    "[1]",
    '"x"',
    said(1, "hi"),
  );
  await joining;
  await given.until(() => texts().length === 1 || undefined, "the message");
  expect(given.items.map(({ type }) => type)).toEqual(["welcome", "said"]);
});

test("a refused name is join's answer, and leaves time for another", async () => {
  const joining = link.join("ada");
  await server.hears("join", 1);
  server.say({ type: "error", code: "name-taken", text: "taken" });
  expect(await joining).toMatchObject({ code: "name-taken" });
  const again = link.join("eve");
  expect(await server.hears("join", 2)).toMatchObject({ name: "eve" });
  server.say(welcome(0));
  expect(await again).toBeUndefined();
  expect([states.items.map(({ type }) => type), closed.items]).toEqual([["online"], []]);
});

test("a name lost while away can be changed, and what waited is sent", async () => {
  await join(0);
  server.hangUp();
  await server.hears("join", 2);
  link.say({ type: "say", text: "keep this" });
  server.say({ type: "error", code: "name-taken", text: "ada is taken" });
  await nameless.until((problems) => problems[0], "the problem");
  const again = link.join("eve");
  expect(await server.hears("join", 3)).toMatchObject({ name: "eve", epoch: "E", after: 0 });
  server.say(welcome(0));
  expect(await again).toBeUndefined();
  const { id } = await server.hears("ping", 3);
  server.say({ type: "pong", id: String(id) });
  expect(await server.hears("say", 3)).toMatchObject({ text: "keep this" });
});

test("messages wait in order while the room can take none", async () => {
  await join(0);
  link.say({ type: "say", text: "1" });
  link.say({ type: "say", text: "2" });
  const [one, two] = await server.heard.until((lines) => {
    const says = lines.filter(({ type }) => type === "say");
    return says.length === 2 ? says : undefined;
  }, "two messages");
  for (const line of [one, two]) {
    server.say({
      type: "error",
      code: "unavailable",
      text: "disk full",
      id: String(line?.id),
      retryAfterMs: 20,
    });
  }
  await given.until((events) => events.find(({ type }) => type === "error"), "the problem");
  link.say({ type: "say", text: "3" });
  const says = await server.heard.until((lines) => {
    const all = lines.filter(({ type }) => type === "say");
    return all.length >= 5 ? all : undefined;
  }, "all of them");
  expect(says.map(({ text }) => text)).toEqual(["1", "2", "1", "2", "3"]);
});

test("a server that welcomes and hangs up at once is not stormed", async () => {
  jest.useFakeTimers();
  await join(0);
  const waits: number[] = [];
  for (let connection = 1; connection <= 5; connection++) {
    await server.hears("join", connection);
    server.say(welcome(0));
    server.hangUp();
    const state = await states.until(
      (all) => all.filter(({ type }) => type === "offline")[connection - 1],
      "a drop",
    );
    if (state.type === "offline") waits.push(state.retryMs);
    jest.advanceTimersByTime(waits.at(-1) ?? 0);
  }
  expect(waits[0]).toBe(0);
  expect(waits.slice(1).every((wait) => wait >= 125)).toBe(true);
  expect(waits[4]).toBeGreaterThanOrEqual(1000);
});

test("an answer that takes a while is waited for on the same connection", async () => {
  const joining = link.join("ada");
  await server.hears("join", 1);
  server.say({ type: "error", code: "slow-down", text: "The answer takes 9 s", retryAfterMs: 9_000 });
  await given.until((events) => events.find(({ type }) => type === "error"), "the wait");
  server.say(welcome(0));
  expect(await joining).toBeUndefined();
  expect(server.connections).toBe(1);
});

test("join throws for a server that hangs up or says nothing", async () => {
  const hungUp = link.join("ada");
  await server.hears("join", 1);
  server.hangUp();
  await expect(hungUp).rejects.toThrow("The connection was lost");
  jest.useFakeTimers();
  const silent = link.join("ada");
  await server.hears("join", 2);
  jest.advanceTimersByTime(15_000);
  await expect(silent).rejects.toThrow("The server does not answer");
});

test("the first join throws where there is no server", async () => {
  server.stop();
  await expect(link.join("ada")).rejects.toThrow();
});

test("a server that accepts and never shakes hands is left", async () => {
  jest.useFakeTimers();
  const hungUp = Promise.withResolvers<void>();
  const silent = Bun.listen({
    hostname: "localhost",
    port: 0,
    socket: { data: () => void jest.advanceTimersByTime(10_000), close: () => hungUp.resolve() },
  });
  const { port } = silent;
  const trust = new Trust({ host: "localhost", port, fingerprint: "AA", knownHostsPath: "" });
  const ignore = () => {};
  const handlers = { event: ignore, state: ignore, nameless: ignore, refused: ignore, closed: ignore };
  const waiting = new Link({ servers: [tcp({ host: "localhost", port, trust })] }, handlers);
  await expect(waiting.join("ada")).rejects.toMatchObject({ code: "ETIMEDOUT" });
  await hungUp.promise;
  silent.stop(true);
});
