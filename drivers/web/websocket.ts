import type { Driver } from '../handlers.ts';
import type { Socket } from '../socket.ts';
import { parseClose, parseProtocols, parseUrl, toWellFormed } from './arguments.ts';
import { CloseEvent, EventHandlers } from './events.ts';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

type SendData = string | Blob | ArrayBuffer | ArrayBufferView | SharedArrayBuffer;
type Handler<E> = ((this: WebSocketFace, event: E) => unknown) | null;

/**
 * The WHATWG's `WebSocket` (https://websockets.spec.whatwg.org, as of 2025) over a driver. The comments name its steps.
 *
 * Where a browser would use the document's origin and cookies this sends none: the third argument, which the standard
 * does not have, is the driver's options.
 */
export class WebSocketFace extends EventTarget {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;
  readonly #url: URL;
  readonly #socket: Socket;
  readonly #handlers: EventHandlers;
  #readyState: number;
  #binaryType: 'blob' | 'arraybuffer';
  /** Bytes that `send` took and that have not left, or never will: the standard's count never falls after the close. */
  #unsent: number;
  /** Blobs are read before they are sent: what is sent after one waits for it. */
  #line: Promise<void> | undefined;
  #failed: boolean;

  constructor(
    connect: Driver<any>['connect'],
    url: string | URL,
    protocols: string | readonly string[] = [],
    options: object = {},
  ) {
    super();
    this.#url = parseUrl(url);
    const subprotocols = parseProtocols(protocols);
    this.#handlers = new EventHandlers(this);
    this.#readyState = CONNECTING;
    this.#binaryType = 'blob';
    this.#unsent = 0;
    this.#line = undefined;
    this.#failed = false;
    // Step 12: establish a WebSocket connection. What goes wrong from here on comes as events.
    this.#socket = connect(
      this.#url,
      { ...options, subprotocols },
      {
        open: () => this.#onOpen(),
        message: (_, data) => this.#onMessage(data),
        closing: () => void (this.#readyState = CLOSING),
        close: (_, info) => this.#later(() => this.#onClose(info.clean, info.code, info.reason)),
      },
    );
  }

  get url(): string {
    return this.#url.href;
  }

  get readyState(): number {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#readyState === CONNECTING ? '' : this.#socket.protocol;
  }

  get extensions(): string {
    return this.#readyState === CONNECTING ? '' : this.#socket.extensions;
  }

  get bufferedAmount(): number {
    return this.#unsent + this.#socket.bufferedAmount;
  }

  get binaryType(): 'blob' | 'arraybuffer' {
    return this.#binaryType;
  }

  set binaryType(type: 'blob' | 'arraybuffer') {
    // WebIDL: a value that the enumeration does not have is ignored.
    if (type === 'blob' || type === 'arraybuffer') this.#binaryType = type;
  }

  /** `send(data)`: throws an InvalidStateError DOMException while CONNECTING; after the close the data is only counted. */
  send(data: SendData): void {
    if (arguments.length === 0) throw new TypeError('send needs an argument');
    if (this.#readyState === CONNECTING) throw new DOMException('still connecting', 'InvalidStateError');
    if (data instanceof Blob) return this.#enqueue(data.size, async () => this.#transmit(await data.arrayBuffer()));
    const message = isBytes(data) ? data : toWellFormed(String(data));
    if (this.#line === undefined) return this.#transmit(message);
    // Sent later, so that its bytes are taken now.
    const copy = typeof message === 'string' ? message : bytesOf(message).slice();
    this.#enqueue(sizeOf(copy), async () => this.#transmit(copy));
  }

  /** `close(code, reason)`: an InvalidAccessError or SyntaxError DOMException for what may not be sent. */
  close(code?: number, reason?: string): void {
    const [number, text] = parseClose(code, reason);
    if (this.#readyState >= CLOSING) return;
    const wasConnecting = this.#readyState === CONNECTING;
    this.#readyState = CLOSING;
    if (wasConnecting) {
      this.#failed = true;
      this.#socket.terminate();
    } else if (this.#line === undefined) {
      this.#socket.close(number, text);
    } else {
      this.#line = this.#line.then(() => this.#socket.close(number, text));
    }
  }

  get onopen(): Handler<Event> {
    return this.#handlers.get('open');
  }

  set onopen(handler: Handler<Event>) {
    this.#handlers.set('open', handler);
  }

  get onmessage(): Handler<MessageEvent> {
    return this.#handlers.get('message');
  }

  set onmessage(handler: Handler<MessageEvent>) {
    this.#handlers.set('message', handler);
  }

  get onerror(): Handler<Event> {
    return this.#handlers.get('error');
  }

  set onerror(handler: Handler<Event>) {
    this.#handlers.set('error', handler);
  }

  get onclose(): Handler<CloseEvent> {
    return this.#handlers.get('close');
  }

  set onclose(handler: Handler<CloseEvent>) {
    this.#handlers.set('close', handler);
  }

  get [Symbol.toStringTag](): string {
    return 'WebSocket';
  }

  #transmit(message: string | ArrayBuffer | ArrayBufferView | SharedArrayBuffer): void {
    if (this.#socket.state !== 'open') {
      this.#unsent += sizeOf(message);
      return;
    }
    // The caller may go on using its memory; only text is ours already.
    this.#socket.send(typeof message === 'string' ? message : bytesOf(message).slice());
  }

  #enqueue(size: number, transmit: () => Promise<void>): void {
    this.#unsent += size;
    const line: Promise<void> = (this.#line ?? Promise.resolve())
      .then(() => {
        this.#unsent -= size;
        return transmit();
      })
      .catch(() => {
        // A Blob that cannot be read: the message is lost, as it is when a browser's file has gone.
      })
      .then(() => {
        if (this.#line === line) this.#line = undefined;
      });
    this.#line = line;
  }

  /** When the WebSocket connection is established. */
  #onOpen(): void {
    if (this.#readyState !== CONNECTING) return;
    this.#readyState = OPEN;
    this.dispatchEvent(new Event('open'));
  }

  /** When a WebSocket message has been received. */
  #onMessage(message: string | Uint8Array): void {
    if (this.#readyState !== OPEN) return; // step 1
    const data = typeof message === 'string' ? message : this.#represent(message);
    this.dispatchEvent(new MessageEvent('message', { data, origin: this.#url.origin }));
  }

  #represent(bytes: Uint8Array): Blob | ArrayBuffer {
    if (this.#binaryType === 'blob') return new Blob([bytes as Uint8Array<ArrayBuffer>]);
    const { buffer, byteOffset, byteLength } = bytes;
    const isWhole = byteOffset === 0 && byteLength === buffer.byteLength;
    return (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
  }

  /** When the WebSocket connection is closed. */
  #onClose(wasClean: boolean, code: number, reason: string): void {
    this.#readyState = CLOSED;
    if (this.#failed || !wasClean) this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new CloseEvent('close', { wasClean, code, reason }));
  }

  /** As a task of its own: `close` may be what brought it about, and an event never comes within a call. */
  #later(task: () => void): void {
    queueMicrotask(task);
  }
}

for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) {
  Object.defineProperty(WebSocketFace.prototype, name, { value, enumerable: true });
}

function isBytes(data: unknown): data is ArrayBuffer | ArrayBufferView | SharedArrayBuffer {
  return ArrayBuffer.isView(data) || data instanceof ArrayBuffer || data instanceof SharedArrayBuffer;
}

function bytesOf(data: ArrayBuffer | ArrayBufferView | SharedArrayBuffer): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

function sizeOf(message: string | ArrayBuffer | ArrayBufferView | SharedArrayBuffer): number {
  return typeof message === 'string' ? new TextEncoder().encode(message).length : message.byteLength;
}
