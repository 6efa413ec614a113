/** One kind of work, from the generator's side. */
export interface Load {
  /** Gets ready: what happens here is not measured. Resolves to the port, when it is the load that listens. */
  prepare(): Promise<number>;
  /** When it is the load that listens: resolves when the peer has made all its connections. */
  connected?(): Promise<void>;
  /**
   * Works for so many milliseconds and then until everything that was sent has come back, so that CPU time read before
   * and after belongs to exactly these messages. Resolves to the number of messages.
   */
  run(milliseconds: number): Promise<number>;
  /** Checks what was too dear to be checked while the clock ran. Throws what is wrong. */
  verify?(): void;
}

/** Counts what is under way, and says when the last of it is back. */
export class Pacer {
  running = false;
  messages = 0;
  private active = 0;
  private finish: (() => void) | undefined = undefined;

  begin(): void {
    this.active++;
  }

  /** This part is done. Returns whether to send it again. */
  again(messages: number): boolean {
    this.messages += messages;
    if (this.running) return true;
    if (--this.active === 0) this.finish?.();
    return false;
  }

  /** Starts with `start`, which calls `begin` for each part that it sends; resolves to the messages. */
  async run(milliseconds: number, start: () => void): Promise<number> {
    this.messages = 0;
    this.running = true;
    const finished = new Promise<void>((resolve) => (this.finish = resolve));
    setTimeout(() => (this.running = false), milliseconds);
    start();
    await finished;
    return this.messages;
  }
}
