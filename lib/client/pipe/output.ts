// Writes lines to a stream that may be slow or break. A slow stream drops nothing: the source of the lines is told to
// wait. A broken stream drops every line from then on. Lines keep their order, and all lines of a turn are one write.

export type OutputHandlers = {
  /** The stream takes no more now. */
  full: () => void;
  /** The stream has taken everything. */
  drained: () => void;
  /** The stream is closed or broken. Called once. */
  broken: (error: Error) => void;
};

export class PipeOutput {
  readonly #stream: NodeJS.WritableStream;
  readonly #handlers: OutputHandlers;
  #lines: string[] = [];
  #writing: NodeJS.Immediate | undefined;
  /** How many writes have not been taken yet. */
  #untaken = 0;
  #isFull = false;
  #isBroken = false;
  #waiting: (() => void)[] = [];

  constructor(stream: NodeJS.WritableStream, handlers: OutputHandlers) {
    this.#stream = stream;
    this.#handlers = handlers;
    stream.on("error", (error) => this.#break(error));
  }

  /** Writes the lines at the end of this turn of the event loop. */
  write(lines: string[]): void {
    if (this.#isBroken || lines.length === 0) return;
    this.#lines.push(...lines);
    this.#writing ??= setImmediate(() => this.#flush());
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Resolves once the stream takes more. */
  async ready(): Promise<void> {
    if (this.#isFull) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves once everything was taken, or the stream is broken. */
  async taken(): Promise<void> {
    this.#flush();
    if (this.#untaken > 0 && !this.#isBroken)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Takes nothing more, and waits for nothing. */
  discard(): void {
    this.#isBroken = true;
    this.#lines = [];
    this.#release();
  }

  #flush(): void {
    clearImmediate(this.#writing);
    this.#writing = undefined;
    if (this.#lines.length === 0) return;
    const text = this.#lines.map((line) => `${line}\n`).join("");
    this.#lines = [];
    this.#untaken++;
    const goesOn = this.#stream.write(text, () => {
      if (--this.#untaken === 0) this.#release();
    });
    if (goesOn || this.#isFull || this.#isBroken || this.#untaken === 0) return;
    this.#isFull = true;
    this.#handlers.full();
  }

  #release(): void {
    if (this.#isFull) {
      this.#isFull = false;
      this.#handlers.drained();
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #break(error: Error): void {
    if (this.#isBroken) return;
    this.discard();
    this.#handlers.broken(error);
  }
}
