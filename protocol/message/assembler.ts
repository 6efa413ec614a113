import type { MemorySource } from '../blocks.ts';
import type { TextCodec } from '../text.ts';
import { DONE, InflatingStream, type MessageInflater, MORE } from './inflating-stream.ts';
import { Store } from './store.ts';
import { startOfTail, Utf8Validator } from './utf8.ts';

/** Message types, which are the opcodes of their first frames (RFC 6455 §5.6). */
const NONE = 0;
const TEXT = 1;

/** Where assembled messages go. Bytes are lent until the method returns, unless `owned`. */
export interface MessageTarget {
  /** Whether nothing more is wanted for now. Heeded where it matters here: while a compressed message is streamed. */
  readonly paused: boolean;
  onText(text: string): void;
  onBinary(bytes: Uint8Array, owned: boolean): void;
  onMessageStart(binary: boolean): void;
  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void;
  onMessageEnd(): void;
  /** The message breaks a rule or a limit: the close code to fail with, and why. */
  onMessageFault(code: number, reason: string): void;
}

export interface MessageLimits {
  /** The largest message in bytes, before and after inflating. One that is streamed has no limit. */
  readonly maxMessageSize: number;
  readonly maxFragments: number;
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
  readonly #memory: MemorySource;
  #maxMessageSize: number;
  #maxFragments: number;
  #inflater: MessageInflater | undefined;
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
  /** The streamed message's payload on its way here, when it is compressed. */
  #inflating: InflatingStream | undefined;
  /** The most that a compressed message may come to when it is streamed. */
  #streamRoom: number;
  /** Whether it is over: a target that ends the connection in one of its methods is told nothing more. */
  #released: boolean;

  constructor(target: MessageTarget, text: TextCodec, memory: MemorySource) {
    this.#target = target;
    this.#text = text;
    this.#memory = memory;
    this.#maxMessageSize = 0;
    this.#maxFragments = 0;
    this.#inflater = undefined;
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
    this.#inflating = undefined;
    this.#streamRoom = Infinity;
    this.#released = false;
  }

  /** Begins anew, with the messages of another connection. */
  reset(limits: MessageLimits, inflater: MessageInflater | undefined): void {
    this.#maxMessageSize = limits.maxMessageSize;
    this.#maxFragments = limits.maxFragments;
    this.#inflater = inflater;
    this.#streamRoom = Infinity;
    this.#streamWanted = false;
    this.#released = false;
  }

  /** Whether it stands between two messages, and nothing is asked of the next. */
  get isIdle(): boolean {
    return this.#type === NONE && !this.#streamWanted;
  }

  /** Whether a message has begun and not ended. */
  get midMessage(): boolean {
    return this.#type !== NONE;
  }

  /** Whether a message has all come, and its target has paused before the end of it. */
  get isBehind(): boolean {
    return this.#inflating?.isWhole === true;
  }

  /** The message in progress, or the next to begin, comes in pieces. */
  streamNext(): void {
    this.#streamWanted = true;
  }

  /** Goes on with a message that its target's pause has cut short, if there is one and it has not paused again. */
  proceed(): void {
    if (this.#inflating !== undefined) this.#advance(this.#inflating.proceed());
  }

  /**
   * The last bytes have come, and no pause is heeded from here on. What there is of compressed messages would all become
   * memory at once: when streamed they are held to the limit of all others.
   */
  endInput(): void {
    this.#streamRoom = this.#maxMessageSize;
    if (this.#inflating !== undefined) this.#inflating.room = this.#streamRoom;
  }

  /** A data frame begins. Returns false when it may not; the target has been told why. */
  begin(opcode: number, fin: boolean, compressed: boolean, length: number): boolean {
    if (this.#released) return false; // in `proceed`, just now
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
    if (this.#inflating !== undefined) return this.#advance(this.#inflating.append(bytes, start, end, whole));
    if (this.#streaming) this.#stream(bytes, start, end);
    else this.#collect(bytes, start, end);
    if (whole && !this.#released) this.#finish();
  }

  /** The chunk's memory is going: what lies in it of an unfinished message is copied. */
  endChunk(): void {
    if (this.#chunk === undefined) return;
    this.#store ??= this.#makeStore();
    const rest = this.#fin ? this.#announced - this.#store.size : Infinity;
    this.#store.append(this.#chunk, this.#start, this.#end, rest);
    this.#chunk = undefined;
  }

  /** Delivers nothing more, forgets the message in progress and gives its memory back. */
  release(): void {
    this.#released = true;
    this.#type = NONE;
    this.#chunk = undefined;
    this.#store?.clear();
    this.#store = undefined;
    this.#carry = undefined;
    this.#validator = undefined;
    this.#streaming = false;
    this.#inflating?.stop();
    this.#inflating = undefined;
  }

  /** A compressed payload may be a little larger than what it inflates to: stored blocks cost five bytes each. */
  #limit(): number {
    if (this.#streaming || this.#streamWanted) return Infinity;
    return this.#compressed
      ? this.#maxMessageSize + Math.floor(this.#maxMessageSize / 256) + 1024
      : this.#maxMessageSize;
  }

  #isTextSoFar(bytes: Uint8Array, start: number, end: number, whole: boolean): boolean {
    const validator = this.#validator;
    if (validator === undefined) {
      if ((this.#seen & 0x80) === 0) return true;
      this.#validator = new Utf8Validator(this.#text);
      return this.#isTextSoFar(bytes, start, end, whole);
    }
    if (validator.push(bytes, start, end) && (!whole || validator.isComplete)) return true;
    return this.#fault(1007, this.#inflating === undefined ? 'text that is not UTF-8' : DAMAGED_TEXT);
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
    if (this.#streaming) {
      this.#type = NONE;
      this.#streaming = false;
      this.#inflating = undefined;
      this.#target.onMessageEnd();
      return;
    }
    if (this.#store !== undefined) return this.#finishStored();
    // A message without a byte was delivered already: this one lies in the chunk.
    const chunk = this.#chunk!;
    this.#chunk = undefined;
    this.#deliver(chunk, this.#start, this.#end, this.#seen, false);
  }

  #finishStored(): void {
    this.endChunk();
    const store = this.#store!;
    this.#store = undefined;
    if (store.isGivenAway) {
      const bytes = store.take();
      this.#deliver(bytes, 0, bytes.length, this.#seen, true);
    } else {
      this.#deliver(store.bytes, 0, store.size, this.#seen, false);
      store.clear();
    }
  }

  /** Bytes that are the message itself become the target's; of others it gets what they come to. */
  #makeStore(): Store {
    return new Store(this.#memory, this.#type !== TEXT && !this.#compressed);
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
    const bytes = this.#inflater!.decompressPart(payload, true, this.#maxMessageSize);
    if (typeof bytes === 'number') {
      this.#inflateFault(bytes);
    } else if (type === TEXT) {
      const text = this.#text.decode(bytes, 0, bytes.length);
      if (text === undefined) this.#fault(1007, 'text that is not UTF-8');
      else this.#target.onText(text);
    } else {
      this.#target.onBinary(this.#copyOf(bytes), true);
    }
  }

  #copyOf(bytes: Uint8Array): Uint8Array {
    const copy = this.#memory.allocate(bytes.length);
    copy.set(bytes);
    return copy;
  }

  #startStream(): void {
    this.#streamWanted = false;
    this.#streaming = true;
    this.#target.onMessageStart(this.#type !== TEXT);
    if (this.#released) return;
    // The message was in progress already: what has come is the first piece.
    this.endChunk();
    const store = this.#store;
    this.#store = undefined;
    if (this.#compressed) this.#startInflating();
    if (store === undefined) return;
    if (this.#inflating === undefined) this.#stream(store.bytes, 0, store.size);
    else this.#advance(this.#inflating.append(store.bytes, 0, store.size, false));
    store.clear();
  }

  #startInflating(): void {
    this.#seen = 0x80; // what will come out is not known to be ASCII
    this.#inflating = new InflatingStream({
      inflater: this.#inflater!,
      memory: this.#memory,
      target: this.#target,
      deliver: (piece, last) => {
        if (this.#type === TEXT && !this.#isTextSoFar(piece, 0, piece.length, last)) return;
        this.#stream(piece, 0, piece.length);
      },
      room: this.#streamRoom,
    });
  }

  /** What the payload of a compressed, streamed message has come to. */
  #advance(result: number): void {
    if (this.#released || result === MORE) return;
    if (result === DONE) this.#finish();
    else this.#inflateFault(result);
  }

  #stream(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.#type !== TEXT) {
      // What was inflated is lent for a shorter time than a sink may have it: until it sends anything.
      if (this.#compressed) this.#target.onMessageChunk(this.#copyOf(bytes), true);
      else this.#target.onMessageChunk(bytes.subarray(start, end), false);
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

  #inflateFault(code: number): void {
    if (code === 1009) this.#fault(1009, 'message too big');
    else this.#fault(1007, this.#isStreamedText ? DAMAGED_TEXT : 'a compressed message that does not inflate');
  }

  get #isStreamedText(): boolean {
    return this.#inflating !== undefined && this.#type === TEXT;
  }

  #fault(code: number, reason: string): false {
    this.release();
    this.#target.onMessageFault(code, reason);
    return false;
  }
}

/**
 * What is wrong with a streamed text that comes compressed: whether it is the DEFLATE or the UTF-8 that is seen first
 * depends on how it was cut.
 */
const DAMAGED_TEXT = 'a compressed text that does not inflate to UTF-8';
