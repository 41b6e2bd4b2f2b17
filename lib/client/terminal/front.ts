// The client on a terminal: it asks for a name, joins, and shows the room above the input row. While a question is open
// in the middle of the chat nothing is read from the server, so that no line is drawn over the question; and no more than
// the terminal takes.
// However it ends, messages that were not sent are printed, and the terminal is given back as it was.

import picocolors from "picocolors";
import type { Place } from "../../protocol/addresses.ts";
import { messageOf } from "../../protocol/errors.ts";
import { type Event, type Fault, fault, isMessage, type Recorded } from "../../protocol/events.ts";
import { visible, visibleRow } from "../../protocol/text.ts";
import { complete } from "../../terminal/row/completion.ts";
import { Prompt } from "../../terminal/row/prompt.ts";
import { Tty } from "../../terminal/tty.ts";
import { notification } from "../../terminal/window.ts";
import { settleMs } from "../core/chat.ts";
import { allHelp, Client, words } from "../core/client.ts";
import type { LinkState } from "../core/link.ts";
import { asTyped, type Unsettled, unsentLines } from "../core/outbox.ts";
import { pastOf } from "../core/past/past.ts";
import { type Connect, Refusal } from "../core/wire.ts";
import { Memory } from "../kept/memory.ts";
import type { Missed } from "../kept/missed.ts";
import { Files } from "./files.ts";
import { Pager } from "./pager/pager.ts";
import { askName, askPassword, askTrust, whileWaiting } from "./questions.ts";
import type { Settings } from "./settings.ts";
import { Status } from "./status.ts";
import { UnknownCertificate } from "./trust.ts";
import { type Colors, View, type ViewOptions } from "./view.ts";

export type TerminalOptions = {
  servers: readonly [Connect, ...Connect[]];
  /** Where the servers are. */
  places: readonly Place[];
  /** The servers, as messages name them. */
  place: string;
  /** The name to join under; undefined: it is asked for. */
  name: string | undefined;
  password: string | undefined;
  key: string | undefined;
  settings: Settings;
  /** Where what outlives the program is kept. */
  stateFolder: string;
};

export class TerminalFront {
  readonly #options: TerminalOptions;
  readonly #client: Client;
  readonly #view: View;
  readonly #tty: Tty;
  readonly #prompt: Prompt;
  readonly #status: Status;
  readonly #pager: Pager;
  readonly #memory: Memory;
  readonly #closed = Promise.withResolvers<string | undefined>();
  /** Rejects once it is over, so that no wait for the room goes on. */
  readonly #over = this.#closed.promise.then((): never => {
    throw new Refusal("It is over");
  });
  #settling: ReturnType<typeof setTimeout> | undefined;
  #hasRow = false;
  #colors: Colors = picocolors;
  /** Lines that wait for the end of a question. */
  #unshown: string[] | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#over.catch(() => {});
    const { settings, stateFolder, places } = options;
    this.#client = new Client(
      { servers: options.servers, key: options.key, joins: settings.values.joins, past: pastOf },
      {
        event: (event) => this.#memory.event(event),
        problem: (problem) => this.#print(this.#view.problem(problem.text)),
        refused: (message, problem) => this.#refused(message, problem),
        help: () => this.#memory.event(allHelp()),
        notice: (text) => this.#print(this.#view.notice(text)),
        ignoring: (people) => this.#trySetting(() => settings.ignore(people)),
        set: (words) => this.#set(words),
        clear: () => this.#prompt.screen.clear(),
        around: (seq) => this.#pager.around(seq),
        forgotten: () => this.#pager.close(),
        takenBack: (seqs) => this.#pager.takeBack(seqs),
        lookingBack: () => this.#status.changed(),
        askOperatorPassword: () => this.#becomeOperator(),
        leaving: () =>
          this.#print(
            this.#view.notice("Leaving once everything you said is in the room; Ctrl-C leaves now"),
          ),
        state: (state) => this.#showState(state),
        caughtUp: () => this.#memory.caughtUp(),
        nameless: (problem) => {
          this.#prompt.stop();
          this.#enter(problem);
        },
        closed: this.#closed.resolve,
      },
    );
    const { link, chat } = this.#client;
    link.password = options.password;
    this.#memory = new Memory(this.#client, (name) => new Files(stateFolder, places, name), {
      event: (event) => this.#show(event),
      missed: (missed) => this.#showMissed(missed),
      offered: (lines) => this.#offer(lines),
      draft: () => this.#prompt.draft,
      isHidden: () => this.#pager.isOpen,
    });
    this.#view = new View(chat, this.#viewOptions());
    this.#apply();
    const left = () => this.quit();
    this.#tty = new Tty(process.stdin, process.stdout, { gone: left, left, looked: () => this.#looked() });
    this.#prompt = new Prompt(this.#tty, {
      entered: (line) => this.#entered(line),
      left: () => this.#client.past?.stop() || this.quit(),
      back: () => this.#pager.open() || this.#client.past?.history(),
      complete: (text) => settings.complete(text) ?? complete(text, words, chat.people.names),
      expand: (text, rest) => {
        this.#memory.typed();
        return chat.typing(text, rest);
      },
      refused: (problem) => this.#print(this.#view.problem(problem)),
      // What the terminal does not take waits at the server, which loses none of it.
      full: () => link.pause(),
      drained: () => link.resume(),
      dim: (status) => this.#colors.dim(status),
    });
    this.#pager = new Pager(this.#prompt.screen, this.#client.pages, {
      now: () => link.position?.seq ?? 0,
      renderer: () => this.#pastRenderer(),
      left: () => {
        this.#memory.changed();
        this.#looked();
      },
    });
    this.#status = new Status(this.#client, (status) => {
      this.#prompt.status = status;
    });
  }

  /** Asks, joins and chats until it is over. Resolves with the exit code: 1 if something was not sent. */
  async run(): Promise<number> {
    this.#tty.open();
    this.#enter();
    const problem = await this.#closed.promise;
    clearTimeout(this.#settling);
    this.#status.stop();
    // Text typed while the client connected is a draft, too.
    if (!this.#hasRow) this.#start();
    // Before what waits below a page is printed: the window may be gone.
    this.#memory.keepDraft();
    this.#memory.save();
    this.#prompt.screen.print(this.#view.settle());
    this.#prompt.stop();
    const { name, outbox } = this.#client.link;
    const unsent = unsentLines(outbox);
    await this.#tty.close();
    if (problem !== undefined) process.stderr.write(`${visibleRow(problem)}\n`);
    for (const line of unsent) process.stderr.write(`${visible(line)}\n`);
    if (unsent.length > 0) process.stderr.write(`To be sent at the next start as ${visibleRow(name)}\n`);
    return problem === undefined && unsent.length === 0 ? 0 : 1;
  }

  quit(): void {
    const { link } = this.#client;
    // A second signal may leave no time for it.
    this.#memory.save();
    // While a question is open nothing is read, and the goodbye has to be.
    link.resume();
    link.quit();
  }

  // ---- The way in ----

  /** Joins, asking for a name or a password until the room takes them; ends if a question gets no answer. */
  async #enter(lost?: Fault): Promise<void> {
    const { link } = this.#client;
    // A member that was in the room before may have messages to lose: after a failed try it is asked again.
    let name = lost ? link.name : this.#options.name;
    for (let problem = lost; ; ) {
      const asked = await this.#answerTo(problem, name);
      if (asked === undefined) return this.#closed.resolve(undefined);
      name = asked;
      if (!lost) this.#memory.joining(name);
      try {
        problem = await this.#join(name, lost === undefined);
      } catch (error) {
        if (error instanceof Refusal) return this.#closed.resolve(error.message);
        const reason = `No chat server at ${this.#options.place}: ${messageOf(error)}`;
        if (!lost) return this.#closed.resolve(`${reason}. Start one with "bun ChatServer.ts"`);
        problem = fault("unavailable", reason);
      }
      if (problem === undefined) return this.#start();
    }
  }

  /** Shows the input row, with the draft of the last time in it. */
  #start(): void {
    this.#hasRow = true;
    const draft = this.#memory.takeDraft();
    if (this.#prompt.draft === "") this.#prompt.draft = draft;
    // So that it is kept for the next start, too.
    this.#memory.typed();
    const offered = [...this.#prompt.history.lines];
    for (const line of [...this.#memory.lines, ...offered]) this.#prompt.history.add(line);
    this.#prompt.start();
  }

  /** The name to try next, once the person has answered the problem with the last try. Undefined to give up. */
  async #answerTo(problem: Fault | undefined, name: string | undefined): Promise<string | undefined> {
    const { link } = this.#client;
    if (problem?.code === "wrong-password") {
      link.password = await askPassword(this.#tty, problem.text);
      return link.password === undefined ? undefined : name;
    }
    if (name === undefined) return askName(this.#tty);
    return problem ? askName(this.#tty, { name, problem }) : name;
  }

  /** Joins. If `asks`, an unknown certificate is shown to the person, and it joins again if the person takes it. */
  async #join(name: string, asks: boolean): Promise<Fault | undefined> {
    try {
      return await whileWaiting(
        this.#tty,
        `Connecting to ${this.#options.place}`,
        Promise.race([this.#client.link.join(name), this.#over]),
      );
    } catch (error) {
      if (!asks || !(error instanceof UnknownCertificate)) throw error;
      const { trust, unknown } = error;
      if (!(await askTrust(this.#tty, trust.address, unknown))) throw error;
      trust.remember(unknown.fingerprint);
      return this.#join(name, false);
    }
  }

  async #becomeOperator(): Promise<void> {
    const { link } = this.#client;
    this.#unshown = [];
    this.#prompt.stop();
    link.pause();
    const password = await askPassword(this.#tty, "What is the operators' password?");
    const unshown = this.#unshown;
    this.#unshown = undefined;
    this.#prompt.start();
    this.#print(unshown);
    link.resume();
    if (password) this.#client.operate(password);
  }

  /** Enter ends the wait for the next try to connect; a blank line does no more than that. */
  #entered(line: string): void {
    this.#client.link.tryNow();
    if (line.trim() !== "") this.#client.enter(line);
    this.#memory.save();
    this.#memory.lines = this.#prompt.history.lines;
    this.#print([]);
  }

  // ---- The screen ----

  #show(event: Event): void {
    const lines = this.#view.render(event);
    if (this.#pager.isOpen && isMessage(event) && lines.length > 0) this.#pager.arrived();
    this.#alert(event);
    if (lines.length > 0) return this.#print(lines);
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#print(this.#view.settle());
    }, settleMs);
  }

  #showMissed(missed: Missed): void {
    const { mentions } = missed;
    const words = { from: this.#options.place, text: `${mentions} for you` };
    if (mentions > 0) this.#call(this.#options.settings.values.bell !== "off", words);
    this.#print(this.#view.missed(missed));
  }

  /** Prints lines, and redraws the messages that are still on their way. */
  #print(lines: string[]): void {
    if (this.#unshown) return void this.#unshown.push(...lines);
    this.#prompt.screen.print(lines);
    this.#prompt.waiting = [...this.#memory.waiting, ...this.#client.link.outbox].map(asWaiting);
    this.#status.changed();
  }

  #alert(event: Event): void {
    this.#call(this.#view.rings(event), this.#view.calls(event) ? event : undefined);
  }

  /** Rings, and tells the desktop of a message for us unless the person looks at the terminal. */
  #call(rings: boolean, words: { from: string; text: string } | undefined): void {
    const { notify } = this.#options.settings.values;
    if (this.#tty.isFocused) this.#looked();
    this.#showUnread();
    if (notify === "off") return;
    if (rings) this.#prompt.screen.ring();
    if (notify === "bell" || this.#tty.isFocused || !words) return;
    this.#prompt.screen.notify(notification(notify === "osc9" ? 9 : 777, words.from, words.text));
  }

  /** What came is read, unless something else is shown in its place. */
  #looked(): void {
    if (this.#pager.isOpen) return;
    this.#client.chat.read();
    this.#showUnread();
  }

  #showUnread(): void {
    const { chat, link } = this.#client;
    const { messages, mentions } = chat.unread;
    const unread = messages === 0 ? "" : `(${messages}${mentions === 0 ? "" : "!"}) `;
    this.#prompt.screen.title = `${unread}${link.name}@${this.#options.place}`;
  }

  #showState(state: LinkState): void {
    const { name } = this.#client.link;
    this.#prompt.label = state.type === "online" ? `${name}> ` : `${name} (offline)> `;
    this.#status.connection(state);
    if (state.type === "online") this.#memory.online(state.isBack);
    else this.#memory.offline();
  }

  #refused(message: Unsettled, problem: Fault): void {
    this.#memory.changed();
    this.#print([...this.#view.problem(problem.text), ...this.#view.notice(`Not sent: ${asTyped(message)}`)]);
  }

  /** Messages of the last run that may be in the room: the person decides. */
  #offer(lines: string[]): void {
    const title = "Perhaps not sent, and not sent again by itself; Up brings it back:";
    this.#print([...this.#view.problem(title), ...lines.flatMap((line) => this.#view.notice(line))]);
    for (const line of lines) this.#prompt.history.add(line);
  }

  // ---- Settings ----

  /** Each is looked up when it is needed, since it may change. */
  #viewOptions(): ViewOptions {
    const { values } = this.#options.settings;
    const colors = () => this.#colors;
    return {
      get time() {
        return values.time;
      },
      get bell() {
        return values.bell;
      },
      get colors() {
        return colors();
      },
      columns: () => this.#tty.columns,
      hitNumber: (seq) => this.#client.past?.hits.numberOf(seq),
    };
  }

  /** A view of its own, since what it shows of times goes on from line to line. */
  #pastRenderer(): (event: Recorded) => string[] {
    const { chat, past } = this.#client;
    const view = new View(chat, this.#viewOptions());
    return (event) =>
      view.past(event, past?.hits.numberOf(event.seq) === undefined ? undefined : past.hits.words);
  }

  #set(words: string): void {
    this.#trySetting(() => {
      const text = this.#options.settings.command(words);
      this.#apply();
      this.#print(text.split("\n").flatMap((row) => this.#view.notice(row)));
    });
  }

  #trySetting(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.#apply();
      this.#print(this.#view.problem(messageOf(error)));
    }
  }

  /** Hands the settings on to the parts that do not look them up. */
  #apply(): void {
    const { chat } = this.#client;
    const { joins, highlight, ignore, color } = this.#options.settings.values;
    chat.joins = joins;
    chat.highlight = highlight;
    if (!Bun.deepEquals(chat.ignored.list, ignore)) chat.ignored.list = ignore;
    this.#colors = picocolors.createColors(color === "auto" ? picocolors.isColorSupported : color === "on");
  }
}

/** A message on its way as it stands above the row: a whisper must not look public. */
function asWaiting(message: Unsettled): string {
  return message.type === "tell" ? `→ ${message.to}: ${message.text}` : asTyped(message);
}
