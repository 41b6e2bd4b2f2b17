// The client in a browser: asks for a name, joins, and shows the room.
//
//    door ──join──▶ room ──taken over, put out, left──▶ over ──▶ room again, from its position on, or the door
//
// A reload takes the same seat again, so the others see nothing of it. A window whose seat another one took over keeps its
// rows, and can take the seat back.

import { messageOf } from "../../protocol/errors.ts";
import {
  type ByeCode,
  type Event,
  type Fault,
  fault,
  isMessage,
  type Message,
  type Welcome,
} from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import { Client, type ClientHandlers } from "../core/client.ts";
import type { LinkState } from "../core/link.ts";
import { asTyped, notSent, offeredTitle, type Unsettled } from "../core/outbox.ts";
import { pageOf } from "../core/past/pages.ts";
import { Incoming, quietId } from "./incoming.ts";
import { listenForKeys } from "./keys.ts";
import { Returning } from "./link/returning.ts";
import { PageStorage, type TextStorage } from "./link/storage.ts";
import { webSocket } from "./link/wire.ts";
import { helpRows } from "./log/help.ts";
import { Log } from "./log/log.ts";
import { Search } from "./log/search.ts";
import { Attention } from "./page/attention.ts";
import { byId, sentence, show, write } from "./page/dom.ts";
import { Door } from "./page/door.ts";
import { Entry } from "./page/entry.ts";
import { Members } from "./page/members.ts";
import { setUpMenu } from "./page/menu.ts";
import { Speech } from "./page/speech.ts";
import { Status } from "./page/status.ts";
import { Screen } from "./screen.ts";
import { askSecret } from "./secret.ts";

/** How many messages of the past the page begins with. */
const firstMessages = 80;
/** How long after a change the page is saved, with later changes. */
const saveMs = 1_000;
/** How long after a failed try a reloaded page tries again to take its seat. */
const retryMs = 2_000;
/** A reloaded page that connects for longer than this shows the door. */
const patienceMs = 1_000;

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
  readonly #status: Status;
  readonly #incoming: Incoming;
  readonly #screen: Screen;
  readonly #room = byId("room", HTMLElement);
  readonly #over = byId("over", HTMLElement);
  /** The first welcome, until its history comes. */
  #welcome: Welcome | undefined;
  /** The token that the last join was sent with. */
  #joinToken: string | undefined;
  #saving: ReturnType<typeof setTimeout> | undefined;

  constructor({ protocol, host }: Location, storage: TextStorage | undefined) {
    this.#storage = new PageStorage(storage);
    const url = `${protocol === "https:" ? "wss" : "ws"}://${host}/chat`;
    this.#client = new Client(
      { servers: [webSocket(url)], key: this.#storage.key, historyEvents: firstMessages, joins: "active" },
      this.#clientHandlers(),
    );
    const { chat, link, pages } = this.#client;
    chat.ignored.list = this.#storage.ignored;
    this.#returning = new Returning(link);
    this.#door = new Door((name, password) => this.#join(name, password));
    const speech = new Speech();
    this.#log = new Log(chat, pages, {
      changed: () => this.#screen.changed(),
      moved: () => this.#screen.moved(),
      noticed: (text) => speech.say(text),
    });
    this.#attention = new Attention(chat, {
      isAtEnd: () => this.#log.isAtEnd,
      unread: (from, count) => this.#log.unread(from, count),
      back: () => link.wake(),
    });
    this.#entry = new Entry(chat, {
      entered: (text) => this.#entered(text),
      typed: () => {
        this.#log.scroll.settle();
        this.#changedKept();
      },
      problem: (text) => this.#status.problem(text),
      page: (count) => this.#log.scroll.page(count),
      escaped: () => this.#escaped(),
    });
    this.#members = new Members(chat, (name) => this.#entry.whisperTo(name));
    this.#search = new Search(chat, pages, (seq) => this.#log.around(seq));
    this.#status = new Status(() => link.tryNow());
    const shown = { client: this.#client, log: this.#log, attention: this.#attention };
    this.#incoming = new Incoming({ ...shown, entry: this.#entry, speech });
    this.#screen = new Screen({ ...shown, members: this.#members });
    setUpMenu({
      get: (setting) => this.#storage.get(setting),
      set: (setting, value) => this.#storage.set(setting, value),
      notifies: (isWanted) => {
        this.#attention.notifies = isWanted;
      },
      help: () => this.#help(),
      leave: () => void this.#client.leave(),
    });
    this.#listen();
  }

  #clientHandlers(): ClientHandlers {
    return {
      event: (event) => this.#event(event),
      problem: (problem) => this.#status.problem(problem.text),
      refused: (message, problem) => this.#refused(message, problem),
      help: () => this.#help(),
      notice: (text) => this.#log.notice(text),
      ignoring: (people) => this.#ignoring(people),
      set: () => this.#log.notice("Settings are in the menu, behind the three dots"),
      clear: () => this.#log.clear(),
      askOperatorPassword: () => askSecret((password) => this.#client.operate(password)),
      leaving: () => this.#log.notice("Leaving once everything you said is in the room"),
      state: (state) => this.#state(state),
      caughtUp: () => {
        this.#attention.isCatchingUp = false;
        this.#attention.looked();
        this.#screen.changed();
      },
      nameless: (problem) => this.#toDoor(problem),
      closed: (reason, code) => this.#closed(reason, code),
    };
  }

  /** Takes the seat again that the page had before it was reloaded, or asks for a name. */
  start(): void {
    const { seat, names } = this.#storage;
    if (seat) {
      void this.#join(seat.name, undefined, seat.token);
      setTimeout(() => {
        if (this.#client.link.status !== "connecting" || !this.#room.hidden) return;
        if (!this.#door.isOpen) this.#door.open(seat.name);
        this.#door.waiting = true;
      }, patienceMs);
    } else this.#door.open(names[0] ?? "");
  }

  // ---- The way in, and out ----

  async #join(name: string, password: string | undefined, token?: string): Promise<void> {
    const { link } = this.#client;
    this.#door.waiting = true;
    if (password !== undefined) link.password = password;
    this.#joinToken = token;
    link.token = token;
    this.#returning.joining(this.#storage.keepFor(name));
    try {
      const problem = await link.join(name);
      if (problem) this.#toDoor(problem);
    } catch (error) {
      this.#toDoor(fault("unavailable", messageOf(error)));
      // The server may be back in a moment, with the seat still kept.
      if (token !== undefined) setTimeout(() => this.#joinAgain(token), retryMs);
    }
  }

  #joinAgain(token: string): void {
    if (this.#door.isOpen && this.#client.link.status === "offline" && this.#storage.seat?.token === token)
      void this.#join(this.#storage.seat.name, undefined, token);
  }

  #toDoor(problem?: Fault): void {
    closeDialogs();
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
    const isSame = welcome.token === this.#joinToken || this.#client.chat.people.me.owned === true;
    const { offered, readUpTo } = this.#returning.arrived(welcome, page, isSame);
    if (readUpTo !== undefined) {
      const isMissed = (event: Message) => event.seq > readUpTo && this.#client.chat.isOfOthers(event);
      const missed = page.events.filter(isMessage).filter(isMissed);
      const [first] = missed;
      if (first) this.#log.unread(first.seq, missed.length);
    }
    if (offered.length > 0) {
      this.#log.notice(offeredTitle, "problem");
      for (const line of offered) this.#log.notice(line);
      this.#entry.lines = [...this.#entry.lines, ...offered];
    }
    this.#screen.changed();
  }

  #closed(reason: string | undefined, code: ByeCode | undefined): void {
    const isTakenOver = code === "taken-over";
    clearTimeout(this.#saving);
    this.#saving = undefined;
    if (!isTakenOver) {
      this.#returning.save(this.#entry.draft, this.#entry.lines);
      this.#storage.seat = undefined;
    }
    const text = isTakenOver
      ? "You are in the room in another window now."
      : (reason ?? "You have left the room.");
    write(byId("over-text", HTMLElement), sentence(text));
    const button = byId("over-button", HTMLButtonElement);
    write(button, isTakenOver ? "Use it here" : "Join again");
    button.onclick = () => {
      const { name } = this.#client.link;
      if (isTakenOver) void this.#join(name, undefined, this.#storage.seat?.token);
      else location.reload();
    };
    this.#room.inert = true;
    closeDialogs();
    if (this.#door.isOpen) return this.#toDoor(fault("unavailable", text));
    show(this.#over, true);
    button.focus();
  }

  // ---- Events ----

  #event(event: Event): void {
    this.#incoming.event(event);
    if (event.type === "welcome") this.#welcomed(event);
    else if (event.type === "history") this.#opened(event);
    else if (event.type === "error") {
      // The server could not read the history: the page begins without one.
      if (this.#welcome) this.#opened({ type: "history", events: [], before: this.#welcome.seq + 1 });
      if (this.#door.isOpen) this.#door.open("", event);
      else this.#status.problem(event.text);
    }
    this.#screen.changed();
    this.#changedKept();
  }

  #state(state: LinkState): void {
    const { link } = this.#client;
    this.#status.connection(state);
    this.#attention.isCatchingUp = state.type === "online" && state.isBack;
    if (state.type === "online") {
      this.#named(link.name);
      // The member joined again, from the door or by "Use it here"; the room below is drawn already.
      if (state.isBack && (this.#door.isOpen || !this.#over.hidden)) this.#toRoom();
    }
    this.#screen.changed();
    this.#changedKept();
  }

  /** Notes the name that the link has: from now on the seat and the kept texts are for it. */
  #named(name: string): void {
    const { seat } = this.#storage;
    if (!seat || nameKey(seat.name) === nameKey(name)) return;
    this.#storage.seat = { ...seat, name };
    this.#returning.renamed(this.#storage.keepFor(name));
    this.#log.redraw();
  }

  #refused(message: Unsettled, problem: Fault): void {
    this.#log.notice(problem.text, "problem");
    this.#log.notice(notSent(message));
    if (this.#entry.text === "") this.#entry.text = asTyped(message);
    this.#screen.changed();
  }

  #ignoring(people: string[][]): void {
    this.#storage.ignored = people;
    this.#log.redraw();
  }

  // ---- Input ----

  /** Enter ends the wait for the next try to connect; a blank line does no more than that. */
  #entered(text: string): void {
    this.#client.link.tryNow();
    this.#status.problem("");
    if (text.trim() === "") return;
    const [, word = "", words = ""] = /^(\/\w+)\s*(.*)$/s.exec(text) ?? [];
    switch (word.toLowerCase()) {
      case "/search":
      case "/around":
        return this.#search.open(word.toLowerCase() === "/search" ? words.trim() : "");
      case "/history":
        return this.#log.scroll.page(-1);
    }
    this.#client.enter(text);
    this.#log.toEnd();
    this.#screen.changed();
    this.#changedKept();
  }

  #help(): void {
    this.#log.toEnd();
    this.#log.add(...helpRows());
  }

  #escaped(): void {
    this.#status.problem("");
    if (this.#members.isOpen) this.#members.isOpen = false;
    else this.#log.toEnd();
  }

  #listen(): void {
    const { link } = this.#client;
    const search = () => this.#search.open();
    byId("search-button", HTMLButtonElement).onclick = search;
    listenForKeys({
      isOpen: () => !this.#room.hidden && !this.#room.inert,
      search,
      escaped: () => this.#escaped(),
      typing: () => this.#entry.focus(),
    });
    addEventListener("pagehide", () => this.#save());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#save();
      else if (link.status === "online") link.send({ type: "who", id: quietId });
    });
    // Safari's keyboard covers the page without making it smaller.
    visualViewport?.addEventListener("resize", () => {
      const { height = 0, scale = 1 } = visualViewport ?? {};
      if (scale !== 1) return;
      document.documentElement.style.setProperty("--height", `${height}px`);
      scrollTo(0, 0);
    });
  }

  // ---- Keeping ----

  #changedKept(): void {
    this.#saving ??= setTimeout(() => this.#save(), saveMs);
  }

  #save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    // After a takeover the other window keeps the draft and the position.
    if (this.#client.link.status === "closed") return;
    this.#returning.save(this.#entry.draft, this.#entry.lines);
  }
}

/** Closes the menu and the dialogs, which stand above the room. */
function closeDialogs(): void {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  byId("menu", HTMLElement).hidePopover();
}
