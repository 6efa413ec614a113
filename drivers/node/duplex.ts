import { Buffer } from 'node:buffer';
import { Duplex, type DuplexOptions } from 'node:stream';
import { WebSocketError, type BytesLike, type CloseInfo } from '../../protocol/index.ts';
import { BOOLEAN, checkOptions, nameOf, NUMBER, type OptionTable, SIGNAL } from '../../protocol/internal.ts';

/** What a Duplex needs of a WebSocket: the promise API's, over any driver. */
export interface MessageSocket {
  /** `'open'` as long as it takes and gives messages. */
  readonly state: string;
  /** Resolves when the connection is over. */
  readonly closed: Promise<CloseInfo>;
  /** The next message; rejects at the end. */
  receive(): Promise<string | Uint8Array>;
  /** Sends a message; resolves when the transport takes more. */
  send(message: string | BytesLike): Promise<void>;
  /** Starts the closing handshake. */
  close(code?: number, reason?: string): Promise<CloseInfo>;
  /** Ends the transport now. */
  terminate(): void;
  /** Where there is one, the stream holds it while it lives, so that nobody else receives. Throws where somebody does. */
  [Symbol.asyncIterator]?(): unknown;
}

/** What kind of stream `toDuplex` makes. */
export interface ToDuplexOptions extends Pick<
  DuplexOptions,
  'highWaterMark' | 'readableHighWaterMark' | 'writableHighWaterMark' | 'signal'
> {
  /**
   * `true`, the default: a chunk is a message, a string for TEXT and a Buffer for BINARY, both ways.
   * `false`: a stream of bytes. Messages are chunks that mean nothing, what is written goes out as BINARY, and a TEXT
   * message that comes is an error and closes with 1003.
   */
  objectMode?: boolean | undefined;
}

const DUPLEX_OPTIONS: OptionTable<ToDuplexOptions> = {
  objectMode: BOOLEAN,
  highWaterMark: NUMBER,
  readableHighWaterMark: NUMBER,
  writableHighWaterMark: NUMBER,
  signal: SIGNAL,
};

/**
 * A WebSocket as a Node stream, with backpressure both ways. From here on the stream alone receives and sends: an
 * InvalidStateError where a loop or another stream does already.
 *
 * It ends when the peer closes normally (1000, 1001, 1005), after every message that came before; any other end destroys
 * it with the `WebSocketError`, or with an Error where messages were dropped that came after `end()` and nobody read.
 * `end()` closes with 1000, and the stream finishes when the closing handshake is over: a WebSocket has no half-close.
 * `destroy()` ends the transport.
 */
export function toDuplex(webSocket: MessageSocket, options?: ToDuplexOptions): Duplex {
  const checked = checkOptions('toDuplex', DUPLEX_OPTIONS, options);
  if (typeof (webSocket as Partial<MessageSocket> | undefined | null)?.receive !== 'function') {
    throw new TypeError(`toDuplex: expected a WebSocket, not ${nameOf(webSocket)}`);
  }
  webSocket[Symbol.asyncIterator]?.();
  return new MessageDuplex(webSocket, checked);
}

class MessageDuplex extends Duplex {
  readonly #webSocket: MessageSocket;
  readonly #ofMessages: boolean;
  #reading: boolean;

  constructor(webSocket: MessageSocket, { objectMode = true, ...options }: ToDuplexOptions) {
    // Once the peer has closed nothing can be written: whoever has not ended yet is ended.
    super({ ...options, objectMode, decodeStrings: !objectMode, allowHalfOpen: false });
    this.#webSocket = webSocket;
    this.#ofMessages = objectMode;
    this.#reading = false;
    // An end that is not normal is told at once, whether or not anybody reads or writes.
    void webSocket.closed.then(({ error }) => {
      if (error !== undefined) this.destroy(error);
    });
  }

  override _read(): void {
    if (!this.#reading) void this.#pump();
  }

  override _write(chunk: string | Uint8Array, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    // A rejection carries a TypeError for what is no message, or the connection's end.
    this.#webSocket.send(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#webSocket.close().then(({ error }) => done(error), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (error instanceof UnexpectedText) void this.#webSocket.close(1003).then(() => done(error));
    else {
      if (this.#webSocket.state !== 'closed') this.#webSocket.terminate();
      void this.#webSocket.closed.then(() => done(error));
    }
  }

  /** Receives until the stream holds enough. */
  async #pump(): Promise<void> {
    this.#reading = true;
    try {
      for (let wantsMore = true; wantsMore && !this.destroyed;)
        wantsMore = this.#deliver(await this.#webSocket.receive());
    } catch (error) {
      if (error instanceof WebSocketError && error.isOk) this.#end(await this.#webSocket.closed);
      else this.destroy(error as Error);
    } finally {
      this.#reading = false;
    }
  }

  #end({ dropped = 0 }: CloseInfo): void {
    if (dropped === 0) this.push(null);
    else this.destroy(new Error(`${dropped} messages came after end() and were dropped`));
  }

  /** Returns whether to go on. */
  #deliver(message: string | Uint8Array): boolean {
    if (this.#ofMessages) return this.push(typeof message === 'string' ? message : asBuffer(message));
    if (typeof message === 'string') throw new UnexpectedText('a text message came where bytes were expected');
    return message.length === 0 || this.push(asBuffer(message));
  }
}

class UnexpectedText extends TypeError {}

/** The same memory, as what Node's streams carry. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
