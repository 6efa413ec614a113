import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { PendingTransport } from '../client/pending-transport.ts';

/** One stream that may be opened on a session of HTTP/2. */
export interface StreamLease {
  readonly remoteAddress: string;
  /** Opens it. Throws what the session throws, which has ended then. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream;
  /** It is not needed after all. */
  release(): void;
  /** How long an answer may take, in milliseconds, before `move` is called. */
  readonly grace?: number;
  /**
   * There is no answer to the request: resolves to another stream that may be opened in its place, on another session, or to
   * undefined where there is no reason to look for one. Rejects where none can be had.
   */
  move?(pending: PendingTransport): Promise<StreamLease | undefined>;
}

/** What an opening handshake goes out on: a stream of bytes for HTTP/1.1, or a stream of HTTP/2 to be opened. */
export type Carrier = Duplex | StreamLease;

/** How to get from here to a target: resolved before anything is opened, so that misuse throws. */
export type CarrierRoute = (pending: PendingTransport) => Promise<Carrier>;

export function isLease(carrier: Carrier): carrier is StreamLease {
  return 'release' in carrier;
}
