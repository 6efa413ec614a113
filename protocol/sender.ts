import { makeClosePayload } from './closing/close-payload.ts';
import { type BytesLike, checkFin, readableLength, toBytes } from './data.ts';
import { InvalidStateError } from './errors.ts';
import { COPY_UP_TO, FrameEncoder, SLAB_TEXT_UP_TO } from './framing/encoder.ts';
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, MAX_CONTROL_PAYLOAD } from './framing/opcodes.ts';
import type { FrameTrace } from './framing/trace.ts';
import type { Limits } from './limits.ts';
import { encodeLatin1, latin1Bytes } from './text/latin1.ts';
import { copyInto } from './memory/copies.ts';
import type { Outbox } from './memory/outbox.ts';
import type { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import { type Encodings, PreparedMessage } from './prepared.ts';
import { ASCII_SLACK, isLead } from './text/text-codec.ts';
import type { Resources } from './resources.ts';

const NOTHING: readonly Uint8Array[] = Object.freeze([]);

/** A message that is being sent in fragments. */
interface Fragmented {
  /** TEXT or BINARY. */
  readonly kind: number;
  readonly isCompressed: boolean;
  hasBegun: boolean;
  /** A high surrogate that a fragment of text ended with: the next one begins with its other half. */
  surrogate: string;
}

/** Messages and control frames on their way out: what is a frame's and what is a message's business when sending. */
export class Sender {
  readonly #resources: Resources;
  /** What waits to be taken; undefined while that is nothing. */
  #outbox: Outbox | undefined;
  readonly #encoder: FrameEncoder;
  readonly #limits: Limits;
  /** Where permessage-deflate was agreed on. */
  #deflate: PermessageDeflate | undefined;
  /** The fragmented message in progress. */
  #fragmented: Fragmented | undefined;
  /** The fields that open a stream of HTTP/2, on their way out before all bytes. */
  #fields: readonly string[] | undefined;
  /** The one pong that waits for output to be taken: the latest (RFC 6455 §5.5.3). */
  #pong: Uint8Array | undefined;

  /** `trace` is told of each frame in the middle of writing it: it may only note it (`TracedSender`). */
  constructor(resources: Resources, mask: boolean, limits: Limits, trace?: FrameTrace) {
    this.#resources = resources;
    this.#outbox = undefined;
    this.#encoder = encoderOf(resources, mask, trace);
    this.#limits = limits;
    this.#deflate = undefined;
    this.#fragmented = undefined;
    this.#fields = undefined;
    this.#pong = undefined;
  }

  /** How many bytes wait to be taken. */
  get size(): number {
    return this.#outbox === undefined ? 0 : this.#outbox.size;
  }

  #out(): Outbox {
    return (this.#outbox ??= this.#resources.outboxes.lend());
  }

  useDeflate(deflate: PermessageDeflate | undefined): void {
    this.#deflate = deflate;
  }

  /** A client's request, or a server's refusal: the bytes, or over HTTP/2 the fields and the bytes of a body. */
  raw(bytes: Uint8Array, fields?: readonly string[]): void {
    this.#fields = fields;
    if (bytes.length > 0) this.#out().push(bytes);
  }

  /**
   * The answer that accepts a request: a head as text of which each code unit is a byte, or over HTTP/2 fields. It goes
   * through the slab like a frame: memory of its own would be the dearest part of it.
   */
  head(text: string, fields?: readonly string[]): void {
    this.#fields = fields;
    if (text.length === 0) return;
    if (text.length > COPY_UP_TO) return this.#out().push(latin1Bytes(text));
    const out = this.#out();
    const at = out.reserve(text.length + ASCII_SLACK);
    // Hardly ever is anything in it not ASCII, which runtimes have a way for.
    if (this.#resources.text.encodeAscii?.(text, out.slab, at) !== true) encodeLatin1(text, out.slab, at);
    out.commit(text.length);
  }

  /** The fields that are to go out now, once. */
  takeFields(): readonly string[] | undefined {
    const fields = this.#fields;
    this.#fields = undefined;
    return fields;
  }

  text(text: string | BytesLike, compress: boolean): void {
    if (typeof text !== 'string') return this.#message(TEXT, this.#checkedText(text), compress);
    this.#checkBetweenMessages();
    if (compress && this.#deflate !== undefined) {
      const bytes = this.#utf8(text);
      if (this.#deflate.shouldCompress(bytes.length)) return this.#deflated(TEXT, bytes, true, true);
    }
    this.#textFrames(TEXT, text, true);
  }

  binary(data: BytesLike, compress: boolean): void {
    const few = readableLength(data, COPY_UP_TO);
    if (few > 0 && few <= this.#limits.maxFrameSize && !(compress && this.#deflate?.shouldCompress(few))) {
      this.#checkBetweenMessages();
      return this.#encoder.bytes(this.#out(), BINARY, data as Uint8Array, true, false, few);
    }
    this.#message(BINARY, toBytes(data), compress);
  }

  #message(opcode: number, bytes: Uint8Array, compress: boolean): void {
    this.#checkBetweenMessages();
    if (compress && this.#deflate?.shouldCompress(bytes.length)) {
      this.#deflated(opcode, bytes, true, true);
    } else {
      this.#frames(opcode, bytes, true, false);
    }
  }

  /** Bytes that are to go out as TEXT: what is no UTF-8 may not (RFC 6455 §5.6). */
  #checkedText(data: BytesLike): Uint8Array {
    const bytes = toBytes(data);
    if (!this.#resources.text.isValid(bytes, 0, bytes.length)) throw new TypeError('the text is not UTF-8');
    return bytes;
  }

  /** A message that was encoded before. A client masks what it sends, and does it over. */
  prepared(message: PreparedMessage, compress: boolean): void {
    const encodings = PreparedMessage.encodingsOf(message);
    this.#checkBetweenMessages();
    const { opcode, payload } = encodings;
    if (compress && this.#deflate?.shouldCompress(payload.length)) {
      if (this.#encoder.isMasking || this.#limits.maxFrameSize !== Infinity)
        return this.#preparedOver(encodings, this.#deflate);
      this.#encoder.encoded(this.#out(), encodings.deflatedFrame(this.#deflate));
      this.#deflate.restart();
    } else if (this.#encoder.isMasking || payload.length > this.#limits.maxFrameSize) {
      this.#frames(opcode, payload, true, false);
    } else {
      this.#encoder.encoded(this.#out(), encodings.frame);
    }
  }

  /**
   * In frames that are made over. A context of its own makes less of a message than one that knows only this; but not if
   * that has been done.
   */
  #preparedOver(encodings: Encodings, deflate: PermessageDeflate): void {
    const deflated = encodings.deflatedPayload(deflate);
    if (deflated === undefined) return this.#deflated(encodings.opcode, encodings.payload, true, true);
    this.#frames(encodings.opcode, deflated, true, true);
    deflate.restart();
  }

  /** §5.4. The first fragment's kind is the message's; bytes are text `asText`, and are not checked to be. */
  fragment(data: string | BytesLike, fin: boolean, compress: boolean, asText: boolean): void {
    checkFin(fin);
    const kind = asText || typeof data === 'string' ? TEXT : BINARY;
    const bytes = typeof data === 'string' ? undefined : toBytes(data);
    if (this.#fragmented !== undefined && kind !== this.#fragmented.kind) {
      throw new TypeError('the fragments of a message must be all text or all bytes');
    }
    const isCompressed = compress && this.#deflate !== undefined;
    const message = this.#fragmented ?? { kind, hasBegun: false, isCompressed, surrogate: '' };
    if (bytes !== undefined) this.#fragmentOf(message, bytes, fin);
    else this.#textFragment(message, data as string, fin);
    message.hasBegun = true;
    this.#fragmented = fin ? undefined : message;
  }

  /** A code point that two fragments share goes whole into the second: halves of it have no UTF-8. */
  #textFragment(message: Fragmented, text: string, fin: boolean): void {
    let rest = message.surrogate + text;
    let surrogate = '';
    if (!fin && isLead(rest.charCodeAt(rest.length - 1))) {
      surrogate = rest.slice(-1);
      rest = rest.slice(0, -1);
    }
    if (message.isCompressed) this.#fragmentOf(message, this.#utf8(rest), fin);
    else this.#textFrames(nextOpcode(message), rest, fin);
    message.surrogate = surrogate;
  }

  #fragmentOf(message: Fragmented, bytes: Uint8Array, fin: boolean): void {
    const opcode = nextOpcode(message);
    if (message.isCompressed) this.#deflated(opcode, bytes, fin, !message.hasBegun);
    else this.#frames(opcode, bytes, fin, false);
  }

  #textFrames(opcode: number, text: string, fin: boolean): void {
    // A code unit comes to three bytes at most.
    if (3 * text.length <= this.#limits.maxFrameSize) return this.#encoder.text(this.#out(), opcode, text, fin);
    const bytes = this.#resources.allocate(this.#resources.text.byteLength(text));
    this.#resources.text.encode(text, bytes, 0);
    this.#frames(opcode, bytes, fin, false);
  }

  /** One frame, or as many as it takes: a text may be cut within a code point (§5.4). */
  #frames(opcode: number, bytes: Uint8Array, fin: boolean, rsv1: boolean): void {
    const { maxFrameSize } = this.#limits;
    if (bytes.length <= maxFrameSize) return this.#encoder.bytes(this.#out(), opcode, bytes, fin, rsv1);
    // Payloads are cut into whole bytes.
    this.#encoder.frames(this.#out(), opcode, bytes, fin, rsv1, Math.max(1, Math.floor(maxFrameSize)));
  }

  /** A frame of a compressed message. The codec lends the payload: what the encoder would refer to is copied. */
  #deflated(opcode: number, bytes: Uint8Array, fin: boolean, first: boolean): void {
    const deflate = this.#deflate!;
    try {
      const lent = deflate.compress(bytes, fin);
      const payload =
        lent.length > COPY_UP_TO && !this.#encoder.isMasking ? copyInto(this.#resources.allocate, lent) : lent;
      this.#frames(opcode, payload, fin, first);
    } catch (error) {
      // For want of memory: what does not go out is nothing that the next message may refer to.
      deflate.restart();
      throw error;
    }
  }

  ping(payload: Uint8Array): void {
    this.#encoder.bytes(this.#out(), PING, payload, true, false);
  }

  pong(payload: Uint8Array): void {
    this.#encoder.bytes(this.#out(), PONG, payload, true, false);
  }

  /**
   * Answers a ping. When output from earlier still waits, the peer does not read what it gets: then only the latest
   * pong waits with it. The payload is copied.
   */
  answer(payload: Uint8Array, isBacklogged: boolean): void {
    if (isBacklogged) this.#pong = payload.slice();
    else this.pong(payload);
  }

  /** §5.5.1: the last frame. */
  close(code: number, reason: string): void {
    this.#flushPong();
    this.#encoder.bytes(this.#out(), CLOSE, makeClosePayload(code, reason, this.#resources.text), true, false);
  }

  /** What there is to write; the chunks are the taker's. */
  take(): readonly Uint8Array[] {
    this.#flushPong();
    const outbox = this.#outbox;
    if (outbox === undefined) return NOTHING;
    const chunks = outbox.take();
    this.#giveBack(outbox);
    return chunks;
  }

  /** Drops everything and gives the memory back. */
  release(): void {
    this.#fields = undefined;
    this.#pong = undefined;
    const outbox = this.#outbox;
    if (outbox === undefined) return;
    outbox.clear();
    this.#giveBack(outbox);
  }

  /** It is empty. */
  #giveBack(outbox: Outbox): void {
    this.#outbox = undefined;
    this.#resources.outboxes.giveBack(outbox);
  }

  #flushPong(): void {
    const payload = this.#pong;
    if (payload === undefined) return;
    this.#pong = undefined;
    this.pong(payload);
  }

  #checkBetweenMessages(): void {
    if (this.#fragmented !== undefined) throw new InvalidStateError('a fragmented message is being sent');
  }

  /** The text in UTF-8, to be compressed: as a rule in the slab, where it stays until the next frame is encoded. */
  #utf8(text: string): Uint8Array {
    const codec = this.#resources.text;
    const length = codec.byteLength(text);
    if (length > SLAB_TEXT_UP_TO) {
      const bytes = this.#resources.allocate(length);
      codec.encode(text, bytes, 0);
      return bytes;
    }
    const out = this.#out();
    const at = out.reserve(length);
    codec.encode(text, out.slab, at);
    return out.slab.subarray(at, at + length);
  }
}

/** The opcode of the fragment that is being sent. */
function nextOpcode(message: Fragmented): number {
  return message.hasBegun ? CONTINUATION : message.kind;
}

/** What a control frame may carry. Throws a TypeError for what is no bytes, and a RangeError for more than 125 (§5.5). */
export function controlPayload(data: BytesLike): Uint8Array {
  const bytes = toBytes(data, false);
  if (bytes.length > MAX_CONTROL_PAYLOAD) throw new RangeError('a control frame has at most 125 bytes');
  return bytes;
}

/** One encoder serves all connections of a role, but for those that are traced. */
function encoderOf(resources: Resources, mask: boolean, trace: FrameTrace | undefined): FrameEncoder {
  if (trace !== undefined) return new FrameEncoder(resources, mask, trace);
  return mask ? resources.clientEncoder : resources.serverEncoder;
}
