import type { TextCodec } from '../text.ts';
import { startOfTail, Utf8Validator } from './utf8.ts';
import { Store } from './store.ts';

/** Message types, which are the opcodes of their first frames (RFC 6455 §5.6). */
const NONE = 0;
const TEXT = 1;

/** Where assembled messages go. Bytes are lent until the method returns, unless `owned`. */
export interface MessageTarget {
  onText(text: string): void;
  onBinary(bytes: Uint8Array, owned: boolean): void;
  onMessageStart(binary: boolean): void;
  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void;
  onMessageEnd(): void;
  /** The message breaks a rule or a limit: the close code to fail with, and why. */
  onMessageFault(code: number, reason: string): void;
}

/**
 * Inflates the joined payload of a compressed message: at most `maxLength` bytes, lent until anything else is inflated or
 * deflated, or the close code to fail with.
 */
export type Inflate = (payload: Uint8Array, maxLength: number) => Uint8Array | 1007 | 1009;

export interface AssemblerOptions {
  text: TextCodec;
  /** Makes memory of just this many bytes, whatever is in it. */
  allocate: (size: number) => Uint8Array;
  /** The largest message in bytes, before and after inflating. */
  maxMessageSize: number;
  maxFragments: number;
  /** Where an extension was agreed on that compresses messages. */
  inflate: Inflate | undefined;
}

/**
 * Fragments into messages, RFC 6455 §5.4, with their limits and with UTF-8 that fails at the first bad byte (§8.1).
 *
 * A message that lies whole in the chunk is delivered from where it lies; its fragments are moved together in place.
 * Only what the end of a chunk cuts is copied (`endChunk`), so that memory follows the bytes that came, never their
 * number nor an announced length.
 */
export class MessageAssembler {
  readonly #target: MessageTarget;
  readonly #text: TextCodec;
  readonly #allocate: (size: number) => Uint8Array;
  readonly #maxMessageSize: number;
  readonly #maxFragments: number;
  readonly #inflate: Inflate | undefined;
  /** The type of the message in progress, or NONE. */
  #type: number;
  #compressed: boolean;
  /** Whether the frame in progress is the message's last. */
  #fin: boolean;
  #fragments: number;
  /** The lengths of the message's frames so far, that of the one in progress included. */
  #announced: number;
  /** The bitwise or of the payload's bytes so far: no 0x80 in it means ASCII. */
  #seen: number;
  #validator: Utf8Validator | undefined;
  /** The part of the message that lies in the current chunk. */
  #chunk: Uint8Array | undefined;
  #start: number;
  #end: number;
  /** The part that came with earlier chunks. */
  #store: Store | undefined;
  #streamWanted: boolean;
  #streaming: boolean;
  /** What a streamed text's last piece cut. */
  #carry: Uint8Array | undefined;
  /** Whether it is over: a target that ends the connection in one of its methods is told nothing more. */
  #released: boolean;

  constructor(target: MessageTarget, options: AssemblerOptions) {
    this.#target = target;
    this.#text = options.text;
    this.#allocate = options.allocate;
    this.#maxMessageSize = options.maxMessageSize;
    this.#maxFragments = options.maxFragments;
    this.#inflate = options.inflate;
    this.#type = NONE;
    this.#compressed = false;
    this.#fin = false;
    this.#fragments = 0;
    this.#announced = 0;
    this.#seen = 0;
    this.#validator = undefined;
    this.#chunk = undefined;
    this.#start = 0;
    this.#end = 0;
    this.#store = undefined;
    this.#streamWanted = false;
    this.#streaming = false;
    this.#carry = undefined;
    this.#released = false;
  }

  /** Whether a message has begun and not ended. */
  get midMessage(): boolean {
    return this.#type !== NONE;
  }

  /** The message in progress, or the next to begin, comes in pieces. */
  streamNext(): void {
    this.#streamWanted = true;
  }

  /** A data frame begins. Returns false when it may not; the target has been told why. */
  begin(opcode: number, fin: boolean, compressed: boolean, length: number): boolean {
    if (opcode === NONE) {
      if (this.#type === NONE) return this.#fault(1002, 'a continuation frame with nothing to continue');
    } else {
      if (this.#type !== NONE) return this.#fault(1002, 'a new message inside a fragmented one');
      this.#type = opcode;
      this.#compressed = compressed;
      this.#fragments = 0;
      this.#announced = 0;
      this.#seen = 0;
    }
    this.#fin = fin;
    this.#announced += length;
    if (++this.#fragments > this.#maxFragments) return this.#fault(1008, 'too many fragments');
    if (this.#announced > this.#limit()) return this.#fault(1009, 'message too big');
    return true;
  }

  /** A piece of the frame's payload; `last` when the frame ends with it. Spans and `seen` as the decoder has them. */
  append(bytes: Uint8Array, start: number, end: number, seen: number, last: boolean): void {
    const whole = last && this.#fin;
    if (whole && end - start === this.#announced && !this.#streaming && !this.#streamWanted) {
      this.#deliver(bytes, start, end, seen, false);
      return;
    }
    this.#seen |= seen;
    if (this.#type === TEXT && !this.#compressed && !this.#isTextSoFar(bytes, start, end, whole)) return;
    if (this.#streamWanted) this.#startStream();
    if (this.#released) return;
    if (this.#streaming && !this.#compressed) this.#stream(bytes, start, end);
    else this.#collect(bytes, start, end);
    if (whole && !this.#released) this.#finish();
  }

  /** The chunk's memory is going: what lies in it of an unfinished message is copied. */
  endChunk(): void {
    if (this.#chunk === undefined) return;
    const rest = this.#fin ? this.#announced - (this.#store?.size ?? 0) : Infinity;
    (this.#store ??= new Store(this.#allocate)).append(this.#chunk, this.#start, this.#end, rest);
    this.#chunk = undefined;
  }

  /** Delivers nothing more, forgets the message in progress and gives its memory back. */
  release(): void {
    this.#released = true;
    this.#type = NONE;
    this.#chunk = undefined;
    this.#store = undefined;
    this.#carry = undefined;
    this.#validator = undefined;
    this.#streaming = false;
  }

  /** A compressed payload may be a little larger than what it inflates to: stored blocks cost five bytes each. */
  #limit(): number {
    if (this.#compressed) return this.#maxMessageSize + Math.floor(this.#maxMessageSize / 256) + 1024;
    return this.#streaming || this.#streamWanted ? Infinity : this.#maxMessageSize;
  }

  #isTextSoFar(bytes: Uint8Array, start: number, end: number, whole: boolean): boolean {
    const validator = this.#validator;
    if (validator === undefined) {
      if ((this.#seen & 0x80) === 0) return true;
      this.#validator = new Utf8Validator(this.#text);
      return this.#isTextSoFar(bytes, start, end, whole);
    }
    if (validator.push(bytes, start, end) && (!whole || validator.isComplete)) return true;
    return this.#fault(1007, 'text that is not UTF-8');
  }

  #collect(bytes: Uint8Array, start: number, end: number): void {
    if (this.#chunk !== undefined) {
      // The next fragment of the same chunk: its bytes close up to the ones before, over the header between them.
      bytes.copyWithin(this.#end, start, end);
      this.#end += end - start;
    } else if (start < end) {
      this.#chunk = bytes;
      this.#start = start;
      this.#end = end;
    }
  }

  #finish(): void {
    this.#validator = undefined;
    if (this.#streaming && !this.#compressed) {
      this.#type = NONE;
      this.#streaming = false;
      this.#target.onMessageEnd();
      return;
    }
    if (this.#store !== undefined) {
      this.endChunk();
      const bytes = this.#store.take();
      this.#store = undefined;
      this.#deliver(bytes, 0, bytes.length, this.#seen, true);
      return;
    }
    const chunk = this.#chunk ?? EMPTY;
    this.#chunk = undefined;
    this.#deliver(chunk, chunk === EMPTY ? 0 : this.#start, chunk === EMPTY ? 0 : this.#end, this.#seen, false);
  }

  /** A whole message. What it leaves is the state between messages, whatever the target does or throws. */
  #deliver(bytes: Uint8Array, start: number, end: number, seen: number, owned: boolean): void {
    const type = this.#type;
    this.#type = NONE;
    if (this.#compressed) {
      this.#deliverInflated(type, bytes.subarray(start, end));
    } else if (type === TEXT) {
      const ascii = (seen & 0x80) === 0;
      const text = ascii ? this.#text.decodeAscii(bytes, start, end) : this.#text.decode(bytes, start, end);
      if (text === undefined) this.#fault(1007, 'text that is not UTF-8');
      else this.#target.onText(text);
    } else {
      this.#target.onBinary(owned ? bytes : bytes.subarray(start, end), owned);
    }
  }

  #deliverInflated(type: number, payload: Uint8Array): void {
    const streaming = this.#streaming;
    this.#streaming = false;
    const bytes = this.#inflate!(payload, this.#maxMessageSize);
    if (bytes === 1007) {
      this.#fault(1007, 'a compressed message that does not inflate');
    } else if (bytes === 1009) {
      this.#fault(1009, 'message too big');
    } else {
      const message = type === TEXT ? this.#text.decode(bytes, 0, bytes.length) : this.#copyOf(bytes);
      if (message === undefined) this.#fault(1007, 'text that is not UTF-8');
      else if (streaming) this.#streamWhole(message);
      else if (typeof message === 'string') this.#target.onText(message);
      else this.#target.onBinary(message, true);
    }
  }

  #copyOf(bytes: Uint8Array): Uint8Array {
    const copy = this.#allocate(bytes.length);
    copy.set(bytes);
    return copy;
  }

  /** A compressed message is inflated as a whole, so that it comes as one piece. */
  #streamWhole(message: string | Uint8Array): void {
    if (message.length > 0) this.#target.onMessageChunk(message, true);
    if (!this.#released) this.#target.onMessageEnd();
  }

  #startStream(): void {
    this.#streamWanted = false;
    this.#streaming = true;
    this.#target.onMessageStart(this.#type !== TEXT);
    if (this.#compressed || this.#released) return;
    // The message was in progress already: what has come is the first piece.
    this.endChunk();
    const store = this.#store;
    this.#store = undefined;
    if (store !== undefined) this.#stream(store.bytes, 0, store.size);
  }

  #stream(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.#type !== TEXT) {
      this.#target.onMessageChunk(bytes.subarray(start, end), false);
      return;
    }
    if (this.#carry !== undefined) {
      const joined = new Uint8Array(this.#carry.length + end - start);
      joined.set(this.#carry);
      joined.set(bytes.subarray(start, end), this.#carry.length);
      this.#carry = undefined;
      this.#stream(joined, 0, joined.length);
      return;
    }
    const tail = startOfTail(bytes, start, end);
    if (tail < end) this.#carry = bytes.slice(tail, end);
    if (tail > start) this.#target.onMessageChunk(this.#text.decode(bytes, start, tail)!, true);
  }

  #fault(code: number, reason: string): false {
    this.release();
    this.#target.onMessageFault(code, reason);
    return false;
  }
}

const EMPTY = new Uint8Array(0);
