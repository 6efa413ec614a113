import type { ListenOptions } from 'node:net';
import type { ConnectionOptions as TlsClientOptions, TlsOptions } from 'node:tls';
import type { CompressOptions } from '../../protocol/index.ts';
import type { ClientOptions, ServerOptions } from '../handlers.ts';

/** What `connect` and `open` take. */
export interface NodeClientOptions extends ClientOptions {
  /** permessage-deflate (RFC 7692): whether to offer it, and how. Default: not. */
  compress?: boolean | CompressOptions;
  /** Options of node:tls for `wss:`. */
  tls?: TlsClientOptions;
  /** A Unix socket or named pipe to connect to; the URL says what to ask for. */
  socketPath?: string;
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
}
