// A real Chromium for tests: one browser for a file, and in it windows, each with a storage of its own. A window notes
// faults: a script that fails or is refused by the policy, and a request to any other host than the page's.

import { type BrowserContext, chromium, type Page, type Browser as Started } from "playwright-core";
import { chromium as part } from "./parts.ts";
import { patienceMs } from "./transcript.ts";

type Size = { width: number; height: number };
type Look = { size?: Size; scheme?: "light" | "dark" };

/** How long between two looks at the page. */
const lookMs = 20;

export const wide: Size = { width: 1280, height: 800 };
export const phone: Size = { width: 390, height: 844 };

export class Browser implements AsyncDisposable {
  readonly #started: Started;

  private constructor(started: Started) {
    this.#started = started;
  }

  static async start(): Promise<Browser> {
    // Root may run no sandbox.
    const args = ["--no-sandbox", "--disable-dev-shm-usage"];
    return new Browser(await chromium.launch({ executablePath: part.found, args }));
  }

  /** A window at this address, with nothing stored. */
  async open(url: string, { size = wide, scheme = "light" }: Look = {}): Promise<Window> {
    const touch = { hasTouch: size === phone, isMobile: size === phone };
    const context = await this.#started.newContext({ viewport: size, colorScheme: scheme, ...touch });
    context.setDefaultTimeout(patienceMs);
    return Window.open(context, url);
  }

  /** A member in a window of its own. */
  async join(url: string, name: string, look: Look = {}): Promise<Window> {
    const window = await this.open(url, look);
    await window.join(name);
    return window;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started.close();
  }
}

export class Window implements AsyncDisposable {
  readonly page: Page;
  /** Errors and requests that must not happen. */
  readonly faults: string[] = [];
  readonly #url: string;

  private constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
    const { host } = new URL(url);
    page.on("pageerror", (error) => this.faults.push(`${error.message}\n${error.stack}`));
    page.on("console", (message) => {
      // While the server is down, Chromium reports each WebSocket that cannot connect.
      const text = message.text();
      if (message.type() === "error" && !/WebSocket connection|ERR_CONNECTION/.test(text))
        this.faults.push(text);
    });
    page.on("request", (request) => {
      const asked = new URL(request.url());
      if (asked.protocol !== "data:" && asked.host !== host) this.faults.push(request.url());
    });
    page.on("dialog", (dialog) => this.faults.push(dialog.message()));
  }

  static async open(context: BrowserContext, url: string): Promise<Window> {
    const window = new Window(await context.newPage(), url);
    await window.page.goto(url);
    return window;
  }

  /** Another window of the same browser, with the same storage. */
  second(): Promise<Window> {
    return Window.open(this.page.context(), this.#url);
  }

  async join(name: string): Promise<void> {
    await this.page.fill("#name", name);
    await this.page.press("#name", "Enter");
    await this.inRoom();
  }

  async inRoom(): Promise<void> {
    await this.page.waitForSelector("#room:not([hidden])");
  }

  async enter(text: string): Promise<void> {
    await this.page.fill("#entry", text);
    await this.page.press("#entry", "Enter");
  }

  /** The texts of the rows that are messages, as they are shown. */
  texts(rows = "#rows .row .text"): Promise<string[]> {
    return this.page.$$eval(rows, (found) => found.map((row) => row.textContent ?? ""));
  }

  /** Waits until an element with this text is shown. */
  async shows(text: string, where = "#rows"): Promise<void> {
    await this.page.locator(where).getByText(text, { exact: true }).last().waitFor();
  }

  /** Waits until an expression is true in the page. It is asked from here, since the page's policy runs no text as a script. */
  async until(expression: string): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!(await this.page.evaluate(expression))) {
      if (performance.now() > deadline) throw new Error(`Waited in vain for ${expression}`);
      await Bun.sleep(lookMs);
    }
  }

  /** Gives the window the focus or takes it away. Without this, Chromium says that each window has it. */
  async look(isLooking: boolean): Promise<void> {
    await this.page.evaluate(`document.hasFocus = () => ${isLooking}`);
    if (isLooking) await this.page.evaluate("dispatchEvent(new Event('focus'))");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
  }
}
