// The client on a terminal: it asks for a name, joins, and shows the room above the input row. While a question is open
// in the middle of the chat nothing is read from the server, so that no line is drawn over the question; and no more than
// the terminal takes.
// However it ends, messages that were not sent are printed, and the terminal is given back as it was.

import picocolors from "picocolors";
import type { Place } from "../../protocol/addresses.ts";
import { messageOf } from "../../protocol/errors.ts";
import { type Event, type Fault, isMessage, type Recorded } from "../../protocol/events.ts";
import { visible, visibleRow } from "../../protocol/text.ts";
import { complete } from "../../terminal/row/completion.ts";
import { Prompt, type PromptHandlers } from "../../terminal/row/prompt.ts";
import { Tty } from "../../terminal/tty.ts";
import { settleMs } from "../core/chat.ts";
import { allHelp, Client, type ClientHandlers, words } from "../core/client.ts";
import type { LinkState } from "../core/link.ts";
import { asTyped, notSent, offeredTitle, type Unsettled, unsentLines } from "../core/outbox.ts";
import { Past } from "../core/past/past.ts";
import type { RoomOptions } from "../core/servers.ts";
import { Refusal } from "../core/wire.ts";
import { Memory, type MemoryHandlers } from "../kept/memory.ts";
import type { Missed } from "../kept/missed.ts";
import { Alerts } from "./alerts.ts";
import { Entrance } from "./entrance/entrance.ts";
import { askPassword } from "./entrance/questions.ts";
import { Files } from "./files.ts";
import { Pager, type PagerHandlers } from "./pager/pager.ts";
import type { Settings } from "./settings.ts";
import { Status } from "./status.ts";
import { View, type ViewOptions } from "./view.ts";

export type TerminalOptions = RoomOptions & {
  /** The hosts and ports of the servers, which tell the files of one room from those of another. */
  places: readonly Place[];
  /** The name to join under; undefined: it is asked for. */
  name: string | undefined;
  settings: Settings;
  /** The folder of the files that outlive the program. */
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
  readonly #alerts: Alerts;
  readonly #entrance: Entrance;
  readonly #memory: Memory;
  readonly #closed = Promise.withResolvers<string | undefined>();
  #settling: ReturnType<typeof setTimeout> | undefined;
  #hasRow = false;
  /** The options of all views; `#apply` brings them up to date with the settings. */
  readonly #viewOptions: ViewOptions = {
    colors: picocolors,
    time: "off",
    bell: "off",
    columns: () => this.#tty.columns,
    hitNumber: (seq) => this.#client.past?.hits.numberOf(seq),
  };
  /** Lines that wait for the end of a question. */
  #unshown: string[] | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
    const over = this.#closed.promise.then((): never => {
      throw new Refusal("It is over");
    });
    over.catch(() => {});
    const { settings, stateFolder, places } = options;
    this.#client = new Client(
      { servers: options.servers, key: options.key, joins: settings.values.joins, past: Past },
      this.#clientHandlers(),
    );
    const { link, chat } = this.#client;
    link.password = options.password;
    const keepOf = (name: string) => new Files(stateFolder, places, name);
    this.#memory = new Memory(this.#client, keepOf, this.#memoryHandlers());
    this.#view = new View(chat, this.#viewOptions);
    this.#apply();
    this.#tty = new Tty(process.stdin, process.stdout, {
      gone: () => this.quit(),
      left: () => this.quit(),
      looked: () => this.#alerts.looked(),
    });
    this.#prompt = new Prompt(this.#tty, this.#promptHandlers());
    const { screen } = this.#prompt;
    this.#pager = new Pager(screen, this.#client.pages, this.#pagerHandlers());
    this.#alerts = new Alerts({
      client: this.#client,
      view: this.#view,
      tty: this.#tty,
      screen,
      settings: settings.values,
      address: options.address,
      isHidden: () => this.#pager.isOpen,
    });
    this.#entrance = new Entrance({
      tty: this.#tty,
      link,
      address: options.address,
      name: options.name,
      joining: (name) => this.#memory.joining(name),
      over,
    });
    this.#status = new Status(this.#client, (status) => {
      this.#prompt.status = status;
    });
  }

  #clientHandlers(): ClientHandlers {
    const { settings } = this.#options;
    return {
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
        this.#print(this.#view.notice("Leaving once everything you said is in the room; Ctrl-C leaves now")),
      state: (state) => this.#showState(state),
      caughtUp: () => this.#memory.caughtUp(),
      nameless: (problem) => {
        this.#prompt.stop();
        this.#enter(this.#entrance.reenter(problem));
      },
      closed: this.#closed.resolve,
    };
  }

  #memoryHandlers(): MemoryHandlers {
    return {
      event: (event) => this.#show(event),
      missed: (missed) => this.#showMissed(missed),
      offered: (lines) => this.#offer(lines),
      draft: () => this.#prompt.draft,
      isHidden: () => this.#pager.isOpen,
    };
  }

  #pagerHandlers(): PagerHandlers {
    return {
      now: () => this.#client.link.position?.seq ?? 0,
      renderer: () => this.#pastRenderer(),
      left: () => {
        this.#memory.changed();
        this.#alerts.looked();
      },
    };
  }

  #promptHandlers(): PromptHandlers {
    const { settings } = this.#options;
    const { link, chat } = this.#client;
    return {
      entered: (line) => this.#entered(line),
      left: () => {
        if (!this.#client.past?.stop()) this.quit();
      },
      back: () => {
        if (!this.#pager.open()) this.#client.past?.history();
      },
      complete: (text) => settings.complete(text) ?? complete(text, words, chat.people.names),
      expand: (text, rest) => {
        this.#memory.typed();
        return chat.typing(text, rest);
      },
      refused: (problem) => this.#print(this.#view.problem(problem)),
      // Events that the terminal does not take wait at the server, which loses none.
      full: () => link.pause(),
      drained: () => link.resume(),
      dim: (status) => this.#viewOptions.colors.dim(status),
    };
  }

  /** Asks, joins and chats until it is over. Resolves with the exit code: 1 if something was not sent. */
  async run(): Promise<number> {
    this.#tty.open();
    this.#enter(this.#entrance.enter());
    const problem = await this.#closed.promise;
    clearTimeout(this.#settling);
    this.#status.stop();
    // Text that was typed while the client connected is in the row only once that is shown.
    if (!this.#hasRow) this.#start();
    // Saved first: if the window is gone, printing the lines that wait may not return.
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
    // First, since a second signal may leave no time for it.
    this.#memory.save();
    // While a question is open nothing is read; but the server's goodbye must be.
    link.resume();
    link.quit();
  }

  // ---- The way in ----

  /** Shows the row once the entrance has let the person in; ends if it does not. */
  async #enter(way: Promise<boolean>): Promise<void> {
    try {
      if (await way) this.#start();
      else this.#closed.resolve(undefined);
    } catch (error) {
      this.#closed.resolve(messageOf(error));
    }
  }

  /** Shows the input row, with the draft of the last time in it. */
  #start(): void {
    this.#hasRow = true;
    const draft = this.#memory.takeDraft();
    if (this.#prompt.draft === "") this.#prompt.draft = draft;
    // The draft was taken out of the memory: it is kept anew.
    this.#memory.typed();
    const offered = [...this.#prompt.history.lines];
    for (const line of [...this.#memory.lines, ...offered]) this.#prompt.history.add(line);
    this.#prompt.start();
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
    this.#alerts.event(event);
    if (lines.length > 0) return this.#print(lines);
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#print(this.#view.settle());
    }, settleMs);
  }

  #showMissed(missed: Missed): void {
    this.#alerts.missed(missed.mentions);
    this.#print(this.#view.missed(missed));
  }

  /** Prints lines, and redraws the messages that are still on their way. */
  #print(lines: string[]): void {
    if (this.#unshown) {
      this.#unshown.push(...lines);
      return;
    }
    this.#prompt.screen.print(lines);
    this.#prompt.waiting = [...this.#memory.waiting, ...this.#client.link.outbox].map(asWaiting);
    this.#status.changed();
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
    this.#print([...this.#view.problem(problem.text), ...this.#view.notice(notSent(message))]);
  }

  /** Messages of the last run that may be in the room: the person decides. */
  #offer(lines: string[]): void {
    this.#print([...this.#view.problem(offeredTitle), ...lines.flatMap((line) => this.#view.notice(line))]);
    for (const line of lines) this.#prompt.history.add(line);
  }

  // ---- Settings ----

  /** Each renderer has another view, since a view remembers the day and the time of its last line. */
  #pastRenderer(): (event: Recorded) => string[] {
    const { chat, past } = this.#client;
    const view = new View(chat, this.#viewOptions);
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
    const { joins, highlight, ignore, color, time, bell } = this.#options.settings.values;
    chat.joins = joins;
    chat.highlight = highlight;
    if (!Bun.deepEquals(chat.ignored.list, ignore)) chat.ignored.list = ignore;
    const colors = picocolors.createColors(color === "auto" ? picocolors.isColorSupported : color === "on");
    Object.assign(this.#viewOptions, { time, bell, colors });
  }
}

/** A message on its way as it stands above the row: a whisper must not look public. */
function asWaiting(message: Unsettled): string {
  return message.type === "tell" ? `→ ${message.to}: ${message.text}` : asTyped(message);
}
