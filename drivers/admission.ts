import { type Rejection, resolveLimit } from '../protocol/index.ts';
import type { ServerOptions } from './handlers.ts';
import type { Socket, SocketState } from './socket.ts';

/** How long a client that was turned away is asked to wait, in seconds. */
const RETRY_AFTER = '5';

/** The default of `maxHandshakes`: as many as the largest backlog that Linux has by default may bring at once. */
const MAX_HANDSHAKES = 4096;

/** Somebody in the door: a socket, or what comes before there is one, a peer in the middle of its TLS handshake say. */
export interface Visitor {
  /** One that is 'connecting' is ended by `close` at once, with an answer if it is a socket. */
  readonly state: SocketState;
  /** Turns it away. */
  close(): void;
  /** Ends what there is of it. */
  terminate(): void;
}

/**
 * A server's door: who is in, and whether another may come.
 *
 * Whoever stands in it is waited for, or waits. As many as `maxHandshakes` are waited for, oldest first: for the rest of a
 * TLS handshake or of a request, or to hang up after a refusal. Who is quick is out of there within a round trip, so that the
 * one who has been there longest gives way (ADR 9). As many may wait for the application's decision: they have done their part, and
 * it is the newcomer who is refused.
 */
export class Admission {
  readonly authorize: ServerOptions['authorize'];
  readonly onRequest: ServerOptions['onRequest'];
  /** The open connections. */
  readonly sockets: ReadonlySet<Socket<any>>;
  readonly #sockets: Set<Socket<any>>;
  /** Those who are waited for; sets go by the order in which they were filled. */
  readonly #waitedFor: Set<Visitor>;
  /** Those on whose request the application has not decided. */
  readonly #undecided: Set<Socket<any>>;
  readonly #maxConnections: number;
  readonly #maxHandshakes: number;
  #stopped: boolean;
  #onEmpty: (() => void) | undefined;

  constructor(options: ServerOptions) {
    this.authorize = options.authorize;
    this.onRequest = options.onRequest;
    this.#sockets = new Set();
    this.#waitedFor = new Set();
    this.#undecided = new Set();
    this.sockets = this.#sockets;
    this.#maxConnections = resolveLimit('maxConnections', options.maxConnections, Infinity);
    this.#maxHandshakes = resolveLimit('maxHandshakes', options.maxHandshakes, MAX_HANDSHAKES);
    this.#stopped = false;
    this.#onEmpty = undefined;
  }

  /** Why a request may not be accepted now, if it may not. */
  refusal(): Rejection | undefined {
    return !this.#stopped && this.#sockets.size < this.#maxConnections ? undefined : unavailable();
  }

  /** Nobody comes in any more: whoever stands in the door is turned away. Calls back once nobody is left. */
  stop(onEmpty: () => void): void {
    this.#stopped = true;
    this.#onEmpty = onEmpty;
    for (const visitor of this.#waitedFor) visitor.close();
    for (const socket of this.#undecided) socket.close();
    this.#checkEmpty();
  }

  /** Somebody has come, or come back: the peer is waited for. */
  wait(visitor: Visitor): void {
    this.#waitedFor.add(visitor);
    if (this.#waitedFor.size <= this.#maxHandshakes) return;
    const [oldest] = this.#waitedFor;
    this.#waitedFor.delete(oldest);
    if (oldest.state === 'connecting') oldest.close();
    else oldest.terminate();
  }

  /** It is not waited for any longer. */
  stopWaiting(visitor: Visitor): void {
    this.#waitedFor.delete(visitor);
    this.#checkEmpty();
  }

  /** The application is to decide on a socket's request, until `decided`. Returns why it won't be asked, if it won't. */
  ask(socket: Socket<any>): Rejection | undefined {
    if (this.#undecided.size >= this.#maxHandshakes) return unavailable();
    this.#waitedFor.delete(socket);
    this.#undecided.add(socket);
    return undefined;
  }

  /** It has, and the answer is given. */
  decided(socket: Socket<any>): void {
    // Who is not in has been refused, and is to hang up.
    if (this.#undecided.delete(socket)) this.wait(socket);
  }

  /** The connection is open. */
  enter(socket: Socket<any>): void {
    this.#waitedFor.delete(socket);
    this.#undecided.delete(socket);
    this.#sockets.add(socket);
  }

  /** The connection is over, opened or not. */
  leave(socket: Socket<any>): void {
    this.#waitedFor.delete(socket);
    this.#undecided.delete(socket);
    this.#sockets.delete(socket);
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#onEmpty === undefined) return;
    if (this.#sockets.size + this.#waitedFor.size + this.#undecided.size > 0) return;
    const onEmpty = this.#onEmpty;
    this.#onEmpty = undefined;
    onEmpty();
  }
}

function unavailable(): Rejection {
  return { status: 503, headers: { 'Retry-After': RETRY_AFTER } };
}
