/** How far a run is, on a line of the terminal below what it prints; nothing where the standard error is no terminal. */
export class Progress {
  readonly total: number;
  done: number;
  readonly #isShown: boolean;

  constructor(total: number) {
    this.total = total;
    this.done = 0;
    this.#isShown = process.stderr.isTTY === true;
  }

  /** One more is done. */
  step(): void {
    this.done++;
    if (!this.#isShown) return;
    const bar = '█'.repeat(Math.round((this.done / this.total) * 30)).padEnd(30, '░');
    process.stderr.write(`${bar} ${this.done} of ${this.total}`);
  }

  /** Takes the line away, before something is printed. */
  clear(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K');
  }
}
