// The client in a browser: asks for a name, joins, and shows the room.
//
//    door ──join──▶ room ──taken over, put out, left──▶ over ──▶ room again, from its position on, or the door
//
// A reload takes the same seat again, so the others see nothing of it. A window in which the seat was taken over keeps
// what it has, and can take it back.

import { render } from "../../dialects/plain.ts";
import {
  type ByeCode,
  type Event,
  type Fault,
  fault,
  isMessage,
  type Message,
  type Recorded,
  type Welcome,
} from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import { visibleRow } from "../../protocol/text.ts";
import { settleMs } from "../core/chat.ts";
import { Client } from "../core/client.ts";
import type { LinkState } from "../core/link.ts";
import { asTyped, type Unsettled } from "../core/outbox.ts";
import { pageOf } from "../core/past/pages.ts";
import { reasonOf } from "../core/wire.ts";
import { Log } from "./log/log.ts";
import { commandRow, divider, moveRows, noticeRow, rowsOf, waitingRow } from "./log/rows.ts";
import { Search } from "./log/search.ts";
import { Attention } from "./page/attention.ts";
import { commands } from "./page/completion.ts";
import { Door } from "./page/door.ts";
import { byId, show, write } from "./page/dom.ts";
import { Entry } from "./page/entry.ts";
import { Members } from "./page/members.ts";
import { Menu } from "./page/menu.ts";
import { Speech } from "./page/speech.ts";
import { Status } from "./page/status.ts";
import { Returning } from "./returning.ts";
import { PageStorage } from "./storage.ts";
import { webSocket } from "./wire.ts";

/** How many messages of the past the page begins with. */
const firstMessages = 80;
/** How many of the messages that wait are shown; the others are counted. */
const shownWaiting = 20;
/** How long a change may wait to be kept, and to be drawn where no frames come, as in a hidden tab. */
const saveMs = 1_000;
const hiddenFrameMs = 500;
/** A reload that finds no server tries again after this. */
const retryMs = 2_000;
const patienceMs = 1_000;
const problemMs = 12_000;
/** The id of a question for the members that is not to be answered in the log. */
const quietId = "quiet";

export class WebFront {
  readonly #storage: PageStorage;
  readonly #client: Client;
  readonly #returning: Returning;
  readonly #door: Door;
  readonly #log: Log;
  readonly #entry: Entry;
  readonly #members: Members;
  readonly #search: Search;
  readonly #attention: Attention;
  readonly #speech = new Speech();
  readonly #status: Status;
  readonly #room = byId("room", HTMLElement);
  readonly #over = byId("over", HTMLElement);
  readonly #problem = byId("problem", HTMLElement);
  readonly #waiting = byId("waiting", HTMLOListElement);
  readonly #latest = byId("latest", HTMLButtonElement);
  readonly #topic = byId("topic", HTMLElement);
  /** The welcome whose history is to come. */
  #welcome: Welcome | undefined;
  /** What of the messages that wait is drawn. */
  #drawnWaiting = " 0";
  /** The token that was shown at the join. */
  #shownToken: string | undefined;
  #frame: { run: () => void } | undefined;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #problemTimer: ReturnType<typeof setTimeout> | undefined;

  constructor({ protocol, host }: Location, storage: Storage) {
    this.#storage = new PageStorage(storage);
    const url = `${protocol === "https:" ? "wss" : "ws"}://${host}/chat`;
    this.#client = new Client(
      { servers: [webSocket(url)], key: this.#storage.key, historyEvents: firstMessages, joins: "active" },
      {
        event: (event) => this.#event(event),
        problem: (problem) => this.#showProblem(problem.text),
        refused: (message, problem) => this.#refused(message, problem),
        notice: (text) => this.#log.notice(text),
        ignoring: (people) => this.#ignoring(people),
        set: () => this.#log.notice("Settings are in the menu, behind the three dots"),
        clear: () => this.#log.clear(),
        around: (seq) => {
          this.#log.around(seq);
          return true;
        },
        askOperatorPassword: () => this.#askSecret(),
        leaving: () => this.#log.notice("Leaving once everything you said is in the room"),
        state: (state) => this.#state(state),
        caughtUp: () => {
          this.#attention.isCatchingUp = false;
          this.#attention.looked();
        },
        nameless: (problem) => this.#toDoor(problem),
        closed: (reason, code) => this.#closed(reason, code),
      },
    );
    const { chat, link, past } = this.#client;
    chat.ignored.list = this.#storage.ignored;
    this.#returning = new Returning(link);
    this.#door = new Door((name, password) => this.#join(name, password));
    this.#log = new Log(chat, past.pages, { changed: () => this.#changed(), moved: () => this.#moved() });
    this.#attention = new Attention(chat, {
      isAtEnd: () => this.#log.isAtEnd,
      unread: (from, count) => this.#log.unread(from, count),
      back: () => link.wake(),
    });
    this.#entry = new Entry(chat, {
      entered: (text) => this.#entered(text),
      typed: () => this.#changedKept(),
      problem: (text) => this.#showProblem(text),
      page: (count) => this.#log.page(count),
      escaped: () => this.#escaped(),
    });
    this.#members = new Members(chat, (name) => this.#entry.whisperTo(name));
    this.#search = new Search(chat, past.pages, (seq) => this.#log.around(seq));
    this.#status = new Status(() => link.tryNow());
    new Menu({
      get: (setting) => this.#storage.get(setting),
      set: (setting, value) => this.#storage.set(setting, value),
      joins: (joins) => {
        chat.joins = joins;
      },
      notifies: (isWanted) => {
        this.#attention.notifies = isWanted;
      },
      help: () => this.#help(),
      leave: () => void this.#client.leave(),
    });
    this.#listen();
  }

  /** Takes the seat again that the page had before it was reloaded, or asks for a name. */
  start(): void {
    const { seat, names } = this.#storage;
    if (seat) {
      void this.#join(seat.name, undefined, seat.token);
      // A server that takes its time is waited for at the door.
      setTimeout(() => {
        if (this.#room.hidden && !this.#door.isOpen) this.#door.open(seat.name);
        if (this.#client.link.status === "connecting") this.#door.waiting = true;
      }, patienceMs);
    } else this.#door.open(names[0] ?? "");
  }

  // ---- The way in, and out ----

  async #join(name: string, password: string | undefined, token?: string): Promise<void> {
    const { link } = this.#client;
    this.#door.waiting = true;
    if (password !== undefined) link.password = password;
    this.#shownToken = token;
    link.token = token;
    this.#returning.joining(this.#storage.keepFor(name));
    try {
      const problem = await link.join(name);
      if (problem) this.#toDoor(problem);
    } catch (error) {
      this.#toDoor(fault("unavailable", reasonOf(error)));
      // The seat is still there: a server that comes back finds this page waiting.
      if (token !== undefined) setTimeout(() => this.#joinAgain(token), retryMs);
    }
  }

  #joinAgain(token: string): void {
    if (this.#door.isOpen && this.#client.link.status === "offline" && this.#storage.seat?.token === token)
      void this.#join(this.#storage.seat.name, undefined, token);
  }

  #toDoor(problem?: Fault): void {
    show(this.#over, false);
    show(this.#room, false);
    this.#door.open(this.#client.link.name, problem);
  }

  #toRoom(): void {
    this.#door.close();
    show(this.#over, false);
    show(this.#room, true);
    this.#room.inert = false;
    this.#members.draw();
    this.#entry.focus();
  }

  #welcomed(welcome: Welcome): void {
    const { name, token } = welcome;
    if (token !== undefined) this.#storage.seat = { name, token };
    if (!this.#room.hidden) return;
    this.#welcome = welcome;
    this.#toRoom();
    this.#entry.lines = this.#returning.lines;
    if (this.#entry.text === "") this.#entry.text = this.#returning.draft;
    this.#log.begin(welcome.seq);
  }

  /** The last messages, right behind the first welcome. */
  #opened(event: Extract<Event, { type: "history" }>): void {
    const welcome = this.#welcome;
    if (!welcome) return;
    this.#welcome = undefined;
    const page = pageOf(event, { limit: firstMessages });
    this.#log.begin(welcome.seq, page);
    const isSame = welcome.token === this.#shownToken || this.#client.chat.people.me.owned === true;
    const { offered, readUpTo } = this.#returning.arrived(welcome, page, isSame);
    if (readUpTo !== undefined) {
      const missed = page.events.filter(isMessage).filter((message) => message.seq > readUpTo && this.#isOthers(message));
      const [first] = missed;
      if (first) this.#log.unread(first.seq, missed.length);
    }
    if (offered.length > 0) {
      this.#log.notice("Perhaps not sent, and not sent again by itself; Up brings it back:", "problem");
      for (const line of offered) this.#log.notice(line);
      this.#entry.lines = [...this.#entry.lines, ...offered];
    }
    this.#changed();
  }

  #closed(reason: string | undefined, code: ByeCode | undefined): void {
    const isTakenOver = code === "taken-over";
    clearTimeout(this.#saving);
    if (!isTakenOver) {
      this.#returning.save(this.#entry.text, this.#entry.lines);
      this.#storage.seat = undefined;
    }
    const text = isTakenOver ? "You are in the room in another window now." : (reason ?? "You have left the room.");
    write(byId("over-text", HTMLElement), /[.?!]$/.test(text) ? text : `${text}.`);
    const button = byId("over-button", HTMLButtonElement);
    write(button, isTakenOver ? "Use it here" : "Join again");
    button.onclick = () => {
      const { name } = this.#client.link;
      if (isTakenOver) void this.#join(name, undefined, this.#storage.seat?.token);
      else location.reload();
    };
    this.#room.inert = true;
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    if (this.#door.isOpen) return this.#toDoor(fault("unavailable", text));
    show(this.#over, true);
    button.focus();
  }

  // ---- What comes ----

  #event(event: Event): void {
    this.#members.event(event);
    if ("at" in event) return this.#recorded(event);
    switch (event.type) {
      case "welcome":
        return this.#welcomed(event);
      case "history":
        return this.#opened(event);
      case "waiting":
        return this.#waited(event.events);
      case "members":
        if (event.id === quietId) return;
        return this.#log.notice(visibleRow(render(event)));
      case "subject":
      case "bans":
        return this.#log.notice(render(event));
      case "gap":
        this.#log.begin(event.to);
        return this.#log.notice("Some lines are missing here: they are no longer kept", "problem");
      case "error":
        // The history cannot be read.
        if (this.#welcome) this.#opened({ type: "history", events: [], before: this.#welcome.seq + 1 });
        if (this.#door.isOpen) this.#door.open("", event);
        else this.#showProblem(event.text);
    }
  }

  #recorded(event: Recorded): void {
    this.#log.event(event);
    if (isMessage(event)) this.#message(event);
    else if (event.type === "joined" || event.type === "left") {
      this.#settling ??= setTimeout(() => this.#settle(), settleMs);
      this.#entry.peopleChanged();
    } else if (event.type === "renamed") this.#entry.peopleChanged();
    this.#changed();
    this.#changedKept();
  }

  #message(message: Message): void {
    if (!this.#isOthers(message)) return;
    this.#attention.message(message, this.#client.chat.regard(message) === "mention");
    this.#speech.message(message);
  }

  #isOthers(message: Message): boolean {
    const regard = this.#client.chat.regard(message);
    return regard === "other" || regard === "mention";
  }

  /** Whispers that came while we were away, older than the history that is shown. */
  #waited(events: Recorded[]): void {
    const { chat } = this.#client;
    const rows = events.flatMap((event) => rowsOf(chat, event, event));
    this.#changed();
    setTimeout(() => this.#log.add(divider("Waited for you"), ...rows, divider("Now")));
  }

  #settle(): void {
    this.#settling = undefined;
    const rows = moveRows(this.#client.chat.takeMoves());
    if (this.#log.isWhole) this.#log.add(...rows);
  }

  #state(state: LinkState): void {
    const { link } = this.#client;
    this.#status.connection(state);
    this.#attention.isCatchingUp = state.type === "online" && state.isBack;
    if (state.type === "online") {
      this.#named(link.name);
      // Back from another window, or under another name: the room is still drawn.
      if (state.isBack && (this.#door.isOpen || !this.#over.hidden)) this.#toRoom();
    }
    document.body.classList.toggle("offline", state.type === "offline");
    this.#changed();
    this.#changedKept();
  }

  /** Our name is another one now. */
  #named(name: string): void {
    const { seat } = this.#storage;
    if (!seat || nameKey(seat.name) === nameKey(name)) return;
    this.#storage.seat = { ...seat, name };
    this.#returning.renamed(this.#storage.keepFor(name));
    this.#log.redraw();
  }

  #refused(message: Unsettled, problem: Fault): void {
    this.#log.notice(problem.text, "problem");
    this.#log.notice(`Not sent: ${asTyped(message)}`);
    if (this.#entry.text === "") this.#entry.text = asTyped(message);
    this.#changed();
  }

  #ignoring(people: string[][]): void {
    this.#storage.ignored = people;
    this.#log.redraw();
  }

  // ---- What the person does ----

  /** Enter ends the wait for the next try to connect; a blank line does no more than that. */
  #entered(text: string): void {
    this.#client.link.tryNow();
    this.#showProblem("");
    if (text.trim() === "") return;
    const [, word = "", words = ""] = /^(\/\w+)\s*(.*)$/s.exec(text) ?? [];
    switch (word.toLowerCase()) {
      case "/search":
      case "/around":
        return this.#search.open(word.toLowerCase() === "/search" ? words.trim() : "");
      case "/history":
        return this.#log.page(-1);
      case "/help":
        return this.#help();
    }
    this.#client.enter(text);
    this.#log.toEnd();
    this.#changed();
    this.#changedKept();
  }

  #help(): void {
    const keys = [
      "Enter says it, Shift-Enter begins another line; Tab completes a name or a command",
      "Up and Down: what you said before; PageUp and PageDown: the messages; Esc: the latest one",
      "Ctrl-Shift-F searches; a name at the side begins a whisper",
    ];
    this.#log.toEnd();
    this.#log.add(...commands.map(commandRow), ...keys.map((text) => noticeRow(text)));
  }

  #escaped(): void {
    this.#showProblem("");
    this.#members.open(false);
    this.#log.toEnd();
  }

  #askSecret(): void {
    const dialog = byId("ask", HTMLDialogElement);
    const secret = byId("secret", HTMLInputElement);
    secret.value = "";
    dialog.onclose = () => this.#entry.focus();
    byId("ask-close", HTMLButtonElement).onclick = () => dialog.close();
    byId("ask-form", HTMLFormElement).onsubmit = () => {
      if (secret.value !== "") this.#client.ask({ type: "op", password: secret.value });
      secret.value = "";
    };
    dialog.showModal();
  }

  #showProblem(text: string): void {
    clearTimeout(this.#problemTimer);
    write(this.#problem, visibleRow(text));
    if (text !== "") this.#problemTimer = setTimeout(() => write(this.#problem, ""), problemMs);
  }

  #listen(): void {
    const { link } = this.#client;
    byId("search-button", HTMLButtonElement).onclick = () => this.#search.open();
    this.#latest.onclick = () => {
      this.#log.toEnd();
      this.#entry.focus();
    };
    document.addEventListener("keydown", (event) => this.#anyKey(event));
    addEventListener("pagehide", () => this.#save());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#save();
      else if (link.status === "online") link.send({ type: "who", id: quietId });
    });
    // Safari's keyboard covers the page without making it smaller.
    visualViewport?.addEventListener("resize", () => {
      const { height = 0, scale = 1 } = visualViewport ?? {};
      if (scale === 1) document.documentElement.style.setProperty("--height", `${height}px`);
    });
  }

  /** A letter that is typed anywhere goes to the row. */
  #anyKey(event: KeyboardEvent): void {
    const { key, ctrlKey, shiftKey, altKey, metaKey, target } = event;
    if (this.#room.hidden || this.#room.inert) return;
    if ((ctrlKey || metaKey) && shiftKey && key.toLowerCase() === "f") {
      event.preventDefault();
      return this.#search.open();
    }
    const isElsewhere = target === document.body || (target instanceof HTMLElement && target.id === "log");
    if (!isElsewhere || ctrlKey || altKey || metaKey) return;
    if (key === "Escape") this.#escaped();
    if ([...key].length === 1 && key !== " ") this.#entry.focus();
  }

  // ---- Drawing and keeping ----

  /** Draws in the next frame; a hidden tab has none. */
  #changed(): void {
    if (this.#frame) return;
    const frame = {
      run: () => {
        if (this.#frame !== frame) return;
        this.#frame = undefined;
        this.#draw();
      },
    };
    this.#frame = frame;
    requestAnimationFrame(frame.run);
    setTimeout(frame.run, hiddenFrameMs);
  }

  #draw(): void {
    if (this.#room.hidden) return;
    const { chat } = this.#client;
    this.#log.draw();
    this.#drawWaiting();
    write(this.#topic, visibleRow(chat.topic ?? "Chat room"));
    this.#members.changed();
    this.#attention.draw();
    this.#moved();
  }

  #moved(): void {
    this.#attention.looked();
    const isAway = !this.#log.isAtEnd;
    show(this.#latest, isAway);
    const { unreadCount } = this.#attention;
    if (isAway) write(this.#latest, unreadCount > 0 ? `${unreadCount.toLocaleString("en-GB")} new ↓` : "Latest ↓");
  }

  #drawWaiting(): void {
    const { outbox } = this.#client.link;
    const shown = [...outbox].slice(0, shownWaiting);
    const drawn = `${shown.map(({ id }) => id).join()} ${outbox.size}`;
    if (drawn === this.#drawnWaiting) return;
    this.#drawnWaiting = drawn;
    const more = outbox.size - shown.length;
    const rows = shown.map((message) => waitingRow(this.#client.chat, message));
    if (more > 0) rows.push(noticeRow(`and ${more.toLocaleString("en-GB")} more`));
    this.#log.keep(() => this.#waiting.replaceChildren(...rows));
  }

  #changedKept(): void {
    this.#saving ??= setTimeout(() => this.#save(), saveMs);
  }

  #save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    // Another window has our seat, and keeps what is its own.
    if (this.#client.link.status === "closed") return;
    this.#returning.save(this.#entry.text, this.#entry.lines);
  }
}
