// Keeps the rows in sight where they are. At the end the log stays at the end, with each new row; elsewhere the first row
// in sight keeps its place on the screen, also when rows are put in or taken out above and below it. Rows that grow leave
// the end, too, so only a scroll position that becomes smaller says that the reader went up. The browser's own anchoring is off.

/** A reader this near to the end is at the end, in CSS pixels. */
const slack = 48;

export class Scroll {
  readonly #view: HTMLElement;
  readonly #rows: HTMLElement;
  readonly #moved: () => void;
  #isAtEnd = true;
  #top = 0;
  /** The first row in sight, and where it was below the upper edge. */
  #anchor: { row: Element; offset: number } | undefined;

  /** `view` scrolls, `rows` has the rows in it. `moved` is called after the reader has scrolled. */
  constructor(view: HTMLElement, rows: HTMLElement, moved: () => void) {
    this.#view = view;
    this.#rows = rows;
    this.#moved = moved;
    view.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const resized = new ResizeObserver(() => this.settle());
    for (const each of [view, rows]) resized.observe(each);
  }

  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** How far the rows reach above the upper edge of the view, and below the lower one, in CSS pixels. */
  get above(): number {
    return this.#view.scrollTop;
  }

  get below(): number {
    return this.#view.scrollHeight - this.#view.clientHeight - this.#view.scrollTop;
  }

  /** Changes the rows; the reader sees the same as before, or the end. `replaced`: the row that stands for an old one now. */
  keep(change: () => void, replaced?: (row: Element) => Element | undefined): void {
    if (!this.#isAtEnd) this.#findAnchor();
    change();
    if (this.#anchor) this.#anchor.row = replaced?.(this.#anchor.row) ?? this.#anchor.row;
    this.settle();
  }

  toEnd(): void {
    this.#isAtEnd = true;
    this.#anchor = undefined;
    this.settle();
  }

  /** Puts a row in the middle. `isWhole`: whether the last row is the end. */
  to(row: HTMLElement, isWhole: boolean): void {
    row.scrollIntoView({ block: "center" });
    this.#top = this.#view.scrollTop;
    this.#isAtEnd = isWhole && this.below <= slack;
    this.#findAnchor();
  }

  /** Scrolls down by `count` heights of the view; up if negative. */
  page(count: number): void {
    this.#view.scrollBy({ top: count * (this.#view.clientHeight - slack) });
  }

  #scrolled(): void {
    const top = this.#view.scrollTop;
    const wentUp = top < this.#top - 1;
    this.#top = top;
    // If the view grows the browser scrolls up as well, but only to the end.
    if (this.below <= slack) this.#isAtEnd = true;
    else if (wentUp) this.#isAtEnd = false;
    if (!this.#isAtEnd) this.#findAnchor();
    this.#moved();
  }

  /**
   * Shows the same rows as before, once the view or the rows have another height. To be called at each change, if there are
   * two before a frame: the browser scrolls up in between, which would look as if the reader did.
   */
  settle(): void {
    const view = this.#view;
    if (this.#isAtEnd) view.scrollTop = view.scrollHeight;
    else if (this.#anchor?.row.isConnected) {
      const moved = this.#offsetOf(this.#anchor.row) - this.#anchor.offset;
      if (moved !== 0) view.scrollTop += moved;
    }
    this.#top = view.scrollTop;
  }

  /** Finds the first row in sight, by halves, since the rows lie in order. */
  #findAnchor(): void {
    const { children } = this.#rows;
    let [low, high] = [0, children.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = children[middle];
      if (row && row.getBoundingClientRect().bottom > this.#edge) high = middle;
      else low = middle + 1;
    }
    const row = children[low];
    this.#anchor = row && { row, offset: this.#offsetOf(row) };
  }

  #offsetOf(row: Element): number {
    return row.getBoundingClientRect().top - this.#edge;
  }

  get #edge(): number {
    return this.#view.getBoundingClientRect().top;
  }
}
