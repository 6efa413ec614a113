import type { ClientHttp2Session } from 'node:http2';
import type { ListenOptions } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { CompressOptions, UpgradeRequest } from '../../protocol/index.ts';
import {
  always,
  BOOLEAN,
  COMPRESS,
  FUNCTION,
  NUMBER,
  OBJECT,
  type OptionKind,
  type OptionTable,
  PATHS,
  PORT,
  STRING,
  STRING_OR_URL,
} from '../../protocol/internal.ts';
import type { Decision } from '../socket/decision.ts';
import type { ClientOptions, Paths, ServerOptions } from '../socket/options.ts';
import { CLIENT_OPTIONS, SERVER_OPTIONS } from '../socket/options.ts';
import type { AgentLike, RouteOptions } from './client/route-options.ts';
import type { Http2Pool } from './http2/pool.ts';
import type { Http2ServerOptions } from './http2/settings.ts';
import type { NodeAuthorizeContext } from './server/peer.ts';

/** What `connect` and `open` take. */
export interface NodeClientOptions extends ClientOptions, RouteOptions {
  /** permessage-deflate (RFC 7692): whether to offer it, and how. Default: not. */
  compress?: boolean | CompressOptions | undefined;
  /**
   * Over HTTP/2 (RFC 8441): on a session of a pool's; on one of node:http2's own, which is left open; or, with `true`, on
   * one that ends with this connection. Where the server speaks no HTTP/2, or takes no WebSockets over it, it goes over
   * HTTP/1.1; but not with a session. `ws:` needs a server that is known to speak it. Default false.
   */
  http2?: boolean | Http2Pool | ClientHttp2Session | undefined;
  /** How many redirects to follow, at most 10. Default 0. */
  maxRedirects?: number | false | undefined;
}

/** What `upgrade` takes: what one request has to do with. */
export interface NodeUpgradeOptions extends Omit<ServerOptions, 'maxConnections' | 'maxHandshakes' | 'authorize'> {
  /** permessage-deflate (RFC 7692): whether to accept it, and how. Default: not. */
  compress?: boolean | CompressOptions | undefined;
  /**
   * Decides on a request, before the 101. Accepts with `true` or an Acceptance; refuses with `false` (403) or any response.
   * Anything else, nothing included, refuses with 500 and is reported as an error. `peer` tells who asks: address, port,
   * certificate, and with `attach` and `upgrade` node's own request as `incoming`.
   */
  authorize?(request: UpgradeRequest, peer: NodeAuthorizeContext): Decision | PromiseLike<Decision>;
}

/** What `serve` and `listen` take. */
export interface NodeServerOptions
  extends NodeUpgradeOptions, Omit<ServerOptions, 'authorize'>, Pick<ListenOptions, 'host' | 'backlog'> {
  /** The port; 0, the default, finds a free one. */
  port?: number | `${number}` | undefined;
  /** A Unix socket or named pipe to listen on, in the place of host and port. */
  socketPath?: string | undefined;
  /**
   * Lets several processes listen on one port, among which the system shares out the connections (SO_REUSEPORT). Default false. Takes
   * Node 22.12 or newer: a TypeError on an older one. Where the system can't, as on Windows and macOS, listening fails with `ENOTSUP`.
   */
  reusePort?: boolean | undefined;
  /** The paths that are served: requests for others get a 404. Default: every path. */
  path?: Paths | undefined;
  /** Options of node:tls, which make it a server for `wss:`. */
  tls?: TlsOptions | false | undefined;
  /**
   * Whether to take WebSockets over HTTP/2 too (RFC 8441), on the same port and for the same handlers: with `tls` where
   * the client chooses it (ALPN), without where it begins with it (prior knowledge, as a proxy does). Default false.
   */
  http2?: boolean | Http2ServerOptions | undefined;
}

/** undici's have none: they are given requests, and no sockets can be had from them. */
const AGENT: OptionKind = {
  expected: 'an Agent of node:http or node:https, or another with addRequest',
  fits: (value) => typeof (value as Partial<AgentLike> | null)?.addRequest === 'function',
};

/** A boolean, a pool or a session: which, is seen where it is used. */
const CARRIER: OptionKind = {
  expected: 'a boolean, an Http2Pool or a session of node:http2',
  fits: (value) => typeof value === 'boolean' || OBJECT.fits(value),
};

/** What the options are is seen where they are used. */
const BOOLEAN_OR_OPTIONS: OptionKind = {
  expected: 'a boolean or an object',
  fits: (value) => typeof value === 'boolean' || OBJECT.fits(value),
};

export const NODE_CLIENT_OPTIONS: OptionTable<NodeClientOptions> = {
  ...CLIENT_OPTIONS,
  compress: COMPRESS,
  tls: OBJECT,
  socketPath: STRING,
  proxy: STRING_OR_URL,
  proxyTls: OBJECT,
  http2: CARRIER,
  maxRedirects: NUMBER,
  createConnection: FUNCTION,
  agent: AGENT,
  family: NUMBER,
  lookup: FUNCTION,
  localAddress: STRING,
  autoSelectFamilyAttemptTimeout: NUMBER,
};

const { maxConnections: _connections, maxHandshakes: _handshakes, ...ONE_REQUEST } = SERVER_OPTIONS;

export const NODE_UPGRADE_OPTIONS: OptionTable<NodeUpgradeOptions> = {
  ...ONE_REQUEST,
  compress: COMPRESS,
};

export const NODE_SERVER_OPTIONS: OptionTable<NodeServerOptions> = {
  ...SERVER_OPTIONS,
  compress: COMPRESS,
  host: always(STRING),
  port: PORT,
  path: PATHS,
  socketPath: STRING,
  backlog: NUMBER,
  reusePort: BOOLEAN,
  tls: OBJECT,
  http2: BOOLEAN_OR_OPTIONS,
};
