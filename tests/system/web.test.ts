// The room in a browser, as a person uses it: a real Chromium, real keys, a real server.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Browser, phone, type Window } from "../support/browser.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { guarded, kept } from "../support/members.ts";
import { chromium } from "../support/parts.ts";
import { testMs } from "../support/transcript.ts";
import { webRoom } from "../support/web-room.ts";

setDefaultTimeout(testMs);

chromium.describe("the page", () => {
  let browser: Browser;
  let room: Awaited<ReturnType<typeof webRoom>>;
  /** A member in a window, another at a program. */
  let ada: Window;
  let bob: JsonClient;

  beforeAll(async () => {
    [browser, room] = await Promise.all([Browser.start(), webRoom([], kept)]);
    bob = await JsonClient.join(room.port, "bob");
    ada = await browser.join(room.url, "ada");
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await room[Symbol.asyncDispose]();
  });

  async function says(text: string): Promise<void> {
    bob.send({ type: "say", text });
    await ada.shows(text);
  }

  test("a name that is bad or taken is refused in words, and another joins", async () => {
    await using eve = await browser.open(room.url);
    await eve.page.fill("#name", "Anna Maria");
    await eve.page.press("#name", "Enter");
    await eve.page.getByText("Anna_Maria would do").waitFor();
    await eve.page.fill("#name", "bob");
    await eve.page.press("#name", "Enter");
    await eve.page.getByText("taken").waitFor();
    await eve.join("eve");
    await eve.enter("I am new");
    await ada.shows("I am new");
    expect(eve.faults).toEqual([]);
  });

  test("a room with a password asks for it", async () => {
    await using locked = await webRoom([], guarded);
    await using eve = await browser.open(locked.url);
    await eve.page.fill("#name", "eve");
    await eve.page.press("#name", "Enter");
    await eve.page.fill("#password:visible", guarded.CHAT_PASSWORD);
    await eve.page.press("#password", "Enter");
    await eve.inRoom();
  });

  test("two browsers and a person on nc talk", async () => {
    await using eve = await browser.join(room.url, "evelyn");
    using nc = await PlainClient.join(room.port, "nick");
    nc.say("hello from nc");
    await ada.shows("hello from nc");
    await ada.enter("hello from ada");
    await nc.line("ada: hello from ada");
    await eve.enter("/me waves");
    await nc.line("* evelyn waves");
    await ada.shows("evelyn waves");
    await eve.shows("hello from ada");
  });

  test("Shift-Enter begins another line, Enter says both", async () => {
    await ada.page.focus("#entry");
    await ada.page.keyboard.type("one");
    await ada.page.keyboard.press("Shift+Enter");
    await ada.page.keyboard.type("two");
    await ada.page.keyboard.press("Enter");
    await bob.event("said", { text: "one\ntwo" });
  });

  test("the Enter that ends a composition says nothing", async () => {
    await ada.page.fill("#entry", "日本");
    for (const event of [{ isComposing: true }, { keyCode: 229 }]) {
      await ada.page.dispatchEvent("#entry", "keydown", { key: "Enter", bubbles: true, ...event });
    }
    expect(await ada.page.inputValue("#entry")).toBe("日本");
    await ada.page.press("#entry", "Enter");
    await bob.event("said", { text: "日本" });
  });

  test("Tab completes names and goes round, else it moves the focus", async () => {
    await ada.page.fill("#entry", "bo");
    await ada.page.press("#entry", "Tab");
    expect(await ada.page.inputValue("#entry")).toBe("bob: ");
    await ada.page.fill("#entry", "");
    await ada.page.press("#entry", "Tab");
    expect(await ada.page.evaluate("document.activeElement.id")).toBe("send");
  });

  test("a slash lists the commands, and Enter takes the chosen one", async () => {
    await ada.page.fill("#entry", "/");
    expect(await ada.page.locator("#list li").count()).toBeGreaterThan(10);
    await ada.page.fill("#entry", "/to");
    await ada.page.press("#entry", "Enter");
    expect(await ada.page.inputValue("#entry")).toBe("/topic ");
    await ada.page.fill("#entry", "hello @bo");
    await ada.page.press("#entry", "Enter");
    expect(await ada.page.inputValue("#entry")).toBe("hello bob ");
    await ada.page.fill("#entry", "");
  });

  test("Enter carries out a command that is whole, though it begins another", async () => {
    for (const [line, shown] of [
      ["/who", "ada"],
      ["/WHO", "bob"],
    ] as const) {
      const before = await ada.page.locator("#rows .notice").count();
      await ada.page.fill("#entry", line);
      await ada.page.locator("#list li").nth(2).waitFor();
      await ada.page.keyboard.press("Enter");
      await ada.page.locator("#rows .notice").nth(before).getByText(shown).waitFor();
      expect(await ada.page.inputValue("#entry")).toBe("");
    }
    await ada.page.fill("#entry", "/who");
    await ada.page.keyboard.press("ArrowDown");
    await ada.page.keyboard.press("Enter");
    expect(await ada.page.inputValue("#entry")).toBe("/whois ");
    await ada.page.fill("#entry", "");
  });

  test("a whisper is told apart before it is sent, and after", async () => {
    const { page } = ada;
    await page.fill("#entry", "/msg bob psst");
    await page.getByText("Only bob will read this").waitFor();
    expect(await page.textContent("#send")).toBe("Whisper");
    await page.press("#entry", "Enter");
    await bob.event("told", { to: "bob", text: "psst" });
    await ada.page.locator(".row.told", { hasText: "to bob" }).waitFor();
  });

  test("a mention is marked, counted in the title, and below a line", async () => {
    await ada.look(false);
    await says("nothing for you");
    await says("Ada, are you there?");
    await ada.until("document.title.startsWith('(2!)')");
    expect((await ada.texts(".divider.unread ~ .row .text"))[0]).toBe("nothing for you");
    expect(await ada.texts(".mention mark")).toEqual(["Ada"]);
    await ada.look(true);
    await ada.until("document.title === 'Chat room'");
    // The line stays where the reader left.
    expect(await ada.texts(".divider.unread")).toEqual(["2 new"]);
  });

  test("a screen reader is told of each message", async () => {
    const said = "document.querySelector('#said')";
    await ada.page.evaluate(`${said}.replaceChildren()`);
    await says("together with those before");
    await ada.until(`${said}.textContent !== ''`);
    await says("by itself");
    await ada.until(`${said}.textContent === 'bob: by itself'`);
    bob.sendBytes(`${JSON.stringify({ type: "say", text: "one of many" })}\n`.repeat(5));
    await ada.until(`${said}.textContent === '5 messages'`);
  });

  test("Up brings back what was said, and Down the draft", async () => {
    await ada.enter("the last one");
    await ada.page.fill("#entry", "a draft");
    await ada.page.press("#entry", "ArrowUp");
    expect(await ada.page.inputValue("#entry")).toBe("the last one");
    await ada.page.evaluate("dispatchEvent(new Event('pagehide'))");
    expect(await ada.page.evaluate("localStorage.getItem('chatroom.drafts.ada')")).toBe("a draft");
    await ada.page.press("#entry", "ArrowDown");
    expect(await ada.page.inputValue("#entry")).toBe("a draft");
    // In a line of several rows they move the cursor, up to its first row.
    const long = "words ".repeat(60);
    await ada.page.fill("#entry", long);
    let presses = 0;
    while ((await ada.page.inputValue("#entry")) === long && presses++ < 20) {
      await ada.page.press("#entry", "ArrowUp");
      await ada.page.evaluate("new Promise((passed) => setTimeout(passed))");
    }
    expect(presses).toBeWithin(3, 10);
    expect(await ada.page.inputValue("#entry")).toBe("the last one");
    await ada.page.press("#entry", "ArrowDown");
    expect(await ada.page.inputValue("#entry")).toBe(long);
    await ada.page.fill("#entry", "");
  });

  test("Up does not bring back a line with the operators' password", async () => {
    for (const line of ["/op a secret", " /OP ada secret", "look:\n/op secret"]) {
      await ada.enter("said before it");
      await ada.enter(line);
      await ada.page.press("#entry", "ArrowUp");
      expect(await ada.page.inputValue("#entry")).toBe("said before it");
    }
    await ada.page.fill("#entry", "");
  });

  test("who is silenced keeps the line, who is put out is told so", async () => {
    await using eve = await browser.join(room.url, "evi");
    await ada.enter(`/op ${kept.CHAT_OPERATOR_PASSWORD}`);
    await ada.shows("ada is an operator now");
    await ada.enter("/mute evi 7m");
    await eve.page.getByText("silenced").or(eve.page.getByText("mute")).first().waitFor();
    await eve.enter("unheard");
    await eve.shows("Not sent: unheard");
    expect(await eve.page.inputValue("#entry")).toBe("unheard");
    await ada.enter("/unmute evi");
    await eve.page.click("#menu-button");
    await ada.enter("/kick evi too loud");
    await eve.page.getByText("You were kicked by ada: too loud.").waitFor();
    expect(await eve.page.isVisible("#menu")).toBe(false);
    await eve.page.keyboard.press("Enter");
    await eve.page.waitForSelector("#door:not([hidden])");
    expect(eve.faults).toEqual([]);
    await ada.enter("/deop");
    await ada.shows("ada is no operator any more");
  });

  test("the members over the messages go at Esc, and at a touch beside them", async () => {
    await using eve = await browser.join(room.url, "evo", { size: phone });
    const members = eve.page.locator("#members");
    for (const close of [
      () => eve.page.keyboard.press("Escape"),
      () => eve.page.locator("#names button").last().press("Escape"),
      () => eve.page.mouse.click(20, 400),
    ]) {
      await eve.page.click("#members-button");
      await members.waitFor();
      await close();
      await members.waitFor({ state: "hidden" });
      expect(await eve.page.evaluate("document.activeElement !== document.body")).toBe(true);
    }
  });

  test("a letter that is typed anywhere goes to the row", async () => {
    await ada.page.focus("#log");
    await ada.page.keyboard.type("typed");
    expect(await ada.page.inputValue("#entry")).toBe("typed");
    await ada.page.fill("#entry", "");
    for (const [key, focused] of [
      [" ", "log"],
      ["Process", "entry"],
    ]) {
      await ada.page.focus("#log");
      await ada.page.dispatchEvent("#log", "keydown", { key, bubbles: true });
      expect(await ada.page.evaluate("document.activeElement.id")).toBe(focused);
    }
  });

  test("what comes while the tab is frozen is there when it wakes", async () => {
    const tab = await ada.page.context().newCDPSession(ada.page);
    await tab.send("Page.setWebLifecycleState", { state: "frozen" });
    for (let i = 0; i < 600; i++) bob.send({ type: "say", text: `frozen ${i}` });
    await bob.event("said", { text: "frozen 599" });
    await tab.send("Page.setWebLifecycleState", { state: "active" });
    await ada.shows("frozen 599");
    const texts = (await ada.texts()).filter((text) => text.startsWith("frozen"));
    expect(texts).toEqual(Array.from({ length: texts.length }, (_, i) => `frozen ${600 - texts.length + i}`));
  });

  test("a message that is taken back is gone from its row", async () => {
    await says("I should not have said that");
    await says("and something else");
    bob.send({ type: "delete" });
    await ada.page.getByText("bob took back a message").waitFor();
    expect(await ada.texts()).toContain("I should not have said that");
    expect(await ada.texts()).not.toContain("and something else");
  });

  test("the topic and the members are shown, and a name begins a whisper", async () => {
    await using eve = await browser.join(room.url, "eva");
    await eve.page.locator("#names").getByText("bob").click();
    expect(await eve.page.inputValue("#entry")).toBe("/msg bob ");
    using carol = await JsonClient.join(room.port, "carol");
    await eve.page.locator("#names").getByText("carol").waitFor();
    await eve.page.locator("#names button").first().focus();
    const before = await eve.page.textContent("#count");
    carol.send({ type: "quit" });
    await eve.until(`document.querySelector('#count').textContent !== '${before}'`);
    expect(await eve.page.evaluate("document.activeElement.closest('#names') !== null")).toBe(true);
    await eve.page.focus("#entry");
    await eve.until("!document.querySelector('#names').textContent.includes('carol')");
    expect(eve.faults).toEqual([]);
  });

  test("a paste of too many lines stays in the row, with the reason", async () => {
    const paste = "line\n".repeat(30);
    await ada.page.fill("#entry", paste);
    await ada.page.press("#entry", "Enter");
    await ada.page.locator("#problem").getByText("at most 20 lines").waitFor();
    expect(await ada.page.inputValue("#entry")).toBe(paste);
    await ada.page.fill("#entry", "");
  });

  test("nothing failed in the page, and it asked for nothing elsewhere", () => {
    expect(ada.faults).toEqual([]);
  });
});
