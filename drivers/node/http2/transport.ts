import type { Http2Stream, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { addAbortSignal } from 'node:stream';
import type { Transport, TransportHandler } from '../../transport.ts';
import { PendingTransport } from '../client/pending-transport.ts';
import { wakeWhenDue } from '../../clock.ts';
import { nextTick, nodeClock } from '../clock.ts';
import type { StreamLease } from './carrier.ts';
import { NodeTransport, QUEUED } from '../node-transport.ts';

/** The bit of a HEADERS frame's flags that says END_STREAM, RFC 9113 §6.2. */
const END_STREAM = 0x1;
/** The error code of a RST_STREAM that is none, RFC 9113 §7. */
const NO_ERROR = 0x0;
/** The error code of a stream that is not wanted any more. */
const CANCEL = 0x8;

/**
 * What resets a stream with CANCEL, and does nothing else. Its `close(CANCEL)` would end it first: from Node 22 on the peer,
 * if it had ended too, got END_STREAM and no RST_STREAM.
 */
const ABORTED = AbortSignal.abort();

/**
 * A stream of HTTP/2 as a transport, RFC 8441 §5: END is END_STREAM, ABORT is RST_STREAM with CANCEL. The stream's flow
 * control is the backpressure: what the peer gives no window for is buffered, and what is not read opens no window.
 */
export class Http2Transport implements Transport {
  readonly #handler: TransportHandler;
  /** Sends the fields that open the stream, or answer it. */
  readonly #send: (headers: OutgoingHttpHeaders) => Http2Stream;
  #stream: Http2Stream | undefined;
  #bytes: NodeTransport | undefined;
  #release: () => void;

  private constructor(handler: TransportHandler, send: (headers: OutgoingHttpHeaders) => Http2Stream) {
    this.#handler = handler;
    this.#send = send;
    this.#stream = undefined;
    this.#bytes = undefined;
    this.#release = () => {};
  }

  /** The server's end of a stream that a client has opened. */
  static ofServer(stream: ServerHttp2Stream, handler: TransportHandler): Http2Transport {
    const transport = new Http2Transport(handler, (headers) => {
      stream.respond(headers);
      return stream;
    });
    transport.#carry(stream);
    return transport;
  }

  /** The client's end of a stream that is opened with the request's fields. */
  static ofClient(lease: StreamLease, handler: TransportHandler): Http2Transport {
    const transport: Http2Transport = new Http2Transport(handler, (headers) => {
      const stream = transport.#request(lease, headers);
      transport.#moveWhenSlow(lease, stream, headers);
      return stream;
    });
    transport.#release = () => lease.release();
    return transport;
  }

  get bufferedAmount(): number {
    return this.#bytes === undefined ? 0 : this.#bytes.bufferedAmount;
  }

  writeFields(fields: readonly string[]): void {
    // A stream that is gone has said so, or will.
    if (this.#stream !== undefined && (this.#stream.destroyed || this.#stream.closed)) return;
    try {
      const stream = this.#send(headersOf(fields));
      if (this.#stream === undefined) this.#carry(stream);
    } catch (error) {
      // The session has ended meanwhile, or Node knows a rule about fields that the core does not.
      if (this.#stream !== undefined) this.#stream.destroy(error as Error);
      else this.#lose(error as Error);
    }
  }

  write(chunks: readonly Uint8Array[]): boolean {
    return this.#bytes !== undefined && this.#bytes.write(chunks);
  }

  end(): void {
    this.#bytes?.end();
  }

  abort(): void {
    const stream = this.#stream;
    if (stream === undefined) return this.#lose();
    addAbortSignal(ABORTED, stream);
  }

  pause(): void {
    this.#bytes?.pause();
  }

  resume(): void {
    this.#bytes?.resume();
  }

  #request(lease: StreamLease, headers: OutgoingHttpHeaders): Http2Stream {
    const stream = lease.request(headers);
    const onFields = (_headers: object, flags: number, fields: string[]) => {
      if (stream === this.#stream) this.#handler.onFields?.(fields, (flags & END_STREAM) !== 0);
    };
    return stream.on('headers', onFields).on('response', onFields);
  }

  /** A stream that has no answer after a while is given up for one on another session, if the lease knows one; once. */
  #moveWhenSlow(lease: StreamLease, stream: Http2Stream, headers: OutgoingHttpHeaders): void {
    const { grace } = lease;
    if (lease.move === undefined || grace === undefined) return;
    const onWake = async (): Promise<void> => {
      const pending = new PendingTransport();
      stream.once('close', () => pending.abort()).once('response', () => pending.abort());
      let other: StreamLease | undefined;
      try {
        other = await lease.move!(pending);
        if (other === undefined) return;
        // One that is gone says so a little later.
        if (pending.isGivenUp || stream.destroyed || stream.closed) return other.release();
        this.#carry(this.#request(other, headers));
        stream.close(CANCEL);
      } catch {
        // There is none to be had: this one may still be answered.
        other?.release();
      }
    };
    const wake = wakeWhenDue(nodeClock, nodeClock.now() + grace, () => void onWake());
    const callOff = (): void => wake.cancel();
    stream.once('response', callOff).once('close', callOff);
  }

  /** The stream was never opened. */
  #lose(error?: Error): void {
    this.#release();
    // What Node refuses to send, it refuses the next time, too.
    nextTick(() => this.#handler.onLost(error, error?.name !== 'TypeError'));
  }

  #carry(stream: Http2Stream): void {
    const handler = this.#handler;
    this.#stream = stream;
    this.#bytes = new NodeTransport(
      stream,
      {
        get isBusy() {
          return handler.isBusy === true;
        },
        onData: (bytes) => handler.onData(bytes),
        failed: (error) => handler.failed?.(error),
        onDrain: () => handler.onDrain(),
        // Node ends a stream that was reset, too. One that was given up for another has nothing to tell.
        onEnd: () => void (isReset(stream) || stream !== this.#stream || handler.onEnd()),
        onLost: (error, isTemporary) => {
          if (stream !== this.#stream) return;
          const reset = isReset(stream) ? new Error(`RST_STREAM with code ${stream.rstCode}`) : undefined;
          handler.onLost(error ?? reset, isTemporary);
        },
      },
      QUEUED,
    );
  }
}

function isReset(stream: Http2Stream): boolean {
  return stream.closed && stream.rstCode !== NO_ERROR;
}

/** Fields as node:http2 takes them. */
function headersOf(fields: readonly string[]): OutgoingHttpHeaders {
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    const value = fields[i + 1];
    const known = headers[name];
    headers[name] = known === undefined ? value : typeof known === 'string' ? [known, value] : [...known, value];
  }
  return headers;
}
