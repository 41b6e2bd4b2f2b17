// How the clients of IRC begin, in their own words, and what each of them waits for.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, joined } from "./fake-room.ts";
import { IrcClient } from "./irc-client.ts";

setDefaultTimeout(testMs);
inFakeRoom();

const offered =
  ":chat.room CAP * LS :batch cap-notify draft/chathistory draft/event-playback draft/multiline=max-bytes=4000,max-lines=20 draft/no-implicit-names echo-message labeled-response message-tags multi-prefix no-implicit-names sasl=PLAIN server-time soju.im/search standard-replies userhost-in-names";

const greeting = [
  ":chat.room 001 ada :Welcome to the chat room, ada",
  ":chat.room 002 ada :Your host is chat.room, running version chatroom-0.1.0",
  ":chat.room 003 ada :This server was created NOW",
  ":chat.room 004 ada chat.room chatroom-0.1.0 i bmnoqt boq",
  ":chat.room 005 ada CASEMAPPING=ascii CHANLIMIT=#:1 CHANMODES=bq,,,mnt CHANNELLEN=64 CHANTYPES=# CHATHISTORY=100 CLIENTTAGDENY=* KICKLEN=300 MODES=1 MSGREFTYPES=msgid,timestamp NETWORK=chatroom :are supported by this server",
  ":chat.room 005 ada NICKLEN=32 PREFIX=(ov)@+ SAFELIST TARGMAX=JOIN:,KICK:1,NAMES:1,NOTICE:1,PART:,PRIVMSG:1,WHOIS:1 TOPICLEN=300 UTF8ONLY WHOX soju.im/SAFERATE :are supported by this server",
  ":chat.room 422 ada :MOTD File is missing",
  ":ada!u@ada JOIN #room",
];
const names = [":chat.room 353 ada = #room :ada", ":chat.room 366 ada #room :End of /NAMES list"];

/** Each turn of the conversation: what the client sends, and what it gets. */
type Talk = [sent: string[], got: string[]][];

const openings: [client: string, talk: Talk][] = [
  [
    "irssi",
    [
      [
        ["CAP LS 302", "JOIN :"],
        [offered, ":chat.room 451 * :You have not registered"],
      ],
      [["CAP REQ :multi-prefix server-time"], [":chat.room CAP * ACK :multi-prefix server-time"]],
      [
        ["CAP END", "NICK ada", "USER ada ada localhost :Ada"],
        [...greeting, ...names],
      ],
      [
        ["MODE ada +i", "MODE #room", "WHO #room %tcuhnfdar,743", "MODE #room b"],
        [
          ":chat.room 221 ada +i",
          ":chat.room 324 ada #room +nt",
          ":chat.room 354 ada 743 #room u ada ada H 0 0 :ada",
          ":chat.room 315 ada #room :End of /WHO list",
          ":chat.room 368 ada #room :End of channel ban list",
        ],
      ],
    ],
  ],
  [
    "WeeChat",
    [
      [["CAP LS 302"], [offered]],
      [
        ["CAP REQ :message-tags multi-prefix server-time userhost-in-names", "NICK ada", "USER ada 0 * :ada"],
        [":chat.room CAP * ACK :message-tags multi-prefix server-time userhost-in-names"],
      ],
      [
        ["CAP END"],
        [
          ...greeting,
          ":chat.room 353 ada = #room :ada!u@ada",
          ":chat.room 366 ada #room :End of /NAMES list",
        ],
      ],
      [["MODE #room"], [":chat.room 324 ada #room +nt"]],
    ],
  ],
  [
    "HexChat",
    [
      [["CAP LS 302", "NICK ada", "USER ada 0 * :realname"], [offered]],
      [["CAP REQ :multi-prefix server-time "], [":chat.room CAP * ACK :multi-prefix server-time "]],
      [["CAP END"], [...greeting, ...names]],
      [["JOIN #room"], []],
    ],
  ],
  [
    "soju",
    [
      [["CAP LS 302", "NICK ada", "USER ada 0 * :ada"], [offered]],
      [
        ["CAP REQ :batch echo-message labeled-response message-tags multi-prefix server-time"],
        [":chat.room CAP * ACK :batch echo-message labeled-response message-tags multi-prefix server-time"],
      ],
      [["CAP END"], [...greeting, ...names]],
      [
        ["@label=1 MODE #room", "@label=2 ISON ada_"],
        ["@label=1 :chat.room 324 ada #room +nt", "@label=2 :chat.room 303 ada :"],
      ],
      [["@label=3 PRIVMSG #room :hi"], ["@label=3;time=NOW;msgid=X-2 :ada!u@ada PRIVMSG #room :hi"]],
      [["@label=4 PING x"], ["@label=4 :chat.room PONG chat.room :x"]],
    ],
  ],
  [
    "senpai, in one burst",
    [
      [
        [
          "CAP LS 302",
          ...["batch", "cap-notify", "echo-message", "labeled-response", "message-tags", "server-time"].map(
            (name) => `CAP REQ ${name}`,
          ),
          "CAP REQ away-notify",
          "CAP REQ draft/chathistory",
          "NICK ada",
          "USER ada 0 * ada",
          "METADATA * SUB avatar",
          "CAP END",
          "BOUNCER LISTNETWORKS",
        ],
        [
          offered,
          ...["batch", "cap-notify", "echo-message", "labeled-response", "message-tags", "server-time"].map(
            (name) => `:chat.room CAP * ACK :${name}`,
          ),
          ":chat.room CAP * NAK :away-notify",
          ":chat.room CAP * ACK :draft/chathistory",
          ":chat.room 451 * :You have not registered",
          ...greeting,
          ...names,
          ":chat.room 421 ada BOUNCER :Unknown command",
        ],
      ],
      [
        ["@label=5 CHATHISTORY LATEST #room * 50"],
        ["@label=5 :chat.room BATCH +b1 chathistory #room", ":chat.room BATCH -b1"],
      ],
      [
        ["WHO ada"],
        [":chat.room 352 ada #room u ada chat.room ada H :0 ada", ":chat.room 315 ada ada :End of /WHO list"],
      ],
    ],
  ],
  [
    "The Lounge",
    [
      [["CAP LS 302", "NICK ada", "USER ada 0 * :The Lounge User"], [offered]],
      [
        ["CAP REQ :batch cap-notify echo-message message-tags multi-prefix server-time userhost-in-names"],
        [
          ":chat.room CAP * ACK :batch cap-notify echo-message message-tags multi-prefix server-time userhost-in-names",
        ],
      ],
      [
        ["CAP END"],
        [
          ...greeting,
          ":chat.room 353 ada = #room :ada!u@ada",
          ":chat.room 366 ada #room :End of /NAMES list",
        ],
      ],
      [["JOIN #room"], []],
      [["PRIVMSG #room :hi"], ["@time=NOW;msgid=X-2 :ada!u@ada PRIVMSG #room :hi"]],
    ],
  ],
  [
    "girc, of matterbridge",
    [
      [["CAP LS 302", "NICK ada", "USER ada * * :ada"], [offered]],
      [
        ["CAP REQ :batch cap-notify message-tags multi-prefix server-time"],
        [":chat.room CAP * ACK :batch cap-notify message-tags multi-prefix server-time"],
      ],
      [["CAP END"], [...greeting, ...names]],
      [
        ["JOIN #room", "WHO #room %tacuhnr,1", "MODE #room"],
        [
          ":chat.room 354 ada 1 #room u ada ada 0 :ada",
          ":chat.room 315 ada #room :End of /WHO list",
          ":chat.room 324 ada #room +nt",
        ],
      ],
    ],
  ],
  [
    "ZNC",
    [
      [["CAP LS"], [offered.replaceAll(/=[^ ]*/g, "")]],
      [["CAP REQ :multi-prefix", "NICK ada", "USER ada 0 * :ada"], [":chat.room CAP * ACK :multi-prefix"]],
      [["CAP REQ :server-time"], [":chat.room CAP * ACK :server-time"]],
      [["CAP END"], [...greeting, ...names]],
      [
        ["WHO ada", "JOIN #room"],
        [":chat.room 352 ada #room u ada chat.room ada H :0 ada", ":chat.room 315 ada ada :End of /WHO list"],
      ],
    ],
  ],
  [
    "a bot without capabilities",
    [
      [
        ["NICK ada", "USER ada 0 * :a bot"],
        [...greeting, ...names],
      ],
      [["PRIVMSG #room :beep", "PING 1"], [":chat.room PONG chat.room :1"]],
    ],
  ],
];

describe("a client of IRC is in the room", () => {
  test.each(openings)("%s", async (_, talk) => {
    const client = new IrcClient();
    for (const [sent, got] of talk) expect(await client.send(...sent)).toEqual(got);
  });
});

test("all of them see and hear each other", async () => {
  const [irc, other] = [new IrcClient(), new IrcClient()];
  const jane = await joined("jane");
  await irc.send("NICK ada", "USER a 0 * :a");
  await other.send("CAP REQ server-time", "CAP END", "NICK bob", "USER b 0 * :b");
  expect(await irc.send()).toEqual([":bob!u@bob JOIN #room"]);
  jane.send({ type: "say", text: "hi\nall" }, { type: "tell", to: "bob", text: "psst" });
  await irc.send("PRIVMSG #room :\x01ACTION waves\x01");
  const lines = [":jane!u@jane PRIVMSG #room :hi", ":jane!u@jane PRIVMSG #room :all"];
  expect(irc.socket.text.split("\r\n").slice(-3, -1)).toEqual(lines);
  expect((await other.send()).map((line) => line.replace("@time=NOW ", ""))).toEqual([
    ...lines,
    ":jane!u@jane PRIVMSG bob :psst",
    ":ada!u@ada PRIVMSG #room :\x01ACTION waves\x01",
  ]);
  expect(jane.events.slice(-2)).toMatchObject([
    { type: "told", to: "bob" },
    { type: "acted", from: "ada", text: "waves" },
  ]);
});
