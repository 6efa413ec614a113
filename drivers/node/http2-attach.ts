import type { Server as HttpServer } from 'node:http';
import type {
  Http2SecureServer,
  Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { isExtendedConnect } from '../../protocol/index.ts';
import type { StreamListener } from './http2-door.ts';

type AnyHttp2Server = Http2Server | Http2SecureServer;

export function isHttp2Server(server: HttpServer | AnyHttp2Server): server is AnyHttp2Server {
  return 'updateSettings' in server;
}

/**
 * Takes the extended CONNECTs of a node:http2 server for WebSockets under some paths, and leaves all other streams to
 * whoever else listens. Returns what undoes that.
 *
 * A server with a 'request' listener answers every CONNECT with 405 itself, unless somebody listens to 'connect': here
 * somebody does, and answers so those that are nobody's.
 */
export function attachStreams(
  server: AnyHttp2Server,
  matches: (path: string) => boolean,
  take: StreamListener,
): () => void {
  const isOurs = (path: string | undefined, fields: readonly string[]) =>
    isExtendedConnect(fields) && matches((path ?? '').split('?', 1)[0]);
  const onStream = (stream: ServerHttp2Stream, headers: { ':path'?: string }, _flags: number, fields: string[]) => {
    if (isOurs(headers[':path'], fields)) take(stream, fields);
  };
  const onConnect = (request: Http2ServerRequest, response: Http2ServerResponse | Duplex) => {
    const isHttp2 = request.httpVersionMajor === 2;
    if (server.listenerCount('connect') > 1 || (isHttp2 && isOurs(request.url, request.rawHeaders))) return;
    // node:http, which such a server may speak too, hands out the socket of a CONNECT, and else destroys it.
    if (!isHttp2) (response as Duplex).destroy();
    else (response as Http2ServerResponse).writeHead(405).end();
  };
  // RFC 8441 §3: clients send none before they are told that they may.
  server.updateSettings({ enableConnectProtocol: true });
  server.on('stream', onStream as (stream: ServerHttp2Stream) => void);
  server.on('connect', onConnect);
  return () => {
    server.off('stream', onStream as (stream: ServerHttp2Stream) => void);
    server.off('connect', onConnect);
  };
}
