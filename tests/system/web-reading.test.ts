// Reading in the page: nothing that is read moves, hostile texts and names are no more than text, and everybody can read it.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import axe from "axe-core";
import { Browser, phone, type Window, wide } from "../support/browser.ts";
import { JsonClient } from "../support/clients.ts";
import { chromium } from "../support/parts.ts";
import { testMs } from "../support/transcript.ts";
import { webRoom } from "../support/web-room.ts";

setDefaultTimeout(testMs);

chromium.describe("reading in the page", () => {
  let browser: Browser;
  let room: Awaited<ReturnType<typeof webRoom>>;
  /** A room in which little is said. */
  let quiet: Awaited<ReturnType<typeof webRoom>>;
  let ada: Window;
  let bob: JsonClient;

  beforeAll(async () => {
    [browser, room, quiet] = await Promise.all([Browser.start(), webRoom(), webRoom()]);
    bob = await JsonClient.join(room.port, "bob");
    ada = await browser.join(room.url, "ada");
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await room[Symbol.asyncDispose]();
    await quiet[Symbol.asyncDispose]();
  });

  /** Says many lines in one go. */
  async function says(texts: string[], by = bob): Promise<void> {
    by.sendBytes(texts.map((text) => `${JSON.stringify({ type: "say", text })}\n`).join(""));
    await by.event("said", { text: texts.at(-1) });
  }

  /** Rows of different heights. */
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => {
      const number = from + index;
      return `line ${number}${number % 7 === 0 ? `\nwith another row, and words${" and words".repeat(number % 40)}` : ""}`;
    });

  test("the past is read to its begin, and a burst moves it by 0 pixels", async () => {
    await using long = await webRoom();
    const carol = await JsonClient.join(long.port, "carol");
    await says(numbered(1, 500), carol);
    await using eve = await browser.join(long.url, "eve");
    await eve.shows("line 499");
    const { page } = eve;
    await page.mouse.move(400, 400);
    for (let first = ""; first !== "line 1"; ) {
      await page.mouse.wheel(0, -4_000);
      const isOther = `document.querySelector('#rows .row .text').textContent !== ${JSON.stringify(first)}`;
      const isTop = "!document.querySelector('#top').hidden && document.querySelector('#log').scrollTop < 1";
      await eve.until(`${isOther} || (${isTop})`);
      [first = ""] = await eve.texts();
    }
    expect(await eve.texts()).toEqual(numbered(1, 500));

    const row = "[...document.querySelectorAll('#rows .text')].find((text) => text.textContent === 'line 3')";
    const top = `${row}.getBoundingClientRect().top`;
    const before = Number(await page.evaluate(top));
    await says(numbered(500, 10_500), carol);
    await page.getByText("10,000 new ↓").waitFor();
    expect(await page.evaluate(top)).toBe(before);
    expect((await eve.texts()).length).toBeLessThan(3_000);
    await page.click("#latest");
    await eve.shows("line 10499");
    expect(
      await page.evaluate(
        "document.querySelector('#rows .row:last-child').getBoundingClientRect().bottom <= innerHeight",
      ),
    ).toBe(true);

    await eve.enter("/search line 3");
    await page.locator("#found .go").first().waitFor();
    await long.crash();
    await page.locator("#state").waitFor();
    await page.locator("#found .go").first().click();
    await eve.shows("There is no connection now: try again");
    await eve.shows("line 10499");
    expect(eve.faults).toEqual([]);
  });

  test("a page of older messages moves what is read by 0 pixels", async () => {
    await says(numbered(20_000, 20_300));
    await using eve = await browser.join(room.url, "eve");
    const rows = "document.querySelectorAll('#rows .row')";
    await eve.until(`${rows}.length >= 80`);
    const place = "[seen.textContent, seen.getBoundingClientRect().top]";
    const before = await eve.page.evaluate(
      `document.querySelector('#log').scrollTop = 300; count = ${rows}.length;
       seen = [...${rows}].find((row) => row.getBoundingClientRect().top > 100); ${place}`,
    );
    await eve.until(`${rows}.length >= count + 100`);
    expect(await eve.page.evaluate(place)).toEqual(before);
  });

  test("several rows are copied as lines with their time and name", async () => {
    await says(["one to copy", "two to copy", "three to copy"]);
    await ada.shows("three to copy");
    const copied = await ada.page.evaluate(`(() => {
      const [one, , other] = [...document.querySelectorAll("#rows .row")].slice(-3);
      getSelection().setBaseAndExtent(one, 0, other, other.childNodes.length);
      const clipboardData = new DataTransfer();
      one.dispatchEvent(new ClipboardEvent("copy", { clipboardData, bubbles: true, cancelable: true }));
      getSelection().empty();
      return clipboardData.getData("text/plain");
    })()`);
    expect(String(copied).replace(/\d\d:\d\d/g, "12:34")).toBe(
      ["12:34 bob: one to copy", "12:34 bob: two to copy", "12:34 bob: three to copy"].join("\n"),
    );
  });

  test("hostile texts and names are text: nothing runs or is fetched", async () => {
    const texts = [
      "<img src=https://evil.example/x onerror=alert(1)><script>alert(2)</script>",
      "javascript:alert(3) data:text/html,<script>alert(4)</script>",
      'https://evil.example/"><svg onload=alert(5)>',
      "\u202etxet desrever\u202c and \u0007 a bell, \u001b[31mred",
      `${"a\u0301\u0302\u0303\u0304\u0305".repeat(50)}`,
      "x".repeat(4_000),
      "http://".repeat(500),
      `${"(".repeat(2_000)}https://a.example/${")".repeat(1_000)}`,
      "constructor __proto__ hasOwnProperty",
    ];
    using mallory = await JsonClient.join(room.port, "__proto__");
    for (const text of texts) mallory.send({ type: "say", text });
    mallory.send({ type: "rename", name: "constructor" });
    mallory.send({ type: "say", text: "the last of them" });
    await ada.shows("the last of them");
    expect(await ada.page.locator("#rows img, #rows svg, #rows script, #rows iframe").count()).toBe(0);
    expect(await ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    const links = await ada.page.$$eval("#rows a", (found) =>
      found.map((link) => [link.getAttribute("href"), link.getAttribute("rel")]),
    );
    for (const [href, rel] of links) {
      expect(href).toMatch(/^https?:/);
      expect(rel).toBe("noopener noreferrer");
    }
    expect(ada.faults).toEqual([]);
  });

  test("a link that seems to lead elsewhere shows its real host", async () => {
    await says([
      "https://ex\u0430mple.com/ and https://example.com@evil.example/ and https://example.com/plain",
    ]);
    await ada.page.locator("#rows .row:last-child .host").first().waitFor();
    expect(await ada.texts("#rows .row:last-child .host")).toEqual([
      " (xn--exmple-4nf.com)",
      " (evil.example)",
    ]);
  });

  test("a link ends before the signs of its sentence, but for its own brackets", async () => {
    await says(["@a_(b). (see @c_(d)), @e)))! (@f), @g(h, @i?)".replaceAll("@", "https://example.com/")]);
    await ada.page.locator("#rows .row:last-child a", { hasText: "/i" }).waitFor();
    const links = await ada.texts("#rows .row:last-child a");
    expect(links.map((link) => link.slice(20))).toEqual(["a_(b)", "c_(d)", "e", "f", "g(h", "i"]);
  });

  test("a long message is folded, and shown by a click", async () => {
    await says([Array.from({ length: 20 }, (_, row) => `row ${row}`).join("\n")]);
    await ada.page.click(".row:last-child .more");
    expect(await ada.page.locator(".row:last-child .folded").count()).toBe(0);
  });

  test("a search shows its hits, and each in its place in the room", async () => {
    await says(["a needle in the hay", "right behind it", ...numbered(30_000, 30_600)]);
    await ada.shows("line 30599");
    await ada.page.keyboard.press("Control+Shift+F");
    await ada.page.fill("#search-words", "needle");
    await ada.page.press("#search-words", "Enter");
    await ada.page.click("#found .row:last-child .go");
    await ada.page.locator(".sought", { hasText: "a needle in the hay" }).waitFor();
    await ada.shows("right behind it");
    await ada.page.press("#entry", "Escape");
    await ada.until("document.querySelector('#latest').hidden");
    await ada.shows("line 30599");
  });

  test("a message that is taken back is gone from a search, too", async () => {
    await says(["a public lamp", "a secret lamp"]);
    await ada.page.keyboard.press("Control+Shift+F");
    await ada.page.fill("#search-words", "lamp");
    await ada.page.press("#search-words", "Enter");
    const found = ada.page.locator("#found .row");
    await found.nth(1).waitFor();
    bob.send({ type: "delete" });
    await found.nth(1).waitFor({ state: "detached" });
    expect(await ada.texts("#found .text")).toEqual(["a public lamp"]);
    await ada.page.keyboard.press("Escape");
  });

  test("a hit among the latest messages leaves the reader at the end", async () => {
    await using eve = await browser.join(quiet.url, "evi");
    for (const text of ["a straw", "a pin", "the last"]) await eve.enter(text);
    await eve.enter("/search pin");
    await eve.page.click("#found .go");
    await eve.page.locator(".sought", { hasText: "a pin" }).waitFor();
    await eve.until("document.querySelector('#latest').hidden");
    await eve.enter("row\n".repeat(11));
    await eve.enter("row\n".repeat(11));
    await eve.enter("row\n".repeat(11));
    await eve.enter("the end");
    await eve.shows("the end");
    await eve.until(
      "document.querySelector('#rows').lastChild.getBoundingClientRect().bottom <= innerHeight",
    );
  });

  test("the reader stays at the end while the row is written in", async () => {
    const { page } = ada;
    await says(numbered(40_000, 40_060));
    await ada.shows("line 40059");
    const isAtEnd = "document.querySelector('#latest').hidden";
    // Browsers without field-sizing have the row measured at each change.
    for (const sizes of ["content", "fixed"]) {
      await page.evaluate(`CSS.supports = () => ${sizes === "content"};
        document.querySelector("#entry").style.fieldSizing = "${sizes}"`);
      for (const draft of ["one\n".repeat(9), "other\n".repeat(9), "/msg bob psst", "a\n".repeat(30), ""]) {
        await page.fill("#entry", draft);
        await page.press("#entry", "End");
        await page.evaluate(
          "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))",
        );
        expect([sizes, draft, await page.evaluate(isAtEnd)]).toEqual([sizes, draft, true]);
      }
    }
  });

  test("a joined line names its member below any line that is no message", async () => {
    await using eve = await browser.join(room.url, "eva");
    const isNamed = (text: string) =>
      eve.page
        .locator(".row", { hasText: text })
        .locator(".who")
        .evaluate(({ clientWidth }) => clientWidth > 1);
    await says(["above the line"]);
    await eve.shows("above the line");
    await eve.look(false);
    await says(["below the line", "below a message"]);
    await eve.shows("below a message");
    await eve.look(true);
    await eve.enter("/who");
    await eve.page.locator(".notice").last().waitFor();
    await says(["below an answer"]);
    await eve.shows("below an answer");
    bob.send({ type: "tell", to: "eva", text: "a whisper" });
    bob.send({ type: "tell", to: "eva", text: "another whisper" });
    await eve.shows("another whisper");
    const texts = ["below the line", "below a message", "below an answer", "a whisper", "another whisper"];
    expect(await Promise.all(texts.map(isNamed))).toEqual([true, false, true, true, false]);
    await eve.page.emulateMedia({ forcedColors: "active" });
    await says(["eva: can this be read?"]);
    await eve.page.locator("mark").waitFor();
    const colorOf = (where: string) => `getComputedStyle(document.querySelector("${where}")).color`;
    expect(await eve.page.evaluate(colorOf("mark"))).toBe(await eve.page.evaluate(colorOf("body")));
  });

  test("an answer stays above what follows, and is told to a screen reader", async () => {
    await using short = await webRoom();
    await using eve = await browser.join(short.url, "eve");
    const { page } = eve;
    const isAbove = async (answer: string, text: string) => {
      await eve.shows(text);
      const rows = (await eve.texts("#rows > *")).join("|");
      expect(rows.indexOf(answer)).toBeWithin(0, rows.indexOf(text));
    };
    await eve.enter("/who");
    await eve.enter("the first line of all");
    await isAbove("Here: eve", "the first line of all");
    await page.locator("#said").getByText("Here: eve").waitFor();
    // In memory, so that the room has another history behind it.
    await short.crash();
    await page.locator("#state").waitFor();
    await eve.enter("said while it was away");
    await short.restart();
    await isAbove("Some lines are missing here", "said while it was away");
    expect(await eve.texts()).toEqual(["said while it was away"]);
    expect(eve.faults).toEqual([]);
  });

  test("/clear takes what was said out of sight, and scrolling brings it back", async () => {
    await using eve = await browser.join(quiet.url, "evo");
    const { page } = eve;
    await page.mouse.move(400, 400);
    for (const text of ["an old line", "another one"]) await eve.enter(text);
    for (const fresh of ["a new line", "a newer line"]) {
      await eve.enter("/clear");
      await eve.enter(fresh);
      await eve.shows(fresh);
      await eve.until(
        "[...document.querySelectorAll('#rows .row')].at(-2).getBoundingClientRect().bottom < 0",
      );
    }
    await page.mouse.wheel(0, -9_000);
    await eve.until(
      "document.querySelector('#rows .text').getBoundingClientRect().top > 0 && !document.querySelector('#latest').hidden",
    );
  });

  test("an ignored member is hidden, also what it said before", async () => {
    await says(["something to hide"]);
    await ada.shows("something to hide");
    await ada.page.fill("#entry", "/ignore bob");
    await ada.page.keyboard.press("Enter");
    await ada.until("!document.querySelector('#rows').textContent.includes('something to hide')");
    await ada.enter("/unignore bob");
    await ada.shows("something to hide");
  });
});

chromium.concurrent("the page for everybody", () => {
  let browser: Browser;
  let room: Awaited<ReturnType<typeof webRoom>>;

  beforeAll(async () => {
    [browser, room] = await Promise.all([Browser.start(), webRoom()]);
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await room[Symbol.asyncDispose]();
  });

  for (const scheme of ["light", "dark"] as const) {
    for (const size of [wide, phone]) {
      test(`axe finds nothing, ${scheme}, ${size.width} pixels wide`, async () => {
        const name = `${scheme}-${size.width}`;
        using bob = await JsonClient.join(room.port, `bob-${name}`);
        await using eve = await browser.open(room.url, { size, scheme });
        const { page } = eve;
        const found = [await axeIn(eve)];
        await eve.join(`eve-${name}`);
        bob.send({ type: "say", text: `Eve-${name}, look at https://example.com` });
        bob.send({ type: "act", text: "waves" });
        bob.send({ type: "say", text: "row\n".repeat(20) });
        await page.locator(".more").last().waitFor();
        await eve.enter(`/msg bob-${name} a whisper`);
        await page.locator(".told").last().waitFor();
        await page.fill("#entry", "/");
        found.push(await axeIn(eve));
        const low = `[...document.querySelectorAll("button, #list li")]
          .filter((one) => one.offsetParent && one.offsetHeight < 44).map((one) => one.textContent)`;
        if (size === phone) expect(await page.evaluate(low)).toEqual([]);
        await page.fill("#entry", `/msg bob-${name} another`);
        await page.click("#search-button");
        await page.fill("#search-words", "look");
        await page.press("#search-words", "Enter");
        await page.locator("#found .row").first().waitFor();
        found.push(await axeIn(eve));
        await page.click("#search-close");
        await page.click("#menu-button");
        found.push(await axeIn(eve));
        expect(found.flat()).toEqual([]);
        await page.setViewportSize({ width: 320, height: 480 });
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
        expect(eve.faults).toEqual([]);
      });
    }
  }
});

/** The faults that axe finds in the page as it is shown now. */
async function axeIn({ page }: Window): Promise<string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe.source);
  const found: string = await page.evaluate(
    "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => JSON.stringify(violations))",
  );
  const violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] = JSON.parse(found);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}
