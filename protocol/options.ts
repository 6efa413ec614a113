import type { FrameTrace } from './framing/trace.ts';
import type { LimitOptions, Limits } from './limits.ts';
import type { ServerHandshakeOptions, ServerPolicy } from './handshake/server-policy.ts';
import type { Opening } from './handshake/types.ts';
import type { DeflateCodec } from './permessage-deflate/codec.ts';
import type { CompressOptions } from './permessage-deflate/options.ts';
import { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import type { Sink } from './sink.ts';
import type { Workspace } from './workspace.ts';

/** What every connection takes. */
export interface ConnectionOptions extends LimitOptions {
  /** `resolveLimits(options)`, for a server that resolves them once for all its connections. */
  limits?: Limits | undefined;
  /** The time, in milliseconds on any monotonic clock; every other `now` is on the same one. */
  now: number;
  /** Where events go. Methods that it lacks are passed over; a server's sink without `onRequest` accepts. */
  sink: Partial<Sink>;
  /** What connections of one thread share. Default: one of its own. */
  workspace?: Workspace;
  /** permessage-deflate (RFC 7692): whether to offer or accept it, and how. Default: not. */
  compress?: boolean | CompressOptions;
  /** Is told of every frame as its header is read or written, for debugging. It must not throw. */
  trace?: FrameTrace | undefined;
  /** DEFLATE, without which there is no compression. */
  codec?: DeflateCodec;
}

/** What a server's connection takes. */
export interface ServerConnectionOptions
  extends ConnectionOptions, Omit<ServerHandshakeOptions, 'extension' | 'decodeAscii'> {
  /** `new ServerPolicy(options)`, for a server that makes it once for all its connections. */
  policy?: ServerPolicy;
}

/** What a connection takes that was opened by something else. */
export interface EstablishedOptions extends Omit<ConnectionOptions, 'compress' | 'codec'>, Partial<Opening> {
  /** permessage-deflate, once it has been agreed on. It is the connection's then, which releases it. */
  deflate?: PermessageDeflate | undefined;
}

/** The extension that a connection with these options offers or accepts, if any. Throws a TypeError without a codec. */
export function makeDeflate(isServer: boolean, options: ConnectionOptions): PermessageDeflate | undefined {
  const { compress = false, codec } = options;
  if (compress === false) return undefined;
  if (codec === undefined) throw new TypeError('compress needs a codec');
  return new PermessageDeflate(isServer, compress === true ? {} : compress, codec);
}
