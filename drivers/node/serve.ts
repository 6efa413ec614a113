import { createServer as createTcpServer, type Server as NetServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Handlers, Listener } from '../handlers.ts';
import type { Socket } from '../socket.ts';
import { Acceptor } from './accept.ts';
import { type Address, portOf, urlOf } from './address.ts';
import type { NodeServerOptions } from './options.ts';

/** What `serve` resolves to. */
export interface NodeListener extends Listener {
  /** Where it listens: an address with a port, the path of a Unix socket, or null once it doesn't. */
  readonly address: Address;
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
  const server = secure
    ? createTlsServer({ ALPNProtocols: ['http/1.1'], ...all.tls, allowHalfOpen: true, noDelay: true })
    : createTcpServer({ allowHalfOpen: true, noDelay: true });
  server.on(secure ? 'secureConnection' : 'connection', (stream) => void acceptor.accept(stream));
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
  return makeListener(server, acceptor, secure);
}

function makeListener(server: NetServer, acceptor: Acceptor<any>, secure: boolean): NodeListener {
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
    },
    closed,
  };
}
