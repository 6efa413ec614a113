import type { Timing, Wire } from './wire.ts';

/** One piece that is still to be written, in a turn of its own. */
interface Piece {
  readonly bytes: Uint8Array;
  /** Whether it was asked to travel alone, or only waits for others to go first. */
  readonly alone: boolean;
}

/** What goes out, in which pieces: whole, or in chops that each leave in a turn of their own. */
export class Transmitter {
  private readonly wire: Wire;
  private readonly timing: Timing;
  private readonly onSent: (bytes: Uint8Array, alone: boolean) => void;
  private queue: Piece[];
  private next: number;
  private scheduled: boolean;
  private stopped: boolean;

  /** `onSent` is told of each piece as it is written. */
  constructor(wire: Wire, timing: Timing, onSent: (bytes: Uint8Array, alone: boolean) => void) {
    this.wire = wire;
    this.timing = timing;
    this.onSent = onSent;
    this.queue = [];
    this.next = 0;
    this.scheduled = false;
    this.stopped = false;
  }

  /** Sends in chops of `chop` octets, or alone, or, with neither, together with what else leaves in this turn. */
  send(bytes: Uint8Array, chop: number, alone: boolean): void {
    if (this.stopped) return;
    if (chop > 0) {
      for (let i = 0; i < bytes.length; i += chop) this.queue.push({ bytes: bytes.subarray(i, i + chop), alone: true });
    } else if (alone || this.next < this.queue.length) {
      this.queue.push({ bytes, alone });
    } else {
      this.write(bytes, false);
      return;
    }
    if (!this.scheduled) this.turn();
  }

  /** Drops what waits for its turn, and everything later. */
  stop(): void {
    this.stopped = true;
    this.queue = [];
    this.next = 0;
  }

  private turn(): void {
    this.scheduled = false;
    if (this.next >= this.queue.length) {
      this.queue = [];
      this.next = 0;
      return;
    }
    const { bytes, alone } = this.queue[this.next++]!;
    this.write(bytes, alone);
    this.scheduled = true;
    this.timing.soon(() => this.turn());
  }

  private write(bytes: Uint8Array, alone: boolean): void {
    this.onSent(bytes, alone);
    this.wire.write(bytes);
  }
}
