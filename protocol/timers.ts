import type { Limits } from './limits.ts';

/** The deadlines of a connection, as data: absolute times in milliseconds, `Infinity` where none is set. */
export class Timers {
  readonly #limits: Limits;
  /** The opening handshake must be over. */
  open: number;
  /** The closing handshake must be over, the transport's end included. */
  close: number;
  /** Nothing was received for long: time for a ping. */
  ping: number;
  /** That ping must have been answered, by any byte. */
  pong: number;

  constructor(limits: Limits, now: number) {
    this.#limits = limits;
    this.open = now + limits.handshakeTimeout;
    this.close = Infinity;
    this.ping = Infinity;
    this.pong = Infinity;
  }

  /** The earliest of them. */
  next(): number {
    return Math.min(this.open, this.close, this.ping, this.pong);
  }

  /** Something was received: the keepalive begins anew. */
  heard(now: number): void {
    this.ping = now + this.#limits.pingInterval;
    this.pong = Infinity;
  }

  /** A ping was sent, since nothing was heard: now something must be. */
  pinged(now: number): void {
    this.ping = Infinity;
    this.pong = now + this.#limits.pongTimeout;
  }

  /** The end has begun. What begins it again does not put it off. */
  closing(now: number): void {
    this.quiet();
    this.open = Infinity;
    this.close = Math.min(this.close, now + this.#limits.closeTimeout);
  }

  /** No keepalive for now. */
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
