import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { AuthorizeContext, Peer } from '../../socket/decision.ts';

/** What `authorize` is told besides the request, by this driver. */
export interface NodeAuthorizeContext extends AuthorizeContext {
  /** The certificate that the peer showed, as `tlsSocket.getPeerCertificate()` gives it, where it has been verified. */
  readonly peerCertificate: PeerCertificate | undefined;
  /** The request as `node:http` or `node:http2` has it, with `attach` and `upgrade`. */
  readonly incoming: IncomingMessage | Http2ServerRequest | undefined;
}

/** Who is at the other end of a stream, looked up when it is asked for. */
export class NodePeer implements Peer {
  readonly incoming: IncomingMessage | Http2ServerRequest | undefined;
  readonly #stream: NetSocket | undefined;

  constructor(stream: Duplex | ServerHttp2Stream, incoming?: IncomingMessage | Http2ServerRequest) {
    this.incoming = incoming;
    this.#stream = 'session' in stream ? (stream.session?.socket as NetSocket | undefined) : (stream as NetSocket);
  }

  get remoteAddress(): string {
    return this.#stream?.remoteAddress ?? '';
  }

  get remotePort(): number {
    return this.#stream?.remotePort ?? 0;
  }

  get encrypted(): boolean {
    return (this.#stream as Partial<TLSSocket> | undefined)?.encrypted === true;
  }

  get peerCertificate(): PeerCertificate | undefined {
    const stream = this.#stream as TLSSocket | undefined;
    if (!this.encrypted || stream?.authorized !== true) return undefined;
    return stream.getPeerCertificate();
  }
}
