// An event → its row, which depends on the event before it: successive lines of one member are joined, the time is shown
// once for each minute, and a new day begins with a line. A name or a time that is hidden because it repeats is still
// there for screen readers and for copying.

import { deletion, inWords } from "../../../dialects/words.ts";
import { isMessage, type Message, type Recorded } from "../../../protocol/events.ts";
import { visible, visibleRow } from "../../../protocol/text.ts";
import { type Chat, type Move, movesInWords } from "../../core/chat.ts";
import type { Unsettled } from "../../core/outbox.ts";
import { element } from "../page/dom.ts";
import { type Marks, messageText, nameElement } from "../page/text.ts";

/** Lines of one member join if no more time than this lies between them. */
const joinedMs = 5 * 60_000;
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "full" });
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** The rows of an event below the event before it: none if it is not shown, two where a day begins. */
export function rowsOf(chat: Chat, event: Recorded, before: Recorded | undefined): HTMLElement[] {
  const row = isMessage(event) ? messageRow(chat, event, before) : happening(chat, event);
  if (!row) return [];
  const today = dayOf(event.at);
  return before && dayOf(before.at) === today ? [row] : [divider(today), row];
}

/** The row of a hit: with its date, and with the words of the search marked. */
export function foundRow(chat: Chat, message: Message, marks: Marks): HTMLElement {
  const row = drawn(chat, message, marks);
  const date = shortDay.format(message.at);
  row.append(timeOf(message.at, `${date} ${clock.format(message.at)}`));
  return row;
}

/** The row of a message on its way. */
export function waitingRow(chat: Chat, { type, to, text }: Unsettled): HTMLElement {
  const common = { seq: 0, at: 0, from: chat.people.me.name, text };
  const message: Message =
    type === "tell"
      ? { ...common, type: "told", to: String(to) }
      : { ...common, type: type === "act" ? "acted" : "said" };
  const row = drawn(chat, message, undefined);
  row.classList.add("waits");
  row.append(element("span", "time", "waits"));
  return row;
}

/** A row with words of the page itself; they may have several lines. */
export function noticeRow(text: string, kind: "notice" | "problem" = "notice"): HTMLElement {
  const body = element("div", "text", visible(text));
  body.dir = "auto";
  return element("li", kind, body);
}

/** A row with words that divides the rows above from those below. */
export function divider(text: string, kind = "day"): HTMLElement {
  const line = element("span", "", text);
  line.role = "separator";
  return element("li", `divider ${kind}`, line);
}

/** The rows of members who came and went. */
export function moveRows(moves: Move[]): HTMLElement[] {
  return movesInWords(moves, listed).map((row) => noticeRow(visibleRow(row)));
}

/** The names, as many as are read in a line; the others are counted. */
function listed(names: string[]): string {
  const shown = 8;
  if (names.length <= shown) return names.join(", ");
  return `${names.slice(0, shown).join(", ")} and ${(names.length - shown).toLocaleString("en-GB")} more`;
}

function happening(chat: Chat, event: Recorded): HTMLElement | undefined {
  if (event.type === "renamed" && chat.ignored.has(event.to, event.seq)) return undefined;
  const text = event.type === "deleted" ? deletion(event, clock.format) : inWords(event);
  return text === "" ? undefined : noticeRow(visibleRow(text));
}

function messageRow(chat: Chat, message: Message, before: Recorded | undefined): HTMLElement | undefined {
  const regard = chat.regard(message);
  if (regard === "ignored") return undefined;
  const row = drawn(chat, message, regard === "mention" ? chat.mention : undefined);
  if (regard === "mention") row.classList.add(message.type === "told" ? "for-us" : "mention");
  if (before && joins(message, before)) row.classList.add("joined");
  const minute = clock.format(message.at);
  const isSame = before !== undefined && isMessage(before) && clock.format(before.at) === minute;
  row.append(timeOf(message.at, minute, isSame ? "time same" : "time"));
  return row;
}

function joins(message: Message, before: Recorded): boolean {
  if (!isMessage(before) || message.at - before.at > joinedMs || dayOf(message.at) !== dayOf(before.at))
    return false;
  const isSameKind = message.type === before.type && message.type !== "acted" && message.from === before.from;
  return isSameKind && (message.type !== "told" || (before.type === "told" && message.to === before.to));
}

function drawn(chat: Chat, message: Message, marks: Marks): HTMLElement {
  const row = element("li", `row ${message.type}`);
  row.dataset.seq = `${message.seq}`;
  const who = element("span", "who");
  const body = messageText(message.text, marks);
  if (message.type === "acted") {
    who.append(element("span", "star", "*"));
    (body.querySelector(".text") ?? body).prepend(nameElement(message.from), " ");
  } else if (message.type === "told") who.append(...addressed(chat, message));
  else who.append(nameElement(message.from));
  who.append(element("span", "unseen", message.type === "acted" ? " " : ": "));
  row.append(who, body);
  return row;
}

function addressed(chat: Chat, message: Extract<Message, { type: "told" }>): (Node | string)[] {
  const isOurs = chat.people.find(message.from) === chat.people.me;
  const away = message.away ? [element("span", "faint", " away")] : [];
  if (isOurs) return ["to ", nameElement(message.to), ...away];
  return [nameElement(message.from), " to you"];
}

function timeOf(at: number, text: string, className = "time"): HTMLElement {
  const time = element("time", className, text);
  time.dateTime = new Date(at).toISOString();
  return time;
}

/** The day by the calendar; the last one is remembered, since formatting one is slow. */
let lastDay = { date: "", text: "" };
function dayOf(at: number): string {
  const date = new Date(at).toDateString();
  if (date !== lastDay.date) lastDay = { date, text: day.format(at) };
  return lastDay.text;
}
