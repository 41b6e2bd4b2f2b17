// The rows that a pager has read, and which of them are on its screen. `bottom` is the place of the last row shown, and it
// stays with the event of that row when rows come on either side, or when all are broken anew for another width.
//
//   rows     0 … ………………………… … count
//   screen          [ height ] bottom      beyond either end while the rows there are still to come

export type Row = {
  /** The event that the row belongs to, and when it happened, in ms since 1970 UTC; both are 0 for a row of no event. */
  seq: number;
  at: number;
  text: string;
};

export class Rows {
  #rows: Row[] = [];
  /** The index behind the last row shown. */
  bottom: number;

  /** `bottom`: how far the end of the screen is to be from the end of the first rows. */
  constructor(bottom: number) {
    this.bottom = bottom;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** Replaces the rows; an event that stays has the same `seq` in the new ones. */
  replace(rows: Row[]): void {
    const before = this.#rows;
    const end = Math.min(Math.max(this.bottom, 1), before.length);
    const beyond = this.bottom - end;
    const anchor = before[end - 1];
    this.#rows = rows;
    if (!anchor) {
      this.bottom = rows.length + beyond;
      return;
    }
    const below = before.findLastIndex(({ seq }) => seq === anchor.seq) + 1 - end;
    const last = rows.findLastIndex(({ seq }) => seq <= anchor.seq);
    const first = rows.findIndex(({ seq }) => seq === rows[last]?.seq);
    this.bottom = Math.max(last - below, first) + 1 + beyond;
  }

  /** The rows on a screen of that height, from the top; fewer while rows below are still to come. */
  shown(height: number): Row[] {
    const end = Math.max(this.bottom, height);
    return this.#rows.slice(end - height, end);
  }
}
