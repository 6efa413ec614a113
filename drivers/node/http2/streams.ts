import type { Server as HttpServer } from 'node:http';
import type {
  Http2SecureServer,
  Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  Http2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { isExtendedConnect, type Rejection } from '../../../protocol/index.ts';
import { pathOfTarget, UNAVAILABLE } from '../../../protocol/internal.ts';
import { INTERNAL_ERROR, NOT_FOUND } from '../../socket/decision.ts';
import { NOBODY } from '../../socket/guard.ts';
import { nodeClock } from '../clock.ts';
import { isTaken } from '../node-transport.ts';
import { waitFor } from '../server/upgrades.ts';
import { Openings, type StreamTaker } from './openings.ts';

type AnyHttp2Server = Http2Server | Http2SecureServer;

/** Who takes the extended CONNECTs for some paths of a server. */
export interface PathTaker extends StreamTaker {
  /** Whether a path is one of its own. May throw: `failed` is told. */
  matches(path: string): boolean;
  /** How long one that is not its own may go without an answer, in milliseconds. */
  readonly grace: number;
}

export function isHttp2Server(server: HttpServer | AnyHttp2Server): server is AnyHttp2Server {
  return 'updateSettings' in server;
}

const streamsOf = new WeakMap<AnyHttp2Server, Streams>();

/** Has a taker served from now on, by one set of listeners for all that a server has. Returns what undoes it. */
export function takeStreams(server: AnyHttp2Server, taker: PathTaker): () => void {
  let streams = streamsOf.get(server);
  if (streams === undefined) {
    streams = new Streams(server);
    streamsOf.set(server, streams);
  }
  return streams.add(taker);
}

type OnStream = (stream: ServerHttp2Stream, headers: object, flags: number, fields: string[]) => void;

/**
 * The extended CONNECTs for WebSockets of one server of node:http2, from the first taker to the last. All other streams are
 * left to whoever else listens.
 *
 * A server with a 'request' listener answers every CONNECT with 405 itself, unless somebody listens to 'connect': here
 * somebody does, and answers so those that are nobody's.
 */
class Streams {
  readonly #server: AnyHttp2Server;
  readonly #takers: Set<PathTaker>;
  readonly #openings: WeakMap<object, Openings>;

  constructor(server: AnyHttp2Server) {
    this.#server = server;
    this.#takers = new Set();
    this.#openings = new WeakMap();
    // RFC 8441 §3: clients send none before they are told that they may.
    server.updateSettings({ enableConnectProtocol: true });
    server.on('stream', this.#onStream as (stream: ServerHttp2Stream) => void);
    server.on('connect', this.#onConnect);
  }

  add(taker: PathTaker): () => void {
    this.#takers.add(taker);
    return () => {
      if (this.#takers.delete(taker) && this.#takers.size === 0) this.#end();
    };
  }

  #end(): void {
    streamsOf.delete(this.#server);
    this.#server.off('stream', this.#onStream as (stream: ServerHttp2Stream) => void);
    this.#server.off('connect', this.#onConnect);
  }

  readonly #onStream: OnStream = (stream, headers, _flags, fields) => {
    // Another listener, before this one, may have answered it.
    if (!isExtendedConnect(fields) || isAnswered(stream)) return;
    const openings = this.#openingsOf(stream.session);
    const path = pathOfTarget((headers as { ':path'?: string })[':path'] ?? '') ?? '';
    openings.add(stream, fields, this.#takerOf(path));
  };

  #openingsOf(session: Http2Session | undefined): Openings {
    // One that is over has no session.
    const key = session ?? this.#server;
    let openings = this.#openings.get(key);
    if (openings === undefined) this.#openings.set(key, (openings = new Openings()));
    return openings;
  }

  /** Who takes it is settled when it comes; it may have its turn later, when somebody else has answered it. */
  #takerOf(path: string): StreamTaker {
    for (const taker of this.#takers) {
      const failed = (error: unknown): void => taker.failed(error);
      try {
        if (!taker.matches(path)) continue;
      } catch (error) {
        failed(error);
        return { take: (stream) => answer(stream, INTERNAL_ERROR.response), failed };
      }
      return { take: (stream, fields) => void (isAnswered(stream) || taker.take(stream, fields)), failed };
    }
    return this.#nobody();
  }

  /** Somebody else may answer, now or in a while. */
  #nobody(): StreamTaker {
    const server = this.#server;
    // With a 'request' listener one of the 'stream' listeners is node's own.
    const own = server.listenerCount('request') > 0 ? 2 : 1;
    const isAlone = server.listenerCount('connect') === 1 && server.listenerCount('stream') === own;
    if (isAlone) return { take: (stream) => answer(stream, NOT_FOUND.response), failed: NOBODY.failed };
    const grace = Math.max(...[...this.#takers].map((taker) => taker.grace));
    return { take: (stream) => leave(stream, grace), failed: NOBODY.failed };
  }

  readonly #onConnect = (request: Http2ServerRequest, response: Http2ServerResponse | Duplex): void => {
    if (this.#server.listenerCount('connect') > 1) return;
    // node:http, which such a server may speak too, hands out the socket of a CONNECT, and else destroys it.
    if (request.httpVersionMajor !== 2) (response as Duplex).destroy();
    else if (!isExtendedConnect(request.rawHeaders)) (response as Http2ServerResponse).writeHead(405).end();
  };
}

/** Whether somebody carries a stream, or has answered it. */
function isAnswered(stream: ServerHttp2Stream): boolean {
  return isTaken(stream) || stream.headersSent;
}

/** Gives others so many milliseconds. */
function leave(stream: ServerHttp2Stream, grace: number): void {
  if (isAnswered(stream)) return;
  // What is nobody's yet has nobody to hear of its errors.
  stream.on('error', ignore);
  waitFor(stream, grace, () => {
    stream.off('error', ignore);
    answer(stream, UNAVAILABLE);
  });
}

/** Answers a stream that nobody has answered, without a body, and is done with it. */
function answer(stream: ServerHttp2Stream, { status, headers }: Rejection): void {
  if (isAnswered(stream) || stream.closed || stream.destroyed) return;
  stream.on('error', ignore);
  stream.respond({ ':status': status, ...(headers as Record<string, string>) }, { endStream: true });
  // Not at once: Node 22 and 26 forget the answer then.
  nodeClock.wakeAt(nodeClock.now(), () => stream.close());
}

function ignore(): void {}
