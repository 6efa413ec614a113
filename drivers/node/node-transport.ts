import { Buffer } from 'node:buffer';
import { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { InvalidStateError } from '../../protocol/index.ts';
import type { Transport, TransportHandler } from '../transport.ts';
import { guard, type Guarded } from '../socket/guard.ts';
import { isRefusal } from './client/failure.ts';
import { inSharedContext } from './internals/async-context.ts';
import { readInto } from './internals/read-into.ts';
import { readBuffer } from './internals/resources.ts';
import { nextTick } from './clock.ts';
import { transportClosed, transportOpened, transportPaused, transportResumed } from './process-life.ts';

/** Where a stream keeps its transport, so that one set of listeners serves all streams. */
const TRANSPORT = Symbol('transport');
type Carried = Duplex & { [TRANSPORT]: NodeTransport };

/**
 * What a net.Socket of its own does at its end: it stops writing, unless it is half-open, as those here are. Without it, the one
 * listener that there is needs no list.
 */
const [STOPS_WRITING] = new NetSocket().listeners('end') as (() => void)[];

/** What Node's streams call the encoding of a chunk that is bytes. */
const BYTES = 'buffer' as BufferEncoding;

/** Whether a stream carries a connection already: a second one would read the frames of the first, and write among them. */
export function isTaken(stream: Duplex): boolean {
  return (stream as Partial<Carried>)[TRANSPORT] !== undefined;
}

/** Throws an InvalidStateError where it does, before anything has changed. */
export function checkFree(stream: Duplex): void {
  if (isTaken(stream)) throw new InvalidStateError('this stream carries a WebSocket already: it was handed over twice');
}

/** The same, and where somebody else reads it in the way that has nothing come as 'data'. */
export function checkUnread(stream: Duplex): void {
  checkFree(stream);
  if (stream.listenerCount('readable') === 0 || !stream.rawListeners('readable').some(stays)) return;
  throw new InvalidStateError(
    "this stream is read by somebody else, by a listener for 'readable' or a loop over it: what comes would reach nobody here",
  );
}

/** Whether a listener is one that is not called once alone: after that, a stream flows by itself. */
function stays(listener: object): boolean {
  return !('listener' in listener);
}

/** A Node stream as a transport: a TCP, TLS or Unix socket, or any Duplex of bytes. It must allow half-open. */
export class NodeTransport implements Transport, Guarded {
  readonly #stream: Carried;
  readonly #handler: TransportHandler;
  readonly #way: number;
  #isWriting: boolean;
  #blocked: boolean;
  /** Bytes that wait, as of the last write, or the last part of it that was done; a getter of a stream's own may throw. */
  #underWay: number;
  /** Past the queue: whether the end is to follow the write that goes on by itself. */
  #isEnding: boolean;
  #error: Error | undefined;
  /** What is told when this turn is over, in order. */
  #held: (() => void)[] | undefined;

  /** `way` is for streams of Node's own that are no sockets. */
  constructor(stream: Duplex, handler: TransportHandler, way = wayOf(stream)) {
    const carried = stream as Carried;
    carried[TRANSPORT] = this;
    this.#stream = carried;
    this.#handler = handler;
    this.#way = way;
    this.#isWriting = false;
    this.#blocked = false;
    this.#underWay = 0;
    this.#isEnding = false;
    this.#error = undefined;
    this.#held = undefined;
    if (STOPS_WRITING !== undefined) stream.off('end', STOPS_WRITING);
    stream.on('end', NodeTransport.#onEnd);
    stream.on('error', NodeTransport.#onError);
    stream.on('close', NodeTransport.#onClose);
    transportOpened();
    if (stream instanceof NetSocket && stream.connecting) stream.once('connect', NodeTransport.#onConnect);
    else this.#read();
  }

  get bufferedAmount(): number {
    return this.#blocked ? this.#underWay : 0;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    if (stream.destroyed || (this.#way !== DIRECT && !stream.writable)) return this.#refuse(chunks);
    if (this.#way === DIRECT) {
      this.#writeDirectly(chunks);
    } else {
      this.#isWriting = true;
      stream.cork();
      const onWritten = (error?: Error | null) => this.onWritten(error);
      for (const chunk of chunks) stream.write(this.#way === COPIED ? Buffer.from(chunk) : chunk, onWritten);
      stream.uncork();
      this.#isWriting = false;
      this.#underWay = stream.writableLength;
      this.#blocked = this.#underWay > 0;
    }
    return !this.#blocked;
  }

  /** Somebody else has destroyed the stream, or ended it: this never leaves, and waits to be told so with the stream's end. */
  #refuse(chunks: readonly Uint8Array[]): false {
    this.#blocked = true;
    this.#underWay = sizeOf(chunks);
    nextTick(guard, this, () => void this.#stream.destroy(new Error('the stream was ended by somebody else')));
    return false;
  }

  /** The pump writes nothing more until this has left: there is nothing to queue. */
  #writeDirectly(chunks: readonly Uint8Array[]): void {
    // node:tls aborts the process over a second one.
    if (this.#blocked) throw new Error('a write is under way');
    this.#blocked = true;
    this.#isWriting = true;
    const onWritten = Receipt.of(this);
    if (chunks.length === 1) this.#stream._write(chunks[0], BYTES, onWritten);
    else this.#stream._writev!(chunks.map(entryOf), onWritten);
    this.#isWriting = false;
    if (this.#blocked) this.#underWay = sizeOf(chunks);
  }

  end(): void {
    if (this.#way === DIRECT && this.#blocked) this.#isEnding = true;
    else this.#stream.end();
  }

  abort(): void {
    this.#stream.destroy();
  }

  pause(): void {
    this.#stream.pause();
    if (this.#stream instanceof NetSocket && !this.#stream.destroyed) transportPaused(this);
  }

  resume(): void {
    transportResumed(this);
    this.#stream.resume();
  }

  /** A write's bytes are out, or never will be. Node calls this, and would end the process over what the stream throws. */
  onWritten(error?: Error | null): void {
    guard(this, this.#written, error);
  }

  failed(error: unknown): void {
    this.#handler.failed?.(error);
  }

  #written(error?: Error | null): void {
    const stream = this.#stream;
    if (error) return this.#fail(error);
    if (stream.destroyed || !this.#blocked) return;
    if (this.#way !== DIRECT && (this.#underWay = stream.writableLength) > 0) return;
    this.#blocked = false;
    if (this.#isWriting) return;
    if (this.#isEnding) stream.end();
    this.#handler.onDrain();
  }

  /**
   * Nothing leaves any more (EPIPE, ECONNRESET). What the peer sent before that may lie in the kernel: a socket is read on,
   * to its end. Any other stream has given up both of its sides by itself, or does so now.
   */
  #fail(error: Error): void {
    const stream = this.#stream;
    if (stream.destroyed) return;
    if (this.#way !== DIRECT) return void stream.destroy(error);
    if (!this.#isWriting) return this.#tellFailure(error);
    // What was written counts as not sent until that is told.
    nextTick(guard, this, () => void (stream.destroyed || this.#tellFailure(error)));
  }

  #tellFailure(error: Error): void {
    this.#blocked = false;
    // libuv has called back: nobody holds what was to be written.
    this.#handler.onReleased?.();
    if (this.#handler.onWriteFailed === undefined) this.#stream.destroy(error);
    else this.#handler.onWriteFailed(error);
  }

  /** A stream that was paused when it was destroyed still holds what had come before. */
  #readRest(): void {
    if (this.#stream.readableLength === 0) return;
    this.#stream.off('data', NodeTransport.#onData);
    for (let chunk; (chunk = this.#stream.read() as Buffer | null) !== null;) this.#take(chunk);
  }

  /**
   * Whether what the stream brings has to wait, itself or behind what does. A stream of somebody's own may bring it out of a call that
   * a handler makes: by pushing to it, or by a write that is answered at once.
   */
  get #mustHold(): boolean {
    return this.#held !== undefined || this.#isWriting || this.#handler.isBusy === true;
  }

  #hold(step: () => void): void {
    if (this.#held === undefined) nextTick(guard, this, this.#release);
    (this.#held ??= []).push(step);
  }

  #release(): void {
    // Some come while others are told.
    for (const step of this.#held!) guard(this, step);
    this.#held = undefined;
  }

  #take(chunk: Buffer): void {
    this.#handler.onData(this.#way === COPIED ? copied(chunk) : chunk);
  }

  #read(): void {
    const stream = this.#stream;
    if (stream instanceof NetSocket) readInto(stream, NodeTransport.#onRead);
    // What a stream holds already, or is given by whoever pushes to it, comes as 'data', however it reads.
    stream.on('data', NodeTransport.#onData);
    // Whoever had the stream before may have stopped it.
    stream.resume();
  }

  // Node calls these on the stream.

  static #onConnect(this: Carried): void {
    guard(this[TRANSPORT], this[TRANSPORT].#read);
  }

  static #onRead(this: Carried, length: number): void {
    const handler = this[TRANSPORT].#handler;
    if (handler.onRead === undefined) handler.onData(readBuffer.subarray(0, length));
    else handler.onRead(readBuffer, length);
  }

  /** In the context of whoever pushed the chunk, or had the stream go on. */
  static #onData(this: Carried, chunk: Buffer): void {
    const transport = this[TRANSPORT];
    if (!transport.#mustHold) return inSharedContext(transport.#take, transport, chunk);
    const own = copied(chunk) as Buffer;
    transport.#hold(() => inSharedContext(transport.#take, transport, own));
  }

  static #onEnd(this: Carried): void {
    const transport = this[TRANSPORT];
    if (transport.#mustHold) transport.#hold(() => transport.#handler.onEnd());
    else transport.#handler.onEnd();
  }

  static #onError(this: Carried, error: Error): void {
    this[TRANSPORT].#error ??= error;
    // node:tls tells of an alert that comes after the handshake, and leaves the rest to whoever hears it.
    guard(this[TRANSPORT], () => void (this.destroyed || this.destroy()));
  }

  static #onClose(this: Carried): void {
    const transport = this[TRANSPORT];
    transportClosed(transport);
    if (transport.#mustHold) transport.#hold(() => transport.#tellLost());
    else transport.#tellLost();
  }

  #tellLost(): void {
    guard(this, this.#readRest);
    // libuv has called back for every write by now. What other streams still do with a chunk is not known.
    if (this.#way === DIRECT && this.#blocked) this.#handler.onReleased?.();
    this.#handler.onLost(this.#error, !isRefusal(this.#error));
  }
}

/** What a write calls back, once. It is lent for as long as the write takes: connections that write nothing have none. */
class Receipt {
  static readonly #free: Receipt[] = [];
  #transport: NodeTransport | undefined;
  readonly #call: (error?: Error | null) => void;

  constructor() {
    this.#transport = undefined;
    this.#call = (error) => {
      const transport = this.#transport;
      this.#transport = undefined;
      if (Receipt.#free.length < MOST_RECEIPTS) Receipt.#free.push(this);
      transport?.onWritten(error);
    };
  }

  static of(transport: NodeTransport): (error?: Error | null) => void {
    const receipt = Receipt.#free.pop() ?? new Receipt();
    receipt.#transport = transport;
    return receipt.#call;
  }
}

/** How many receipts are kept for the next writes. */
const MOST_RECEIPTS = 256;

/** Past the stream's queue: docs/design/adr/0010-writes-go-past-the-queue.md. */
const DIRECT = 0;
/** By the stream's queue. */
export const QUEUED = 1;
/**
 * Likewise, and in copies both ways: streams that are not Node's own hand on what was written to them, memory and all, and whoever
 * wrote what they bring may have it still. PassThrough and node:stream's duplexPair do.
 */
const COPIED = 2;

/** How bytes go to a stream and come from it. Every net.Socket writes in one way (TLS included), where nothing waits in it. */
function wayOf(stream: Duplex): number {
  const isSocket =
    stream instanceof NetSocket &&
    stream._write === NetSocket.prototype._write &&
    stream._writev === NetSocket.prototype._writev;
  if (!isSocket) return COPIED;
  return stream.writableLength === 0 ? DIRECT : QUEUED;
}

/** What is no bytes, or only looks like some, goes on as it came: whoever takes it ends the connection, and says why. */
function copied(chunk: Uint8Array): Uint8Array {
  try {
    // Not by its class alone: in Jest, Node's own Buffer is of another realm.
    return chunk instanceof Uint8Array || ArrayBuffer.isView(chunk) ? new Uint8Array(chunk) : chunk;
  } catch {
    return chunk;
  }
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

function entryOf(chunk: Uint8Array): { chunk: Uint8Array; encoding: BufferEncoding } {
  return { chunk, encoding: BYTES };
}
