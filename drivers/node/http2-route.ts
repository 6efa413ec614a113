import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import { HandshakeError } from '../../protocol/index.ts';
import type { Dialing } from './dialing.ts';
import { failure, planRoute } from './dial.ts';
import { Http2Pool } from './http2-pool.ts';
import type { NodeClientOptions } from './options.ts';
import type { Target } from './target.ts';

/** One stream that may be opened on a session of HTTP/2. */
export interface StreamLease {
  readonly remoteAddress: string;
  /** Opens it. Throws what the session throws, which has ended then. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream;
  /** It is not needed after all. */
  release(): void;
}

/** What an opening handshake goes out on: a stream of bytes for HTTP/1.1, or a stream of HTTP/2 to be opened. */
export type Carrier = Duplex | StreamLease;

/** How to get from here to a target: resolved before anything is opened, so that misuse throws. */
export type CarrierRoute = (dialing: Dialing) => Promise<Carrier>;

export function isLease(carrier: Carrier): carrier is StreamLease {
  return 'release' in carrier;
}

/** The way to a target that the options say, over either version of HTTP. Throws as `planRoute` does. */
export function planCarrier(target: Target, options: NodeClientOptions): CarrierRoute {
  const { http2 = false } = options;
  if (http2 === false) return planRoute(target, options);
  if (http2 === true || http2 instanceof Http2Pool) {
    // Misuse throws here, whoever opens the session.
    planRoute(target, options);
    // One that lasts as long as its only stream.
    const pool = http2 === true ? new Http2Pool({ idleTimeout: 0 }) : http2;
    return (dialing) => pool.carrierTo(target, options, dialing);
  }
  if (typeof http2?.request !== 'function') throw new TypeError('http2 must be a boolean, an Http2Pool or a session');
  return () => leaseOf(http2);
}

/** A stream of the user's own session, once its server has said that it takes extended CONNECTs. RFC 8441 §3 */
async function leaseOf(session: ClientHttp2Session): Promise<StreamLease> {
  if (!(await takesConnect(session))) {
    throw new HandshakeError('the server takes no WebSockets over HTTP/2');
  }
  return {
    remoteAddress: session.socket?.remoteAddress ?? '',
    request: (headers) => session.request(headers, { endStream: false }),
    release: () => {},
  };
}

/** The server's first frame is SETTINGS (RFC 9113 §3.4): whatever it answers, a ping say, comes after it. */
function takesConnect(session: ClientHttp2Session): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (cause?: unknown) => {
      session.off('connect', ask).off('remoteSettings', onSettings).off('error', settle).off('close', onClose);
      if (cause === undefined) return resolve(session.remoteSettings.enableConnectProtocol === true);
      reject(failure('the HTTP/2 session has ended', cause));
    };
    const onSettings = () => settle();
    const onClose = () => settle(new Error('it was closed'));
    const ask = () => {
      if (session.remoteSettings.enableConnectProtocol === true) return settle();
      session.ping((error) => {
        if (error === null) settle();
      });
    };
    if (session.closed || session.destroyed) return onClose();
    session.on('remoteSettings', onSettings).on('error', settle).on('close', onClose);
    if (session.connecting) session.once('connect', ask);
    else ask();
  });
}
