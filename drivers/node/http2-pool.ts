import { type Duplex } from 'node:stream';
import { resolveLimit } from '../../protocol/index.ts';
import { planRoute } from './dial.ts';
import type { Dialing } from './dialing.ts';
import type { Carrier } from './http2-route.ts';
import { PooledSession } from './http2-session.ts';
import type { NodeClientOptions } from './options.ts';
import type { Target } from './target.ts';

export interface Http2PoolOptions {
  /** How long a session is kept that carries no WebSocket, in milliseconds; it keeps no process alive. Default 10 s. */
  idleTimeout?: number;
}

const IDLE_TIMEOUT = 10_000;

/**
 * Sessions of HTTP/2 for the `http2` option of `open` and `connect`: WebSockets to the same origin, with the same options
 * of how to get there, share one, as many as the server lets them; then there is another.
 *
 * Where the server speaks no HTTP/2, or takes no WebSockets over it (RFC 8441 §3), they go over HTTP/1.1.
 */
export class Http2Pool {
  readonly #idleTimeout: number;
  readonly #sessions: Set<PooledSession>;
  #isClosed: boolean;

  /** Throws a TypeError or RangeError for an `idleTimeout` that is no time. */
  constructor(options: Http2PoolOptions = {}) {
    const { idleTimeout = IDLE_TIMEOUT } = options;
    this.#idleTimeout = idleTimeout === 0 ? 0 : resolveLimit('idleTimeout', idleTimeout, IDLE_TIMEOUT);
    this.#sessions = new Set();
    this.#isClosed = false;
  }

  /** How many sessions there are, those that are being opened included. */
  get size(): number {
    return this.#sessions.size;
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
  async carrierTo(target: Target, options: NodeClientOptions, dialing: Dialing): Promise<Carrier> {
    for (;;) {
      if (this.#isClosed) throw new TypeError('the Http2Pool is closed');
      const session = this.#find(target, options) ?? this.#open(target, options);
      const carrier: Carrier | undefined = (await session.whenReady(dialing)) ? session.lease() : session.takeStream();
      if (carrier !== undefined) return 'release' in carrier ? carrier : dialing.track(carrier as Duplex);
      // Someone else has taken the last stream there was: there is another session to be had.
      if (!session.takesWebSockets) return planRoute(target, options)(dialing);
    }
  }

  #find(target: Target, options: NodeClientOptions): PooledSession | undefined {
    for (const session of this.#sessions) if (session.leadsTo(target, options)) return session;
    return undefined;
  }

  #open(target: Target, options: NodeClientOptions): PooledSession {
    const onGone = () => this.#sessions.delete(session);
    const session: PooledSession = new PooledSession(target, options, this.#idleTimeout, onGone);
    this.#sessions.add(session);
    return session;
  }
}
