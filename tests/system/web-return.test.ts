// The page comes back: after a reload, in a second window, behind a server that was killed. Nothing is lost or said twice,
// and the others see nothing of it.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Browser, type Window } from "../support/browser.ts";
import { JsonClient } from "../support/clients.ts";
import { chromium } from "../support/parts.ts";
import { temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";
import { webRoom } from "../support/web-room.ts";

setDefaultTimeout(testMs);

chromium.describe("the page that comes back", () => {
  const folder = temporaryFolder();
  let browser: Browser;
  let room: Awaited<ReturnType<typeof webRoom>>;
  let ada: Window;
  let bob: JsonClient;

  beforeAll(async () => {
    const flags = ["--history", join(folder.path, "history.sqlite")];
    [browser, room] = await Promise.all([Browser.start(), webRoom(flags)]);
    bob = await JsonClient.join(room.port, "bob", { key: "the-key-of-bob" });
    ada = await browser.join(room.url, "ada");
    await bob.event("joined", { name: "ada" });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await room[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function says(text: string): Promise<void> {
    bob.send({ type: "say", text });
    await ada.shows(text);
  }

  /** How often others saw ada come or go. */
  const movesOfAda = () =>
    bob.events.filter((event) => (event.type === "joined" || event.type === "left") && event.name === "ada")
      .length;

  test("a reload keeps the seat, the past and the draft, unseen by others", async () => {
    const moves = movesOfAda();
    await says("before the reload");
    await ada.page.fill("#entry", "half a line");
    await ada.page.reload();
    await ada.shows("before the reload");
    expect(await ada.page.inputValue("#entry")).toBe("half a line");
    await ada.enter("and behind it");
    await bob.event("said", { from: "ada", text: "and behind it" });
    expect(movesOfAda()).toBe(moves);
  });

  test("a password in the row is not kept over a reload", async () => {
    await says("before the password");
    await ada.page.fill("#entry", "/op the gavel");
    await ada.page.reload();
    await ada.shows("before the password");
    expect(await ada.page.inputValue("#entry")).toBe("");
    const stored = await ada.page.evaluate("JSON.stringify({ ...localStorage })");
    expect(String(stored)).not.toContain("gavel");
  });

  test("a second window takes over, and the first takes the seat back whole", async () => {
    const moves = movesOfAda();
    await using second = await ada.second();
    await second.inRoom();
    await ada.page.getByText("You are in the room in another window now.").waitFor();
    bob.send({ type: "say", text: "to the second window" });
    await second.shows("to the second window");
    await ada.page.click("#over-button");
    await second.page.getByText("You are in the room in another window now.").waitFor();
    await ada.shows("to the second window");
    await says("to the first again");
    // The kept state is kept again, too.
    await ada.page.fill("#entry", "a draft of the first");
    await ada.page.reload();
    await ada.shows("to the first again");
    expect(await ada.page.inputValue("#entry")).toBe("a draft of the first");
    await ada.page.fill("#entry", "");
    expect((await ada.texts()).filter((text) => text === "to the second window")).toHaveLength(1);
    expect(movesOfAda()).toBe(moves);
  });

  test("what is said while the server is gone waits in sight, each said once", async () => {
    await room.crash();
    await ada.page.waitForSelector("#state:not([hidden])");
    await ada.enter("said meanwhile");
    await ada.enter("/msg bob a whisper meanwhile");
    // They are drawn with the next frame.
    await ada.page.waitForSelector("#waiting .row:nth-child(2) .text");
    expect(await ada.texts("#waiting .row .text")).toEqual(["said meanwhile", "a whisper meanwhile"]);
    await room.restart();
    bob = await JsonClient.join(room.port, "bob", { key: "the-key-of-bob" });
    await ada.page.click("#try-now").catch(() => undefined);
    await bob.event("said", { text: "said meanwhile" });
    await ada.until("document.querySelectorAll('#waiting li').length === 0");
    await bob.roundTrip();
    expect(bob.texts.filter((text) => text === "said meanwhile")).toHaveLength(1);
    expect((await ada.texts()).filter((text) => text === "said meanwhile")).toHaveLength(1);
    expect(ada.faults).toEqual([]);
  });

  test("lines that wait outlive the page, and are said once", async () => {
    await room.crash();
    await ada.page.waitForSelector("#state:not([hidden])");
    await ada.enter("said before the end");
    await ada.page.goto("about:blank");
    await room.restart();
    bob = await JsonClient.join(room.port, "bob", { key: "the-key-of-bob" });
    await ada.page.goto(room.url);
    await ada.inRoom();
    await bob.event("said", { text: "said before the end" });
    await ada.shows("said before the end");
    await ada.page.reload();
    await ada.shows("said before the end");
    await bob.roundTrip();
    expect(bob.texts.filter((text) => text === "said before the end")).toHaveLength(1);
  });

  test("who leaves is told so, and joins again by a click", async () => {
    await ada.enter("/quit bye");
    await bob.event("left", { name: "ada", text: "bye" });
    await ada.page.click("#over-button");
    await ada.page.waitForSelector("#door:not([hidden])");
    expect(await ada.page.inputValue("#name")).toBe("ada");
    await ada.page.click("#join-button");
    await ada.inRoom();
  });
});
