import type { Limits } from './limits.ts';
import { nameOf } from './option-check.ts';
import { Deadline } from './states.ts';

/** What a connection waits for: one thing at a time. */
export const NOTHING = 0;
/** The opening handshake must be over. */
export const OPENING = 1;
/** Nothing was received for long: time for a ping. */
export const PING = 2;
/** That ping must have been answered, by any byte. */
export const PONG = 3;
/** The closing handshake must be over, the transport's end included. */
export const CLOSING = 4;

/**
 * RFC 6455 §7.1.1: how long the other side is waited for that is to end the transport, once nothing else is to come. In
 * milliseconds.
 */
const LINGER = 1000;

/**
 * A time that a call was given, as it is. Throws a TypeError for one that was left out or is no finite number: no deadline
 * could be told from it, and none would ever come.
 */
export function checkTime(now: number): number {
  if (Number.isFinite(now)) return now;
  const given = typeof now === 'number' ? `${now}` : nameOf(now);
  throw new TypeError(`now must be a number of milliseconds${now === undefined ? '' : `, not ${given}`}`);
}

/** The deadline of a connection, as data: what it waits for, and until when, in milliseconds. */
export class Timers {
  readonly #limits: Limits;
  /** What is waited for. */
  wait: number;
  /** Until when: an absolute time, `Infinity` where no deadline is set. */
  due: number;

  constructor(limits: Limits, now: number) {
    this.#limits = limits;
    this.wait = OPENING;
    this.due = now + limits.handshakeTimeout;
  }

  /** A state has begun that has this deadline. Returns until when all of the closing handshake must be over, if it goes on. */
  enter(deadline: number, now: number): number {
    switch (deadline) {
      case Deadline.OPENING: // the one that there is from the start
        break;
      case Deadline.KEEPALIVE:
        this.heard(now);
        break;
      case Deadline.CLOSING:
        this.closing(now);
        break;
      case Deadline.LINGER: {
        this.closing(now);
        const { due } = this;
        this.linger(now, due);
        return due;
      }
      case Deadline.PATIENCE:
        // Who waits for what it sends may not receive meanwhile; nothing is lost by going on without it.
        this.closing(now);
        this.grace(now);
        break;
      case Deadline.GRACE:
        this.grace(now);
        break;
      default:
        this.clear();
    }
    return this.due;
  }

  /** Something was received on an open connection: the keepalive begins anew. */
  heard(now: number): void {
    this.wait = PING;
    this.due = now + this.#limits.pingInterval;
  }

  /** A ping was sent, since nothing was heard: now something must be. */
  pinged(now: number): void {
    this.wait = PONG;
    this.due = now + this.#limits.pongTimeout;
  }

  /** The end has begun. What begins it again does not put it off. */
  closing(now: number): void {
    const due = now + this.#limits.closeTimeout;
    this.due = this.wait === CLOSING ? Math.min(this.due, due) : due;
    this.wait = CLOSING;
  }

  /** Only the transport's end is to come: a second is enough, within this deadline. */
  linger(now: number, deadline: number): void {
    this.due = Math.min(now + LINGER, deadline);
  }

  /** What is left to read has a second, or less where the deadline comes sooner. */
  grace(now: number): void {
    this.due = now < this.due ? Math.min(this.due, now + LINGER) : now + LINGER;
  }

  /** Whether the deadline has passed by so much that whoever waits for a turn, to deal with what came in time, has had one. */
  isLongPast(now: number): boolean {
    return now >= this.due + LINGER;
  }

  clear(): void {
    this.wait = NOTHING;
    this.due = Infinity;
  }
}
