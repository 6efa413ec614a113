import { createServer as createTcpServer, type Server as NetServer, type Socket as NetSocket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions, type Server as TlsServer } from 'node:tls';
import { resolveLimits } from '../../protocol/index.ts';
import type { Admission, Visitor } from '../admission.ts';
import type { Handlers, Listener } from '../handlers.ts';
import type { Socket } from '../socket.ts';
import { Acceptor } from './accept.ts';
import { portOf, urlOf } from './address.ts';
import { LONGEST_TIMEOUT, nodeClock } from './clock.ts';
import type { Http2Door } from './http2-door.ts';
import type { NodeServerOptions } from './options.ts';

/** What `serve` resolves to. */
export interface NodeListener extends Listener {
  /** Replaces key and certificates, for connections to come. Throws a TypeError without TLS. */
  setSecureContext?(context: SecureContextOptions): void;
}

/**
 * Listens, and serves every connection with these handlers. Resolves once it listens, rejects when it can't.
 * Throws a TypeError or RangeError for bad options.
 */
export async function serve<Data = unknown>(
  options: NodeServerOptions | number,
  handlers: Handlers<Data>,
): Promise<NodeListener> {
  const all = typeof options === 'number' ? { port: options } : options;
  const secure = all.tls !== undefined;
  const acceptor = new Acceptor(all, handlers, secure);
  const door = all.http2 === true ? await openDoor(acceptor, all) : undefined;
  const greeting = new Greeting(acceptor.admission);
  const server = secure ? serveTls(acceptor, door, greeting, all) : serveTcp(acceptor, door);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      all.path === undefined ? { ...all, path: undefined } : { path: all.path, backlog: all.backlog },
      () => {
        server.off('error', reject);
        resolve();
      },
    );
  });
  server.on('error', (error) => handlers.error?.(error));
  return makeListener(server, acceptor, door, secure);
}

/** What there is of HTTP/2, beside the same acceptor. */
async function openDoor(acceptor: Acceptor<any>, options: NodeServerOptions): Promise<Http2Door> {
  // Loaded by those alone who use it.
  const { Http2Door } = await import('./http2-door.ts');
  return new Http2Door(resolveLimits(options), acceptor.admission, (stream, fields) => {
    acceptor.acceptStream(stream, fields);
  });
}

function serveTcp(acceptor: Acceptor<any>, door: Http2Door | undefined): NetServer {
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true });
  if (door === undefined) return server.on('connection', (stream) => void acceptor.accept(stream));
  return server.on('connection', (stream) => {
    door.sort(stream, (since, bytes) => acceptor.accept(stream, since).transportHandler.onData(bytes));
  });
}

/** A TLS server. The one deadline for all that comes before the connection is open runs from the TCP connection on. */
function serveTls(
  acceptor: Acceptor<any>,
  door: Http2Door | undefined,
  greeting: Greeting,
  options: NodeServerOptions,
): TlsServer {
  const { handshakeTimeout } = resolveLimits(options);
  const server = createTlsServer({
    ALPNProtocols: door === undefined ? ['http/1.1'] : ['h2', 'http/1.1'],
    handshakeTimeout: Math.min(handshakeTimeout, LONGEST_TIMEOUT),
    ...options.tls,
    noDelay: true,
  });
  server.on('connection', (stream: NetSocket) => greeting.begin(stream));
  // node:tls tells when its deadline has passed, and leaves the connection as it is.
  server.on('tlsClientError', (_error, stream) => stream.destroy());
  server.on('secureConnection', (stream) => {
    const since = greeting.end(stream);
    if (door !== undefined && stream.alpnProtocol === 'h2') return door.accept(stream, since);
    // Not before: whoever hangs up in the middle of the TLS handshake is gone.
    stream.allowHalfOpen = true;
    acceptor.accept(stream, since);
  });
  return server;
}

/** Those whose TLS handshake is not over: node:tls tells of the TCP connection, and of the TLS one only after that. */
class Greeting {
  readonly #admission: Admission;
  readonly #guests: Map<string, { readonly visitor: Visitor; readonly since: number }>;

  constructor(admission: Admission) {
    this.#admission = admission;
    this.#guests = new Map();
  }

  begin(stream: NetSocket): void {
    const peer = peerOf(stream);
    const end = () => void stream.destroy();
    const visitor: Visitor = { state: 'connecting', close: end, terminate: end };
    this.#guests.set(peer, { visitor, since: nodeClock.now() });
    // Peers on a Unix socket have no names to tell them apart by: it is their deadline alone that ends them.
    if (stream.remotePort !== undefined) this.#admission.wait(visitor);
    stream.once('close', () => {
      this.#admission.stopWaiting(visitor);
      if (this.#guests.get(peer)?.visitor === visitor) this.#guests.delete(peer);
    });
  }

  /** Returns since when it has been there. */
  end(secured: NetSocket): number | undefined {
    const peer = peerOf(secured);
    const guest = this.#guests.get(peer);
    if (guest === undefined) return undefined;
    this.#guests.delete(peer);
    this.#admission.stopWaiting(guest.visitor);
    return guest.since;
  }
}

/** A name for the peer of a socket that no other has at the time; that of a Unix socket has none. */
function peerOf(stream: NetSocket): string {
  return `${stream.remoteAddress} ${stream.remotePort}`;
}

function makeListener(
  server: NetServer,
  acceptor: Acceptor<any>,
  door: Http2Door | undefined,
  secure: boolean,
): NodeListener {
  const address = server.address();
  const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
  return {
    get address() {
      return server.address();
    },
    port: portOf(address),
    url: urlOf(address, secure),
    connections: acceptor.admission.sockets as ReadonlySet<Socket>,
    stopListening: () => {
      if (server.listening) server.close();
      acceptor.admission.stop(() => {});
      door?.stop();
    },
    closed,
    setSecureContext: (context) => {
      if (!('setSecureContext' in server)) throw new TypeError('this server has no TLS');
      (server as TlsServer).setSecureContext(context);
    },
  };
}
