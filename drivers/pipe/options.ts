import type { CompressOptions, DeflateCodec } from '../../protocol/index.ts';
import {
  always,
  BOOLEAN,
  CODEC,
  COMPRESS,
  FUNCTION,
  NUMBER,
  type OptionTable,
  PATHS,
  PORT,
  STRING,
} from '../../protocol/internal.ts';
import type { ClientOptions, Paths, ServerOptions } from '../socket/options.ts';
import { CLIENT_OPTIONS, SERVER_OPTIONS } from '../socket/options.ts';
import type { Link } from './link.ts';
import { LINK_OPTIONS, type LinkOptions, tableOf } from './link-options.ts';
import type { Trace } from './trace.ts';

/** What a network takes. */
export interface NetworkOptions extends LinkOptions {
  /** What every choice comes from that the network makes, and every masking key. Default 1. */
  seed?: number | undefined;
  /** Nothing moves outside of `advance` and `settle`. Default false: bytes on their way arrive by themselves. */
  manual?: boolean | undefined;
  /** DEFLATE, for those who want to `compress`. Default: none, as the language has none. */
  codec?: DeflateCodec | undefined;
  /** Is told what happens on every connection, as it happens. */
  trace?: Trace | undefined;
}

/** What `connect` and `open` take. */
export interface PipeClientOptions extends ClientOptions {
  /** permessage-deflate (RFC 7692): whether to offer it, and how. Needs a network with a codec. Default: not. */
  compress?: boolean | CompressOptions | undefined;
  /** How this connection carries bytes, where that differs from the network and from the server's options. */
  link?: LinkOptions | undefined;
  /** The address that the server sees. Default 'client'. */
  localAddress?: string | undefined;
  /** Is given the connection's link when the server is about to accept it: to disturb it, then or later. */
  onLink?(link: Link): void;
}

/** What `serve` and `listen` take. */
export interface PipeServerOptions extends ServerOptions {
  /** The name that leads here. Default: any. */
  host?: string | undefined;
  /** Default 80; 0 finds a free one. A wss: URL without a port leads to 443; no TLS is spoken. */
  port?: number | `${number}` | undefined;
  /** The paths that are served: requests for others get a 404. Default: every path. */
  path?: Paths | undefined;
  /** permessage-deflate (RFC 7692): whether to accept it, and how. Needs a network with a codec. Default: not. */
  compress?: boolean | CompressOptions | undefined;
  /** How connections to here carry bytes, where that differs from the network. */
  link?: LinkOptions | undefined;
}

export const NETWORK_OPTIONS: OptionTable<NetworkOptions> = {
  ...LINK_OPTIONS,
  seed: always(NUMBER),
  manual: BOOLEAN,
  codec: CODEC,
  trace: FUNCTION,
};

export const PIPE_CLIENT_OPTIONS: OptionTable<PipeClientOptions> = {
  ...CLIENT_OPTIONS,
  compress: COMPRESS,
  link: tableOf(LINK_OPTIONS),
  localAddress: STRING,
  onLink: FUNCTION,
};

export const PIPE_SERVER_OPTIONS: OptionTable<PipeServerOptions> = {
  ...SERVER_OPTIONS,
  host: always(STRING),
  port: PORT,
  path: PATHS,
  compress: COMPRESS,
  link: tableOf(LINK_OPTIONS),
};

/** Throws a TypeError for what is to be compressed on a network that has nothing to do it with. */
export function checkCodec(compress: boolean | CompressOptions | undefined, codec: DeflateCodec | undefined): void {
  if (compress === undefined || compress === false || codec !== undefined) return;
  throw new TypeError('compress needs a codec: createNetwork({ codec })');
}
