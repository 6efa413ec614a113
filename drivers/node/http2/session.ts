import { Buffer } from 'node:buffer';
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { URL } from 'node:url';
import { HandshakeError } from '../../../protocol/index.ts';
import { type Wake, wakeWhenDue } from '../../clock.ts';
import { nodeClock } from '../clock.ts';
import { planRoute } from '../client/dial.ts';
import { checkAlive, discard, failure } from '../client/failure.ts';
import { PendingTransport } from '../client/pending-transport.ts';
import { CLIENT_SETTINGS, SESSION_WINDOW } from './settings.ts';
import type { StreamLease } from './carrier.ts';
import type { RouteOptions } from '../client/route-options.ts';
import type { Target } from '../client/target.ts';

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

/**
 * How many streams may be aborted on a session before it takes no more: far fewer than servers end a session for, and with it
 * everybody's streams (nghttp2 after 1,000 at once, or more than 33 a second).
 */
const MOST_ABORTED = 100;
/** RFC 9113 §7. */
const CANCEL = 0x8;

/**
 * How long an answer may take on a session that carries others, before another session is tried, in milliseconds; and how many
 * times as long as the slowest that it has given, for some servers take their time over each.
 */
const LEAST_GRACE = 2000;
const SLOWER = 4;

const LOST = 'the HTTP/2 session was lost before it was ready';

/** What a pool's options say of each session. */
export interface PoolLimits {
  readonly idleTimeout: number;
  readonly maxStreams: number;
}

/** One session of a pool, from the moment that it is asked for. */
export class PooledSession {
  /** Whether WebSockets may go over it: so it is until the contrary is known. */
  takesWebSockets: boolean;
  readonly #target: Target;
  readonly #options: RouteOptions;
  readonly #idleTimeout: number;
  readonly #maxStreams: number;
  readonly #onGone: () => void;
  readonly #pending: PendingTransport;
  readonly #ready: Promise<void>;
  #session: ClientHttp2Session | undefined;
  /** What was found instead: a connection of HTTP/1.1, for whoever takes it first. */
  #stream: Duplex | undefined;
  #waiting: number;
  #streams: number;
  /** Of these, those that have their answer. */
  #answered: number;
  #aborted: number;
  /** The longest that an answer has taken, in milliseconds. */
  #slowest: number;
  /** As many as it is seen to serve, where a stream waits in vain for its answer. */
  #served: number;
  #isSettled: boolean;
  #isLeaving: boolean;
  #isGone: boolean;
  #wake: Wake | undefined;

  constructor(target: Target, options: RouteOptions, { idleTimeout, maxStreams }: PoolLimits, onGone: () => void) {
    this.takesWebSockets = true;
    this.#target = target;
    this.#options = copyOf(options);
    this.#idleTimeout = idleTimeout;
    this.#maxStreams = maxStreams;
    this.#onGone = onGone;
    this.#pending = new PendingTransport();
    this.#session = undefined;
    this.#stream = undefined;
    this.#waiting = 0;
    this.#streams = 0;
    this.#answered = 0;
    this.#aborted = 0;
    this.#slowest = 0;
    this.#served = Infinity;
    this.#isSettled = false;
    this.#isLeaving = false;
    this.#isGone = false;
    this.#wake = undefined;
    this.#ready = this.#open();
    // Whoever waits hears of it.
    this.#ready.catch(() => this.#giveUp());
  }

  /** Whether a stream to this place, by this way, could be opened on it. */
  leadsTo({ secure, host, port, socketPath }: Target, options: RouteOptions): boolean {
    const own = this.#target;
    if (own.secure !== secure || own.host !== host || own.port !== port || own.socketPath !== socketPath) return false;
    if (this.#isLeaving || this.#session?.closed || this.#session?.destroyed || !this.#hasRoom) return false;
    return WAY.every((name) => isSame(this.#options[name], options[name]));
  }

  /** Resolves to whether it takes WebSockets, once that is known. Rejects with a HandshakeError when it can't be opened. */
  async whenReady(pending: PendingTransport): Promise<boolean> {
    const leave = () => this.#stopWaiting();
    this.#waiting++;
    pending.signal.addEventListener('abort', leave, { once: true });
    pending.following = this.#pending;
    try {
      await this.#ready;
    } finally {
      pending.following = undefined;
      pending.signal.removeEventListener('abort', leave);
      if (!pending.isGivenUp) this.#waiting--;
    }
    if (pending.isGivenUp) throw new HandshakeError('the opening handshake was given up', { kind: 'gave-up' });
    return this.takesWebSockets;
  }

  /** A stream to be opened, if there is one to be had; `move` finds another where this one gets no answer. */
  lease(move: StreamLease['move']): StreamLease | undefined {
    const session = this.#session;
    if (session === undefined || session.closed || session.destroyed || !this.#hasRoom) return undefined;
    this.#enter();
    let isOpen = false;
    return {
      remoteAddress: session.socket?.remoteAddress ?? '',
      request: (headers: OutgoingHttpHeaders) => {
        const stream = session.request(headers, { endStream: false });
        isOpen = true;
        const since = nodeClock.now();
        let isAnswered = false;
        stream.once('response', () => {
          isAnswered = true;
          this.#answered++;
          this.#slowest = Math.max(this.#slowest, nodeClock.now() - since);
        });
        return stream.once('close', () => {
          if (isAnswered) this.#answered--;
          if (stream.rstCode === CANCEL && ++this.#aborted >= MOST_ABORTED) this.#isLeaving = true;
          this.#exit();
        });
      },
      grace: Math.max(LEAST_GRACE, SLOWER * this.#slowest),
      move: async (pending) => {
        // Alone, it waits for a server that takes its time. Beside others, the server may serve no more than those.
        if (this.#answered === 0) return undefined;
        this.#served = this.#answered;
        return move?.(pending);
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
      this.#giveUp();
      return Promise.resolve();
    }
    if (this.#isGone) return Promise.resolve();
    if (this.#streams === 0) session.destroy();
    return new Promise((resolve) => session.once('close', () => resolve()));
  }

  get #hasRoom(): boolean {
    // Before the server has said so, it may be any number; and a server that lets none be opened may think better of it.
    const most = this.#session?.remoteSettings.maxConcurrentStreams ?? Infinity;
    return this.#streams < Math.max(Math.min(most, this.#maxStreams, this.#served), 1);
  }

  async #open(): Promise<void> {
    const target = this.#target;
    const stream = await planRoute(target, this.#options, ['h2', 'http/1.1'])(this.#pending);
    if (target.secure && (stream as TLSSocket).alpnProtocol !== 'h2') {
      this.takesWebSockets = false;
      this.#stream = stream;
      this.#settle();
      return this.#onGone();
    }
    this.#pending.stage = 'HTTP/2';
    // Loaded by those alone who use it.
    const { connect } = await import('node:http2');
    checkAlive(stream);
    const session = connect(`${target.secure ? 'https' : 'http'}://localhost`, {
      createConnection: () => stream,
      settings: CLIENT_SETTINGS,
    });
    (stream as NetSocket).allowHalfOpen = false;
    this.#session = session;
    session.on('error', () => {}).once('close', () => this.#gone());
    await new Promise<void>((resolve, reject) => {
      session.once('remoteSettings', () => resolve());
      session.once('error', (cause) => reject(failure({ text: LOST, kind: 'http2' }, cause)));
      session.once('close', () => reject(failure({ text: LOST, kind: 'http2' }, undefined)));
    });
    this.#settle();
    session.setLocalWindowSize(SESSION_WINDOW);
    this.takesWebSockets = session.remoteSettings.enableConnectProtocol === true;
    this.#rest();
  }

  /** The way has come to its end: its streams are the session's, or whoever takes them. */
  #settle(): void {
    this.#isSettled = true;
    this.#pending.finish();
  }

  #stopWaiting(): void {
    if (--this.#waiting > 0) return;
    // It was found for somebody who has given up just now: nobody else takes it.
    if (this.#stream !== undefined) return discard(this.takeStream()!);
    // Nobody waits any more for what is not there yet, and nobody is to begin to.
    if (this.#isSettled) return;
    this.#isLeaving = true;
    this.#giveUp();
  }

  /** What makes the stream may take no notice, and never come to an end: it is not waited for. */
  #giveUp(): void {
    this.#pending.abort();
    this.#onGone();
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
    this.#wake = wakeWhenDue(nodeClock, nodeClock.now() + delay, () => session.destroy());
  }

  #gone(): void {
    this.#isGone = true;
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#onGone();
  }
}

/** The options as they are now: whoever changes them later means another way. */
function copyOf(options: RouteOptions): RouteOptions {
  const copy: Record<string, unknown> = { ...options };
  for (const name of WAY) copy[name] = deepCopy(copy[name]);
  return copy;
}

/** A copy of plain objects, lists and bytes, all the way down; anything else is what it is. */
function deepCopy(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(deepCopy);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, deepCopy(one)]));
}

/** Whether two options say the same: plain objects, lists, bytes and URLs by what is in them, anything else by identity. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0;
  if (one instanceof URL && other instanceof URL) return one.href === other.href;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((part, i) => isSame(part, other[i]));
  }
  if (!isPlain(one) || !isPlain(other)) return false;
  // What is undefined is not there.
  return [...Object.keys(one), ...Object.keys(other)].every((name) => isSame(one[name], other[name]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
