// What a client of IRC can do in the room, and what it is told: its own lines, its seat, its passwords.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Operators } from "../../../../lib/server/session/operators.ts";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, order } from "./fake-room.ts";
import { pass, turn } from "./fake-socket.ts";
import { IrcClient, ircClient } from "./irc-client.ts";

setDefaultTimeout(testMs);
inFakeRoom();

describe("its own lines", () => {
  test("what a client says does not come back to it, but to all others", async () => {
    const [ada, bob] = [await ircClient("ada"), await ircClient("bob")];
    ada.lines();
    expect(await ada.send("PRIVMSG #room :hi", "NOTICE #ROOM :beep", "PRIVMSG bob :psst")).toEqual([]);
    expect(await bob.send()).toEqual([
      ":ada!u@ada PRIVMSG #room :hi",
      ":ada!u@ada NOTICE #room :beep",
      ":ada!u@ada PRIVMSG bob :psst",
    ]);
    expect(await ada.send("NICK eve")).toEqual([":ada!u@ada NICK :eve"]);
  });

  test("with echo-message all of it comes back", async () => {
    const ada = await ircClient("ada", "echo-message");
    expect(await ada.send("PRIVMSG #room :\x02hi", "PRIVMSG #room :\x01ACTION waves\x01")).toEqual([
      ":ada!u@ada PRIVMSG #room :hi",
      ":ada!u@ada PRIVMSG #room :\x01ACTION waves\x01",
    ]);
  });

  test("a whisper to oneself comes once, or twice with echo-message", async () => {
    const [ada, eve] = [await ircClient("ada"), await ircClient("eve", "echo-message")];
    expect(await ada.send("PRIVMSG Ada :note")).toContain(":ada!u@ada PRIVMSG ada :note");
    expect(await eve.send("PRIVMSG eve :note")).toEqual(Array(2).fill(":eve!u@eve PRIVMSG eve :note"));
  });

  test("a slow client gets all that others said, and nothing of its own", async () => {
    const [ada, bob] = [await ircClient("ada"), await ircClient("bob")];
    ada.lines();
    ada.socket.takes = 0;
    const long = "x".repeat(2_000);
    for (let i = 0; i < 900; i++) {
      if (i % 10 === 0) await ada.send(`PRIVMSG #room :mine ${i}`);
      bob.socket.session.receive(Buffer.from(`PRIVMSG #room :${i} ${long}\r\n`));
      if (i % 50 === 0) await turn();
    }
    ada.socket.takes = Infinity;
    ada.socket.session.drained();
    for (let i = 0; i < 50; i++) await turn();
    const heard = ada.lines();
    expect(heard.map((line) => line.replace(":bob!u@bob PRIVMSG #room :", "")).join("")).toBe(
      Array.from({ length: 900 }, (_, i) => `${i} ${long}`).join(""),
    );
  });
});

describe("its seat", () => {
  test("PART gives the seat up, and JOIN takes another on the same connection", async () => {
    const [ada, bob] = [await ircClient("ada"), await ircClient("bob")];
    ada.lines();
    expect(
      await ada.send(
        "PART #room :back soon",
        "PRIVMSG #room :x",
        "NICK eve",
        "JOIN #room",
        "PRIVMSG #room :y",
      ),
    ).toEqual([
      ":ada!u@ada PART #room :back soon",
      ":chat.room 404 ada #room :Cannot send to channel: /join it first",
      ":ada!u@ada NICK :eve",
      ":eve!u@eve JOIN #room",
      ":chat.room 353 eve = #room :bob eve",
      ":chat.room 366 eve #room :End of /NAMES list",
    ]);
    expect(await bob.send()).toEqual([
      ":ada!u@ada QUIT :back soon",
      ":eve!u@eve JOIN #room",
      ":eve!u@eve PRIVMSG #room :y",
    ]);
  });

  test("PART and JOIN take a list of channels, of which one is there", async () => {
    const ada = await ircClient("ada");
    const none = (channel: string) => `:chat.room 403 ada ${channel} :No such channel: there is #room alone`;
    expect(await ada.send("PART #a,#Room,#b :bye", "PART #a,#room")).toEqual([
      none("#a"),
      none("#b"),
      ":ada!u@ada PART #room :bye",
      none("#a"),
      ":chat.room 442 ada #room :You're not on that channel",
    ]);
    expect((await ada.send("JOIN #a,#room")).slice(0, 2)).toEqual([none("#a"), ":ada!u@ada JOIN #room"]);
  });

  test("a kicked client stays connected, and may join again", async () => {
    const ada = await ircClient("ada");
    order({ type: "kick", name: "ada", text: "behave" });
    expect(await ada.send()).toEqual([
      ":server!u@server KICK #room ada :behave",
      ":chat.room NOTICE ada :You were kicked by server: behave. /join #room brings you back.",
    ]);
    expect((await ada.send("JOIN #room"))[0]).toBe(":ada!u@ada JOIN #room");
  });

  test("a client that quits in the turn in which it is kicked is gone", async () => {
    for (const leave of ["QUIT", "end"]) {
      const ada = await ircClient("ada");
      order({ type: "kick", name: "ada" });
      if (leave === "end") ada.socket.session.inputEnded();
      else ada.socket.session.receive(Buffer.from("QUIT\r\n"));
      expect((await ada.send()).at(-1)).toBe("ERROR :Closing Link: ada (You were kicked by server)");
      expect(ada.socket.acts.at(-1)).toBe(leave === "end" ? "end" : "shutdown");
    }
  });

  test("a slow client is kicked behind all that was said before", async () => {
    const [ada, bob] = [await ircClient("ada"), await ircClient("bob")];
    await ada.send();
    ada.socket.takes = 0;
    await bob.send("PRIVMSG #room :one", "PRIVMSG #room :two");
    order({ type: "kick", name: "ada" });
    await turn();
    await ada.send("JOIN #room");
    await bob.send("PRIVMSG #room :three");
    ada.socket.takes = Infinity;
    ada.socket.session.drained();
    expect((await ada.send()).slice(0, 5)).toEqual([
      ":bob!u@bob PRIVMSG #room :one",
      ":bob!u@bob PRIVMSG #room :two",
      ":server!u@server KICK #room ada :server",
      ":chat.room NOTICE ada :You were kicked by server. /join #room brings you back.",
      ":ada!u@ada JOIN #room",
    ]);
  });

  test("a client that leaves and reads nothing is not waited for", async () => {
    const ada = await ircClient("ada");
    ada.socket.takes = 0;
    await ada.send("PART #room");
    await pass(90_000, 5_000);
    expect(ada.socket.acts).toContain("terminate");
  });

  test("a banned client is told why, and its connection ends", async () => {
    const ada = await ircClient("ada");
    order({ type: "ban", name: "ada" });
    expect((await ada.send()).slice(-2)).toEqual([
      ":chat.room 465 ada :You were banned by server",
      "ERROR :Closing Link: ada (You were banned by server)",
    ]);
    const again = new IrcClient();
    expect((await again.send("NICK ada", "USER a 0 * :a")).at(-1)).toBe(
      "ERROR :Closing Link: * (You are banned from this room)",
    );
  });

  test("a taken or impossible nick is told, and another one is taken", async () => {
    await ircClient("ada");
    const client = new IrcClient();
    expect(await client.send("NICK ada", "USER a 0 * :a")).toEqual([
      ':chat.room 433 * ada :"ada" is taken: choose another name',
    ]);
    expect((await client.send("NICK a.b"))[0]).toMatch(/^:chat\.room 432 \* a\.b :A name is made of/);
    expect((await client.send("NICK [ada]"))[0]).toBe(
      ":chat.room 001 _ada_ :Welcome to the chat room, _ada_",
    );
    expect((await client.send("NICK ada"))[0]).toMatch(/^:chat\.room 433 _ada_ ada :/);
  });

  test("a silent client is asked, and then gone", async () => {
    const ada = await ircClient("ada");
    await pass(46_000, 1_000);
    expect(ada.lines().at(-1)).toBe("PING :chat.room");
    await ada.send("PONG :chat.room");
    await pass(46_000, 1_000);
    expect(ada.lines()).toEqual(["PING :chat.room"]);
    await pass(46_000, 1_000);
    expect(ada.lines()).toEqual(["ERROR :Closing Link: ada (Nothing was heard of you for 90 s)"]);
  });

  test("registration costs nothing, what follows is paid for", async () => {
    const client = new IrcClient({ rate: { burst: 3, perSecond: 1 } });
    const many = Array.from({ length: 20 }, () => "CAP REQ server-time");
    const lines = await client.send(...many, "NICK ada", "USER a 0 * :a", "CAP END");
    expect(lines.at(-1)).toContain(" 366 ");
    expect((await client.send(...Array(5).fill("VERSION"))).at(-1)).toContain("NOTICE ada :Slow down: ");
  });

  test.each([
    ["before it is registered", ["NICK ada"]],
    [
      "in a batch",
      ["USER a 0 * :a", "NICK ada", "BATCH +1 draft/multiline #room", "@batch=1 PRIVMSG #room :x"],
    ],
  ])("what is no line at all is paid for, %s too", async (_, before) => {
    const client = new IrcClient({ rate: { burst: 3, perSecond: 1 } });
    await client.send(...before);
    client.socket.session.receive(Buffer.from("\xff\n".repeat(20), "latin1"));
    expect((await client.send()).at(-1)).toContain(":Slow down: ");
  });
});

describe("passwords", () => {
  const options = { password: "geheim", operators: new Operators("natty") };

  test("PASS and SASL give the room's password", async () => {
    const [pass, sasl] = [new IrcClient(options), new IrcClient(options)];
    expect((await pass.send("PASS geheim", "NICK ada", "USER a 0 * :a"))[0]).toContain(" 001 ada ");
    const secret = Buffer.from("\0bob\0geheim").toString("base64");
    await sasl.send("CAP REQ sasl", "NICK bob", "USER b 0 * :b");
    expect(await sasl.send("AUTHENTICATE PLAIN", `AUTHENTICATE ${secret}`)).toEqual([
      "AUTHENTICATE +",
      ":chat.room 900 * bob!u@bob bob :You are now logged in",
      ":chat.room 903 * :SASL authentication successful",
    ]);
    expect((await sasl.send("CAP END"))[0]).toContain(" 001 bob ");
  });

  test.each([
    [
      "AUTHENTICATE FOO",
      [
        ":chat.room 908 * PLAIN :are available SASL mechanisms",
        ":chat.room 904 * :SASL authentication failed",
      ],
    ],
    ["AUTHENTICATE *", [":chat.room 906 * :SASL authentication aborted"]],
    [
      "AUTHENTICATE PLAIN|AUTHENTICATE %%%",
      ["AUTHENTICATE +", ":chat.room 904 * :SASL authentication failed"],
    ],
    [
      `AUTHENTICATE PLAIN|AUTHENTICATE ${"x".repeat(401)}`,
      ["AUTHENTICATE +", ":chat.room 905 * :SASL message too long"],
    ],
  ])("%s", async (sent, got) => {
    expect(
      await new IrcClient(options).send("CAP REQ sasl", ...sent.split("|")).then((lines) => lines.slice(1)),
    ).toEqual(got);
  });

  test("without the password, or with another one, the connection ends", async () => {
    const [none, wrong] = [new IrcClient(options), new IrcClient(options)];
    expect(await none.send("NICK ada", "USER a 0 * :a")).toEqual([
      ":chat.room 464 * :This room has a password: what is it?",
      "ERROR :Closing Link: * (This room has a password: what is it?)",
    ]);
    await wrong.send("PASS falsch", "NICK ada", "USER a 0 * :a");
    await pass(5_000, 500);
    expect(wrong.socket.text).toContain("ERROR :Closing Link: * (That is not the password: what is it?)");
  });

  test("a wrong key for the channel keeps out no client that gave the password", async () => {
    const ada = new IrcClient(options);
    await ada.send("PASS geheim", "NICK ada", "USER a 0 * :a", "PART #room");
    expect((await ada.send("JOIN #room falsch"))[0]).toBe(":ada!u@ada JOIN #room");
    const eve = new IrcClient(options);
    await eve.send("PASS geheim:a-key-of-eve", "NICK eve", "USER e 0 * :e");
    await eve.send("PART #room");
    expect((await eve.send("JOIN #room geheim"))[0]).toBe(":eve!u@eve JOIN #room");
  });

  test("a colon in the room's password is a part of it", async () => {
    const password = "open:sesame-sesame";
    const [first, second] = [new IrcClient({ password }), new IrcClient({ password })];
    const ada = ["NICK ada", "USER ada 0 * :ada"];
    expect((await first.send(`PASS ${password}`, ...ada, "QUIT"))[0]).toContain(" 001 ada ");
    const plain = Buffer.from(`\0ada\0${password}:some-long-key`).toString("base64");
    const sasl = ["CAP REQ sasl", "AUTHENTICATE PLAIN", `AUTHENTICATE ${plain}`, "CAP END"];
    expect((await second.send(...sasl, ...ada)).join("\n")).toContain(" 001 ada ");
    const third = new IrcClient({ password });
    expect((await third.send(`PASS ${password}`, ...ada))[0]).toContain(' 433 * ada :"ada" belongs to a key');
  });

  test("a key behind the password owns the name, and brings its holder back", async () => {
    const key = "a-key-of-my-own";
    const first = new IrcClient(options);
    const bob = new IrcClient(options);
    await bob.send("PASS geheim", "NICK bob", "USER b 0 * :b");
    await first.send(`PASS geheim:${key}`, "NICK ada", "USER a 0 * :a");
    const thief = new IrcClient(options);
    expect((await thief.send("PASS geheim", "NICK ada", "USER a 0 * :a")).at(-1)).toMatch(/ 433 \* ada :/);
    bob.lines();
    const opening = ["CAP REQ server-time", `PASS geheim:${key}`, "NICK ada", "USER a 0 * :a", "CAP END"];
    await bob.send("PRIVMSG #room :seen");
    const second = new IrcClient(options);
    expect((await second.send(...opening))[1]).toContain(" 001 ada ");
    expect(second.socket.text).not.toContain("seen");
    expect(first.socket.text).toContain("ERROR :Closing Link: ada (You joined from another place)");
    await bob.send("PRIVMSG #room :read by the second");
    await second.send();
    second.socket.session.closed();
    await bob.send("PRIVMSG #room :missed", "PRIVMSG ada :missed, too");
    const third = new IrcClient(options);
    expect((await third.send(...opening)).slice(-3)).toEqual([
      ":chat.room 366 ada #room :End of /NAMES list",
      "@time=NOW :bob!u@bob PRIVMSG #room :missed",
      "@time=NOW :bob!u@bob PRIVMSG ada :missed, too",
    ]);
    // To all others nothing has happened.
    expect(await bob.send()).toEqual([]);
  });

  test.each(["server-time", "batch", "draft/chathistory", ""])(
    "whispers that waited for an owner are shown to it, with %p",
    async (capabilities) => {
      const bob = await ircClient("bob");
      const opening = [
        "PASS :a-key-of-my-own",
        `CAP REQ :${capabilities}`,
        "NICK ada",
        "USER a 0 * :a",
        "CAP END",
      ];
      await new IrcClient().send(...opening, "QUIT");
      await bob.send("PRIVMSG #room :to all", "PRIVMSG ada :to ada");
      const shown = await new IrcClient().send(...opening);
      expect(shown.filter((line) => line.includes("to ada"))).toEqual([
        expect.stringMatching(/^(@time=NOW )?:bob!u@bob PRIVMSG ada :to ada$/),
      ]);
    },
  );

  test("a person who whispers to an absent owner is told so, a program is not", async () => {
    await new IrcClient().send("PASS :a-key-of-my-own", "NICK ada", "USER a 0 * :a", "QUIT");
    const [bob, eve] = [await ircClient("bob"), await ircClient("eve", "echo-message")];
    const away = "ada :Not here, and reads it later";
    expect(await bob.send("PRIVMSG ada :psst", "NOTICE ada :beep")).toEqual([
      expect.stringContaining("JOIN"),
      `:chat.room 301 bob ${away}`,
    ]);
    expect(await eve.send("PRIVMSG ada :psst", "NOTICE ada :beep")).toEqual([
      ":eve!u@eve PRIVMSG ada :psst",
      `:chat.room 301 eve ${away}`,
      ":eve!u@eve NOTICE ada :beep",
    ]);
  });
});
