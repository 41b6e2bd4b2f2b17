// Keys that are pressed anywhere in the room: the search, and letters, which go to the row wherever the focus is not in
// use. Ctrl-F stays the browser's.

export type KeyHandlers = {
  /** Whether the room is open. */
  isOpen: () => boolean;
  search: () => void;
  escaped: () => void;
  typing: () => void;
};

export function listenForKeys({ isOpen, search, escaped, typing }: KeyHandlers): void {
  document.addEventListener("keydown", (event) => {
    if (!isOpen()) return;
    const { key, ctrlKey, shiftKey, altKey, metaKey, target } = event;
    if ((ctrlKey || metaKey) && shiftKey && key.toLowerCase() === "f") {
      event.preventDefault();
      return search();
    }
    if (!(target instanceof HTMLElement) || ctrlKey || altKey || metaKey) return;
    // The row, the menu and a dialog handle Esc themselves.
    if (key === "Escape" && !target.closest("#row, #menu, dialog")) escaped();
    if (target !== document.body && target.id !== "log") return;
    // A blank scrolls the messages. "Process" is the name of a key that an input method takes.
    if (key === "Process" || ([...key].length === 1 && key !== " ")) typing();
  });
}
