// A sender that takes no seat: each message is posted and acknowledged, one after the other, and nothing else is shown.
// The same message is posted again after a drop, with its id, so that it is said once. For scripts: --say, --once.
//
//   connect ──opened──▶ post ──seen──▶ the next one … ──▶ done
//      ▲                 │ └── not now (retryAfterMs) ──▶ the same again, after that time
//      └── lost ─────────┘ └── any other error ──▶ failed

import { commands, type Raw } from "../../protocol/commands.ts";
import { messageOf } from "../../protocol/errors.ts";
import { type Event, type Fault, isFault, limits } from "../../protocol/events.ts";
import { Connection } from "../core/connection.ts";
import { asRefusal } from "../core/link.ts";
import { newId } from "../core/outbox.ts";
import { type RoomOptions, Servers } from "../core/servers.ts";
import { Refusal } from "../core/wire.ts";
import { refusalText } from "./refusal.ts";

export type PostOptions = RoomOptions & { name: string };

type Post = Raw & { id: string };

/** How long each message is tried until it is acknowledged, once a server was reached. */
const patienceMs = 30_000;

/** Posts the texts in their order. Rejects with an Error of one sentence if one of them is not known to be in the room. */
export async function post(texts: string[], options: PostOptions): Promise<void> {
  const { name, password, key } = options;
  const posts = texts.map((text): Post => {
    const raw = { type: "post", name, text, id: newId(), password, key };
    const checked = commands.post.check(raw);
    if (isFault(checked)) throw new Error(checked.text);
    return raw;
  });
  await new Poster(posts, options).done;
}

class Poster {
  readonly #posts: Post[];
  readonly #options: PostOptions;
  readonly #servers: Servers;
  readonly #outcome = Promise.withResolvers<void>();
  #connection: Connection | undefined;
  #hasOpened = false;
  /** Why the message under way is not acknowledged yet. */
  #trouble = "no answer";
  #again: ReturnType<typeof setTimeout> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(posts: Post[], options: PostOptions) {
    this.#posts = posts;
    this.#options = options;
    this.#servers = new Servers(options.servers);
    this.#connect();
  }

  get done(): Promise<void> {
    return this.#outcome.promise;
  }

  #connect(): void {
    this.#connection = new Connection(this.#servers.present, {
      opened: () => {
        this.#hasOpened = true;
        this.#deadline ??= this.#newDeadline();
        this.#next();
      },
      event: (event) => this.#handle(event),
      lost: (why) => this.#lost(why),
    });
  }

  /** Sends the message that is not acknowledged yet, or ends if there is none. */
  #next(): void {
    const [next] = this.#posts;
    if (next) this.#connection?.send(next);
    else this.#end();
  }

  #handle(event: Event): void {
    switch (event.type) {
      case "seen":
        if (event.id !== this.#posts[0]?.id) return;
        this.#posts.shift();
        this.#servers.works();
        clearTimeout(this.#deadline);
        this.#deadline = this.#newDeadline();
        return this.#next();
      case "error":
        return this.#refused(event);
      case "bye":
        if (event.retryAfterMs === undefined) return this.#end(event.text);
        return this.#lost(new Error(event.text), event.retryAfterMs);
    }
  }

  #refused(problem: Fault): void {
    const { code, retryAfterMs } = problem;
    // A password was wrong: the answer follows, only later.
    if (code === "slow-down") return;
    const { name, key } = this.#options;
    const text = refusalText(asRefusal(problem, name, key));
    this.#trouble = text;
    if (retryAfterMs !== undefined) this.#again = setTimeout(() => this.#next(), retryAfterMs);
    else this.#end(text);
  }

  #lost(why: unknown, retryAfterMs?: number): void {
    this.#connection?.close();
    clearTimeout(this.#again);
    if (why instanceof Refusal) return this.#end(why.message);
    const givenUp = this.#servers.giveUp();
    if (!this.#hasOpened && givenUp >= this.#servers.count) {
      return this.#end(`No chat server at ${this.#options.address}: ${messageOf(why)}`);
    }
    this.#trouble = messageOf(why);
    this.#again = setTimeout(() => this.#connect(), this.#servers.wait(retryAfterMs));
  }

  #newDeadline(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#end(this.#trouble), patienceMs);
  }

  #end(problem?: string): void {
    this.#connection?.close();
    clearTimeout(this.#again);
    clearTimeout(this.#deadline);
    const { length } = this.#posts;
    if (problem === undefined) return this.#outcome.resolve();
    const what = length === 1 ? "The message was not said" : `${length} messages were not said`;
    this.#outcome.reject(new Error(`${what}: ${problem}`));
  }
}

/** A text in as few messages as hold it: each has as many of its lines as one may have. */
export function messagesIn(text: string): string[] {
  const messages: string[][] = [];
  let length = Infinity;
  for (const line of text.replaceAll("\r\n", "\n").trimEnd().split("\n")) {
    const own = [...line].length + 1;
    const last = messages.at(-1);
    if (last && last.length < limits.textLines && length + own <= limits.textLength) {
      last.push(line);
      length += own;
    } else {
      messages.push([line]);
      length = own;
    }
  }
  const whole = messages.map((lines) => lines.join("\n"));
  // Blank parts are left out, unless the whole text is blank: that is a fault, which the check of the message reports.
  return whole.length === 1 ? whole : whole.filter((message) => message.trim() !== "");
}
