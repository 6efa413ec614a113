import { type CloseInfo, WebSocketError } from '../../protocol/index.ts';
import type { Driver } from '../handlers.ts';
import type { Socket } from '../socket.ts';
import { parseClose, parseProtocols, parseUrl } from './arguments.ts';

export interface WebSocketStreamOptions {
  /** The subprotocols to offer. */
  protocols?: readonly string[];
  /** Gives up the opening handshake. */
  signal?: AbortSignal;
}

/** What `opened` resolves to. */
export interface WebSocketStreamOpening {
  /** The messages: a string for TEXT, a Uint8Array for BINARY. It reads no more from the network than it is asked for. */
  readonly readable: ReadableStream<string | Uint8Array>;
  /** Takes messages likewise; a write resolves when the transport takes more. */
  readonly writable: WritableStream<string | ArrayBuffer | ArrayBufferView>;
  readonly extensions: string;
  readonly protocol: string;
}

/** How it was closed, and what `close` takes. */
export interface WebSocketCloseInfo {
  readonly closeCode?: number;
  readonly reason?: string;
}

/**
 * The WHATWG's `WebSocketStream` over a driver: the two streams of a WebSocket, with backpressure both ways.
 *
 * After a close that is not clean the streams and `closed` fail with the `WebSocketError` that tells of it.
 */
export class WebSocketStreamFace {
  readonly url: string;
  readonly opened: Promise<WebSocketStreamOpening>;
  readonly closed: Promise<WebSocketCloseInfo>;
  readonly #socket: Socket;
  #readable: ReadableStreamDefaultController<string | Uint8Array> | undefined;
  #writable: WritableStreamDefaultController | undefined;
  /** Lets the write that waits go on. */
  #onDrain: (() => void) | undefined;
  #readableIsOver: boolean;

  constructor(connect: Driver<any>['connect'], url: string | URL, options: WebSocketStreamOptions = {}) {
    const target = parseUrl(url);
    const subprotocols = parseProtocols(options.protocols ?? []);
    this.url = target.href;
    this.#readable = undefined;
    this.#writable = undefined;
    this.#onDrain = undefined;
    this.#readableIsOver = false;
    let resolveOpened!: (opening: WebSocketStreamOpening) => void;
    let rejectOpened!: (reason: unknown) => void;
    let settleClosed!: (info: CloseInfo) => void;
    this.opened = new Promise((resolve, reject) => ([resolveOpened, rejectOpened] = [resolve, reject]));
    this.closed = new Promise((resolve, reject) => {
      settleClosed = (info) => {
        if (info.clean) resolve({ closeCode: info.code, reason: info.reason });
        else reject(info.error);
      };
    });
    // Whoever does not ask how it went need not hear of it.
    this.opened.catch(() => {});
    this.closed.catch(() => {});
    this.#socket = connect(
      target,
      { ...options, subprotocols },
      {
        open: () => resolveOpened(this.#open()),
        message: (socket, data) => this.#onMessage(socket, data),
        drain: () => this.#onDrain?.(),
        close: (_, info) => {
          rejectOpened(abortReason(options.signal) ?? info.error);
          this.#onClose(info);
          settleClosed(info);
        },
      },
    );
  }

  /** Starts the closing handshake. Throws as the standard's does: an InvalidAccessError or SyntaxError DOMException. */
  close({ closeCode, reason }: WebSocketCloseInfo = {}): void {
    const [code, text] = parseClose(closeCode, reason);
    // What was not read must not keep the peer's Close frame from being seen.
    this.#readableIsOver = true;
    this.#socket.close(code, text);
    this.#socket.resume();
  }

  #open(): WebSocketStreamOpening {
    const socket = this.#socket;
    const readable = new ReadableStream<string | Uint8Array>(
      {
        start: (controller) => {
          this.#readable = controller;
          socket.pause();
        },
        pull: () => socket.resume(),
        cancel: (reason) => this.close(closingOf(reason)),
      },
      { highWaterMark: 0 },
    );
    const writable = new WritableStream<string | ArrayBuffer | ArrayBufferView>({
      start: (controller) => void (this.#writable = controller),
      write: (message) => this.#write(message),
      close: () => this.#end({}),
      abort: (reason) => this.close(closingOf(reason)),
    });
    return { readable, writable, extensions: socket.extensions, protocol: socket.protocol };
  }

  #onMessage(socket: Socket<any>, message: string | Uint8Array): void {
    if (this.#readableIsOver) return;
    this.#readable!.enqueue(message);
    // One message was asked for; the next is left where it is until it is pulled.
    if (this.#readable!.desiredSize! <= 0) socket.pause();
  }

  async #write(message: string | ArrayBuffer | ArrayBufferView): Promise<void> {
    const socket = this.#socket;
    if (socket.state !== 'open') throw new WebSocketError(1006, '', { message: 'the connection is closed' });
    if (socket.send(message)) return;
    await new Promise<void>((resolve) => (this.#onDrain = resolve));
  }

  async #end(info: WebSocketCloseInfo): Promise<void> {
    this.close(info);
    await this.closed;
  }

  #onClose(info: CloseInfo): void {
    this.#onDrain?.();
    const { error } = info;
    try {
      if (error !== undefined) this.#readable?.error(error);
      else this.#readable?.close();
    } catch {
      // It was cancelled, or has ended already.
    }
    this.#writable?.error(error ?? new WebSocketError(info.code, info.reason));
  }
}

function abortReason(signal: AbortSignal | undefined): unknown {
  return signal?.aborted === true ? signal.reason : undefined;
}

/** A WebSocketError that a stream is given up with says how to close. */
function closingOf(reason: unknown): WebSocketCloseInfo {
  if (!(reason instanceof WebSocketError)) return {};
  const { code: closeCode } = reason;
  const maySend = closeCode === 1000 || (closeCode >= 3000 && closeCode <= 4999);
  return maySend ? { closeCode, reason: reason.reason } : {};
}
