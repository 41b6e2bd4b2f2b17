// Operators among the clients of IRC: OPER, and the modes, topics and kicks that they are for.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Operators } from "../../../../lib/server/session/operators.ts";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom } from "./fake-room.ts";
import { ircClient } from "./irc-client.ts";

setDefaultTimeout(testMs);
inFakeRoom();

const operators = new Operators("natty");

test("OPER makes an operator, who can put order into the room", async () => {
  const natty = await ircClient("natty", "", { operators: operators });
  const bob = await ircClient("bob");
  natty.lines();
  expect(await natty.send("KICK #room bob")).toEqual([
    ":chat.room 482 #room :That is for operators: /oper NAME PASSWORD makes you one".replace(
      "482",
      "482 natty",
    ),
  ]);
  expect(await natty.send("OPER root natty")).toEqual([
    ":chat.room MODE #room +o natty",
    ":chat.room 381 natty :You are now an operator",
  ]);
  await bob.send();
  expect(await natty.send("OPER root natty")).toEqual([":chat.room 381 natty :You are an operator already"]);
  expect(await bob.send()).toEqual([]);
  expect(await natty.send("MODE #room", "MODE #room +m", "MODE #room", "MODE #room -m")).toEqual([
    ":chat.room 324 natty #room +nt",
    ":natty!u@natty MODE #room +m",
    ":chat.room 324 natty #room +mnt",
    ":natty!u@natty MODE #room -m",
  ]);
  expect(await natty.send("TOPIC #room :beans", "TOPIC #room", "KICK #room nobody1")).toEqual([
    ":natty!u@natty TOPIC #room :beans",
    ":chat.room 332 natty #room :beans",
    ":chat.room 441 natty nobody1 #room :They are not on that channel",
  ]);
  expect(
    await natty.send("MODE #room +q bob!*@*", "MODE #room +b *!*@*", "MODE #room +k x", "MODE #room +o bob"),
  ).toEqual([
    ":natty!u@natty MODE #room +q bob!*@*",
    ":chat.room 696 natty #room b *!*@* :It has to say a name: NAME!*@*",
    ":chat.room 472 natty k :is unknown mode char to me for #room",
    ":chat.room 482 natty #room :The operators' password makes an operator: /oper NAME PASSWORD",
  ]);
  await bob.send();
  expect(await bob.send("PRIVMSG #room :x")).toEqual([
    ":chat.room 404 bob #room :You are muted: nobody hears you",
  ]);
  expect(await natty.send("MODE #room +b *!u@bob", "MODE #room b", "MODE #room -b bob!*@*")).toEqual([
    ":natty!u@natty MODE #room +b bob!*@*",
    ":natty!u@natty KICK #room bob :banned",
    expect.stringContaining(" NOTICE natty :192.0.2.1 is not banned with bob"),
    expect.stringMatching(/^:chat\.room 367 natty #room bob!\*@\* natty :\d+$/),
    ":chat.room 368 natty #room :End of channel ban list",
    ":natty!u@natty MODE #room -b bob!*@*",
  ]);
  expect((await natty.send("LUSERS"))[1]).toBe(":chat.room 252 natty 1 :operator(s) online");
  expect((await natty.send("WHO natty"))[0]).toBe(
    ":chat.room 352 natty #room u natty chat.room natty H@ :0 natty",
  );
});
