/** The deadlines of a connection, as data: absolute times in milliseconds, `Infinity` where none is set. */
export class Timers {
  /** The opening handshake must be over. */
  open: number;
  /** The closing handshake must be over, the transport's end included. */
  close: number;
  /** Nothing was received for long: time for a ping. */
  ping: number;
  /** That ping must have been answered, by any byte. */
  pong: number;

  constructor() {
    this.open = Infinity;
    this.close = Infinity;
    this.ping = Infinity;
    this.pong = Infinity;
  }

  /** The earliest of them. */
  next(): number {
    return Math.min(this.open, this.close, this.ping, this.pong);
  }

  /** No keepalive any more. */
  quiet(): void {
    this.ping = Infinity;
    this.pong = Infinity;
  }

  clear(): void {
    this.open = Infinity;
    this.close = Infinity;
    this.quiet();
  }
}
