// The core of every front end: the link, the state of the chat, and the lines that a person enters, carried out. The front
// ends (terminal, pipe, page) show events and ask questions. Nothing in the core needs Bun, Node or a screen.

import { type Command, type CommandOf, check, cutWord, type Raw } from "../../protocol/commands.ts";
import { type Event, type Fault, fault, isFault } from "../../protocol/events.ts";
import { cleanName, memberName, nameKey } from "../../protocol/names.ts";
import { checkTyped, help, helpOf, parseTyped, typed, usageText } from "../../protocol/typed.ts";
import { Chat, type Joins } from "./chat.ts";
import { Link, type LinkHandlers, type LinkOptions } from "./link.ts";
import { hasLeft } from "./outbox.ts";
import { noConnection, Pages } from "./past/pages.ts";
import type { Past } from "./past/past.ts";
import { isUnreachable } from "./people.ts";

export type ClientOptions = LinkOptions & {
  joins: Joins;
  /** Carries out /history, /search and /around; absent in the page, which shows the past by scrolling. */
  past?: typeof Past;
};

export type ClientHandlers = LinkHandlers & {
  /** Shows why a line that was entered cannot be carried out. */
  problem: (problem: Fault) => void;
  /** Shows the outcome of a command that the client carries out itself. */
  notice: (text: string) => void;
  /** Shows the commands, as `allHelp` has them. */
  help: () => void;
  /** Called when the ignored people have changed, with the names of each. */
  ignoring?: (people: string[][]) => void;
  /** Carries out /set with the words typed behind it. */
  set: (words: string) => void;
  /** Clears the screen; absent where there is none. */
  clear?: () => void;
  /** Asks for the operators' password; absent where it could be seen. */
  askOperatorPassword?: () => void;
  /** The person asked to leave, which waits for messages that are not in the room yet. */
  leaving?: () => void;
  /** Shows the messages around an event; if it returns false, they come as a `history`. */
  around?: (seq: number) => boolean;
  /** The room has another history now: the messages shown so far are no part of it. */
  forgotten?: () => void;
  /** The messages at these positions were taken back. */
  takenBack?: (seqs: readonly number[]) => void;
  /** `past.progress` has changed. */
  lookingBack?: () => void;
};

export class Client {
  readonly link: Link;
  readonly chat: Chat;
  readonly pages: Pages;
  readonly past: Past | undefined;
  readonly handlers: ClientHandlers;
  #leaving = false;
  /** The request to become an operator until it is answered: if the connection is lost first, it is sent again. */
  #op: Command | undefined;

  constructor(options: ClientOptions, handlers: ClientHandlers) {
    this.handlers = handlers;
    this.link = new Link(options, {
      ...handlers,
      event: (event) => {
        if (this.#op && isVerdict(event, this.link.name)) this.#op = undefined;
        if (this.chat.apply(event)) handlers.ignoring?.(this.chat.ignored.list);
        if (!(this.past ?? this.pages).event(event)) handlers.event(event);
      },
      state: (state) => {
        if (state.type === "offline") this.pages.lost();
        handlers.state(state);
      },
      caughtUp: () => {
        handlers.caughtUp?.();
        if (this.#op) this.link.send(this.#op);
      },
    });
    this.chat = new Chat(this.link.people, options.joins);
    this.pages = new Pages((command) => this.link.send(command));
    this.past = options.past && new options.past(this);
  }

  /** Carries out a line that a person entered: a message, a command of the room, or one of the client. */
  enter(line: string): void {
    const [, word = "", words = ""] = /^(\/\w+)\s*(.*)$/s.exec(line) ?? [];
    const local = localCommands.find((known) => known.word === word.toLowerCase());
    if (local) return this.#local(local, words.trimEnd());
    const raw = parseTyped(line);
    if (isFault(raw)) return this.handlers.problem(raw);
    if (this.#isAnsweredHere(raw)) return;
    const command = checkTyped(raw);
    if (isFault(command)) this.handlers.problem(command);
    else if (command.type === "history" && this.past) this.past.history(command.limit);
    else if (command.type === "search" && this.past) this.past.search(command.text);
    else this.ask(command.type === "tell" ? this.#addressed(command) : raw);
  }

  /** Carries out /help, and /op and /search without words; false for any other line. */
  #isAnsweredHere(raw: Raw): boolean {
    const { help, askOperatorPassword } = this.handlers;
    if (raw.type === "help") {
      help();
      return true;
    }
    if (raw.type === "search") return raw.text === "" && (this.past?.searchOn() ?? false);
    if (raw.type !== "op" || raw.password !== "" || !askOperatorPassword) return false;
    if (this.link.status === "online") askOperatorPassword();
    else this.ask(noConnection);
    return true;
  }

  /** Runs a command of the client. An argument that stands without brackets in its usage is needed. */
  #local(command: LocalCommand, words: string): void {
    const isNeeded = /^\S+ [^[]/.test(command.usage);
    if (words === "" && isNeeded) this.ask(fault("empty", usageText(command)));
    else command.run(this, words);
  }

  /** Sends a command as written, if it passes the check, which turns "1h" into ms. Otherwise shows its fault. */
  ask(raw: Raw | Fault): void {
    const command = isFault(raw) ? raw : check(raw);
    if (isFault(command)) this.handlers.problem(command);
    else if (command.type === "quit") this.leave(command.text);
    else if (command.type === "say" || command.type === "act" || command.type === "tell") {
      this.link.say(command);
    } else if (!this.link.send(identified(raw))) {
      this.handlers.problem(noConnection);
    } else if (command.type === "op") {
      this.#op = command;
    }
  }

  /** Becomes an operator with the password that was asked for: now, or once the connection that was lost meanwhile is back. */
  operate(password: string): void {
    const command: Command = { type: "op", password };
    if (this.link.status === "online") return this.ask(command);
    this.#op = command;
    this.handlers.notice("The password is sent once the connection is back");
  }

  /** Leaves once everything that was said is in the room; asked again, at once. */
  async leave(text?: string): Promise<void> {
    const again = this.#leaving;
    this.#leaving = true;
    if (!again && this.link.outbox.size > 0) {
      this.handlers.leaving?.();
      await this.link.outbox.below(1);
    }
    this.link.quit(text);
  }

  /** True once the person has asked to leave. */
  get isLeaving(): boolean {
    return this.#leaving;
  }

  /** Whispers to the member who whispered last, under its present name. */
  reply(text: string): void {
    const person = this.chat.whisperer;
    if (!person) return this.ask(fault("no-such-member", "Nobody has whispered to you yet"));
    const { name } = person;
    if (isUnreachable(person)) return this.ask(hasLeft(name));
    // The server whispers too, from its own terminal.
    if (isFault(cleanName(name)))
      return this.ask(fault("no-such-member", `${name} is no member: say it aloud`));
    this.ask({ type: "tell", to: name, text });
  }

  /** Hides a person, or lists who is hidden. */
  ignore(words: string): void {
    const { ignored, people } = this.chat;
    if (words === "") return this.handlers.notice(listed(ignored.list));
    const name = memberName(words);
    if (isFault(name)) return this.handlers.problem(name);
    const person = people.find(name);
    if (person === people.me) return this.ask(fault("bad-name", "That is you: what you say is always shown"));
    if (!person && !people.hasSpoken(name)) {
      return this.ask(fault("no-such-member", `Nobody here is called "${name}": /who lists who is here`));
    }
    ignored.add(person?.name ?? name);
    this.handlers.ignoring?.(ignored.list);
    this.handlers.notice(`${name} is hidden now, under any name: /unignore ${name} shows it again`);
  }

  /** Shows a person again. */
  unignore(words: string): void {
    const { ignored } = this.chat;
    const name = memberName(words);
    if (isFault(name)) return this.handlers.problem(name);
    if (!ignored.remove(name)) {
      return this.ask(fault("no-such-member", `"${name}" is not hidden: /ignore lists who is`));
    }
    this.handlers.ignoring?.(ignored.list);
    this.handlers.notice(`${name} is shown again`);
  }

  /** Puts the present name into a whisper whose addressee was renamed since its name was typed. */
  #addressed(command: CommandOf<"tell">): Raw | Fault {
    const person = this.chat.takeAddressee(command.to);
    if (!person) return command;
    return isUnreachable(person) ? hasLeft(person.name) : { ...command, to: person.name };
  }
}

/** Whether this event answers a request of that member to become an operator. */
function isVerdict(event: Event, name: string): boolean {
  if (event.type === "opped") return nameKey(event.name) === nameKey(name);
  // The note says that it is one already.
  if (event.type === "note") return true;
  return event.type === "error" && event.id === undefined && event.code !== "slow-down";
}

/** The command, a `history` or a `search` with an id: the server carries out later commands, pings too, while it reads. */
function identified(command: Raw): Raw {
  if (command.type !== "history" && command.type !== "search") return command;
  return { ...command, id: command.id ?? "look" };
}

/** Who is hidden, each with the other names it had. */
function listed(people: string[][]): string {
  if (people.length === 0) return "Nobody is hidden: /ignore NAME hides a member";
  const each = people.map((names) => {
    const [last = "", ...others] = names.toReversed();
    return others.length === 0 ? last : `${last} (also ${others.join(", ")})`;
  });
  return `Hidden: ${each.join(", ")}`;
}

type LocalCommand = {
  word: string;
  usage: string;
  summary: string;
  run: (client: Client, words: string) => void;
};

function local(usage: string, summary: string, run: LocalCommand["run"]): LocalCommand {
  return { word: cutWord(usage)[0], usage, summary, run };
}

/** The commands that the client carries out itself; all others go to the room. */
export const localCommands = [
  local("/reply TEXT", "answer the last whisper", (client, words) => client.reply(words)),
  local("/ignore [NAME]", "hide NAME, under any name, until /unignore; or list who is", (client, words) =>
    client.ignore(words),
  ),
  local("/unignore NAME", "show NAME again", (client, words) => client.unignore(words)),
  local("/around [N]", "show the lines around hit N; /search alone: older hits", ({ past }, words) =>
    past?.around(words),
  ),
  local("/set [NAME VALUE]", "change a setting, now and for later starts; or list them", (client, words) =>
    client.handlers.set(words),
  ),
  local("/clear", "clear the screen", ({ handlers }) => handlers.clear?.()),
];

/** All command words that a person can enter, slash included, for completion. */
export const words = [...typed, ...localCommands].map(({ word }) => word).sort();

/** The answer to /help: the commands of the room and of the client. */
export function allHelp(): { type: "help"; text: string } {
  return { type: "help", text: `${help()}\n${localHelp()}` };
}

/** The lines of /help for the client's own commands. */
export function localHelp(): string {
  return helpOf(localCommands);
}
