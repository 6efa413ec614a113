import { type Duplex } from 'node:stream';
import { checkOptions, LIMIT, type OptionTable, resolveLimit } from '../../../protocol/internal.ts';
import { INSPECT, type Inspect } from '../../socket/inspect.ts';
import { planRoute } from '../client/dial.ts';
import type { PendingTransport } from '../client/pending-transport.ts';
import type { Carrier, StreamLease } from './carrier.ts';
import { type PoolLimits, PooledSession } from './session.ts';
import type { RouteOptions } from '../client/route-options.ts';
import type { Target } from '../client/target.ts';

/** How many sessions an `Http2Pool` opens, and how long it keeps them. */
export interface Http2PoolOptions {
  /** How long a session is kept that carries no WebSocket, in milliseconds; it keeps no process alive. Default 10 s. */
  idleTimeout?: number | undefined;
  /**
   * How many WebSockets a session carries at most, where its server lets it have more: with one session they are all lost.
   * Zero or `false` turns it off. Default 100.
   */
  maxStreams?: number | false | undefined;
}

const HTTP2_POOL_OPTIONS: OptionTable<Http2PoolOptions> = { idleTimeout: LIMIT, maxStreams: LIMIT };

const IDLE_TIMEOUT = 10_000;
const MAX_STREAMS = 100;

/**
 * Sessions of HTTP/2 for the `http2` option of `open` and `connect`: WebSockets to the same origin, with the same options
 * of how to get there, share one, as many as the server lets them; then there is another.
 *
 * Where the server speaks no HTTP/2, or takes no WebSockets over it (RFC 8441 §3), they go over HTTP/1.1.
 */
export class Http2Pool {
  readonly #limits: PoolLimits;
  readonly #sessions: Set<PooledSession>;
  #isClosed: boolean;

  /** Throws a TypeError or RangeError for options that are none. */
  constructor(options?: Http2PoolOptions) {
    const { idleTimeout = IDLE_TIMEOUT, maxStreams } = checkOptions('Http2Pool', HTTP2_POOL_OPTIONS, options);
    this.#limits = {
      idleTimeout: idleTimeout === 0 ? 0 : resolveLimit('idleTimeout', idleTimeout, IDLE_TIMEOUT),
      maxStreams: resolveLimit('maxStreams', maxStreams, MAX_STREAMS),
    };
    this.#sessions = new Set();
    this.#isClosed = false;
  }

  /** How many sessions there are, those that are being opened included. */
  get size(): number {
    return this.#sessions.size;
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    return { size: this.size, isClosed: this.#isClosed };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Http2Pool ${inspect(this.toJSON(), options)}`;
  }

  /**
   * Opens nothing any more. Resolves when no session is left: each ends with its last WebSocket, which goes on until it
   * is closed. Safe to repeat.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#sessions].map((session) => session.leave()));
  }

  /** Closes it, and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal What an opening handshake to this target goes out on. */
  async carrierTo(target: Target, options: RouteOptions, pending: PendingTransport): Promise<Carrier> {
    for (;;) {
      if (this.#isClosed) throw new TypeError('the Http2Pool is closed');
      const session = this.#find(target, options) ?? this.#open(target, options);
      const isHttp2 = await session.whenReady(pending);
      const carrier: Carrier | undefined = isHttp2
        ? session.lease((mover) => this.#leaseTo(target, options, mover))
        : session.takeStream();
      if (carrier !== undefined) return 'release' in carrier ? carrier : pending.track(carrier as Duplex);
      // Someone else has taken the last stream there was: there is another session to be had.
      if (!session.takesWebSockets) return planRoute(target, options)(pending);
    }
  }

  /** Another stream to the same place. What is not over HTTP/2 is of no use to who has asked over it. */
  async #leaseTo(target: Target, options: RouteOptions, pending: PendingTransport): Promise<StreamLease | undefined> {
    const carrier = await this.carrierTo(target, options, pending);
    if ('release' in carrier) return carrier;
    carrier.destroy();
    return undefined;
  }

  #find(target: Target, options: RouteOptions): PooledSession | undefined {
    for (const session of this.#sessions) if (session.leadsTo(target, options)) return session;
    return undefined;
  }

  #open(target: Target, options: RouteOptions): PooledSession {
    const onGone = () => this.#sessions.delete(session);
    const session: PooledSession = new PooledSession(target, options, this.#limits, onGone);
    this.#sessions.add(session);
    return session;
  }
}
