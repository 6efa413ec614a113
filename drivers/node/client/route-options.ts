import type { Agent, ClientRequest } from 'node:http';
import type { TcpSocketConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions as TlsClientOptions } from 'node:tls';

/** What `createConnection` is told. */
export interface ConnectTarget {
  /** The URL of the WebSocket, `ws:` or `wss:`. */
  readonly url: string;
  /** A name, or an address without brackets. */
  readonly host: string;
  /** The port, the scheme's own where the URL has none. */
  readonly port: number;
  /** Whether TLS is to be spoken. */
  readonly secure: boolean;
  /** Fires when nobody waits for the stream any more. */
  readonly signal: AbortSignal;
}

/** An agent of another make: what `https-proxy-agent`, `socks-proxy-agent` and all that stand on `agent-base` are. */
export interface AgentLike {
  /** Hands a socket to the request, or lets it wait for one. */
  addRequest(request: ClientRequest, options: any): void;
}

/** How a client gets to its server. */
export interface RouteOptions extends Pick<
  TcpSocketConnectOpts,
  'family' | 'lookup' | 'localAddress' | 'autoSelectFamilyAttemptTimeout'
> {
  /**
   * Options of node:tls for `wss:`. The server's certificate is verified and its name is sent; no environment variable
   * turns that off, only `rejectUnauthorized: false` does.
   */
  tls?: TlsClientOptions | undefined;
  /** A Unix socket or named pipe to connect to; the URL says what to ask for. */
  socketPath?: string | undefined;
  /**
   * The proxy to go through: an `http:` or `https:` URL (CONNECT), `socks5:` (names are resolved here) or `socks5h:`
   * (names are resolved by the proxy), with the credentials for it as its user info; `'env'` for what `wss_proxy`,
   * `https_proxy`, `ws_proxy`, `http_proxy`, `all_proxy` and `no_proxy` say. Default: none.
   */
  proxy?: string | URL | undefined;
  /** Options of node:tls for an `https:` proxy. */
  proxyTls?: TlsClientOptions | undefined;
  /**
   * Makes the stream, in place of a TCP connection: any Duplex of bytes, now or later. For `wss:`, TLS is spoken over it,
   * unless it is a TLSSocket.
   */
  createConnection?(target: ConnectTarget): Duplex | PromiseLike<Duplex>;
  /**
   * The agent whose sockets are used, in place of a TCP connection: one of node:http or node:https, `https-proxy-agent`,
   * `socks-proxy-agent`, or another with `addRequest`. Its pool and its limits hold until the connection is open; then the
   * socket is the connection's. For `wss:`, TLS is spoken over it, unless it is a TLSSocket. It does not go together with
   * `proxy`, `createConnection`, `socketPath` or `http2`.
   */
  agent?: Agent | AgentLike | undefined;
}
