import { type Rejection, resolveLimit } from '../protocol/index.ts';
import type { ServerOptions } from './handlers.ts';
import type { Socket } from './socket.ts';

/** How long a client that was turned away is asked to wait, in seconds. */
const RETRY_AFTER = '5';

/** A server's door: who is in, and whether another may come. */
export class Admission {
  readonly authorize: ServerOptions['authorize'];
  readonly onRequest: ServerOptions['onRequest'];
  /** The open connections. */
  readonly sockets: ReadonlySet<Socket<any>>;
  readonly #sockets: Set<Socket<any>>;
  /** Those whose opening handshake is not over. */
  readonly #arriving: Set<Socket<any>>;
  readonly #maxConnections: number;
  #stopped: boolean;
  #onEmpty: (() => void) | undefined;

  constructor(options: ServerOptions) {
    this.authorize = options.authorize;
    this.onRequest = options.onRequest;
    this.#sockets = new Set();
    this.#arriving = new Set();
    this.sockets = this.#sockets;
    this.#maxConnections = resolveLimit('maxConnections', options.maxConnections, Infinity);
    this.#stopped = false;
    this.#onEmpty = undefined;
  }

  /** Why a request may not be accepted now, if it may not. */
  refusal(): Rejection | undefined {
    if (!this.#stopped && this.#sockets.size < this.#maxConnections) return undefined;
    return { status: 503, headers: { 'Retry-After': RETRY_AFTER } };
  }

  /** Nobody comes in any more: whoever stands in the door is turned away. Calls back once nobody is left. */
  stop(onEmpty: () => void): void {
    this.#stopped = true;
    this.#onEmpty = onEmpty;
    for (const socket of this.#arriving) socket.close();
    this.#checkEmpty();
  }

  /** A transport has come; its opening handshake begins. */
  arrive(socket: Socket<any>): void {
    this.#arriving.add(socket);
  }

  /** The connection is open. */
  enter(socket: Socket<any>): void {
    this.#arriving.delete(socket);
    this.#sockets.add(socket);
  }

  /** The connection is over, opened or not. */
  leave(socket: Socket<any>): void {
    this.#arriving.delete(socket);
    this.#sockets.delete(socket);
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#onEmpty === undefined || this.#sockets.size + this.#arriving.size > 0) return;
    const onEmpty = this.#onEmpty;
    this.#onEmpty = undefined;
    onEmpty();
  }
}
