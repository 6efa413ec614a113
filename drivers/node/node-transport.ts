import { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Transport, TransportHandler } from '../transport.ts';
import { makeReadInto } from './read-into.ts';

/** Where a stream keeps its transport, so that one set of listeners serves all streams. */
const TRANSPORT = Symbol('transport');
type Carried = Duplex & { [TRANSPORT]: NodeTransport };

/** What Node's streams call the encoding of a chunk that is bytes. */
const BYTES = 'buffer' as BufferEncoding;

/** A Node stream as a transport: a TCP, TLS or Unix socket, or any Duplex of bytes. It must allow half-open. */
export class NodeTransport implements Transport {
  readonly #stream: Carried;
  readonly #handler: TransportHandler;
  /** Whether it writes past the stream's queue: docs/design/adr/0010-writes-go-past-the-queue.md. */
  readonly #isDirect: boolean;
  /** What every write calls back, once its bytes are out. */
  readonly #onWritten: (error?: Error | null) => void;
  #isWriting: boolean;
  #blocked: boolean;
  /** Past the queue: bytes of the write that goes on by itself, and whether the end is to follow it. */
  #underWay: number;
  #isEnding: boolean;
  #error: Error | undefined;

  constructor(stream: Duplex, handler: TransportHandler) {
    const carried = stream as Carried;
    carried[TRANSPORT] = this;
    this.#stream = carried;
    this.#handler = handler;
    this.#isDirect = canWriteDirectly(stream);
    this.#onWritten = this.#written.bind(this);
    this.#isWriting = false;
    this.#blocked = false;
    this.#underWay = 0;
    this.#isEnding = false;
    this.#error = undefined;
    stream.on('end', NodeTransport.#onEnd);
    stream.on('error', NodeTransport.#onError);
    stream.on('close', NodeTransport.#onClose);
    if (stream instanceof NetSocket && stream.connecting) stream.once('connect', NodeTransport.#onConnect);
    else this.#read();
  }

  get bufferedAmount(): number {
    if (!this.#blocked) return 0;
    return this.#isDirect ? this.#underWay : this.#stream.writableLength;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    if (this.#isDirect) {
      this.#writeDirectly(chunks);
    } else if (stream.writable) {
      stream.cork();
      for (const chunk of chunks) stream.write(chunk, this.#onWritten);
      stream.uncork();
      this.#blocked = stream.writableLength > 0;
    } else {
      return false;
    }
    return !this.#blocked;
  }

  /** The pump writes nothing more until this has left: there is nothing to queue. */
  #writeDirectly(chunks: readonly Uint8Array[]): void {
    this.#blocked = true;
    this.#isWriting = true;
    if (chunks.length === 1) this.#stream._write(chunks[0], BYTES, this.#onWritten);
    else this.#stream._writev!(chunks.map(entryOf), this.#onWritten);
    this.#isWriting = false;
    if (this.#blocked) this.#underWay = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  end(): void {
    if (this.#isDirect && this.#blocked) this.#isEnding = true;
    else this.#stream.end();
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

  #written(error?: Error | null): void {
    const stream = this.#stream;
    if (error) stream.destroy(error);
    if (stream.destroyed || !this.#blocked || (!this.#isDirect && stream.writableLength > 0)) return;
    this.#blocked = false;
    if (this.#isWriting) return;
    if (this.#isEnding) stream.end();
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
    // libuv has called back for every write by now. What other streams still do with a chunk is not known.
    if (transport.#isDirect && transport.#blocked) transport.#handler.onReleased?.();
    transport.#handler.onLost(transport.#error);
  }
}

/**
 * Whether a stream writes as every net.Socket does (TLS included) and nothing waits in it. What other streams do with a
 * chunk is up to their queue.
 */
function canWriteDirectly(stream: Duplex): boolean {
  return (
    stream instanceof NetSocket &&
    stream._write === NetSocket.prototype._write &&
    stream._writev === NetSocket.prototype._writev &&
    stream.writableLength === 0
  );
}

function entryOf(chunk: Uint8Array): { chunk: Uint8Array; encoding: BufferEncoding } {
  return { chunk, encoding: BYTES };
}
