// Features that programs and phones ask for in IRC: labels, messages of several lines, the history; and how the server
// tells a client of its errors.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { limits } from "../../../../lib/protocol/events.ts";
import { Operators } from "../../../../lib/server/session/operators.ts";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, joined, room } from "./fake-room.ts";
import { turn, unlimited } from "./fake-socket.ts";
import { IrcClient, ircClient } from "./irc-client.ts";

setDefaultTimeout(testMs);
inFakeRoom();

const all =
  "batch draft/chathistory draft/multiline echo-message labeled-response message-tags standard-replies";

describe("labels", () => {
  test("an answer, an echo, a change and nothing have the label", async () => {
    const ada = await ircClient("ada", all);
    expect(
      await ada.send(
        "@label=1 PRIVMSG #room :hi",
        "@label=2 NICK eve",
        "@label=3 NICK eve",
        "@label=4 VERSION",
      ),
    ).toEqual([
      "@label=1;msgid=X-2 :ada!u@ada PRIVMSG #room :hi",
      "@label=2;msgid=X-3 :ada!u@ada NICK :eve",
      "@label=3 :chat.room ACK",
      "@label=4 :chat.room 351 eve chatroom-0.1.0 chat.room :",
    ]);
    expect(await ada.send("@label=5 NAMES", "@label=6 PRIVMSG bob :x", "@label=7 TAGMSG #room")).toEqual([
      "@label=5 :chat.room BATCH +b1 labeled-response",
      "@batch=b1 :chat.room 353 eve = #room :eve",
      "@batch=b1 :chat.room 366 eve #room :End of /NAMES list",
      ":chat.room BATCH -b1",
      "@label=6 :chat.room 401 eve bob :No such nick",
      "@label=7 :chat.room ACK",
    ]);
  });

  test("without echo-message what was said is acknowledged", async () => {
    const ada = await ircClient("ada", "batch labeled-response");
    expect(
      await ada.send("@label=1 PRIVMSG #room :hi", "@label=2 PART #room", "@label=3 JOIN #room"),
    ).toEqual([
      "@label=1 :chat.room ACK",
      "@label=2 :ada!u@ada PART #room",
      "@label=3 :chat.room BATCH +b1 labeled-response",
      "@batch=b1 :ada!u@ada JOIN #room",
      "@batch=b1 :chat.room 353 ada = #room :ada",
      "@batch=b1 :chat.room 366 ada #room :End of /NAMES list",
      ":chat.room BATCH -b1",
    ]);
  });
});

describe("messages of several lines", () => {
  test("a batch is one message, to all", async () => {
    const ada = await ircClient("ada", all);
    const jane = await joined("jane");
    await ada.send();
    const sent = ["one", "", "two "].map((text) => `@batch=1 PRIVMSG #room :${text}`);
    const last = "@batch=1;draft/multiline-concat PRIVMSG #room :three";
    expect(await ada.send("@label=x BATCH +1 draft/multiline #room", ...sent, last, "BATCH -1")).toEqual([
      "@label=x;msgid=X-3 :ada!u@ada BATCH +m3 draft/multiline #room",
      ...["one", "", "two three"].map((text) => `@batch=m3 :ada!u@ada PRIVMSG #room :${text}`),
      ":chat.room BATCH -m3",
    ]);
    expect(jane.events.at(-1)).toMatchObject({ type: "said", text: "one\n\ntwo three" });
  });

  test.each([
    [
      "a blank one",
      ["BATCH +1 draft/multiline #room", "@batch=1 PRIVMSG #room :", "BATCH -1"],
      "MULTILINE_INVALID",
    ],
    ["another type", ["BATCH +1 netsplit a b", "BATCH -1"], "MULTILINE_INVALID"],
    ["the end alone", ["BATCH -1"], "MULTILINE_INVALID"],
    [
      "a nested one",
      ["BATCH +1 draft/multiline #room", "BATCH +2 draft/multiline #room", "BATCH -1"],
      "MULTILINE_INVALID",
    ],
    [
      "another target",
      ["BATCH +1 draft/multiline #room", "@batch=1 PRIVMSG bob :x", "BATCH -1"],
      "MULTILINE_INVALID_TARGET",
    ],
    ["a stray tag", ["@batch=7 PRIVMSG #room :x"], "MULTILINE_INVALID"],
    [
      "too many lines",
      ["BATCH +1 draft/multiline #room", ...Array(25).fill("@batch=1 PRIVMSG #room :x"), "BATCH -1"],
      "MULTILINE_MAX_LINES",
    ],
    [
      "too many bytes",
      ["BATCH +1 draft/multiline #room", `@batch=1 PRIVMSG #room :${"x".repeat(4_001)}`, "BATCH -1"],
      "MULTILINE_MAX_BYTES",
    ],
  ])("a batch is refused once: %s", async (_, sent, code) => {
    const ada = await ircClient("ada", all);
    const refused = await ada.send(...sent);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toStartWith(`:chat.room FAIL BATCH ${code} `);
    expect(await ada.send("PRIVMSG #room :hi")).toEqual(["@msgid=X-2 :ada!u@ada PRIVMSG #room :hi"]);
  });

  test.each([
    "@batch=1 TAGMSG #room|BATCH -1",
    "@batch=1 PRIVMSG #room :  |BATCH -1",
    "BATCH -1",
    "BATCH -2",
    "BATCH +2 draft/multiline #room",
    "@batch=1 PRIVMSG bob :x",
    "@batch=1 PRIVMSG #room :x|@batch=1 NOTICE #room :x",
  ])("a refusal has the label that its batch began with: %s", async (sent) => {
    const ada = await ircClient("ada", all);
    expect(await ada.send("@label=x BATCH +1 draft/multiline #room", ...sent.split("|"))).toEqual([
      expect.stringMatching(/^@label=x :chat\.room FAIL BATCH MULTILINE_INVALID/),
    ]);
    const stray = ["@label=y BATCH -7", "@label=y;batch=7 PRIVMSG #room :x", "@label=y BATCH +7 netsplit a"];
    for (const line of stray)
      expect((await ada.send(line)).join()).toStartWith("@label=y :chat.room FAIL BATCH ");
  });
});

describe("the history", () => {
  const said = (who: string, seq: number, text: string) =>
    `@batch=b1;msgid=X-${seq} :${who}!u@${who} PRIVMSG #room :${text}`;

  test("who joins is shown the last messages, between two notices", async () => {
    const jane = await joined("jane");
    jane.send({ type: "say", text: "before" });
    await turn();
    const ada = new IrcClient();
    expect((await ada.send("CAP REQ server-time", "NICK ada", "USER a 0 * :a", "CAP END")).slice(-3)).toEqual(
      [
        ":chat.room NOTICE #room :What was said before, since NOW:",
        "@time=NOW :jane!u@jane PRIVMSG #room :before",
        ":chat.room NOTICE #room :That was before you came.",
      ],
    );
    const bot = new IrcClient();
    expect((await bot.send("NICK bot", "USER a 0 * :a")).at(-1)).toContain(" 366 ");
  });

  test("who comes back is shown only what it missed", async () => {
    const jane = await joined("jane", { rate: unlimited });
    const ada = await ircClient("ada", "server-time");
    jane.send({ type: "say", text: "seen" });
    await ada.send("QUIT");
    for (let i = 0; i < 60; i++) {
      const passing = await ircClient(`guest${i}`);
      await passing.send("QUIT");
    }
    jane.send({ type: "say", text: "missed" });
    await turn();
    const again = new IrcClient();
    await again.send("CAP REQ :server-time", "NICK Ada", "USER a 0 * :a", "CAP END");
    expect(again.socket.text).toContain("PRIVMSG #room :missed");
    expect(again.socket.text).not.toContain("PRIVMSG #room :seen");
  });

  test("CHATHISTORY pages in every direction", async () => {
    const jane = await joined("jane", { rate: unlimited });
    for (let i = 2; i <= 9; i++) jane.send({ type: "say", text: `${i}` });
    await turn();
    const ada = await ircClient("ada", all);
    const { epoch } = room.channel;
    const ask = async (request: string) => {
      const lines = await ada.send(`CHATHISTORY ${request}`);
      while (!lines.some((line) => line.includes("BATCH -"))) lines.push(...(await ada.send()));
      return lines
        .slice(1, -1)
        .map((line) => line.replace(/^.*:/, ""))
        .join(" ");
    };
    expect(await ada.send("@label=7 CHATHISTORY LATEST #room * 2")).toEqual([
      "@label=7 :chat.room BATCH +b1 chathistory #room",
      said("jane", 8, "8"),
      said("jane", 9, "9"),
      ":chat.room BATCH -b1",
    ]);
    expect(await ask(`LATEST #room msgid=${epoch}-7 5`)).toBe("8 9");
    expect(await ask(`BEFORE #room msgid=${epoch}-5 2`)).toBe("3 4");
    expect(await ask(`AFTER #room msgid=${epoch}-5 2`)).toBe("6 7");
    expect(await ask(`AROUND #room msgid=${epoch}-5 4`)).toBe("3 4 5 6");
    expect(await ask(`BETWEEN #room msgid=${epoch}-3 msgid=${epoch}-6 5`)).toBe("4 5");
    expect(await ask(`BETWEEN #room msgid=${epoch}-6 msgid=${epoch}-3 1`)).toBe("5");
    for (const time of ["timestamp=2020-01-01T00:00:00.000Z", "timestamp=2200-01-01T00:00:00.000Z"]) {
      const isEarly = time.includes("2020");
      expect(await ask(`BETWEEN #room ${time} msgid=${epoch}-6 2`)).toBe(isEarly ? "2 3" : "8 9");
      expect(await ask(`BETWEEN #room msgid=${epoch}-6 ${time} 2`)).toBe(isEarly ? "4 5" : "7 8");
    }
    expect(await ask(`BETWEEN #room msgid=${epoch}-6 msgid=${epoch}-6 2`)).toBe("");
    expect(await ask(`BEFORE #room msgid=other-5 2`)).toBe("");
    expect(await ask("AFTER #room timestamp=2020-01-01T00:00:00.000Z 2")).toBe("2 3");
    expect(await ask("BEFORE #room timestamp=2200-01-01T00:00:00.000Z 2")).toBe("8 9");
    expect(await ask("AFTER #room timestamp=2200-01-01T00:00:00.000Z 2")).toBe("");
    expect(
      (
        await ada.send("CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00Z timestamp=2200-01-01T00:00:00Z 5")
      )[1],
    ).toMatch(/^@batch=b\d+ :chat\.room CHATHISTORY TARGETS #room NOW$/);
  });

  test("comings and goings are in it only with event-playback", async () => {
    const jane = await joined("jane", { rate: unlimited });
    jane.send({ type: "say", text: "one" }, { type: "rename", name: "eve" });
    await turn();
    const bare = await ircClient("ada", "batch draft/chathistory");
    const full = await ircClient("bob", "batch draft/chathistory draft/event-playback");
    const shown = async (client: IrcClient) =>
      (await client.send("CHATHISTORY LATEST #room * 9")).slice(1, -1);
    bare.lines();
    expect(await shown(bare)).toEqual(["@batch=b1 :jane!u@jane PRIVMSG #room :one"]);
    expect((await shown(full)).map((line) => line.split(" ")[2])).toEqual([
      "JOIN",
      "PRIVMSG",
      "NICK",
      "JOIN",
      "JOIN",
    ]);
  });

  test("what operators did is in it with event-playback", async () => {
    const operators = new Operators("cat", undefined);
    const ada = await ircClient("ada", `${all} draft/event-playback`, { operators });
    await ircClient("bob");
    const changes = ["+q bob", "-q bob", "+m", "-m", "+b eve", "-b eve"].map((one) => `MODE #room ${one}`);
    await ada.send("OPER ada cat", ...changes);
    const shown = await ada.send("CHATHISTORY LATEST #room * 6");
    const modes = shown.filter((line) => /^@batch=b1;.* MODE /.test(line));
    expect(modes.map((line) => line.replace(/^.* MODE #room /, ""))).toEqual([
      "+q bob!*@*",
      "-q bob!*@*",
      "+m",
      "-m",
      "+b eve!*@*",
      "-b eve!*@*",
    ]);
  });

  test.each([
    ["CHATHISTORY", ":chat.room 461 ada CHATHISTORY :Not enough parameters"],
    [
      "CHATHISTORY FOO #room * 5",
      ":chat.room FAIL CHATHISTORY INVALID_PARAMS FOO :There is no such subcommand",
    ],
    [
      "CHATHISTORY LATEST #room * x",
      ":chat.room FAIL CHATHISTORY INVALID_PARAMS LATEST :It needs a limit, a whole number above 0",
    ],
    [
      "CHATHISTORY BEFORE #room * 5",
      ":chat.room FAIL CHATHISTORY INVALID_PARAMS BEFORE :A place in the history is msgid=… or timestamp=…",
    ],
    [
      "CHATHISTORY LATEST #other * 5",
      ":chat.room FAIL CHATHISTORY INVALID_TARGET LATEST #other :Messages could not be retrieved",
    ],
    [
      "CHATHISTORY TARGETS msgid=x-1 msgid=x-2 5",
      ":chat.room FAIL CHATHISTORY INVALID_PARAMS TARGETS :It needs two times and a limit",
    ],
    [
      "CHATHISTORY LATEST #room * 0x5",
      ":chat.room FAIL CHATHISTORY INVALID_PARAMS LATEST :It needs a limit, a whole number above 0",
    ],
    ["SEARCH in=#room", ":chat.room FAIL SEARCH INVALID_PARAMS text :A search needs some words"],
    ["SEARCH text=x;before=noon", ":chat.room FAIL SEARCH INVALID_PARAMS before :A time is like NOW"],
  ])("%s is refused", async (sent, got) => {
    expect(await (await ircClient("ada", all)).send(sent)).toEqual([got]);
  });

  test("a client without batch is shown the history in lines alone", async () => {
    const ada = await ircClient("ada", "draft/chathistory");
    await ada.send("PRIVMSG #room :hi");
    const times = ["timestamp=2020-01-01T00:00:00.000Z", "timestamp=2200-01-01T00:00:00.000Z"].join(" ");
    expect(await ada.send("CHATHISTORY LATEST #room * 9", `CHATHISTORY TARGETS ${times} 9`)).toEqual([
      ":ada!u@ada PRIVMSG #room :hi",
      ":chat.room CHATHISTORY TARGETS #room NOW",
    ]);
  });

  test("SEARCH finds words, of one member too", async () => {
    const [jane, ada] = [
      await joined("jane", { rate: unlimited }),
      await ircClient("ada", `${all} soju.im/search`),
    ];
    jane.send({ type: "say", text: "green beans" }, { type: "tell", to: "ada", text: "secret beans" });
    await ada.send("PRIVMSG #room :red beans");
    const found = async (request: string) =>
      (await ada.send(`SEARCH ${request}`)).slice(1, -1).map((line) => line.replace(/^.*:/, ""));
    expect(await found("text=beans")).toEqual(["green beans", "red beans"]);
    expect(await found("text=beans;from=jane;in=#room;limit=5")).toEqual(["green beans"]);
    expect(await found("text=beans;in=jane")).toEqual(["secret beans"]);
    expect(await found("text=beans;in=ada;from=jane;limit=5")).toEqual([]);
    expect(await found("text=beans;before=2020-01-01T00:00:00.000Z")).toEqual([]);
    expect(await found("text=beans;after=2020-01-01T00:00:00Z;limit=1")).toEqual(["red beans"]);
    expect(await found("text=green\\sbeans")).toEqual(["green beans"]);
  });
});

describe("what is wrong is told to that client alone", () => {
  test.each([
    ["FOO bar", ":chat.room 421 ada FOO :Unknown command"],
    ["JOIN #other", ":chat.room 403 ada #other :No such channel: there is #room alone"],
    ["PART #other", ":chat.room 403 ada #other :No such channel: there is #room alone"],
    ["INVITE ada #other", ":chat.room 403 ada #other :No such channel: there is #room alone"],
    ["PRIVMSG", ":chat.room 411 ada :No recipient given (PRIVMSG)"],
    ["PRIVMSG #room", ":chat.room 412 ada :No text to send"],
    ["PRIVMSG #room :", ":chat.room 412 ada :No text to send"],
    ["PRIVMSG #room :\x02\x0304,05", ":chat.room 412 ada :No text to send"],
    ["PRIVMSG #room,bob :x", ":chat.room 407 ada #room,bob :Send it to one at a time"],
    ["PRIVMSG server :x", ":chat.room 401 ada server :No such nick"],
    ["NICK", ":chat.room 431 ada :No nickname given"],
    ["NICK a.b", expect.stringMatching(/^:chat\.room 432 ada a\.b :/)],
    ["USER a 0 * :a", ":chat.room 462 ada :You may not reregister"],
    ["PASS x", ":chat.room 462 ada :You may not reregister"],
    ["CAP FOO", ":chat.room 410 ada FOO :Invalid CAP command"],
    ["CAP REQ :server-time", ":chat.room CAP ada NAK :server-time"],
    ["CAP REQ :echo-message -nothing", ":chat.room CAP ada NAK :echo-message -nothing"],
    ["AUTHENTICATE PLAIN", ":chat.room 907 ada :You have already authenticated"],
    ["PING", ":chat.room 409 ada :No origin specified"],
    ["MODE bob", ":chat.room 401 ada bob :No such nick"],
    ["OPER a :", ":chat.room 461 ada OPER :Not enough parameters"],
    ["OPER a b", ":chat.room 491 ada :This room has no operator password"],
    ["TOPIC #room :x", ":chat.room 482 ada #room :That is for operators: /oper NAME PASSWORD makes you one"],
    [`@x=${"y".repeat(8_192)} PING x`, ":chat.room 417 ada :Input line was too long"],
    ["x".repeat(limits.lineBytes + 1), ":chat.room 417 ada :Input line was too long"],
    [
      `PRIVMSG #room :${"x".repeat(4_001)}`,
      expect.stringMatching(/^:chat\.room NOTICE ada :A message has at most 4000/),
    ],
  ])("%.40s", async (sent, got) => {
    const [ada, jane] = [await ircClient("ada"), await joined("jane")];
    await ada.send();
    expect(await ada.send(sent)).toEqual([got as string]);
    await turn();
    expect(jane.types).toEqual(["welcome", "history", "joined"]);
  });

  test.each([
    "NOTICE bob :x",
    "NOTICE",
    "NOTICE #room",
    "PRIVMSG #room :\x01VERSION\x01",
    "NOTICE #room :\x01ACTION waves\x01",
    "TAGMSG #room",
    "PONG x",
    "JOIN #room",
    "",
    ":x",
    "@a",
    "\0",
  ])("%j is passed over", async (sent) => {
    expect(await (await ircClient("ada")).send(sent)).toEqual([]);
  });

  test("bytes that are not UTF-8 are told in words that the client knows", async () => {
    const [ada, bob] = [await ircClient("ada"), await ircClient("bob", "standard-replies")];
    await ada.send();
    for (const { socket } of [ada, bob]) socket.session.receive(Buffer.from([0x50, 0xff, 0x0a]));
    expect(await ada.send()).toEqual([":chat.room NOTICE ada :A line must be UTF-8: this one was dropped"]);
    expect(await bob.send()).toEqual([
      ":chat.room FAIL * INVALID_UTF8 :A line must be UTF-8: this one was dropped",
    ]);
  });
});
