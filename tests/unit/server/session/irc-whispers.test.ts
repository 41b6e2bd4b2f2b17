// The whispers that CHATHISTORY and SEARCH find for a client of IRC: those with a member, under the present names of both or earlier ones.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom } from "./fake-room.ts";
import { ircClient } from "./irc-client.ts";

setDefaultTimeout(testMs);

inFakeRoom();

const all =
  "batch draft/chathistory draft/multiline echo-message labeled-response message-tags standard-replies";

test("whispers are found after both ends took other names", async () => {
  const [ada, bob] = [await ircClient("ada", all), await ircClient("bob")];
  await bob.send("PRIVMSG ada :psst", "PRIVMSG #room :hello");
  await ada.send("PRIVMSG bob :what", "PRIVMSG ada :to myself", "NICK eve");
  const texts = async (request: string) =>
    (await ada.send(request))
      .filter((line) => line.startsWith("@batch="))
      .map((line) => line.replace(/^.*:/, ""));
  expect(await texts("CHATHISTORY LATEST bob * 9")).toEqual(["psst", "what"]);
  expect(await texts("SEARCH text=psst;in=bob")).toEqual(["psst"]);
  expect(await texts("CHATHISTORY LATEST eve * 9")).toEqual(["to myself"]);
  await bob.send("NICK rob", "PRIVMSG eve :as rob");
  expect(await texts("CHATHISTORY LATEST rob * 9")).toEqual(["psst", "what", "as rob"]);
  expect(await texts("CHATHISTORY AFTER rob timestamp=2020-01-01T00:00:00.000Z 2")).toEqual(["psst", "what"]);
  // Another member of the old name had no part in them.
  const other = await ircClient("bob");
  await other.send("PRIVMSG eve :as another bob");
  expect(await texts("CHATHISTORY LATEST bob * 9")).toEqual(["as another bob"]);
  // Whispers with a member who has left are found by its name alone.
  await bob.send("QUIT");
  await ircClient("rob");
  expect(await texts("CHATHISTORY LATEST rob * 9")).toEqual(["as rob"]);
});
