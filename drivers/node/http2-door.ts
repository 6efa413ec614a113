import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket as NetSocket } from 'node:net';
import { isHttp2Preface, type Limits } from '../../protocol/index.ts';
import type { Wake } from '../clock.ts';
import type { Admission, Visitor } from '../admission.ts';
import { nodeClock } from './clock.ts';
import { IDLE_TIMEOUT, SESSION_OPTIONS, SESSION_WINDOW } from './http2-settings.ts';

/** Takes a stream that a client has opened: its request has these fields. */
export type StreamListener = (stream: ServerHttp2Stream, fields: readonly string[]) => void;

/**
 * A server's connections of HTTP/2. Each is bounded: in what node:http2 is told in `SESSION_OPTIONS`, and in how long it
 * may carry no stream: at first as long as an opening handshake may take, later `IDLE_TIMEOUT`.
 */
export class Http2Door {
  readonly #onStream: StreamListener;
  readonly #limits: Limits;
  readonly #admission: Admission;
  readonly #guests: Set<Guest>;
  #isStopped: boolean;

  constructor(limits: Limits, admission: Admission, onStream: StreamListener) {
    this.#onStream = onStream;
    this.#limits = limits;
    this.#admission = admission;
    this.#guests = new Set();
    this.#isStopped = false;
  }

  /** A connection whose peer speaks HTTP/2; it came at `since`. */
  accept(socket: NetSocket, since = nodeClock.now()): void {
    const guest = new Guest(socket, this.#limits, this.#admission, since, this.#onStream);
    this.#guests.add(guest);
    guest.session.once('close', () => this.#guests.delete(guest));
    if (this.#isStopped) guest.close();
  }

  /**
   * A plain connection, whose peer may speak HTTP/2 with prior knowledge (RFC 9113 §3.3): if its first bytes say so it is
   * taken, else it is given back with them.
   */
  sort(socket: NetSocket, giveBack: (since: number, bytes: Uint8Array) => void): void {
    const since = nodeClock.now();
    let bytes = Buffer.alloc(0);
    const deadline = since + this.#limits.handshakeTimeout;
    let wake: Wake | undefined;
    const sleep = () => {
      if (nodeClock.now() >= deadline) socket.destroy();
      else wake = nodeClock.wakeAt(deadline, sleep);
    };
    const drop = () => void socket.destroy();
    const visitor: Visitor = { state: 'connecting', close: drop, terminate: drop };
    const settle = () => {
      wake?.cancel();
      this.#admission.stopWaiting(visitor);
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
    this.#admission.wait(visitor);
    if (deadline < Infinity) sleep();
  }

  /** No stream is opened any more: every connection ends after its last one. RFC 9113 §6.8 */
  stop(): void {
    this.#isStopped = true;
    for (const guest of this.#guests) guest.close();
  }
}

/** One connection: waited for while it carries no stream. */
class Guest implements Visitor {
  readonly state: 'open';
  readonly session: ServerHttp2Session;
  readonly #socket: NetSocket;
  readonly #limits: Limits;
  readonly #admission: Admission;
  #streams: number;
  #isLeaving: boolean;
  #deadline: number;
  #wake: Wake | undefined;

  constructor(socket: NetSocket, limits: Limits, admission: Admission, since: number, onStream: StreamListener) {
    this.state = 'open';
    this.#socket = socket;
    this.#limits = limits;
    this.#admission = admission;
    this.#streams = 0;
    this.#isLeaving = false;
    this.#deadline = Infinity;
    this.#wake = undefined;
    // A session has no halves: it ends with its peer.
    socket.allowHalfOpen = false;
    const session = performServerHandshake(socket, SESSION_OPTIONS);
    this.session = session;
    session.setLocalWindowSize(SESSION_WINDOW);
    // Whatever it was, the session is gone, and its streams are told.
    session.on('error', () => {});
    session.on('close', () => {
      this.#expect(Infinity);
      admission.stopWaiting(this);
    });
    session.on('stream', ((stream: ServerHttp2Stream, _headers: object, _flags: number, fields: readonly string[]) => {
      this.#enter(stream);
      onStream(stream, fields);
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
    this.#deadline = deadline;
    if (deadline < Infinity) return this.#sleep();
    this.#wake?.cancel();
    this.#wake = undefined;
  }

  #sleep(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    if (this.#deadline === Infinity) return;
    if (nodeClock.now() < this.#deadline) {
      this.#wake = nodeClock.wakeAt(this.#deadline, () => this.#sleep());
    } else if (this.#isLeaving) {
      this.terminate();
    } else {
      this.close();
    }
  }
}
