import { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Transport, TransportHandler } from '../transport.ts';
import { readInto } from './read-into.ts';

/** A Node stream as a transport: a TCP, TLS or Unix socket, or any Duplex of bytes. It must allow half-open. */
export class NodeTransport implements Transport {
  readonly #stream: Duplex;
  readonly #handler: TransportHandler;
  /** What every write calls back, once its bytes are out. */
  readonly #onWritten: () => void;
  #blocked: boolean;
  #error: Error | undefined;

  constructor(stream: Duplex, handler: TransportHandler) {
    this.#stream = stream;
    this.#handler = handler;
    this.#blocked = false;
    this.#error = undefined;
    this.#onWritten = () => {
      if (!this.#blocked || stream.writableLength > 0) return;
      this.#blocked = false;
      handler.onDrain();
    };
    stream.on('end', () => handler.onEnd());
    stream.on('error', (error: Error) => (this.#error = error));
    stream.on('close', () => handler.onLost(this.#error));
    if (stream instanceof NetSocket && stream.connecting) stream.once('connect', () => this.#read());
    else this.#read();
  }

  get bufferedAmount(): number {
    return this.#stream.writableLength;
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

  #read(): void {
    const stream = this.#stream;
    const handler = this.#handler;
    if (stream instanceof NetSocket && readInto(stream, (bytes) => handler.onData(bytes))) return;
    // A chunk's memory is ours: nobody else listens. The core knows no Buffer.
    stream.on('data', (chunk: Buffer) => handler.onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)));
    // Whoever had the stream before may have stopped it.
    stream.resume();
  }
}
