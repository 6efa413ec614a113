import { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Transport, TransportHandler } from '../transport.ts';
import { makeReadInto } from './read-into.ts';

/** Where a stream keeps its transport, so that one set of listeners serves all streams. */
const TRANSPORT = Symbol('transport');
type Carried = Duplex & { [TRANSPORT]: NodeTransport };

/** A Node stream as a transport: a TCP, TLS or Unix socket, or any Duplex of bytes. It must allow half-open. */
export class NodeTransport implements Transport {
  readonly #stream: Carried;
  readonly #handler: TransportHandler;
  /** What every write calls back, once its bytes are out. */
  readonly #onWritten: () => void;
  #blocked: boolean;
  #error: Error | undefined;

  constructor(stream: Duplex, handler: TransportHandler) {
    const carried = stream as Carried;
    carried[TRANSPORT] = this;
    this.#stream = carried;
    this.#handler = handler;
    this.#blocked = false;
    this.#error = undefined;
    this.#onWritten = () => this.#written();
    stream.on('end', NodeTransport.#onEnd);
    stream.on('error', NodeTransport.#onError);
    stream.on('close', NodeTransport.#onClose);
    if (stream instanceof NetSocket && stream.connecting) stream.once('connect', NodeTransport.#onConnect);
    else this.#read();
  }

  get bufferedAmount(): number {
    return this.#blocked ? this.#stream.writableLength : 0;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    if (!stream.writable) return false;
    if (chunks.length === 1) {
      stream.write(chunks[0], this.#onWritten);
    } else {
      stream.cork();
      for (const chunk of chunks) stream.write(chunk, this.#onWritten);
      stream.uncork();
    }
    if (stream.writableLength === 0) return true;
    this.#blocked = true;
    return false;
  }

  end(): void {
    this.#stream.end();
  }

  abort(): void {
    this.#stream.destroy();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #written(): void {
    if (!this.#blocked || this.#stream.writableLength > 0) return;
    this.#blocked = false;
    this.#handler.onDrain();
  }

  #read(): void {
    const stream = this.#stream;
    if (stream instanceof NetSocket && NodeTransport.#readInto(stream)) return;
    stream.on('data', NodeTransport.#onData);
    // Whoever had the stream before may have stopped it.
    stream.resume();
  }

  // Node calls these on the stream.

  static #onConnect(this: Carried): void {
    this[TRANSPORT].#read();
  }

  static readonly #readInto = makeReadInto(function (this: Carried & NetSocket, bytes) {
    this[TRANSPORT].#handler.onData(bytes);
  });

  /** A chunk's memory is ours: nobody else listens. The core knows no Buffer. */
  static #onData(this: Carried, chunk: Buffer): void {
    this[TRANSPORT].#handler.onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
  }

  static #onEnd(this: Carried): void {
    this[TRANSPORT].#handler.onEnd();
  }

  static #onError(this: Carried, error: Error): void {
    this[TRANSPORT].#error = error;
  }

  static #onClose(this: Carried): void {
    const transport = this[TRANSPORT];
    transport.#handler.onLost(transport.#error);
  }
}
