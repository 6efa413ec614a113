import { type CloseInfo, ConnectionLostError } from '../../protocol/index.ts';
import { toBytes } from '../../protocol/internal.ts';
import type { Driver } from '../driver.ts';
import type { Socket } from '../socket/socket.ts';
import { parseClose, parseProtocols, parseUrl } from './arguments.ts';
import { CloseEvent, EventHandlers } from './events.ts';
import { type MessageData, sizeOf, toMessage } from './message.ts';
import { Tasks } from './tasks.ts';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** The interface's constants, which `defineInterface` puts in place. */
export const READY_STATES = { CONNECTING, OPEN, CLOSING, CLOSED };

/** What `onopen` and its like take. */
export type Handler<E> = ((event: E) => unknown) | null;

/** What `close` brings: the members of the standard's `CloseEvent`, whoever's class it is. */
export interface CloseEventMembers extends Event {
  /** Whether the closing handshake was completed. */
  readonly wasClean: boolean;
  /** The close code, 1006 where no Close frame was received. */
  readonly code: number;
  /** The received reason. */
  readonly reason: string;
}

/** The events of a WebSocket, by type. */
export interface WebSocketEvents {
  /** The connection is open. */
  open: Event;
  /** A message: its `data` is a string for TEXT, and for BINARY what `binaryType` says. */
  message: MessageEvent;
  /** It failed; `close` follows. */
  error: Event;
  /** The end. */
  close: CloseEventMembers;
}

/** What `addEventListener` takes beside the listener. */
export interface ListenerOptions {
  /** Whether the listener is called in the capturing phase, of which there is none here. */
  capture?: boolean | undefined;
  /** Whether the listener is called once. */
  once?: boolean | undefined;
  /** Whether the listener promises not to call `preventDefault`. */
  passive?: boolean | undefined;
  /** Takes the listener away again. */
  signal?: AbortSignal | undefined;
}

/** A listener for any event. */
export type AnyListener = ((event: Event) => void) | { handleEvent(event: Event): void };

/** What `EventTarget` gives it, with the types of its own events. */
export interface WebSocketFace {
  addEventListener<K extends keyof WebSocketEvents>(
    type: K,
    listener: (event: WebSocketEvents[K]) => unknown,
    options?: boolean | ListenerOptions,
  ): void;
  addEventListener(type: string, listener: AnyListener | null, options?: boolean | ListenerOptions): void;
  removeEventListener<K extends keyof WebSocketEvents>(
    type: K,
    listener: (event: WebSocketEvents[K]) => unknown,
    options?: boolean | { capture?: boolean },
  ): void;
  removeEventListener(type: string, listener: AnyListener | null, options?: boolean | { capture?: boolean }): void;
}

/**
 * The WHATWG's `WebSocket` (https://websockets.spec.whatwg.org, as of July 2025) over a driver. The comments name its
 * steps.
 *
 * Where a browser would use the document's base URL, origin, cookies and blocked ports there are none here: the third
 * argument, which the standard does not have, is the driver's options.
 */
export class WebSocketFace extends EventTarget {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;
  readonly #url: URL;
  readonly #wantsProtocol: boolean;
  readonly #socket: Socket;
  readonly #handlers: EventHandlers;
  readonly #tasks: Tasks;
  #readyState: number;
  #protocol: string;
  #extensions: string;
  #binaryType: 'blob' | 'arraybuffer';
  /** Bytes given to the socket that had not left when a turn last began. */
  #given: number;
  /** Bytes that never will leave, and those that wait behind a Blob. */
  #kept: number;
  /** Something was sent in this turn. */
  #sending: boolean;
  /** Blobs are read before they are sent: what is sent after one waits for it. */
  #line: Promise<void> | undefined;
  /** "Fail the WebSocket connection" was required, or it was "flagged as full". */
  #failed: boolean;

  /** @internal */
  constructor(
    connect: Driver<any>['connect'],
    url: string | URL,
    protocols: string | readonly string[] = [],
    options: object = {},
  ) {
    super();
    this.#url = parseUrl(url);
    const subprotocols = parseProtocols(protocols);
    this.#wantsProtocol = subprotocols.length > 0;
    this.#handlers = new EventHandlers(this);
    this.#readyState = CONNECTING;
    this.#protocol = '';
    this.#extensions = '';
    this.#binaryType = 'blob';
    this.#given = 0;
    this.#kept = 0;
    this.#sending = false;
    this.#line = undefined;
    this.#failed = false;
    // "Establish a WebSocket connection". What goes wrong from here on comes as events.
    this.#socket = connect(
      this.#url,
      { ...options, subprotocols },
      {
        open: (socket) => this.#tasks.run(() => this.#onOpen(socket)),
        message: (_, data) => this.#tasks.run(() => this.#onMessage(data)),
        closeFrame: () => this.#tasks.run(() => void (this.#readyState = CLOSING)),
        close: (_, info) => this.#tasks.queue(() => this.#onClose(info)),
      },
    );
    this.#tasks = new Tasks(this.#socket.clock);
  }

  get url(): string {
    return this.#url.href;
  }

  get readyState(): number {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#protocol;
  }

  get extensions(): string {
    return this.#extensions;
  }

  /**
   * Bytes of messages that have not left, as of the beginning of this turn; what was sent in it counts whole. Once the
   * connection is over it only grows.
   */
  get bufferedAmount(): number {
    this.#settle();
    return this.#kept + this.#given;
  }

  get binaryType(): 'blob' | 'arraybuffer' {
    return this.#binaryType;
  }

  set binaryType(type: 'blob' | 'arraybuffer') {
    void this.#binaryType; // WebIDL: what is no WebSocket is a TypeError before anything else
    // WebIDL: a value that the enumeration does not have is ignored.
    if (type === 'blob' || type === 'arraybuffer') this.#binaryType = type;
  }

  /** `send(data)`: throws an InvalidStateError DOMException while CONNECTING; after the close the data is only counted. */
  send(data: MessageData | Blob): void {
    void this.#readyState;
    if (arguments.length === 0) throw new TypeError('send needs an argument');
    const message = data instanceof Blob ? data : toMessage(data);
    if (this.#readyState === CONNECTING) throw new DOMException('still connecting', 'InvalidStateError');
    if (message instanceof Blob) {
      this.#enqueue(message.size, async () => this.#transmit(toBytes(await message.arrayBuffer())));
    } else if (this.#line === undefined) {
      this.#transmit(message);
    } else {
      this.#enqueue(sizeOf(message), async () => this.#transmit(message));
    }
  }

  /** `close(code, reason)`: an InvalidAccessError or SyntaxError DOMException for what may not be sent. */
  close(code: number | undefined = undefined, reason: string | undefined = undefined): void {
    const readyState = this.#readyState;
    const [number, text] = parseClose(code, reason);
    if (readyState >= CLOSING) return;
    this.#readyState = CLOSING;
    if (readyState === CONNECTING) {
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

  get onclose(): Handler<CloseEventMembers> {
    return this.#handlers.get('close');
  }

  set onclose(handler: Handler<CloseEventMembers>) {
    this.#handlers.set('close', handler);
  }

  /** "Send a WebSocket Message". */
  #transmit(message: string | Uint8Array): void {
    const size = sizeOf(message);
    if (this.#socket.state !== 'open') {
      this.#kept += size;
      return;
    }
    this.#settle();
    this.#given += size;
    this.#beginSending();
    this.#socket.send(message);
    // "If the data cannot be sent … flag the WebSocket as full": more than `sendLimit` waits.
    if (this.#socket.closeInfo !== undefined) this.#failed = true;
  }

  #beginSending(): void {
    if (this.#sending) return;
    this.#sending = true;
    this.#tasks.afterTurn(() => {
      this.#sending = false;
    });
  }

  /**
   * Looks how much has left. What the socket holds has heads around it and may be compressed, so that this is an estimate
   * between all and nothing.
   */
  #settle(): void {
    if (this.#sending || this.#socket.state === 'closed') return;
    this.#given = Math.min(this.#given, this.#socket.bufferedAmount);
  }

  #enqueue(size: number, transmit: () => Promise<void>): void {
    this.#kept += size;
    const line: Promise<void> = (this.#line ?? Promise.resolve())
      .then(transmit)
      .then(
        () => void (this.#kept -= size),
        () => {
          // A Blob that cannot be read: the message is lost, as it is when a browser's file has gone.
        },
      )
      .then(() => {
        if (this.#line === line) this.#line = undefined;
      });
    this.#line = line;
  }

  /** When the WebSocket connection is established. */
  #onOpen(socket: Socket): void {
    if (this.#readyState !== CONNECTING) return;
    if (this.#wantsProtocol && socket.protocol === '') {
      // "Establish a WebSocket connection", step 11.2: stricter than RFC 6455, the server must take one of them.
      this.#failed = true;
      return socket.terminate();
    }
    this.#readyState = OPEN;
    this.#extensions = socket.extensions;
    this.#protocol = socket.protocol;
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
  #onClose({ clean, code, reason, error }: CloseInfo): void {
    const wasOpen = this.#readyState !== CONNECTING;
    this.#readyState = CLOSED;
    if (clean) this.#given = 0;
    // A transport that was lost once the connection was open is no failure in this sense: only `wasClean` tells of it.
    const isLost = wasOpen && error instanceof ConnectionLostError;
    if (this.#failed || (error !== undefined && !isLost)) this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new CloseEvent('close', { wasClean: clean, code, reason }));
  }
}
