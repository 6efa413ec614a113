import { MAX_CONTROL_PAYLOAD } from '../../protocol/internal.ts';
import { EventEmitter } from 'node:events';
import type { ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { CompressOptions } from '../../protocol/index.ts';
import type { OnSent } from '../socket/departures.ts';
import type { SendOptions as DriverOptions } from '../socket/send-options.ts';
import type { Handlers, Socket } from '../socket/socket.ts';
import { adopterFor } from './adopters.ts';
import { BlobQueue } from './blobs.ts';
import { abortHandshake, connectClient } from './client.ts';
import { inLaterTurn, nextTick } from './clock.ts';
import { BINARY_TYPES, type BinaryType, isBlob, NOTHING, received, toBuffer } from './data.ts';
import { type AgreedExtension, EXTENSION } from './deflate.ts';
import { errorOf } from './errors.ts';
import { addEventListener, removeEventListener } from './event-target.ts';
import { format } from './extension.ts';
import { checkClose } from './close-reason.ts';
import { defineInterface } from './interface.ts';
import { type ClientOptions, type ConnectionOptions, isOn, type SendOptions } from './options.ts';
import { RARE, type RareState, useCompactListeners } from './rare-state.ts';
import { Sender } from './sender.ts';

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
export const CLOSED = 3;

const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const;

/** What the driver tells of all connections; `socket.data` is the WebSocket. */
let handlers: Handlers<WebSocket>;

/** @internal What most connections never set. */
export interface WebSocket extends RareState {}

/**
 * A WebSocket as the `ws` package has it, on sansocket's event driver. docs/ws.md says where it differs.
 */
export class WebSocket extends EventEmitter {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;
  declare onopen: ((event: any) => void) | null;
  declare onerror: ((event: any) => void) | null;
  declare onclose: ((event: any) => void) | null;
  declare onmessage: ((event: any) => void) | null;

  /** @internal */
  _readyState: 0 | 1 | 2 | 3;
  /** The stream that carries it, once it is open. */
  _socket: Duplex | null;
  /** The request of a client, until it is answered. */
  declare _req: ClientRequest | null;
  #options: ConnectionOptions;
  #peer: Socket<any> | undefined;

  /** Opens a connection. Throws a SyntaxError for a URL or a subprotocol that is none. */
  constructor(address: string | URL, protocols?: string | string[], options?: ClientOptions);
  constructor(address: string | URL, options?: ClientOptions);
  /** @internal A server's side, for `setSocket`. */
  constructor(address: null, protocols?: undefined, options?: ConnectionOptions);
  constructor(address: string | URL | null, protocols?: any, options?: any) {
    super();
    useCompactListeners(this);
    this._readyState = CONNECTING;
    this._socket = null;
    this.#options = options ?? {};
    this.#peer = undefined;
    if (address === null) return;
    this._isServer = false;
    this.#options = connectClient(this, address, protocols, options) ?? {};
  }

  /** What BINARY messages come as: 'nodebuffer', 'arraybuffer', 'fragments' or 'blob'. Others are not taken. */
  get binaryType(): BinaryType {
    return this._binaryType;
  }

  set binaryType(type: BinaryType) {
    if (BINARY_TYPES.includes(type)) this._binaryType = type;
  }

  get bufferedAmount(): number {
    return (this.#peer?.bufferedAmount ?? 0) + (this._blobs?.size ?? 0) + this._lateBytes;
  }

  get extensions(): string {
    return Object.keys(this._extensions).join();
  }

  get isPaused(): boolean {
    return this._isPaused;
  }

  get protocol(): string {
    return this._protocol;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this._readyState;
  }

  get url(): string | undefined {
    return this._url;
  }

  /** What sends frames that were encoded before. */
  get _sender(): Sender | null {
    if (this.#peer === undefined) return null;
    return (this._frames ??= new Sender(this._socket!, this.#peer));
  }

  /** Takes a stream over whose opening handshake is done; `head` is what came behind it. Emits 'open'. */
  setSocket(socket: Duplex, head: Uint8Array, options: ConnectionOptions): void {
    const agreed = this._extensions[EXTENSION] as AgreedExtension | undefined;
    const all = options === this.#options ? options : { ...this.#options, ...options };
    const peer = adopterFor(all, handlers).adopt(socket, head, {
      role: this._isServer ? 'server' : 'client',
      subprotocol: String(this._protocol), // whatever a server's `handleProtocols` has returned
      extensions: agreed === undefined ? '' : format({ [EXTENSION]: agreed.params }),
      compress: agreed === undefined ? NO_COMPRESSION : agreed.compress,
    });
    peer.data = this;
    this.#options = all;
    this.#peer = peer;
    this._socket = socket;
    this._readyState = OPEN;
    this.emit('open');
  }

  /**
   * Starts the closing handshake; without a code, with a Close frame that has none. Throws a TypeError or RangeError for a
   * code or a reason that may not be sent.
   */
  close(code?: number, reason?: string | Uint8Array): void {
    if (this._readyState === CONNECTING) return abortHandshake(this, this._req, CLOSED_EARLY);
    if (this._readyState !== OPEN) return;
    const text = checkClose(code, reason);
    this._readyState = CLOSING;
    const send = () => {
      const peer = this.#peer!;
      peer.close(code ?? NO_STATUS, text);
      peer.flush();
    };
    this.#inTurn(0, send, ignore);
  }

  /** Ends the connection now. */
  terminate(): void {
    if (this._readyState === CLOSED) return;
    if (this._readyState === CONNECTING) return abortHandshake(this, this._req, CLOSED_EARLY);
    this._readyState = CLOSING;
    // What was sent in this turn has left, as far as there was room for it.
    this.#peer?.flush();
    this._socket?.destroy();
  }

  pause(): void {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    this._isPaused = true;
    this.#peer!.pause();
  }

  resume(): void {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    this._isPaused = false;
    this.#peer!.resume();
  }

  /** Sends a message, or with `fin: false` a part of one. The callback is called when it has left, or with the error. */
  send(data: any, callback?: OnSent): void;
  send(data: any, options: SendOptions | undefined, callback?: OnSent): void;
  send(data: any, options?: SendOptions | OnSent, callback?: OnSent): void {
    if (this._readyState === CONNECTING) throw new Error(NOT_OPEN);
    if (typeof options !== 'object' || options === null) {
      if (typeof options === 'function') callback = options;
      options = undefined;
    }
    if (typeof data === 'number') data = data.toString();
    if (this._readyState !== OPEN) return this.#tooLate(data, callback);
    // What an option says that is there and undefined is no.
    const isBinary = options !== undefined && 'binary' in options ? Boolean(options.binary) : typeof data !== 'string';
    const fin = options === undefined || !('fin' in options) || Boolean(options.fin);
    const compress = options === undefined || !('compress' in options) || Boolean(options.compress);
    const onSent = typeof callback === 'function' ? callback : undefined;
    if (!fin || this._fragmented !== undefined) return this.#sendFragment(data, isBinary, fin, { compress, onSent });
    const how = compress && onSent === undefined ? undefined : { compress, onSent };
    // As most messages are.
    if (this._blobs === undefined && (typeof data === 'string' || Buffer.isBuffer(data))) {
      return this.#sendWhole(data, isBinary, how);
    }
    this.#sendAnything(data, onSent, (bytes) => this.#sendWhole(bytes, isBinary, how));
  }

  #sendWhole(data: string | Buffer, isBinary: boolean, how: DriverOptions | undefined): void {
    if (!isBinary) this.#peer!.sendText(data, how);
    else this.#peer!.send(typeof data === 'string' ? toBuffer(data) : data, how);
  }

  #sendFragment(data: any, isBinary: boolean, fin: boolean, how: DriverOptions): void {
    const text = this._fragmented ?? !isBinary;
    const options = { ...how, text };
    this.#sendAnything(data, how.onSent, (bytes) => {
      this.#peer!.sendFragment(text ? bytes : toBuffer(bytes), fin, options);
    });
    this._fragmented = fin ? undefined : text; // not of data that is refused
  }

  /** Sends what may be a Blob, or nothing at all, behind what waits for a Blob. */
  #sendAnything(data: any, onSent: OnSent | undefined, out: (bytes: string | Buffer) => void): void {
    const fail = (error: Error) => onSent?.(error);
    if (isBlob(data)) return this.#readBlob(data, out, fail);
    const whole = typeof data === 'string' ? data : toBuffer(data || NOTHING);
    this.#inTurn(whole.length, () => out(whole), fail);
  }

  ping(data?: any, mask?: boolean | OnSent, callback?: OnSent): void {
    this.#control(data, mask, callback, (bytes, options) => void this.#peer!.ping(bytes, options));
  }

  pong(data?: any, mask?: boolean | OnSent, callback?: OnSent): void {
    this.#control(data, mask, callback, (bytes, options) => this.#peer!.pong(bytes, options));
  }

  addEventListener(type: string, listener: any, options?: { once?: boolean }): void {
    addEventListener(this, type, listener, options);
  }

  removeEventListener(type: string, listener: any): void {
    removeEventListener(this, type, listener);
  }

  /** @internal Emits 'close'. */
  emitClose(): void {
    this._readyState = CLOSED;
    this._tracker?._forget(this);
    this.emit('close', this._closeCode, this._closeMessage);
  }

  #control(
    data: any,
    mask: boolean | OnSent | undefined,
    callback: OnSent | undefined,
    out: (bytes: Uint8Array, options: { onSent?: OnSent }) => void,
  ): void {
    if (this._readyState === CONNECTING) throw new Error(NOT_OPEN);
    if (typeof data === 'function') {
      callback = data;
      data = undefined;
    } else if (typeof mask === 'function') {
      callback = mask;
    }
    if (typeof data === 'number') data = data.toString();
    if (this._readyState !== OPEN) return this.#tooLate(data, callback);
    const onSent = typeof callback === 'function' ? callback : undefined;
    const fail = (error: Error) => onSent?.(error);
    const bytes = isBlob(data) ? data : toBuffer(data || NOTHING);
    const size = isBlob(bytes) ? bytes.size : bytes.length;
    if (size > MAX_CONTROL_PAYLOAD) throw new RangeError('The data size must not be greater than 125 bytes');
    if (isBlob(bytes)) this.#readBlob(bytes, (read) => out(read, { onSent }), fail);
    else this.#inTurn(size, () => out(bytes, { onSent }), fail);
  }

  /** Sends behind what waits for a Blob, or now. */
  #inTurn(size: number, send: () => void, fail: (error: Error) => void): void {
    if (this._blobs === undefined || this._blobs.isEmpty) send();
    else this._blobs.add(size, send, fail);
  }

  #readBlob(blob: Blob, out: (bytes: Buffer) => void, fail: (error: Error) => void): void {
    this._blobs ??= new BlobQueue(
      () => this._socket!.destroyed,
      (error) => this.#sendFailed(error),
    );
    this._blobs.addBlob(blob, out, fail);
  }

  #sendFailed(error: Error): void {
    if (this._readyState === CLOSED) return;
    this._readyState = CLOSING;
    this.#peer!.flush();
    this._socket!.end();
    this.#emitError(error);
  }

  #tooLate(data: any, callback: OnSent | undefined): void {
    if (data) this._lateBytes += isBlob(data) ? data.size : toBuffer(data).length;
    if (typeof callback !== 'function') return;
    const state = this._readyState;
    nextTick(callback, new Error(`WebSocket is not open: readyState ${state} (${STATES[state]})`));
  }

  #emitError(error: Error): void {
    if (this._errorEmitted) return;
    this._errorEmitted = true;
    this.emit('error', error);
  }

  /** Where events come one a turn, none comes in this one any more. */
  #oneATurn(): void {
    if (isOn(this.#options.allowSynchronousEvents)) return;
    const peer = this.#peer!;
    peer.pause();
    inLaterTurn(() => {
      if (!this._isPaused) peer.resume();
    });
  }

  static {
    handlers = {
      message({ data: ws }, bytes, binary) {
        ws.emit('message', received(bytes as Uint8Array, binary ? ws._binaryType : 'nodebuffer'), binary);
        ws.#oneATurn();
      },
      ping({ data: ws }, payload) {
        ws.emit('ping', Buffer.from(payload));
        ws.#oneATurn();
      },
      pong({ data: ws }, payload) {
        ws.emit('pong', Buffer.from(payload));
        ws.#oneATurn();
      },
      fault({ data: ws }, error) {
        if (ws._readyState === OPEN) ws._readyState = CLOSING;
        ws.#emitError(errorOf(error));
      },
      closeFrame({ data: ws }, code, reason) {
        ws._closeFrameReceived = true;
        ws._closeCode = code;
        ws._closeMessage = reason === '' ? NOTHING : Buffer.from(reason);
        ws._readyState = CLOSING;
      },
      close({ data: ws }, { sent }) {
        ws._closeFrameSent = sent !== undefined;
        ws._readyState = CLOSING;
        // Who hears of 'close' finds the stream closed.
        if (!ws._socket!.closed) ws._socket!.once('close', () => ws.emitClose());
        // Whose Blob is there by then is told first that it was in vain.
        else if (ws._blobs?.isEmpty === false) inLaterTurn(() => ws.emitClose());
        else ws.emitClose();
      },
      // As an exception in a listener of `ws`: uncaught.
      error(error) {
        nextTick(() => {
          throw error;
        });
      },
    };
  }
}

Object.assign(WebSocket.prototype, RARE);
const NO_COMPRESSION: CompressOptions = {};
const NOT_OPEN = 'WebSocket is not open: readyState 0 (CONNECTING)';
const CLOSED_EARLY = 'WebSocket was closed before the connection was established';
/** Has the Close frame go without a code. */
const NO_STATUS = 1005;

function ignore(): void {}

defineInterface(WebSocket, STATES);
