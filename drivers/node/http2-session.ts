import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { HandshakeError } from '../../protocol/index.ts';
import type { Wake } from '../clock.ts';
import { nodeClock } from './clock.ts';
import { failure, planRoute } from './dial.ts';
import { Dialing } from './dialing.ts';
import { CLIENT_SETTINGS, SESSION_WINDOW } from './http2-settings.ts';
import type { StreamLease } from './http2-route.ts';
import type { NodeClientOptions } from './options.ts';
import type { Target } from './target.ts';

/** The options that say how to get to a place. Sessions are shared by those who would get there in the same way. */
const WAY = [
  'tls',
  'proxy',
  'proxyTls',
  'createConnection',
  'family',
  'lookup',
  'localAddress',
  'autoSelectFamilyAttemptTimeout',
] as const;

const LOST = 'the HTTP/2 session was lost before it was ready';

/** One session of a pool, from the moment that it is asked for. */
export class PooledSession {
  /** Whether WebSockets may go over it: so it is until the contrary is known. */
  takesWebSockets: boolean;
  readonly #target: Target;
  readonly #options: NodeClientOptions;
  readonly #idleTimeout: number;
  readonly #onGone: () => void;
  readonly #dialing: Dialing;
  readonly #ready: Promise<void>;
  #session: ClientHttp2Session | undefined;
  /** What was found instead: a connection of HTTP/1.1, for whoever takes it first. */
  #stream: Duplex | undefined;
  #waiting: number;
  #streams: number;
  #isSettled: boolean;
  #isLeaving: boolean;
  #wake: Wake | undefined;

  constructor(target: Target, options: NodeClientOptions, idleTimeout: number, onGone: () => void) {
    this.takesWebSockets = true;
    this.#target = target;
    this.#options = options;
    this.#idleTimeout = idleTimeout;
    this.#onGone = onGone;
    this.#dialing = new Dialing();
    this.#session = undefined;
    this.#stream = undefined;
    this.#waiting = 0;
    this.#streams = 0;
    this.#isSettled = false;
    this.#isLeaving = false;
    this.#wake = undefined;
    this.#ready = this.#open();
    // Whoever waits hears of it.
    this.#ready.catch(onGone);
  }

  /** Whether a stream to this place, by this way, could be opened on it. */
  leadsTo({ secure, host, port, socketPath }: Target, options: NodeClientOptions): boolean {
    const own = this.#target;
    if (own.secure !== secure || own.host !== host || own.port !== port || own.socketPath !== socketPath) return false;
    if (this.#isLeaving || this.#session?.closed || this.#session?.destroyed || !this.#hasRoom) return false;
    return WAY.every((name) => this.#options[name] === options[name]);
  }

  /** Resolves to whether it takes WebSockets, once that is known. Rejects with a HandshakeError when it can't be opened. */
  async whenReady(dialing: Dialing): Promise<boolean> {
    const leave = () => this.#stopWaiting();
    this.#waiting++;
    dialing.signal.addEventListener('abort', leave, { once: true });
    try {
      await this.#ready;
    } finally {
      dialing.signal.removeEventListener('abort', leave);
      if (!dialing.isGivenUp) this.#waiting--;
    }
    if (dialing.isGivenUp) throw new HandshakeError('the opening handshake was given up');
    return this.takesWebSockets;
  }

  /** A stream to be opened, if there is one to be had. */
  lease(): StreamLease | undefined {
    const session = this.#session;
    if (session === undefined || session.closed || session.destroyed || !this.#hasRoom) return undefined;
    this.#enter();
    let isOpen = false;
    return {
      remoteAddress: session.socket?.remoteAddress ?? '',
      request: (headers: OutgoingHttpHeaders) => {
        const stream = session.request(headers, { endStream: false });
        isOpen = true;
        return stream.once('close', () => this.#exit());
      },
      release: () => {
        if (!isOpen) this.#exit();
      },
    };
  }

  /** The connection of HTTP/1.1 that was found, once. */
  takeStream(): Duplex | undefined {
    const stream = this.#stream;
    this.#stream = undefined;
    return stream;
  }

  /** Takes no stream any more, and resolves when it is gone, which is after its last one. */
  leave(): Promise<void> {
    this.#isLeaving = true;
    const session = this.#session;
    if (session === undefined) {
      this.#dialing.abort();
      return this.#ready.catch(() => {});
    }
    if (session.destroyed) return Promise.resolve();
    if (this.#streams === 0) session.destroy();
    return new Promise((resolve) => session.once('close', () => resolve()));
  }

  get #hasRoom(): boolean {
    // Before the server has said so, it may be any number; and a server that lets none be opened may think better of it.
    const most = this.#session?.remoteSettings.maxConcurrentStreams ?? Infinity;
    return this.#streams < Math.max(most, 1);
  }

  async #open(): Promise<void> {
    const target = this.#target;
    const stream = await planRoute(target, this.#options, ['h2', 'http/1.1'])(this.#dialing);
    if (target.secure && (stream as TLSSocket).alpnProtocol !== 'h2') {
      this.takesWebSockets = false;
      this.#stream = stream;
      this.#settle();
      return this.#onGone();
    }
    // Loaded by those alone who use it.
    const { connect } = await import('node:http2');
    const session = connect(`${target.secure ? 'https' : 'http'}://localhost`, {
      createConnection: () => stream,
      settings: CLIENT_SETTINGS,
    });
    (stream as NetSocket).allowHalfOpen = false;
    this.#session = session;
    session.on('error', () => {}).once('close', () => this.#gone());
    await new Promise<void>((resolve, reject) => {
      session.once('remoteSettings', () => resolve());
      session.once('error', (cause) => reject(failure(LOST, cause)));
      session.once('close', () => reject(failure(LOST, undefined)));
    });
    this.#settle();
    session.setLocalWindowSize(SESSION_WINDOW);
    this.takesWebSockets = session.remoteSettings.enableConnectProtocol === true;
    this.#rest();
  }

  /** The way has come to its end: its streams are the session's, or whoever takes them. */
  #settle(): void {
    this.#isSettled = true;
    this.#dialing.finish();
  }

  #stopWaiting(): void {
    // Nobody waits any more for what is not there yet.
    if (--this.#waiting === 0 && !this.#isSettled) this.#dialing.abort();
  }

  #enter(): void {
    this.#streams++;
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#session?.ref();
  }

  #exit(): void {
    this.#streams--;
    this.#rest();
  }

  /** Without a stream, it is kept for a while. */
  #rest(): void {
    const session = this.#session;
    if (this.#streams > 0 || session === undefined || session.destroyed) return;
    session.unref();
    // Those who wait for it take it right after this.
    const isWanted = this.#waiting > 0 && !this.#isLeaving;
    if (this.#idleTimeout === Infinity && !this.#isLeaving) return;
    const delay = this.#isLeaving ? 0 : Math.max(this.#idleTimeout, isWanted ? 1 : 0);
    if (delay === 0) return session.destroy();
    const due = nodeClock.now() + delay;
    const sleep = () => {
      if (nodeClock.now() >= due) session.destroy();
      else this.#wake = nodeClock.wakeAt(due, sleep);
    };
    sleep();
  }

  #gone(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#onGone();
  }
}
