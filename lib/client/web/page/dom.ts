// Finds elements of the markup by their id, and makes new ones. Text goes in as text alone, never as markup.

/** The element of the markup with this id; throws if it is none of that kind. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no #${id}`);
}

export type Child = Node | string;

/** A new element. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/** Shows an element, or hides it. Setting the same value again would make a browser compute styles anew. */
export function show(shown: HTMLElement, isShown: boolean): void {
  if (shown.hidden === isShown) shown.hidden = !isShown;
}

/** The text with a full stop, where it ends without a sign. */
export function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** Puts a text in an element, if it has another one. */
export function write(into: HTMLElement, text: string): void {
  if (into.textContent !== text) into.textContent = text;
}
