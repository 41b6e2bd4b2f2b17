// The room over real sockets, in real processes: what each connection is promised.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

describe("in one room", () => {
  let server: Server;
  let names = 0;
  beforeAll(async () => {
    server = await Server.start(["--stay"]);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const fresh = (name: string) => `${name}${++names}`;

  test("people and programs hear everyone and themselves in one order", async () => {
    const [ada, bob, cyd] = [fresh("ada"), fresh("bob"), fresh("cyd")];
    using plain = await PlainClient.join(server.port, ada);
    using program = await JsonClient.join(server.port, bob);
    using other = await JsonClient.join(server.port, cyd);
    for (let i = 0; i < 50; i++) {
      plain.say(`a${i}`);
      program.send({ type: "say", text: `b${i}` });
    }
    await plain.line(`${ada}: a49`);
    await plain.line(`${bob}: b49`);
    await other.event("said", { text: "a49" });
    await other.event("said", { text: "b49" });
    const order = other.texts.filter((text) => /^[ab]\d+$/.test(text));
    expect(order).toHaveLength(100);
    await program.event("said", { text: order.at(-1) });
    expect(program.texts.filter((text) => /^[ab]\d+$/.test(text))).toEqual(order);
    const heard = plain.received.items.flatMap((line) => /: ([ab]\d+)$/.exec(line)?.[1] ?? []);
    expect(heard).toEqual(order);
  });

  test("a person is greeted, and asked until the name is good and free", async () => {
    const name = fresh("eve");
    using here = await JsonClient.join(server.port, name);
    using person = await new PlainClient().open(server.port);
    await person.line("What is your name?");
    person.say("two words");
    await person.line("made of letters");
    person.say(name.toUpperCase());
    await person.line("is taken");
    person.say(fresh("fay"));
    await person.line("You are connected as fay");
    await here.event("joined", { name: `fay${names}` });
  });

  test("a program that speaks first gets welcome, history, its own joined", async () => {
    const name = fresh("gus");
    using program = await JsonClient.join(server.port, name);
    await program.event("joined", { name });
    const [welcome, history, ...events] = program.received.items;
    expect(welcome).toMatchObject({ type: "welcome", name, limits: { nameLength: 32, textLength: 4000 } });
    expect(history?.type).toBe("history");
    // Others may come and go in between: from the welcome on, nothing is left out.
    const from = welcome?.type === "welcome" ? welcome.seq : Number.NaN;
    expect(events).toEqual(program.events);
    expect(program.events.map(({ seq }) => seq)).toEqual(events.map((_, i) => from + 1 + i));
  });

  test("the commands of a person work on nc", async () => {
    const [hal, ivy, jo] = [fresh("hal"), fresh("ivy"), fresh("jo")];
    using a = await PlainClient.join(server.port, hal);
    using b = await PlainClient.join(server.port, ivy);
    using c = await PlainClient.join(server.port, jo);
    a.say("/me waves");
    a.say("/who");
    a.say("//path");
    a.say("/nosuch");
    a.say("/help");
    a.say(`/msg ${ivy.toUpperCase()} psst`);
    a.say(`/msg nobody-here psst`);
    a.say(`/nick ${hal}x`);
    a.say("/history 2");
    a.say("/quit bye all");
    await b.line(`* ${hal} waves`);
    await b.line(`[${hal} to ${ivy}] psst`);
    await b.line(`${hal} is now ${hal}x`);
    await b.line(`${hal}x left (bye all)`);
    await c.line(`${hal}x left (bye all)`);
    expect(c.received.items.join("\n")).not.toContain("psst");
    await a.line("Goodbye");
    await a.closed;
    const heard = a.received.items.join("\n");
    expect(heard).toContain(`${hal}: /path`);
    expect(heard).toContain("There is no command /nosuch");
    expect(heard).toContain("/msg NAME TEXT");
    expect(heard).toContain('Nobody here is called "nobody-here"');
    expect(a.received.items.filter((line) => line.startsWith("Here: ")).join()).toContain(jo);
  });

  test("a search finds what its member may see, answers keep their order", async () => {
    const [zoe, yan, xia, wim] = [fresh("zoe"), fresh("yan"), fresh("xia"), fresh("wim")];
    using ada = await JsonClient.join(server.port, zoe);
    using bob = await PlainClient.join(server.port, yan);
    using cyd = await JsonClient.join(server.port, xia);
    for (const text of ["a walrus", "Two\nWALRUSES", "a seal"]) ada.send({ type: "say", text });
    ada.send({ type: "tell", to: yan, text: "walrus psst", id: "last" });
    const { seq } = await ada.event("told", { id: "last" });
    await bob.line("psst");

    ada.send({ type: "search", text: "walrus", limit: 2 });
    ada.send({ type: "search", text: "wal", before: seq });
    ada.send({ type: "ping", id: "behind" });
    await ada.event("pong", { id: "behind" });
    const [newest, before, pong] = ada.received.items.slice(-3);
    expect(newest).toMatchObject({ type: "results", text: "walrus", more: true });
    expect(newest?.type === "results" && newest.events).toEqual(
      ada.events.slice(-3).filter((_, i) => i !== 1),
    );
    expect(before).toMatchObject({
      type: "results",
      events: [{ text: "a walrus" }, { text: "Two\nWALRUSES" }],
    });
    expect(before).not.toHaveProperty("more");
    expect(pong?.type).toBe("pong");

    cyd.send({ type: "search", text: 'WALRUS "psst' });
    expect(await cyd.event("results")).toEqual({ type: "results", text: 'WALRUS "psst', events: [] });

    // With an id nothing waits for it.
    ada.send({ type: "search", text: "walrus", limit: 1, id: "s" });
    ada.send({ type: "ping", id: "first" });
    expect(await ada.event("results", { id: "s" })).toMatchObject({ events: [{ text: "walrus psst" }] });
    const types = ada.received.items.slice(-2).map(({ type }) => type);
    expect(types).toEqual(["pong", "results"]);

    const heard = bob.received.items.length;
    bob.say("/search walrus");
    bob.say("/search no such animal");
    bob.say("/search ");
    await bob.line("Write it as /search WORDS");
    expect(bob.received.items.slice(heard)).toEqual([
      `${zoe}: a walrus`,
      `${zoe}: Two`,
      "    WALRUSES",
      `[${zoe} to ${yan}] walrus psst`,
      "Nothing was found.",
      "! Write it as /search WORDS: find WORDS in the history.",
    ]);

    // Through a pipe, too: a client that half-closes still gets what it asked for.
    using pipe = await new PlainClient().open(server.port);
    pipe.sendBytes(`${wim}\n/search no such animal`);
    pipe.halfClose();
    await pipe.closed;
    expect(pipe.received.items).toContain("Nothing was found.");
    expect(pipe.received.items).toContain(`${wim} left`);
  });

  test("lines of a pipe are said, the last without LF too, then nc leaves", async () => {
    const [kim, lou] = [fresh("kim"), fresh("lou")];
    using lurker = await PlainClient.join(server.port, lou);
    using pipe = await new PlainClient().open(server.port);
    pipe.sendBytes(`${kim}\nhi\nlast words`);
    pipe.halfClose();
    await pipe.closed;
    await lurker.line(`${kim} left`);
    const heard = lurker.received.items.filter((line) => line.startsWith(kim));
    expect(heard).toEqual([`${kim} joined`, `${kim}: hi`, `${kim}: last words`, `${kim} left`]);
    expect(pipe.received.items).toContain(`${kim}: last words`);
  });

  test("a program that half-closes still gets what it asked for", async () => {
    const name = fresh("mo");
    using program = await new JsonClient().open(server.port);
    program.send({ type: "join", name });
    program.send({ type: "say", text: "one", id: "1" });
    program.halfClose();
    await program.closed;
    const own = program.events.filter((event) => Object.values(event).includes(name));
    expect(own.map(({ type }) => type)).toEqual(["joined", "said"]);
  });

  test("a client that vanishes, resets or is silent takes none along", async () => {
    using lurker = await PlainClient.join(server.port, fresh("ned"));
    for (const bytes of ["", "half a na", `${fresh("oz")}\n`, `${fresh("pam")}\nhi\nand ha`, '{"type":"jo']) {
      const client = await new PlainClient().open(server.port);
      client.sendBytes(bytes);
      client.socket?.terminate();
    }
    using last = await PlainClient.join(server.port, fresh("quin"));
    last.say("still here");
    await lurker.line("still here");
  });

  describe("bad input is answered to its sender alone, and costs nothing else", () => {
    test.each<[input: string | Uint8Array, code: string]>([
      ["not json\n", "bad-json"],
      ["[]\n", "bad-command"],
      ["null\n", "bad-command"],
      ["{}\n", "bad-command"],
      ['{"type":"dance"}\n', "unknown-command"],
      ['{"type":"constructor"}\n', "unknown-command"],
      ['{"type":"say"}\n', "bad-field"],
      ['{"type":"say","text":""}\n', "empty"],
      ['{"type":"say","text":7}\n', "bad-field"],
      ['{"type":"say","text":"x","id":{}}\n', "bad-field"],
      [`{"type":"say","text":"${"x".repeat(4001)}"}\n`, "too-long"],
      [`{"type":"say","text":"${"\\n".repeat(20)}x"}\n`, "too-long"],
      [`{"type":"say","text":"${"x".repeat(17_000)}"}\n`, "too-long"],
      [`${"x".repeat(200_000)}\n`, "too-long"],
      [Uint8Array.of(0xff, 0xfe, 0x80, 10), "not-utf8"],
      [Uint8Array.of(0, 1, 2, 3, 27, 10), "bad-json"],
      ['{"type":"join"}\n', "bad-field"],
      ['{"type":"join","name":"other"}\n', "already-joined"],
      ['{"type":"tell","to":"nobody-at-all","text":"x"}\n', "no-such-member"],
      ['{"type":"rename","name":""}\n', "bad-name"],
      ['{"type":"rename","name":"server"}\n', "name-reserved"],
      [`{"type":"rename","name":"${"x".repeat(33)}"}\n`, "bad-name"],
      ['{"type":"rename","name":"q\u0301\u0301\u0301\u0301"}\n', "bad-name"],
    ])("bad input %p is answered to its sender alone", async (input, code) => {
      using lurker = await JsonClient.join(server.port, fresh("ray"));
      using sender = await JsonClient.join(server.port, fresh("sue"));
      await lurker.event("joined", { name: `sue${names}` });
      const before = lurker.received.items.length;
      sender.sendBytes(input);
      sender.send({ type: "say", text: "still works", id: "next" });
      const said = await sender.event("said", { id: "next" });
      expect(sender.received.items).toContainEqual(expect.objectContaining({ type: "error", code }));
      await lurker.event("said", { id: "next" });
      expect(lurker.received.items.slice(before)).toEqual([said]);
    });
  });

  test("a program may ask for nothing before it has joined", async () => {
    using program = await new JsonClient().open(server.port);
    program.send({ type: "say", text: "hi", id: "1" });
    program.send({ type: "who" });
    program.send({ type: "join", name: "" });
    program.send({ type: "join", name: fresh("tom") });
    await program.event("welcome");
    const codes = program.received.items.flatMap((event) => (event.type === "error" ? [event.code] : []));
    expect(codes).toEqual(["not-joined", "not-joined", "bad-name"]);
  });

  test("control characters reach no terminal", async () => {
    using lurker = await PlainClient.join(server.port, fresh("uma"));
    using attacker = await JsonClient.join(server.port, fresh("vic"));
    attacker.send({ type: "say", text: "\x1b[2J\x1b]0;owned\x07\u202e\u200bend" });
    const line = await lurker.line("end");
    expect(line).toMatch(/^vic\d+: ␛\[2J␛\]0;owned␇��end$/);
  });
});

test("the last lines come first, then the present, each once", async () => {
  await using server = await Server.start(["--stay"]);
  using writer = await JsonClient.join(server.port, "writer");
  for (let i = 1; i <= 200; i++) writer.send({ type: "say", text: `line ${i}` });
  await writer.event("said", { text: "line 100" });
  // Joined in the middle of what is still being said.
  using program = await JsonClient.join(server.port, "program");
  using person = await PlainClient.join(server.port, "person");
  writer.send({ type: "say", text: "the end" });
  await program.event("said", { text: "the end" });
  await person.line("the end");

  const welcome = await program.event("welcome");
  const history = await program.event("history");
  expect(history.events).toHaveLength(50);
  expect(history.events.at(-1)?.seq).toBe(welcome.seq);
  const seqs = [...history.events, ...program.events].map(({ seq }) => seq);
  expect(seqs).toEqual(Array.from(seqs, (_, i) => (seqs[0] ?? 0) + i));

  const lines = person.received.items;
  const own = lines.indexOf("person joined");
  expect(lines.slice(1, own).length).toBeGreaterThanOrEqual(20);
  using none = await JsonClient.join(server.port, "none", { history: 0 });
  await none.event("joined", { name: "none" });
  expect(none.received.items.map(({ type }) => type)).toEqual(["welcome", "joined"]);
});

test("the history outlives the server, and positions in it go on", async () => {
  using folder = temporaryFolder();
  const history = join(folder.path, "deep", "room.sqlite");
  let epoch = "";
  {
    await using server = await Server.start(["--history", history]);
    using ada = await JsonClient.join(server.port, "ada");
    ({ epoch } = await ada.event("welcome"));
    ada.send({ type: "say", text: "remember me" });
    ada.send({ type: "quit" });
    await ada.event("bye", { code: "left" });
    expect(await server.exited).toBe(0);
  }
  await using server = await Server.start(["--history", history]);
  await server.line(/room\.sqlite/);
  using bob = await JsonClient.join(server.port, "bob");
  const { events } = await bob.event("history");
  expect(events.map(({ type }) => type)).toEqual(["joined", "said", "left"]);
  // Each start begins an epoch, since the file may be an older copy; a position in the one before is still one.
  using cyd = await JsonClient.join(server.port, "cyd", { epoch, after: 1 });
  expect(await cyd.event("welcome")).toMatchObject({ resumed: true });
  await cyd.event("said", { text: "remember me", seq: 2 });
  await cyd.roundTrip();
  expect(cyd.received.items.map(({ type }) => type)).not.toContain("gap");
});

test("a join after a position is told the last messages behind it alone", async () => {
  await using server = await Server.start(["--keep", "100"]);
  using ada = await JsonClient.join(server.port, "ada");
  const { epoch, seq } = await ada.event("welcome");
  for (let i = 1; i <= 30; i++) ada.send({ type: "say", text: `${i}` });
  await ada.event("said", { text: "30" });
  for (let i = 0; i < 20; i++) {
    using guest = await PlainClient.join(server.port, `guest${i}`);
    guest.say("/quit");
    await guest.closed;
  }
  const saidIn = async (client: JsonClient) =>
    (await client.event("history")).events.filter(({ type }) => type === "said");
  const types = (client: JsonClient) => client.received.items.slice(0, 3).map(({ type }) => type);
  using bob = await JsonClient.join(server.port, "bob", { epoch, after: seq + 1, history: 5 });
  expect(await bob.event("welcome")).toMatchObject({ resumed: true });
  expect(await saidIn(bob)).toMatchObject(["26", "27", "28", "29", "30"].map((text) => ({ text })));
  await bob.event("joined", { name: "bob" });
  expect(types(bob)).toEqual(["welcome", "history", "joined"]);
  // The position is in the middle of them, or behind all.
  const last = ada.events.find((event) => "text" in event && event.text === "28")?.seq ?? 0;
  using cyd = await JsonClient.join(server.port, "cyd", { epoch, after: last, history: 5 });
  expect(await saidIn(cyd)).toMatchObject([{ text: "29" }, { text: "30" }]);
  const { seq: now } = await bob.event("welcome");
  using dan = await JsonClient.join(server.port, "dan", { epoch, after: now, history: 5 });
  expect(await saidIn(dan)).toEqual([]);
  // Of another room nothing is known, so it is a history as any newcomer's.
  using eve = await JsonClient.join(server.port, "eve", { epoch: "another", after: 3, history: 2 });
  expect(await saidIn(eve)).toMatchObject([{ text: "29" }, { text: "30" }]);
  expect(types(eve)).toEqual(["welcome", "gap", "history"]);
  expect(await eve.event("gap")).toMatchObject({ from: 0 });
  // The server does not keep the first of the missed messages any more.
  for (let i = 31; i <= 150; i++) ada.send({ type: "say", text: `${i}` });
  await ada.event("said", { text: "150" });
  using fay = await JsonClient.join(server.port, "fay", { epoch, after: 2, history: 1 });
  expect(await fay.event("welcome")).toMatchObject({ resumed: true });
  expect(await fay.event("gap")).toMatchObject({ from: 3 });
  expect(await saidIn(fay)).toMatchObject([{ text: "150" }]);
});

test("a member who writes too fast is told to wait, and loses nothing", async () => {
  await using server = await Server.start(["--rate", "100"]);
  using ada = await JsonClient.join(server.port, "ada");
  using bob = await JsonClient.join(server.port, "bob");
  for (let i = 1; i <= 15; i++) ada.send({ type: "say", text: `calm ${i}` });
  await bob.event("said", { text: "calm 15" });
  expect(ada.received.items.filter(({ type }) => type === "error")).toEqual([]);
  const fast60 = Array.from({ length: 60 }, (_, i) => JSON.stringify({ type: "say", text: `fast ${i + 1}` }));
  ada.sendBytes(`${fast60.join("\n")}\n`);
  const told = await ada.event("error", { code: "slow-down" });
  expect(told.retryAfterMs).toBeGreaterThan(100);
  await bob.event("said", { text: "fast 60" });
  const fast = bob.texts.filter((text) => text.startsWith("fast"));
  expect(fast).toEqual(Array.from({ length: 60 }, (_, i) => `fast ${i + 1}`));
});
