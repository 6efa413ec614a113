import type { ServerSessionOptions, Settings } from 'node:http2';
import { checkOptions, NUMBER, type OptionTable } from '../../../protocol/internal.ts';

const KIB = 1024;

/** What a server lets every client do, on one connection. RFC 9113 §6.5.2 */
export const SERVER_SETTINGS: Settings = {
  // RFC 8441 §3
  enableConnectProtocol: true,
  // §5.1.2 says not to go below 100. Each is a WebSocket, or a request.
  maxConcurrentStreams: 100,
  // As much as a socket that is not read from can be made to hold.
  initialWindowSize: 256 * KIB,
  // As large as the head of a request over HTTP/1.1 may be.
  maxHeaderListSize: 16 * KIB,
};

/** node:http2 acknowledges what it has taken in for a connection at once: this bounds no memory, only the pace. */
export const SESSION_WINDOW = 4 * KIB * KIB;

/**
 * What else bounds a connection. nghttp2 itself ends one that resets streams or sends CONTINUATION, or what must be
 * acknowledged, faster than anybody would: see docs/design/adr/0006-websockets-over-http2.md.
 */
export const SESSION_OPTIONS = {
  settings: SERVER_SETTINGS,
  // Fields of a request, the pseudo-header fields included.
  maxHeaderListPairs: 105,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  // How many settings a frame of them may have, where there are seven.
  maxSettings: 16,
};

/** What a server lets its clients do over HTTP/2. */
export interface Http2ServerOptions {
  /**
   * How many streams a client may reset at once before its session is ended, and with it all its streams. Default: nghttp2's
   * 1,000. From Node 22 on; Node 20 has no such option, and keeps to the default.
   */
  streamResetBurst?: number | undefined;
  /** How many more it may reset every second. Default: nghttp2's 33. Likewise. */
  streamResetRate?: number | undefined;
}

const HTTP2_SERVER_OPTIONS: OptionTable<Http2ServerOptions> = { streamResetBurst: NUMBER, streamResetRate: NUMBER };

/** The options of a server's sessions. Throws a TypeError or RangeError for what are none. */
export function sessionOptions(given: true | Http2ServerOptions): ServerSessionOptions {
  if (given === true) return SESSION_OPTIONS;
  const { streamResetBurst = 1000, streamResetRate = 33 } = checkOptions('http2', HTTP2_SERVER_OPTIONS, given);
  for (const [name, value] of Object.entries({ streamResetBurst, streamResetRate })) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`${name} must be an integer that is not negative`);
  }
  return { ...SESSION_OPTIONS, streamResetBurst, streamResetRate } as ServerSessionOptions;
}

/**
 * How long a server keeps a connection that has carried a stream and carries none. A browser opens WebSockets over HTTP/2
 * only while it has the connection that its page came over.
 */
export const IDLE_TIMEOUT = 60_000;

/** What a client lets a server do. */
export const CLIENT_SETTINGS: Settings = { enablePush: false, initialWindowSize: 256 * KIB };
