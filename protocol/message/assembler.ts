import type { FaultKind } from '../errors.ts';
import { DAMAGED, DAMAGED_TEXT, NESTED, NOT_UTF8, OUT_OF_CONTEXT, STRAY } from './faults.ts';
import type { MemorySource } from '../memory/block-pool.ts';
import type { TextCodec } from '../text/text-codec.ts';
import { DONE, InflatingStream, MORE, mostCompressed } from './inflating-stream.ts';
import { copyInto } from '../memory/copies.ts';
import { MessageBuffer } from './message-buffer.ts';
import { type AssemblerOptions, type FaultTarget, FRAME_COST, INFLATE_COST } from './targets.ts';
import type { MessageInflater, MessageOwner, MessageSink } from './targets.ts';
import { TextPieces } from './text-pieces.ts';
import { Utf8Validator } from '../text/utf8-validator.ts';

/** Message types, which are the opcodes of their first frames (RFC 6455 §5.6). */
const NONE = 0;
const TEXT = 1;

const NOBODY = {} as MessageSink & MessageOwner;

/**
 * Fragments into messages, RFC 6455 §5.4, with their limits and with UTF-8 that fails at the first bad byte (§8.1).
 *
 * A message that lies whole in the chunk is delivered from where it lies; its fragments are moved together in place.
 * Only what the end of a chunk cuts is copied (`endChunk`), so that memory follows the bytes that came, never their
 * number nor an announced length.
 */
export class MessageAssembler {
  readonly #faults: FaultTarget;
  #sink: MessageSink;
  #owner: MessageOwner;
  readonly #text: TextCodec;
  readonly #memory: MemorySource;
  #maxMessageSize: number;
  /** The largest message that may come in one frame. */
  #largest: number;
  #maxFragments: number;
  #inflater: MessageInflater | undefined;
  /** Whether TEXT goes out as bytes. */
  #textAsBytes: boolean;
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
  #store: MessageBuffer | undefined;
  #streamWanted: boolean;
  #streaming: boolean;
  #pieces: TextPieces | undefined;
  /** The streamed message's payload on its way here, when it is compressed. */
  #inflating: InflatingStream | undefined;
  /** The most that a compressed message may come to when it is streamed. */
  #streamRoom: number;
  /** Whether it is over: a target that ends the connection in one of its methods is told nothing more. */
  #released: boolean;

  constructor(faults: FaultTarget, text: TextCodec, memory: MemorySource) {
    this.#faults = faults;
    this.#sink = NOBODY;
    this.#owner = NOBODY;
    this.#largest = 0;
    this.#text = text;
    this.#memory = memory;
    this.#maxMessageSize = 0;
    this.#maxFragments = 0;
    this.#inflater = undefined;
    this.#textAsBytes = false;
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
    this.#pieces = undefined;
    this.#inflating = undefined;
    this.#streamRoom = Infinity;
    this.#released = false;
  }

  /** Begins anew, with the messages of another connection. `textAsBytes` says whether TEXT goes out as bytes. */
  reset({ owner, sink, limits, inflater, textAsBytes }: AssemblerOptions): void {
    this.#owner = owner;
    this.#sink = sink;
    this.#largest = limits.maxFragments < 1 ? -1 : limits.maxMessageSize;
    this.#maxMessageSize = limits.maxMessageSize;
    this.#maxFragments = limits.maxFragments;
    this.#inflater = inflater;
    this.#textAsBytes = textAsBytes;
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

  /** Whether a message has all come, and its owner has paused before the end of it. */
  get isBehind(): boolean {
    return this.#inflating?.isWhole === true;
  }

  /** Forgets whom it worked for, so as to keep nothing of it alive. */
  forget(): void {
    this.#owner = NOBODY;
    this.#sink = NOBODY;
    this.#inflater = undefined;
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

  /**
   * A message of so many bytes begins that is one whole frame and not compressed. Returns whether `takeMessage` may follow: no
   * other is under way, and this one is wanted, and wanted whole.
   */
  beginMessage(length: number): boolean {
    if (!this.isIdle || this.#released || length > this.#largest || this.#owner.isPaused) return false;
    this.#owner.spend(FRAME_COST);
    return true;
  }

  /** A whole message that lies in lent bytes, not compressed. */
  takeMessage(type: number, bytes: Uint8Array, start: number, end: number, seen: number): void {
    if (type !== TEXT) return this.#sink.onBinary(bytes.subarray(start, end), false);
    const ascii = (seen & 0x80) === 0;
    if (this.#textAsBytes) return this.#deliverTextBytes(bytes, start, end, ascii, false);
    const text = ascii ? this.#text.decodeAscii(bytes, start, end) : this.#text.decode(bytes, start, end);
    if (text === undefined) this.#fault(1007, NOT_UTF8, 'utf8');
    else this.#sink.onText(text);
  }

  /**
   * A data frame begins. Returns false when it may not: it is a fault, which has been told, or is not wanted for now. A pause
   * is heeded between messages, and within one that is streamed, has come whole and is not delivered.
   */
  begin(opcode: number, fin: boolean, compressed: boolean, length: number): boolean {
    this.proceed();
    if (this.#owner.isPaused && (!this.midMessage || this.isBehind)) return false;
    if (this.#released) return false; // in `proceed`, just now
    if (opcode === NONE) {
      if (this.#type === NONE) return this.#fault(1002, STRAY, 'opcode', opcode);
    } else {
      if (this.#type !== NONE) return this.#fault(1002, NESTED, 'opcode', opcode);
      this.#type = opcode;
      this.#compressed = compressed;
      this.#fragments = 0;
      this.#announced = 0;
      this.#seen = 0;
    }
    this.#owner.spend(FRAME_COST);
    this.#fin = fin;
    this.#announced += length;
    if (++this.#fragments > this.#maxFragments) return this.#fault(1008, 'too many fragments', 'fragments');
    if (this.#announced > this.#limit()) return this.#fault(1009, 'message too big', 'message-size', this.#announced);
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
    this.#pieces = undefined;
    this.#validator = undefined;
    this.#streaming = false;
    this.#inflating?.stop();
    this.#inflating = undefined;
  }

  #limit(): number {
    if (this.#streaming || this.#streamWanted) return Infinity;
    return this.#compressed ? mostCompressed(this.#maxMessageSize) : this.#maxMessageSize;
  }

  #isTextSoFar(bytes: Uint8Array, start: number, end: number, whole: boolean): boolean {
    const validator = this.#validator;
    if (validator === undefined) {
      if ((this.#seen & 0x80) === 0) return true;
      this.#validator = new Utf8Validator(this.#text);
      return this.#isTextSoFar(bytes, start, end, whole);
    }
    if (validator.push(bytes, start, end) && (!whole || validator.isComplete)) return true;
    if (this.#inflating === undefined) return this.#fault(1007, NOT_UTF8, 'utf8');
    return this.#damaged(DAMAGED_TEXT, 'utf8');
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
      this.#sink.onMessageEnd();
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
  #makeStore(): MessageBuffer {
    return new MessageBuffer(this.#memory, (this.#type !== TEXT || this.#textAsBytes) && !this.#compressed);
  }

  /** A whole message. What it leaves is the state between messages, whatever the target does or throws. */
  #deliver(bytes: Uint8Array, start: number, end: number, seen: number, owned: boolean): void {
    const type = this.#type;
    this.#type = NONE;
    if (this.#compressed) this.#deliverInflated(type, bytes.subarray(start, end));
    else if (!owned) this.takeMessage(type, bytes, start, end, seen);
    else if (type === TEXT)
      this.#sink.onTextBytes(bytes, true); // found to be UTF-8 as it came
    else this.#sink.onBinary(bytes, true);
  }

  #deliverTextBytes(bytes: Uint8Array, start: number, end: number, isValid: boolean, owned: boolean): void {
    if (!isValid && !this.#text.isValid(bytes, start, end)) this.#fault(1007, NOT_UTF8, 'utf8');
    else this.#sink.onTextBytes(owned ? bytes : bytes.subarray(start, end), owned);
  }

  #deliverInflated(type: number, payload: Uint8Array): void {
    const bytes = this.#inflater!.decompressPart(payload, true, this.#maxMessageSize);
    if (typeof bytes === 'number') return this.#inflateFault(bytes);
    this.#owner.spend(INFLATE_COST + bytes.length);
    if (type === TEXT) {
      // What was inflated is lent for a shorter time than a sink may have it.
      if (this.#textAsBytes)
        return this.#deliverTextBytes(copyInto(this.#memory.allocate, bytes), 0, bytes.length, false, true);
      const text = this.#text.decode(bytes, 0, bytes.length);
      if (text === undefined) this.#fault(1007, NOT_UTF8, 'utf8');
      else this.#sink.onText(text);
    } else {
      this.#sink.onBinary(copyInto(this.#memory.allocate, bytes), true);
    }
  }

  #startStream(): void {
    this.#streamWanted = false;
    this.#streaming = true;
    this.#sink.onMessageStart(this.#type !== TEXT);
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
      owner: this.#owner,
      deliver: (piece, last) => {
        if (this.#type !== TEXT || this.#isTextSoFar(piece, 0, piece.length, last))
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
    if (this.#type !== TEXT || this.#textAsBytes) {
      // What was inflated is lent for a shorter time than a sink may have it: until it sends anything.
      if (this.#compressed) this.#sink.onMessageChunk(copyInto(this.#memory.allocate, bytes), true);
      else this.#sink.onMessageChunk(bytes.subarray(start, end), false);
      return;
    }
    const piece = (this.#pieces ??= new TextPieces(this.#text)).next(bytes, start, end);
    if (piece !== '') this.#sink.onMessageChunk(piece, true);
  }

  #inflateFault(code: number): void {
    if (code === 1009) this.#fault(1009, 'message too big', 'message-size');
    else this.#damaged(this.#type === TEXT ? DAMAGED_TEXT : DAMAGED, 'inflate'); // one that comes whole is over by now
  }

  #damaged(what: string, kind: FaultKind): false {
    const { mayLackContext, cause } = this.#inflater!;
    return this.#fault(1007, mayLackContext ? what + OUT_OF_CONTEXT : what, kind, undefined, cause);
  }

  #fault(code: number, reason: string, kind: FaultKind, found?: number, cause?: unknown): false {
    this.release();
    this.#faults.onMessageFault(code, reason, kind, found, cause);
    return false;
  }
}
