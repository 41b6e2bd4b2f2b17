// Several rows are copied as lines with their time and name, `15:44 ada: text`; a part of one row is copied as it is.

/** Lets rows in this element be copied as lines. */
export function copyAsLines(rows: HTMLElement): void {
  rows.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection || selection.rangeCount === 0) return;
    const range = selection.getRangeAt(0);
    const selected = [...rows.children].filter((row) => range.intersectsNode(row));
    if (selected.length < 2) return;
    const lines = selected.map(lineOf).filter((line) => line !== "");
    event.clipboardData?.setData("text/plain", lines.join("\n"));
    event.preventDefault();
  });
}

function lineOf(row: Element): string {
  const time = row.querySelector("time")?.textContent ?? "";
  const who = row.querySelector(".who")?.textContent ?? "";
  const text = (row.querySelector(".text") ?? row).textContent ?? "";
  return [time, `${who}${text}`].filter((part) => part !== "").join(" ");
}
