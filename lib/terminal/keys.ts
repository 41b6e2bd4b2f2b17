// The bytes of a terminal → keys. A key is text that was typed, text that was pasted, or a named key:
//
//   hé            → text "hé"                 ESC [ 1 ; 5 C       → right, ctrl
//   CR            → enter                     ESC b               → b, alt
//   LF            → j, ctrl                   ESC, then a pause   → escape
//   ESC [ 200 ~ … ESC [ 201 ~  → paste        ESC ] … BEL, ESC [ ? 62 ; c  → nothing: a terminal's answers
//
// Bytes may be cut anywhere, by any pause: an unfinished sequence or paste waits for its end, until `expire` is called.
// So a paste whose end never comes does not swallow the keyboard: it ends with a pause or with Ctrl-C, and its text stays.
// ESC alone is a key after a short pause; if the rest of its sequence comes only then, it is that sequence's key, no text.

export type Key =
  | { type: "text"; text: string }
  | { type: "paste"; text: string }
  | { type: "key"; name: string; ctrl: boolean; alt: boolean; shift: boolean };

/** A named key in words, as in `ctrl-alt-left`; Shift is left out. */
export function keyName({ name, ctrl, alt }: Extract<Key, { type: "key" }>): string {
  return `${ctrl ? "ctrl-" : ""}${alt ? "alt-" : ""}${name}`;
}

/** How long to wait, in ms, before `expire` is called: behind ESC alone, within a sequence, and within a paste. */
export const patienceMs = { escape: 80, sequence: 500, paste: 1_000 };

const pasteStart = "\x1b[200~";
const pasteEnd = "\x1b[201~";
const focusIn = "\x1b[I";
const focusOut = "\x1b[O";
const ctrlC = "\x03";
/** No terminal sends a longer sequence: the bytes of one that grows longer are dropped. */
const maxSequence = 4_096;

// ESC [ parameters, a final byte; `ESC [ [ A` is a function key of the Linux console, `ESC [ M` a click and its place.
const csi = /^\x1b\[(?:\[.|M.{3}|(?![[M])([0-?]*)[ -/]*([@-~]))/s;
const csiBegun = /^\x1b\[(?:\[|M.{0,2}|[0-?]*[ -/]*)$/s;
const ss3 = /^\x1bO([ -~])/;
// Strings that a terminal answers with, ended by BEL or ESC \.
const string = /^\x1b[\]P_^X].*?(?:\x07|\x1b\\)/s;
/** The rest of a sequence whose ESC came by itself, rather than text that a person types behind Escape. */
const restOfSequence = /^(?:(?:\[[\d;?>]*[A-Za-z~]?|O[A-H])(?:$|\x1b)|\[200~|\]\d+;)/;
const stringBegun = /^\x1b[\]P_^X]/;

const finals: Record<string, string> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
  Z: "tab",
  M: "enter",
};
const tildes: Record<string, string> = {
  1: "home",
  3: "delete",
  4: "end",
  5: "pageup",
  6: "pagedown",
  7: "home",
  8: "end",
};
const controls: Record<string, string> = {
  "\r": "enter",
  "\t": "tab",
  "\b": "backspace",
  "\x7f": "backspace",
};

/** Messages of the terminal that come between the keys. */
export type KeyReaderHandlers = {
  /** Called with the column of each answer to the question where the cursor is, counted from 0. */
  cursor?: (column: number) => void;
  /** Called when the window gets or loses the focus. */
  focus?: (isFocused: boolean) => void;
};

export class KeyReader {
  #decoder = new TextDecoder();
  /** The text of a sequence or paste that has no end yet. */
  #pending = "";
  #pasting = false;
  /** ESC was taken for a key, and may turn out to begin a sequence. */
  #isEscaped = false;
  readonly #handlers: KeyReaderHandlers;

  constructor(handlers: KeyReaderHandlers = {}) {
    this.#handlers = handlers;
  }

  /** The keys that are complete with these bytes. */
  push(bytes: Uint8Array): Key[] {
    const came = this.#decoder.decode(bytes, { stream: true });
    // Ctrl-C is pressed while a paste waits for its end: terminals send no part of a paste that is this byte alone.
    if (this.#pasting && came === ctrlC) return this.expire();
    if (this.#isEscaped && !restOfSequence.test(came)) this.#pending = "";
    this.#isEscaped = false;
    this.#pending += came;
    const keys: Key[] = [];
    for (let key = this.#next(); key !== undefined; key = this.#next()) if (key) keys.push(key);
    return keys;
  }

  /** How long to wait for the rest before `expire` is called, in ms; undefined if nothing is unfinished. */
  get waitsMs(): number | undefined {
    if (this.#pasting) return patienceMs.paste;
    if (this.#pending === "\x1b" && !this.#isEscaped) return patienceMs.escape;
    return this.#pending === "" ? undefined : patienceMs.sequence;
  }

  /** Gives up waiting for the rest: a paste ends here, ESC alone was a key, an unfinished sequence is dropped. */
  expire(): Key[] {
    const text = this.#pending;
    const wasPasting = this.#pasting;
    this.#isEscaped = text === "\x1b" && !wasPasting && !this.#isEscaped;
    if (this.#isEscaped) return [key("escape")];
    this.#pending = "";
    this.#pasting = false;
    if (!wasPasting) return [];
    const cut = text.lastIndexOf("\x1b");
    const isEnd = cut !== -1 && pasteEnd.startsWith(text.slice(cut));
    return [{ type: "paste", text: isEnd ? text.slice(0, cut) : text }];
  }

  /** Takes the next key off; null for a sequence that is no key, undefined if more bytes have to come. */
  #next(): Key | null | undefined {
    const text = this.#pending;
    if (text === "") return undefined;
    if (this.#pasting) return this.#nextPasted(text);
    const first = text.charAt(0);
    if (first === "\x1b") return this.#nextSequence(text);
    if (first < " " || first === "\x7f") return this.#take(1, controlKey(first, false));
    const [typed = ""] = /^[^\x00-\x1f\x7f]+/.exec(text) ?? [];
    return this.#take(typed.length, { type: "text", text: typed });
  }

  #nextPasted(text: string): Key | undefined {
    const end = text.indexOf(pasteEnd);
    if (end === -1) return undefined;
    this.#pasting = false;
    return this.#take(end + pasteEnd.length, { type: "paste", text: text.slice(0, end) }) ?? undefined;
  }

  #nextSequence(text: string): Key | null | undefined {
    if (text.startsWith(pasteStart)) {
      this.#pasting = true;
      return this.#take(pasteStart.length, null);
    }
    const [sequence = "", parameters = "", final = ""] =
      csi.exec(text) ?? ss3.exec(text) ?? string.exec(text) ?? [];
    if (sequence.startsWith("\x1bO")) return this.#take(sequence.length, named(finals[parameters], "1"));
    const [, column] = /^\d+;(\d+)$/.exec(parameters) ?? [];
    if (final === "R" && column !== undefined) this.#handlers.cursor?.(Number(column) - 1);
    if (sequence === focusIn || sequence === focusOut) this.#handlers.focus?.(sequence === focusIn);
    if (sequence !== "") return this.#take(sequence.length, csiKey(parameters, final));
    const hasBegun = text === "\x1b" || text === "\x1bO" || csiBegun.test(text) || stringBegun.test(text);
    if (hasBegun) return text.length <= maxSequence ? undefined : this.#take(text.length, null);
    // With Alt, a terminal sends ESC before the key; a sequence that makes no sense is dropped whole.
    if (text.startsWith("\x1b[")) return this.#take(2, null);
    const [character = ""] = text.slice(1);
    if (character === "\x1b") return this.#take(1, null);
    return this.#take(1 + character.length, controlKey(character, true));
  }

  #take(length: number, key: Key | null): Key | null {
    this.#pending = this.#pending.slice(length);
    return key;
  }
}

/** The key of a control character, or of any character with Alt. */
function controlKey(character: string, alt: boolean): Key | null {
  const name = controls[character];
  if (name !== undefined) return key(name, { alt });
  if (character >= " ") return key(character.toLowerCase(), { alt });
  const code = character.charCodeAt(0);
  const letter = String.fromCharCode(code + (code <= 26 ? 0x60 : 0x40));
  return key(letter, { ctrl: true, alt });
}

function csiKey(parameters: string, final: string): Key | null {
  if (!/^[\d;]*$/.test(parameters)) return null;
  const [number = "", modifier = "1"] = parameters.split(";");
  if (final === "Z") return named("tab", "2");
  if (final === "~") return named(tildes[number], modifier);
  // ESC [ M begins a click; only ESC O M is Enter.
  return final === "M" ? null : named(finals[final], modifier);
}

/** `modifier`: one more than the sum of 1 for shift, 2 for alt, 4 for ctrl, as xterm sends it. */
function named(name: string | undefined, modifier: string): Key | null {
  if (name === undefined) return null;
  const held = Number(modifier) - 1;
  return key(name, { shift: (held & 1) !== 0, alt: (held & 2) !== 0, ctrl: (held & 4) !== 0 });
}

function key(name: string, held: { ctrl?: boolean; alt?: boolean; shift?: boolean } = {}): Key {
  return { type: "key", name, ctrl: false, alt: false, shift: false, ...held };
}
