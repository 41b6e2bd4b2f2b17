// The text of a member → nodes. Links are http and https alone and open a window that knows nothing of this one; if a link
// leads to another host than it seems to, the real host stands behind it. Nothing is fetched for a message.

import { nameKey } from "../../../protocol/names.ts";
import { visible, visibleRow } from "../../../protocol/text.ts";
import { element } from "./dom.ts";

/** The places that are marked in a text: every match of a pattern, which is global. */
export type Marks = RegExp | undefined;

const link = /\bhttps?:\/\/[^\s<>"`|^\\]+/gi;
/** How many links of one message are made into links: each is an element. */
const maxLinks = 50;
/** A message with more characters or lines than this is folded. */
const foldedLength = 1_200;
const foldedLines = 12;
/** A line behind the first that is indented: code, or a drawing. */
const indented = /\n(?: {2}|\t)/;
const colors = 6;

/** The text of a message, with its links and marks; folded if it is long. */
export function messageText(raw: string, marks: Marks): HTMLElement {
  // In NFC, as the pattern of mentions is: a letter and its mark come as one character or as two.
  const text = visible(raw).normalize("NFC");
  const body = element("div", indented.test(text) ? "text code" : "text");
  body.dir = "auto";
  body.append(...linked(text, marks));
  const isLong = text.length > foldedLength || text.split("\n").length > foldedLines;
  return isLong ? folded(body) : body;
}

/** A name in its colour, whose direction of writing does not mix with the text around it. */
export function nameElement(raw: string): HTMLElement {
  return element("bdi", `name c${colorOf(raw)}`, visibleRow(raw));
}

function folded(body: HTMLElement): HTMLElement {
  body.classList.add("folded");
  const button = element("button", "more", "Show all of it");
  button.type = "button";
  const wrapper = element("div", "long", body, button);
  button.onclick = () => {
    body.classList.remove("folded");
    button.remove();
  };
  return wrapper;
}

function linked(text: string, marks: Marks): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let at = 0;
  let count = 0;
  for (const match of text.matchAll(link)) {
    const written = withoutEnd(match[0]);
    const url = urlOf(written);
    if (!url || url.hostname === "" || ++count > maxLinks) continue;
    nodes.push(...marked(text.slice(at, match.index), marks), ...anchor(url, written));
    at = match.index + written.length;
  }
  return [...nodes, ...marked(text.slice(at), marks)];
}

function anchor(url: URL, written: string): (Node | string)[] {
  const made = element("a", "", written);
  made.href = url.href;
  made.rel = "noopener noreferrer";
  made.target = "_blank";
  // Letters of another script, or a user name before the host, can make a link look like one to another host.
  const isDisguised = url.username !== "" || url.password !== "" || !written.toLowerCase().includes(url.host);
  return isDisguised ? [made, element("span", "host", ` (${url.host})`)] : [made];
}

function urlOf(written: string): URL | undefined {
  try {
    return new URL(written);
  } catch {
    return undefined;
  }
}

/** A link without the punctuation of the sentence that it stands in. */
function withoutEnd(written: string): string {
  // A closing bracket belongs to the link if it was opened there.
  let unopened = written.split(")").length - written.split("(").length;
  let end = written.length;
  for (; end > 0; end--) {
    const last = written[end - 1] ?? "";
    if ((last === ")" && unopened-- <= 0) || !".,:;!?'*_~)]}>".includes(last)) break;
  }
  return written.slice(0, end);
}

function marked(text: string, marks: Marks): (Node | string)[] {
  if (!marks || text === "") return text === "" ? [] : [text];
  const nodes: (Node | string)[] = [];
  let at = 0;
  for (const match of text.matchAll(marks)) {
    if (match[0] === "") continue;
    nodes.push(text.slice(at, match.index), element("mark", "", match[0]));
    at = match.index + match[0].length;
  }
  return [...nodes, text.slice(at)].filter((node) => node !== "");
}

/** One of the colours for names: the same for each name that counts as the same. */
function colorOf(name: string): number {
  let hash = 0;
  for (const letter of nameKey(name)) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return hash % colors;
}
