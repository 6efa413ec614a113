import type { ClientHttp2Session } from 'node:http2';
import type { ListenOptions, TcpSocketConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions as TlsClientOptions, TlsOptions } from 'node:tls';
import type { CompressOptions } from '../../protocol/index.ts';
import type { ClientOptions, ServerOptions } from '../handlers.ts';
import type { Http2Pool } from './http2-pool.ts';

/** What `createConnection` is told. */
export interface ConnectTarget {
  /** The URL of the WebSocket, `ws:` or `wss:`. */
  readonly url: string;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether TLS is to be spoken. */
  readonly secure: boolean;
  /** Fires when nobody waits for the stream any more. */
  readonly signal: AbortSignal;
}

/** What `connect` and `open` take. */
export interface NodeClientOptions
  extends
    ClientOptions,
    Pick<TcpSocketConnectOpts, 'family' | 'lookup' | 'localAddress' | 'autoSelectFamilyAttemptTimeout'> {
  /** permessage-deflate (RFC 7692): whether to offer it, and how. Default: not. */
  compress?: boolean | CompressOptions;
  /**
   * Options of node:tls for `wss:`. The server's certificate is verified and its name is sent; no environment variable
   * turns that off, only `rejectUnauthorized: false` does.
   */
  tls?: TlsClientOptions;
  /** A Unix socket or named pipe to connect to; the URL says what to ask for. */
  socketPath?: string;
  /**
   * The proxy to go through: an `http:` or `https:` URL (CONNECT), `socks5:` (names are resolved here) or `socks5h:`
   * (names are resolved by the proxy), with the credentials for it as its user info; `'env'` for what `wss_proxy`,
   * `https_proxy`, `ws_proxy`, `http_proxy`, `all_proxy` and `no_proxy` say. Default: none.
   */
  proxy?: string | URL;
  /** Options of node:tls for an `https:` proxy. */
  proxyTls?: TlsClientOptions;
  /**
   * Over HTTP/2 (RFC 8441): on a session of a pool's; on one of node:http2's own, which is left open; or, with `true`, on
   * one that ends with this connection. Where the server speaks no HTTP/2, or takes no WebSockets over it, it goes over
   * HTTP/1.1; but not with a session. `ws:` needs a server that is known to speak it. Default false.
   */
  http2?: boolean | Http2Pool | ClientHttp2Session;
  /** How many redirects to follow, at most 10. Default 0. */
  maxRedirects?: number;
  /**
   * Makes the stream, in place of a TCP connection: any Duplex of bytes, now or later. For `wss:`, TLS is spoken over it,
   * unless it is a TLSSocket.
   */
  createConnection?(target: ConnectTarget): Duplex | PromiseLike<Duplex>;
}

/** What `upgrade` and `attach` take. */
export interface NodeUpgradeOptions extends ServerOptions {
  /** permessage-deflate (RFC 7692): whether to accept it, and how. Default: not. */
  compress?: boolean | CompressOptions;
}

/** What `serve` and `listen` take. */
export interface NodeServerOptions
  extends NodeUpgradeOptions, Pick<ListenOptions, 'host' | 'port' | 'path' | 'backlog'> {
  /** Options of node:tls, which make it a server for `wss:`. */
  tls?: TlsOptions;
  /**
   * Whether to take WebSockets over HTTP/2 too (RFC 8441), on the same port and for the same handlers: with `tls` where
   * the client chooses it (ALPN), without where it begins with it (prior knowledge, as a proxy does). Default false.
   */
  http2?: boolean;
}
