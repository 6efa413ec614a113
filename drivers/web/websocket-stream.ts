import type { CloseInfo } from '../../protocol/index.ts';
import type { Driver } from '../handlers.ts';
import type { Socket } from '../socket.ts';
import { type CloseInfoInit, NO_CODE, parseCloseInfo, parseProtocolList, parseUrl, toDictionary } from './arguments.ts';
import { type MessageData, toMessage } from './message.ts';
import { errorOfEnd, WebSocketError } from './websocket-error.ts';

export interface WebSocketStreamOptions {
  /** The subprotocols to offer. */
  protocols?: readonly string[];
  /** Gives up the opening handshake. */
  signal?: AbortSignal;
}

/** What `opened` resolves to. */
export interface WebSocketStreamOpening {
  /** The messages: a string for TEXT, a Uint8Array for BINARY. It reads one ahead, and no more from the network than that. */
  readonly readable: ReadableStream<string | Uint8Array>;
  /** Takes messages likewise; a write resolves when the transport takes more. */
  readonly writable: WritableStream<MessageData>;
  readonly extensions: string;
  readonly protocol: string;
}

/** How it was closed, and what `close` takes. */
export interface WebSocketCloseInfo {
  readonly closeCode?: number;
  readonly reason?: string;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/**
 * The WHATWG's `WebSocketStream` over a driver (https://github.com/whatwg/websockets/pull/48): the two streams of a
 * WebSocket, with backpressure both ways. The comments name its steps.
 *
 * After a close that is not clean the streams and `closed` fail with one `WebSocketError`, whose `cause` tells more.
 */
export class WebSocketStreamFace {
  readonly #url: string;
  readonly #opened: Promise<WebSocketStreamOpening>;
  readonly #closed: Promise<WebSocketCloseInfo>;
  readonly #wantsProtocol: boolean;
  /** None when its signal was aborted before. */
  readonly #socket: Socket | undefined;
  #readyState: number;
  #resolveOpened!: (opening: WebSocketStreamOpening) => void;
  #rejectOpened!: (reason: unknown) => void;
  #resolveClosed!: (info: WebSocketCloseInfo) => void;
  #rejectClosed!: (reason: unknown) => void;
  #readable: ReadableStreamDefaultController<string | Uint8Array> | undefined;
  #writable: WritableStreamDefaultController | undefined;
  /** The write that waits until the transport takes more. */
  #waiting: { resolve(): void; reject(reason: unknown): void } | undefined;

  /** @internal */
  constructor(connect: Driver<any>['connect'], url: string | URL, options: WebSocketStreamOptions = {}) {
    const target = parseUrl(url);
    const { protocols, signal, ...more } = toDictionary(options, 'options');
    const subprotocols = parseProtocolList(protocols);
    this.#url = target.href;
    this.#wantsProtocol = subprotocols.length > 0;
    this.#readyState = CONNECTING;
    this.#readable = undefined;
    this.#writable = undefined;
    this.#waiting = undefined;
    this.#opened = new Promise((resolve, reject) => ([this.#resolveOpened, this.#rejectOpened] = [resolve, reject]));
    this.#closed = new Promise((resolve, reject) => ([this.#resolveClosed, this.#rejectClosed] = [resolve, reject]));
    // Whoever does not ask how it went need not hear of it.
    this.#opened.catch(() => {});
    this.#closed.catch(() => {});
    if (signal?.aborted === true) {
      this.#readyState = CLOSED;
      this.#socket = undefined;
      this.#rejectBoth(signal.reason);
      return;
    }
    const onAbort = () => this.#abortHandshake(signal!.reason);
    signal?.addEventListener('abort', onAbort);
    this.#socket = connect(
      target,
      { ...more, subprotocols },
      {
        open: (socket) => {
          signal?.removeEventListener('abort', onAbort);
          this.#onOpen(socket);
        },
        message: (socket, data) => this.#onMessage(socket, data),
        drain: () => {
          this.#waiting?.resolve();
          this.#waiting = undefined;
        },
        closing: () => void (this.#readyState = CLOSING),
        close: (_, info) => {
          signal?.removeEventListener('abort', onAbort);
          this.#onClose(info);
        },
      },
    );
  }

  get url(): string {
    return this.#url;
  }

  get opened(): Promise<WebSocketStreamOpening> {
    return this.#opened;
  }

  get closed(): Promise<WebSocketCloseInfo> {
    return this.#closed;
  }

  /** Starts the closing handshake. Throws as the standard's does: an InvalidAccessError or SyntaxError DOMException. */
  close(closeInfo: CloseInfoInit = {}): void {
    this.#close(...parseCloseInfo(closeInfo));
  }

  /** "Close the WebSocket". */
  #close(code: number | null, reason: string): void {
    if (this.#readyState >= CLOSING) return;
    const wasConnecting = this.#readyState === CONNECTING;
    this.#readyState = CLOSING;
    if (wasConnecting) return this.#socket!.terminate();
    this.#socket!.close(code ?? NO_CODE, reason);
    // What was not read must not keep the peer's Close frame from being seen.
    this.#socket!.resume();
  }

  /** "Close using reason": a WebSocketError says how. Its code may have come from a server, and not be ours to send. */
  #closeUsing(reason: unknown): void {
    if (!(reason instanceof WebSocketError)) return this.#close(null, '');
    const { closeCode, reason: text } = reason;
    try {
      this.close({ closeCode: closeCode ?? undefined, reason: text });
    } catch {
      this.#close(null, '');
    }
  }

  #abortHandshake(reason: unknown): void {
    if (this.#readyState !== CONNECTING) return;
    this.#readyState = CLOSING;
    this.#rejectBoth(reason);
    this.#socket!.terminate();
  }

  #rejectBoth(reason: unknown): void {
    this.#rejectOpened(reason);
    this.#rejectClosed(reason);
  }

  /** When the WebSocket connection is established. */
  #onOpen(socket: Socket): void {
    if (this.#readyState !== CONNECTING) return;
    // "Establish a WebSocket connection", step 11.2: stricter than RFC 6455, the server must take one of them.
    if (this.#wantsProtocol && socket.protocol === '') return socket.terminate();
    this.#readyState = OPEN;
    const readable = new ReadableStream<string | Uint8Array>({
      start: (controller) => {
        this.#readable = controller;
        socket.pause(); // "Apply backpressure to the WebSocket"
      },
      pull: () => socket.resume(),
      cancel: (reason) => this.#closeUsing(reason),
    });
    const writable = new WritableStream<MessageData>({
      start: (controller) => void (this.#writable = controller),
      write: (chunk) => this.#write(socket, chunk),
      close: () => this.#closeAndWait(),
      abort: (reason) => this.#closeUsing(reason),
    });
    this.#resolveOpened({ readable, writable, extensions: socket.extensions, protocol: socket.protocol });
  }

  /** When a WebSocket message has been received. */
  #onMessage(socket: Socket, message: string | Uint8Array): void {
    if (this.#readyState !== OPEN) return;
    // Before the message goes on: whoever waits for it pulls the next one at once.
    socket.pause();
    this.#readable!.enqueue(message);
  }

  async #write(socket: Socket, chunk: MessageData): Promise<void> {
    const message = toMessage(chunk);
    // Once the closing handshake has started what is written is dropped.
    if (this.#readyState !== OPEN || socket.send(message) || socket.closeInfo !== undefined) return;
    await new Promise<void>((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  async #closeAndWait(): Promise<void> {
    this.#close(null, '');
    await this.#closed;
  }

  /** When the WebSocket connection is closed. */
  #onClose({ clean, code, reason, error: cause }: CloseInfo): void {
    this.#readyState = CLOSED;
    // A message that was not sent whole stood before our Close frame.
    if (clean && this.#waiting === undefined) {
      this.#endReadable((controller) => controller.close());
      this.#endWritable(new DOMException('the WebSocketStream is closed', 'InvalidStateError'));
      return this.#resolveClosed({ closeCode: code, reason });
    }
    const error = errorOfEnd(code, reason, cause);
    this.#endReadable((controller) => controller.error(error));
    this.#endWritable(error);
    this.#rejectBoth(error); // nothing to `opened` if it was connected, and to both if they were aborted
  }

  #endReadable(end: (controller: ReadableStreamDefaultController) => void): void {
    try {
      if (this.#readable !== undefined) end(this.#readable);
    } catch {
      // It was cancelled.
    }
  }

  /** A write that waits was not sent whole: it fails, and the stream with it. */
  #endWritable(error: unknown): void {
    if (this.#waiting === undefined) return this.#writable?.error(error);
    this.#waiting.reject(new DOMException('the connection closed before the message was sent', 'InvalidStateError'));
    this.#waiting = undefined;
  }
}
