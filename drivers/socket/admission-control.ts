import type { PlainRequest, Rejection } from '../../protocol/index.ts';
import { resolveLimit, UNAVAILABLE, verdictOf } from '../../protocol/internal.ts';
import type { TurnedAway, RefusalReason } from './decision.ts';
import { each, guard, NOBODY } from './guard.ts';
import type { Paths, ServerOptions } from './options.ts';
import type { SocketState } from './handlers.ts';

/** The default of `maxHandshakes`: as many as the largest backlog that Linux has by default may bring at once. */
const MAX_HANDSHAKES = 4096;

/** A peer that is not in yet: a socket, or what comes before there is one, in the middle of a TLS handshake say. */
export interface PendingPeer {
  /** One that is 'connecting' is ended by `close` at once, with an answer if it is a socket. */
  readonly state: SocketState;
  /** Turns it away. */
  close(): void;
  /** Ends what there is of it. */
  terminate(): void;
}

/**
 * Who may come in to a server, and who is in.
 *
 * A peer that is not in yet is waited for, or waits itself. As many as `maxHandshakes` are waited for, oldest first: for the rest of a
 * TLS handshake or of a request, or to hang up after a refusal. A quick one is done within a round trip, so that the one
 * that has been there longest gives way (ADR 9). As many may wait for the application's decision: they have done their part, and
 * it is the newcomer who is refused.
 */
export class AdmissionControl<S extends PendingPeer = PendingPeer> {
  readonly authorize: ServerOptions['authorize'];
  readonly onRequest: ServerOptions['onRequest'];
  readonly onRefused: ServerOptions['onRefused'];
  /** The open connections. */
  readonly sockets: ReadonlySet<S>;
  readonly #sockets: Set<S>;
  /** Those who are waited for; sets go by the order in which they were filled. */
  readonly #waitedFor: Set<PendingPeer>;
  /** Those on whose request the application has not decided. */
  readonly #undecided: Set<S>;
  readonly #serves: (path: string) => boolean;
  readonly #maxConnections: number;
  readonly #maxHandshakes: number;
  #stopped: boolean;
  /** Whether whoever is not in has had its time. */
  #isOver: boolean;
  #onEmpty: (() => void) | undefined;

  /** `paths` are those that are served; requests for others get a 404. */
  constructor(options: ServerOptions, paths?: Paths) {
    this.authorize = options.authorize;
    this.onRequest = options.onRequest;
    this.onRefused = options.onRefused;
    this.#serves = pathMatcher(paths);
    this.#sockets = new Set();
    this.#waitedFor = new Set();
    this.#undecided = new Set();
    this.sockets = this.#sockets;
    this.#maxConnections = resolveLimit('maxConnections', options.maxConnections, Infinity);
    this.#maxHandshakes = resolveLimit('maxHandshakes', options.maxHandshakes, MAX_HANDSHAKES);
    this.#stopped = false;
    this.#isOver = false;
    this.#onEmpty = undefined;
  }

  /** Why a request may not be accepted now, if it may not. */
  refusal(): TurnedAway | undefined {
    if (this.#stopped) return { kind: 'closing', response: UNAVAILABLE };
    return this.#sockets.size < this.#maxConnections ? undefined : { kind: 'limit', response: UNAVAILABLE };
  }

  /** Whether anything is served at this path. */
  serves(path: string): boolean {
    return this.#serves(path);
  }

  /** Tells whoever wants to hear of refusals; what that throws goes to `report`. */
  tellRefused(
    request: PlainRequest | undefined,
    response: Rejection | undefined,
    reason: RefusalReason,
    report: (error: unknown) => void,
  ): void {
    const { onRefused } = this;
    try {
      // It may be an async function.
      const told: unknown = onRefused?.(request, response, reason);
      if (told !== undefined) Promise.resolve(told).catch(report);
    } catch (error) {
      report(error);
    }
  }

  /** Nobody comes in any more: whoever is not in yet is turned away. Calls back once nobody is left. */
  stop(onEmpty: () => void): void {
    this.#stopped = true;
    this.#onEmpty = onEmpty;
    each(this.#waitedFor, (pending) => pending.close());
    each(this.#undecided, (socket) => socket.close());
    this.#checkEmpty();
  }

  /** Ends whoever is not in: those on their way, and those who were turned away and have not hung up. So it stays. */
  end(): void {
    this.#isOver = true;
    each([...this.#waitedFor, ...this.#undecided], (pending) => pending.terminate());
  }

  /** Somebody has come, or come back: the peer is waited for. */
  wait(pending: PendingPeer): void {
    this.#waitedFor.add(pending);
    if (this.#isOver && pending.state !== 'connecting') return guard(NOBODY, () => pending.terminate());
    if (this.#waitedFor.size <= this.#maxHandshakes) return;
    const [oldest] = this.#waitedFor;
    this.#waitedFor.delete(oldest);
    guard(NOBODY, () => {
      if (oldest.state === 'connecting') oldest.close();
      else oldest.terminate();
    });
  }

  /** It is not waited for any longer. */
  stopWaiting(pending: PendingPeer): void {
    this.#waitedFor.delete(pending);
    this.#checkEmpty();
  }

  /** The application is to decide on a socket's request, until `decided`. Returns why it won't be asked, if it won't. */
  ask(socket: S): TurnedAway | undefined {
    if (this.#undecided.size >= this.#maxHandshakes) return { kind: 'limit', response: UNAVAILABLE };
    this.#waitedFor.delete(socket);
    this.#undecided.add(socket);
    return undefined;
  }

  /** It has, and the answer is given. */
  decided(socket: S): void {
    // Who is not in has been refused, and is to hang up.
    if (this.#undecided.delete(socket)) this.wait(socket);
  }

  /** The connection is open. */
  enter(socket: S): void {
    this.#waitedFor.delete(socket);
    this.#undecided.delete(socket);
    this.#sockets.add(socket);
  }

  /** The connection is over, opened or not. */
  leave(socket: S): void {
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

/** Whether a path is one of these; every one is where there are none. */
export function pathMatcher(paths: Paths | undefined): (path: string) => boolean {
  if (paths === undefined) return () => true;
  if (typeof paths === 'function') return (path) => verdictOf('path', paths(path));
  const list = typeof paths === 'string' ? [paths] : paths;
  if (!list.every((path) => path.startsWith('/'))) {
    throw new TypeError('path must begin with a slash, as the paths of requests do');
  }
  // No request has such a path: the server would be silent to everybody.
  if (list.some((path) => /[^!-~]|[?#]/.test(path))) {
    throw new TypeError('path must be as requests have it: without a query or fragment, and percent-encoded');
  }
  return (path) => list.includes(path);
}
