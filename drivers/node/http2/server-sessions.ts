import { Buffer } from 'node:buffer';
import {
  performServerHandshake,
  type ServerHttp2Session,
  type ServerSessionOptions,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket as NetSocket } from 'node:net';
import type { Limits } from '../../../protocol/index.ts';
import { isHttp2Preface } from '../../../protocol/internal.ts';
import { type Wake, wakeAtDeadline } from '../../clock.ts';
import type { AdmissionControl, PendingPeer } from '../../socket/admission-control.ts';
import { each } from '../../socket/guard.ts';
import { nodeClock } from '../clock.ts';
import { Openings, type StreamTaker } from './openings.ts';
import { IDLE_TIMEOUT, SESSION_WINDOW } from './settings.ts';

/**
 * A server's connections of HTTP/2. Each is bounded: in what node:http2 is told in `SESSION_OPTIONS`, and in how long it
 * may carry no stream: at first as long as an opening handshake may take, later `IDLE_TIMEOUT`.
 */
export class Http2ServerSessions {
  readonly #taker: StreamTaker;
  readonly #options: ServerSessionOptions;
  readonly #limits: Limits;
  readonly #admission: AdmissionControl;
  readonly #sessions: Set<ServerSession>;
  #isStopped: boolean;

  constructor(limits: Limits, admission: AdmissionControl, options: ServerSessionOptions, taker: StreamTaker) {
    this.#taker = taker;
    this.#options = options;
    this.#limits = limits;
    this.#admission = admission;
    this.#sessions = new Set();
    this.#isStopped = false;
  }

  /** A connection whose peer speaks HTTP/2; it came at `since`. */
  accept(socket: NetSocket, since = nodeClock.now()): void {
    const session = new ServerSession(
      { socket, limits: this.#limits, admission: this.#admission, options: this.#options },
      since,
      this.#taker,
    );
    this.#sessions.add(session);
    session.session.once('close', () => this.#sessions.delete(session));
    if (this.#isStopped) session.close();
  }

  /**
   * A plain connection, whose peer may speak HTTP/2 with prior knowledge (RFC 9113 §3.3): if its first bytes say so it is
   * taken, else it is given back with them.
   */
  sort(socket: NetSocket, giveBack: (since: number, bytes: Uint8Array) => void): void {
    const since = nodeClock.now();
    let bytes = Buffer.alloc(0);
    const deadline = since + this.#limits.handshakeTimeout;
    const drop = () => void socket.destroy();
    const pending: PendingPeer = { state: 'connecting', close: drop, terminate: drop };
    const settle = () => {
      wake.cancel();
      this.#admission.stopWaiting(pending);
      socket.off('data', onData).off('end', drop).off('error', drop).off('close', settle);
    };
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const isHttp2 = isHttp2Preface(bytes);
      if (isHttp2 === undefined) return;
      settle();
      socket.pause();
      if (!isHttp2) return giveBack(since, new Uint8Array(bytes));
      socket.unshift(bytes);
      this.accept(socket, since);
    };
    socket.on('data', onData).on('end', drop).on('error', drop).on('close', settle);
    this.#admission.wait(pending);
    const wake = wakeAtDeadline(nodeClock, deadline, drop);
  }

  /** No stream is opened any more: every connection ends after its last one. RFC 9113 §6.8 */
  stop(): void {
    this.#isStopped = true;
    each(this.#sessions, (session) => session.close());
  }
}

interface ServerSessionParts {
  readonly socket: NetSocket;
  readonly limits: Limits;
  readonly admission: AdmissionControl;
  readonly options: ServerSessionOptions;
}

/** One connection: waited for while it carries no stream. */
class ServerSession implements PendingPeer {
  readonly state: 'open';
  readonly session: ServerHttp2Session;
  readonly #socket: NetSocket;
  readonly #limits: Limits;
  readonly #admission: AdmissionControl;
  #streams: number;
  #isLeaving: boolean;
  #wake: Wake;

  constructor({ socket, limits, admission, options }: ServerSessionParts, since: number, taker: StreamTaker) {
    this.state = 'open';
    this.#socket = socket;
    this.#limits = limits;
    this.#admission = admission;
    this.#streams = 0;
    this.#isLeaving = false;
    this.#wake = { cancel() {} };
    // A session has no halves: it ends with its peer.
    socket.allowHalfOpen = false;
    const session = performServerHandshake(socket, options);
    this.session = session;
    session.setLocalWindowSize(SESSION_WINDOW);
    // Whatever it was, the session is gone, and its streams are told.
    session.on('error', () => {});
    session.on('close', () => {
      this.#expect(Infinity);
      admission.stopWaiting(this);
    });
    const openings = new Openings();
    session.on('stream', ((stream: ServerHttp2Stream, _headers: object, _flags: number, fields: readonly string[]) => {
      this.#enter(stream);
      openings.add(stream, fields, taker);
    }) as (stream: ServerHttp2Stream) => void);
    this.#expect(since + limits.handshakeTimeout);
    admission.wait(this);
  }

  /** Says GOAWAY, and leaves with the last stream. */
  close(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.session.close();
    if (this.#streams === 0) this.#expect(nodeClock.now() + this.#limits.closeTimeout);
  }

  terminate(): void {
    this.#expect(Infinity);
    this.#socket.destroy();
  }

  #enter(stream: ServerHttp2Stream): void {
    this.#streams++;
    this.#admission.stopWaiting(this);
    this.#expect(Infinity);
    stream.once('close', () => {
      if (--this.#streams > 0 || this.session.destroyed) return;
      this.#admission.wait(this);
      this.#expect(nodeClock.now() + (this.#isLeaving ? this.#limits.closeTimeout : IDLE_TIMEOUT));
    });
  }

  /** How long it may stay as it is; then it is shown out, and then put out. */
  #expect(deadline: number): void {
    this.#wake.cancel();
    this.#wake = wakeAtDeadline(nodeClock, deadline, () => (this.#isLeaving ? this.terminate() : this.close()));
  }
}
