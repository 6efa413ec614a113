import { makeClosePayload } from './closing/close-payload.ts';
import { type BytesLike, toBytes } from './data.ts';
import { InvalidStateError } from './errors.ts';
import { COPY_UP_TO, FrameEncoder, SLAB_TEXT_UP_TO } from './framing/encoder.ts';
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT } from './framing/opcodes.ts';
import type { FrameTrace } from './framing/trace.ts';
import { encodeLatin1, latin1Bytes } from './latin1.ts';
import { Outbox } from './outbox.ts';
import type { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import type { PreparedMessage } from './prepared.ts';
import { isLead } from './text.ts';
import type { Workspace } from './workspace.ts';

const NONE = 0;

/** Messages and control frames on their way out: what is a frame's and what is a message's business when sending. */
export class Sender {
  readonly #workspace: Workspace;
  readonly #outbox: Outbox;
  readonly #encoder: FrameEncoder;
  readonly #mask: boolean;
  /** Where permessage-deflate was agreed on. */
  #deflate: PermessageDeflate | undefined;
  /** The type of the fragmented message in progress, or NONE. */
  #fragmented: number;
  #hasBegun: boolean;
  #compressing: boolean;
  /** A high surrogate that a fragment of text ended with: the next one begins with its other half. */
  #surrogate: string;
  /** The fields that open a stream of HTTP/2, on their way out before all bytes. */
  #fields: readonly string[] | undefined;
  /** The one pong that waits for output to be taken: the latest (RFC 6455 §5.5.3). */
  #pong: Uint8Array | undefined;

  constructor(workspace: Workspace, mask: boolean, trace?: FrameTrace) {
    this.#workspace = workspace;
    this.#outbox = new Outbox(workspace);
    this.#encoder = trace === undefined ? workspace.encoder(mask) : new FrameEncoder(workspace, mask, trace);
    this.#mask = mask;
    this.#deflate = undefined;
    this.#fragmented = NONE;
    this.#hasBegun = false;
    this.#compressing = false;
    this.#surrogate = '';
    this.#fields = undefined;
    this.#pong = undefined;
  }

  /** How many bytes wait to be taken. */
  get size(): number {
    return this.#outbox.size;
  }

  useDeflate(deflate: PermessageDeflate): void {
    this.#deflate = deflate;
  }

  /** A client's request, or a server's refusal: the bytes, or over HTTP/2 the fields and the bytes of a body. */
  raw(bytes: Uint8Array, fields?: readonly string[]): void {
    this.#fields = fields;
    if (bytes.length > 0) this.#outbox.push(bytes);
  }

  /**
   * The answer that accepts a request: a head as text of which each code unit is a byte, or over HTTP/2 fields. It goes
   * through the slab like a frame: memory of its own would be the dearest part of it.
   */
  head(text: string, fields?: readonly string[]): void {
    this.#fields = fields;
    if (text.length === 0) return;
    if (text.length > COPY_UP_TO) return this.#outbox.push(latin1Bytes(text));
    const at = this.#outbox.reserve(text.length);
    encodeLatin1(text, this.#outbox.slab, at);
    this.#outbox.commit(text.length);
  }

  /** The fields that are to go out now, once. */
  takeFields(): readonly string[] | undefined {
    const fields = this.#fields;
    this.#fields = undefined;
    return fields;
  }

  text(text: string, compress: boolean): void {
    if (typeof text !== 'string') throw new TypeError('a text message must be a string');
    this.#checkBetweenMessages();
    if (compress && this.#deflate !== undefined) {
      const bytes = this.#utf8(text);
      if (this.#deflate.shouldCompress(bytes.length)) return this.#deflated(TEXT, bytes, true, true);
    }
    this.#encoder.text(this.#outbox, TEXT, text, true);
  }

  binary(data: BytesLike, compress: boolean): void {
    const bytes = toBytes(data);
    this.#checkBetweenMessages();
    if (compress && this.#deflate?.shouldCompress(bytes.length)) {
      this.#deflated(BINARY, bytes, true, true);
    } else {
      this.#encoder.bytes(this.#outbox, BINARY, bytes, true, false);
    }
  }

  /** A message that was encoded before. A client masks what it sends, and does it over. */
  prepared(message: PreparedMessage, compress: boolean): void {
    this.#checkBetweenMessages();
    const { opcode, payload } = message;
    if (compress && this.#deflate?.shouldCompress(payload.length)) {
      if (this.#mask) return this.#preparedAndMasked(message, this.#deflate);
      this.#encoder.encoded(this.#outbox, message.deflatedFrame(this.#deflate));
      this.#deflate.restart();
    } else if (this.#mask) {
      this.#encoder.bytes(this.#outbox, opcode, payload, true, false);
    } else {
      this.#encoder.encoded(this.#outbox, message.frame);
    }
  }

  /** A client's own context makes less of a message than one that knows only this; but not if that has been done. */
  #preparedAndMasked(message: PreparedMessage, deflate: PermessageDeflate): void {
    const deflated = message.deflatedPayload(deflate);
    if (deflated === undefined) return this.#deflated(message.opcode, message.payload, true, true);
    this.#encoder.bytes(this.#outbox, message.opcode, deflated, true, true);
    deflate.restart();
  }

  /** §5.4. The first fragment's kind is the message's. */
  fragment(data: string | BytesLike, fin: boolean, compress: boolean): void {
    const kind = typeof data === 'string' ? TEXT : BINARY;
    const bytes = typeof data === 'string' ? undefined : toBytes(data);
    const first = this.#fragmented === NONE;
    if (!first && kind !== this.#fragmented) {
      throw new TypeError('the fragments of a message must be all text or all bytes');
    }
    if (first) {
      this.#fragmented = kind;
      this.#hasBegun = false;
      this.#compressing = compress && this.#deflate !== undefined;
    }
    if (bytes !== undefined) this.#fragmentOf(bytes, fin);
    else this.#textFragment(data as string, fin);
    if (fin) this.#fragmented = NONE;
  }

  /** A code point that two fragments share goes whole into the second: halves of it have no UTF-8. */
  #textFragment(text: string, fin: boolean): void {
    let rest = this.#surrogate + text;
    this.#surrogate = '';
    if (!fin && rest.length > 0 && isLead(rest.charCodeAt(rest.length - 1))) {
      this.#surrogate = rest.slice(-1);
      rest = rest.slice(0, -1);
    }
    if (this.#compressing) return this.#fragmentOf(this.#utf8(rest), fin);
    this.#encoder.text(this.#outbox, this.#opcode(), rest, fin);
  }

  #fragmentOf(bytes: Uint8Array, fin: boolean): void {
    const opcode = this.#opcode();
    const first = opcode !== CONTINUATION;
    if (this.#compressing) this.#deflated(opcode, bytes, fin, first);
    else this.#encoder.bytes(this.#outbox, opcode, bytes, fin, false);
  }

  /** A frame of a compressed message. The codec lends the payload: what the encoder would refer to is copied. */
  #deflated(opcode: number, bytes: Uint8Array, fin: boolean, first: boolean): void {
    const lent = this.#deflate!.compress(bytes, fin);
    const payload = lent.length > COPY_UP_TO && !this.#mask ? this.#copyOf(lent) : lent;
    this.#encoder.bytes(this.#outbox, opcode, payload, fin, first);
  }

  /** The opcode of the fragment that is being sent. */
  #opcode(): number {
    if (this.#hasBegun) return CONTINUATION;
    this.#hasBegun = true;
    return this.#fragmented;
  }

  ping(payload: Uint8Array): void {
    this.#encoder.bytes(this.#outbox, PING, payload, true, false);
  }

  pong(payload: Uint8Array): void {
    this.#encoder.bytes(this.#outbox, PONG, payload, true, false);
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
    this.#encoder.bytes(this.#outbox, CLOSE, makeClosePayload(code, reason, this.#workspace.text), true, false);
  }

  /** What there is to write; the chunks are the taker's. */
  take(): readonly Uint8Array[] {
    this.#flushPong();
    return this.#outbox.take();
  }

  /** Drops everything and gives the memory back. */
  release(): void {
    this.#fields = undefined;
    this.#pong = undefined;
    this.#outbox.clear();
  }

  #flushPong(): void {
    const payload = this.#pong;
    if (payload === undefined) return;
    this.#pong = undefined;
    this.pong(payload);
  }

  #checkBetweenMessages(): void {
    if (this.#fragmented !== NONE) throw new InvalidStateError('a fragmented message is being sent');
  }

  /** The text in UTF-8, to be compressed: as a rule in the slab, where it stays until the next frame is encoded. */
  #utf8(text: string): Uint8Array {
    const codec = this.#workspace.text;
    const length = codec.byteLength(text);
    if (length > SLAB_TEXT_UP_TO) {
      const bytes = this.#workspace.allocate(length);
      codec.encode(text, bytes, 0);
      return bytes;
    }
    const at = this.#outbox.reserve(length);
    codec.encode(text, this.#outbox.slab, at);
    return this.#outbox.slab.subarray(at, at + length);
  }

  #copyOf(bytes: Uint8Array): Uint8Array {
    const copy = this.#workspace.allocate(bytes.length);
    copy.set(bytes);
    return copy;
  }
}
