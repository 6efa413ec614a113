import type { CloseInfo } from '../../protocol/index.ts';
import { SIGNAL } from '../../protocol/internal.ts';
import { reasonOf, whenAborted } from '../socket/abort.ts';
import type { Driver } from '../driver.ts';
import type { Socket } from '../socket/socket.ts';
import { type CloseInfoInit, NO_CODE, parseCloseInfo, parseProtocolList, parseUrl, toDictionary } from './arguments.ts';
import { type MessageData, toMessage } from './message.ts';
import { errorOfEnd, WebSocketError } from './websocket-error.ts';

/** What a `WebSocketStream` is opened with. */
export interface WebSocketStreamOptions {
  /** The subprotocols to offer. */
  protocols?: readonly string[] | undefined;
  /** Gives up the opening handshake. */
  signal?: AbortSignal | undefined;
}

/** What `opened` resolves to. */
export interface WebSocketStreamOpening {
  /** The messages: a string for TEXT, a Uint8Array for BINARY. It reads one ahead, and no more from the network than that. */
  readonly readable: ReadableStream<string | Uint8Array>;
  /** Takes messages likewise; a write resolves when the transport takes more. */
  readonly writable: WritableStream<MessageData>;
  /** The extensions that were agreed on. */
  readonly extensions: string;
  /** The subprotocol that was agreed on, or an empty string. */
  readonly protocol: string;
}

/** How it was closed, and what `close` takes. */
export interface WebSocketCloseInfo {
  /** The close code. */
  readonly closeCode?: number;
  /** The reason, or an empty string. */
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
  /** Whether it is this side that has begun to close: what is written then is misuse, and not lost. */
  #isClosing: boolean;
  #resolveOpened!: (opening: WebSocketStreamOpening) => void;
  #rejectOpened!: (reason: unknown) => void;
  #resolveClosed!: (info: WebSocketCloseInfo) => void;
  #rejectClosed!: (reason: unknown) => void;
  #readable: ReadableStreamDefaultController<string | Uint8Array> | undefined;
  #writable: WritableStreamDefaultController | undefined;
  /** The write that waits until the transport takes more. */
  #waiting: { settle(): void; reject(reason: unknown): void } | undefined;
  /** The peer's Close frame came before what is being written had left: whatever becomes of it, nobody reads it. */
  #isCutShort: boolean;

  /** @internal */
  constructor(connect: Driver<any>['connect'], url: string | URL, options: WebSocketStreamOptions = {}) {
    const target = parseUrl(url);
    const { protocols, signal, ...more } = toDictionary(options, 'options');
    if (signal !== undefined && !SIGNAL.fits(signal)) throw new TypeError('signal must be an AbortSignal');
    const subprotocols = parseProtocolList(protocols);
    this.#url = target.href;
    this.#wantsProtocol = subprotocols.length > 0;
    this.#readyState = CONNECTING;
    this.#isClosing = false;
    this.#readable = undefined;
    this.#writable = undefined;
    this.#waiting = undefined;
    this.#isCutShort = false;
    this.#opened = new Promise((resolve, reject) => ([this.#resolveOpened, this.#rejectOpened] = [resolve, reject]));
    this.#closed = new Promise((resolve, reject) => ([this.#resolveClosed, this.#rejectClosed] = [resolve, reject]));
    // Whoever does not ask how it went need not hear of it.
    this.#opened.catch(() => {});
    this.#closed.catch(() => {});
    if (signal?.aborted === true) {
      this.#readyState = CLOSED;
      this.#socket = undefined;
      this.#rejectBoth(reasonOf(signal));
      return;
    }
    let letGo: (() => void) | undefined;
    this.#socket = connect(
      target,
      { ...more, subprotocols },
      {
        open: (socket) => {
          letGo?.();
          this.#onOpen(socket);
        },
        message: (socket, data) => this.#onMessage(socket, data),
        drain: () => this.#waiting?.settle(),
        closeFrame: (socket) => this.#onClosing(socket),
        close: (_, info) => {
          letGo?.();
          this.#onClose(info);
        },
      },
    );
    // Nothing is called back before. Where it has thrown, for a bad option, there is nothing to give up.
    if (signal !== undefined) letGo = whenAborted(signal, () => this.#abortHandshake(reasonOf(signal)));
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
    void this.#readyState; // WebIDL: what is no WebSocketStream is a TypeError before anything else
    this.#close(...parseCloseInfo(closeInfo));
  }

  /** "Close the WebSocket". */
  #close(code: number | null, reason: string): void {
    if (this.#readyState >= CLOSING) return;
    const wasConnecting = this.#readyState === CONNECTING;
    this.#readyState = CLOSING;
    this.#isClosing = true;
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
      start: (controller) => {
        this.#writable = controller;
        // The stream's own abort waits for the write that is under way, which may never end where the peer doesn't read.
        const { signal } = controller as { signal?: AbortSignal };
        signal?.addEventListener('abort', () => this.#closeUsing(signal.reason), { once: true });
      },
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
    if (this.#isClosing) throw new DOMException('close was called before the message was sent', 'InvalidStateError');
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        if (this.#waiting !== waiting || this.#isCutShort) return;
        this.#waiting = undefined;
        resolve();
      };
      const waiting = { settle, reject };
      this.#waiting = waiting;
      // The peer's Close frame has come already: nothing is sent any more, which is told when it is over.
      if (this.#readyState !== OPEN) return;
      const onSent = (error?: Error): void => {
        if (error === undefined) settle();
      };
      if (socket.send(message, { onSent })) settle();
    });
  }

  /** When the peer's Close frame has come. */
  #onClosing({ clock }: Socket): void {
    this.#readyState = CLOSING;
    const waiting = this.#waiting;
    // That all has left may be known a moment later than what came in answer to it.
    if (waiting !== undefined) clock.wakeAt(clock.now(), () => void (this.#isCutShort = this.#waiting === waiting));
  }

  async #closeAndWait(): Promise<void> {
    this.#close(null, '');
    await this.#closed;
  }

  /** When the WebSocket connection is closed. */
  #onClose({ clean, code, reason, error: cause }: CloseInfo): void {
    this.#readyState = CLOSED;
    // A message that was not sent whole stood before a Close frame.
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

  /** A write that waits was not sent whole in time: it fails, and the stream with it. */
  #endWritable(error: unknown): void {
    if (this.#waiting === undefined) return this.#writable?.error(error);
    this.#waiting.reject(error);
    this.#waiting = undefined;
  }
}
