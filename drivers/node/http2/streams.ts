import type { Server as HttpServer } from 'node:http';
import type {
  Http2SecureServer,
  Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { isExtendedConnect, type Rejection } from '../../../protocol/index.ts';
import { pathOfTarget, UNAVAILABLE } from '../../../protocol/internal.ts';
import { guard } from '../../socket/guard.ts';
import { nodeClock } from '../clock.ts';
import { isTaken } from '../node-transport.ts';
import { FAILED, NOT_FOUND, waitFor } from '../server/upgrades.ts';
import type { StreamListener } from './openings.ts';

type AnyHttp2Server = Http2Server | Http2SecureServer;

/** Who takes the extended CONNECTs for some paths of a server. */
export interface StreamTaker {
  /** Whether a path is one of its own. May throw. */
  matches(path: string): boolean;
  readonly take: StreamListener;
  /** `matches` threw. */
  failed(error: unknown): void;
  /** How long one that is not its own may go without an answer, in milliseconds. */
  readonly grace: number;
}

export function isHttp2Server(server: HttpServer | AnyHttp2Server): server is AnyHttp2Server {
  return 'updateSettings' in server;
}

const streamsOf = new WeakMap<AnyHttp2Server, Streams>();

/** Has a taker served from now on, by one set of listeners for all that a server has. Returns what undoes it. */
export function takeStreams(server: AnyHttp2Server, taker: StreamTaker): () => void {
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
  readonly #takers: Set<StreamTaker>;

  constructor(server: AnyHttp2Server) {
    this.#server = server;
    this.#takers = new Set();
    // RFC 8441 §3: clients send none before they are told that they may.
    server.updateSettings({ enableConnectProtocol: true });
    server.on('stream', this.#onStream as (stream: ServerHttp2Stream) => void);
    server.on('connect', this.#onConnect);
  }

  add(taker: StreamTaker): () => void {
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
    if (!isExtendedConnect(fields) || isTaken(stream)) return;
    const path = pathOfTarget((headers as { ':path'?: string })[':path'] ?? '') ?? '';
    for (const taker of this.#takers) {
      try {
        if (!taker.matches(path)) continue;
      } catch (error) {
        answer(stream, FAILED);
        return taker.failed(error);
      }
      const failed = (error: unknown): void => {
        stream.destroy();
        taker.failed(error);
      };
      return guard({ failed }, () => taker.take(stream, fields));
    }
    this.#leave(stream);
  };

  /** It is nobody's here: somebody else may answer, now or in a while. */
  #leave(stream: ServerHttp2Stream): void {
    const server = this.#server;
    // With a 'request' listener one of the 'stream' listeners is node's own.
    const own = server.listenerCount('request') > 0 ? 2 : 1;
    const isAlone = server.listenerCount('connect') === 1 && server.listenerCount('stream') === own;
    if (isAlone) return answer(stream, NOT_FOUND);
    // What is nobody's yet has nobody to hear of its errors.
    stream.on('error', ignore);
    waitFor(stream, Math.max(...[...this.#takers].map(({ grace }) => grace)), () => {
      stream.off('error', ignore);
      if (!stream.headersSent) answer(stream, UNAVAILABLE);
    });
  }

  readonly #onConnect = (request: Http2ServerRequest, response: Http2ServerResponse | Duplex): void => {
    if (this.#server.listenerCount('connect') > 1) return;
    // node:http, which such a server may speak too, hands out the socket of a CONNECT, and else destroys it.
    if (request.httpVersionMajor !== 2) (response as Duplex).destroy();
    else if (!isExtendedConnect(request.rawHeaders)) (response as Http2ServerResponse).writeHead(405).end();
  };
}

/** Answers a stream without a body, and is done with it. */
function answer(stream: ServerHttp2Stream, { status, headers }: Rejection): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  stream.on('error', ignore);
  stream.respond({ ':status': status, ...(headers as Record<string, string>) }, { endStream: true });
  // Not at once: Node 22 and 26 forget the answer then.
  nodeClock.wakeAt(nodeClock.now(), () => stream.close());
}

function ignore(): void {}
