// A terminal's screen as an SVG picture: each run of cells that look alike is one text, set to the width of its cells so
// that the columns stand under each other in any font.

import type { IBufferCell } from "@xterm/headless";
import type { Terminal } from "../support/screen.ts";

const cell = { width: 8.4, height: 19 };
const margin = 16;
const titleHeight = 34;

const ground = "#16181d";
const ink = "#d5d8df";
/** The sixteen colours of a terminal, as xterm numbers them. */
const palette = [
  ..."#3b4048 #e06c75 #98c379 #e5c07b #61afef #c678dd #56b6c2 #d5d8df".split(" "),
  ..."#6b7280 #ff8f98 #b5e890 #ffd98c #8cc8ff #e0a3ff #7fdbe6 #ffffff".split(" "),
];

type Look = { ink: string; ground: string | undefined; bold: boolean };

/** The rows of the screen down to the last one with text, with the cursor, in a window with this title. */
export function pictureOf(terminal: Terminal, title: string, rows: number): { svg: string; height: number } {
  const { active } = terminal.emulator.buffer;
  const { cols } = terminal.emulator;
  const width = cols * cell.width + 2 * margin;
  const height = titleHeight + rows * cell.height + margin;
  const parts = [
    `<rect width="${width}" height="${height}" rx="10" fill="${ground}"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map(
      (fill, i) => `<circle cx="${margin + 6 + i * 20}" cy="17" r="6" fill="${fill}"/>`,
    ),
    `<text x="${width / 2}" y="22" fill="#8b919c" text-anchor="middle">${escaped(title)}</text>`,
  ];
  for (let y = 0; y < rows; y++) {
    const line = active.getLine(active.viewportY + y);
    let run = { from: 0, text: "", look: undefined as Look | undefined };
    const flush = (to: number) => {
      if (run.look !== undefined) parts.push(drawn(run.text, run.from, to, y, run.look));
    };
    for (let x = 0; x < cols; x++) {
      const at = line?.getCell(x);
      if (!at || at.getWidth() === 0) continue;
      const isCursor = x === terminal.cursor.x && active.baseY + active.cursorY === active.viewportY + y;
      const look = lookOf(at, isCursor);
      if (JSON.stringify(look) !== JSON.stringify(run.look)) {
        flush(x);
        run = { from: x, text: "", look };
      }
      run.text += at.getChars() || " ";
    }
    flush(cols);
  }
  return { svg: parts.filter((part) => part !== "").join("\n"), height };
}

function lookOf(at: IBufferCell, isCursor: boolean): Look {
  const colour = at.isFgPalette() ? (palette[at.getFgColor()] ?? ink) : ink;
  const own = at.isDim() ? "#8b919c" : colour;
  const inverse = Boolean(at.isInverse()) !== isCursor;
  return { ink: inverse ? ground : own, ground: inverse ? own : undefined, bold: Boolean(at.isBold()) };
}

function drawn(text: string, from: number, to: number, row: number, { ink, ground, bold }: Look): string {
  const x = margin + from * cell.width;
  const y = titleHeight + row * cell.height;
  const width = (to - from) * cell.width;
  const back = ground
    ? `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${cell.height}" fill="${ground}"/>`
    : "";
  if (text.trim() === "") return back;
  const weight = bold ? ' font-weight="bold"' : "";
  // Trailing blanks are not drawn, so the text is as wide as what is left.
  const shown = text.trimEnd();
  const length = (width * shown.length) / text.length;
  return `${back}<text x="${x.toFixed(1)}" y="${y + 14}" fill="${ink}"${weight} textLength="${length.toFixed(1)}" xml:space="preserve">${escaped(shown)}</text>`;
}

/** Pictures below each other, as one file. */
export function stacked(pictures: { svg: string; height: number }[], columns: number, label: string): string {
  const width = columns * cell.width + 2 * margin;
  const gap = 14;
  let y = 0;
  const groups = pictures.map(({ svg, height }) => {
    const group = `<g transform="translate(0 ${y})">\n${svg}\n</g>`;
    y += height + gap;
    return group;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y - gap}" width="${width}" height="${y - gap}" role="img" aria-label="${escaped(label)}" font-family="ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    ...groups,
    "</svg>\n",
  ].join("\n");
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
