import { InvalidStateError } from '../errors.ts';
import type { ExtensionElement, ExtensionNegotiator } from '../handshake/types.ts';
import type { DeflateCodec, Deflater, DeflaterParams, InflateFault, Inflater, InflaterParams } from './codec.ts';
import type { Agreement } from './negotiation.ts';
import type { CompressOptions, ResolvedCompressOptions } from './options.ts';
import { agreedBy, agreeToAnswer, agreeToOffer, EXTENSION_NAME, makeAnswer, makeOffer } from './negotiation.ts';
import { MAX_WINDOW_BITS, resolveCompressOptions } from './options.ts';

/**
 * The window of a compressor that each connection has for itself. Half the memory of one with 15 bits, and two to five
 * times as fast where many of them fall out of the processor's cache, for output a few percent longer
 * (docs/design/adr/0004-deflate-on-node.md). One that connections share, without context takeover, gains nothing by it.
 */
const TAKEOVER_WINDOW_BITS = 13;

/** The length of 00 00 ff ff, which ends every flush and does not go over the wire (RFC 7692 §7.2.1). */
const TAIL_LENGTH = 4;

/**
 * permessage-deflate (RFC 7692) of one connection, in either role: what is offered and agreed on, and the payloads of
 * messages that have RSV1 set. It knows no frame: fragments come as bytes and `fin`.
 *
 * Contexts are made when first used, not when agreed on. `release` frees them, and is to be called on every path on
 * which a connection ends.
 */
export class PermessageDeflate implements ExtensionNegotiator {
  readonly name: string;
  /** Whether both sides have agreed on it. Nothing but the negotiation makes sense before. */
  agreed: boolean;
  private readonly isServer: boolean;
  private readonly options: ResolvedCompressOptions;
  private readonly codec: DeflateCodec;
  /** For what this side sends. Set when agreed. */
  private deflaterParams: DeflaterParams;
  /** For what the peer sends. Set when agreed. */
  private inflaterParams: InflaterParams;
  private deflater: Deflater | undefined;
  private inflater: Inflater | undefined;
  /** Whether anything was compressed since `idle` was last called. */
  private compressedLately: boolean;
  /** Whether the message being received has had any bytes yet. */
  private begun: boolean;
  /** Whether a message was inflated to its end. */
  private hasInflated: boolean;
  /** What the first message that could not be inflated came to. It stays: the context is lost. */
  private fault: InflateFault | undefined;
  /** The codec's own error behind that, where it has one. */
  cause: unknown;
  private released: boolean;
  /** Whether a connection that something else has opened was given it. */
  private adopted: boolean;

  /** Throws a TypeError or RangeError for options that are none. */
  constructor(isServer: boolean, options: CompressOptions, codec: DeflateCodec) {
    this.name = EXTENSION_NAME;
    this.agreed = false;
    this.isServer = isServer;
    this.options = resolveCompressOptions(options, isServer);
    this.codec = codec;
    this.deflaterParams = { windowBits: 0, contextTakeover: false, level: undefined, memLevel: undefined };
    this.inflaterParams = { windowBits: 0, contextTakeover: false };
    this.deflater = undefined;
    this.inflater = undefined;
    this.compressedLately = false;
    this.begun = false;
    this.hasInflated = false;
    this.fault = undefined;
    this.cause = undefined;
    this.released = false;
    this.adopted = false;
  }

  /** Client: what to offer, RFC 7692 §7.1. */
  offer(): string {
    return makeOffer(this.options);
  }

  /** Server: answers the first of the offers that can be accepted, RFC 7692 §5. */
  accept(offers: readonly ExtensionElement[]): string | undefined {
    for (const offer of offers) {
      const agreement = agreeToOffer(offer, this.options);
      if (agreement !== undefined) {
        this.agree(agreement);
        return makeAnswer(agreement, offer);
      }
    }
    return undefined;
  }

  /** Client: checks the answer. Returns what is wrong with it, or undefined. */
  confirm(answer: ExtensionElement): string | undefined {
    const agreement = agreeToAnswer(answer, this.options);
    if (typeof agreement === 'string') return `permessage-deflate: ${agreement}`;
    this.agree(agreement);
    return undefined;
  }

  /** Either role: takes an answer over that something else has given or got. Returns what is wrong with it, or undefined. */
  establish(answer: ExtensionElement): string | undefined {
    const agreement = agreedBy(answer);
    if (typeof agreement === 'string') return `permessage-deflate: ${agreement}`;
    const { isServer, options } = this;
    this.agree({
      ...agreement,
      // What this side holds itself to needs no answer.
      serverNoContextTakeover: agreement.serverNoContextTakeover || (isServer && options.serverNoContextTakeover),
      clientNoContextTakeover: agreement.clientNoContextTakeover || (!isServer && options.clientNoContextTakeover),
    });
    return undefined;
  }

  /** One connection has it from here on: two would spoil each other's contexts, and the other role's has them the wrong way. */
  adopt(isServer: boolean): void {
    if (isServer !== this.isServer) {
      throw new TypeError(`deflate was established for a ${this.isServer ? 'server' : 'client'}`);
    }
    if (this.adopted) throw new InvalidStateError('deflate is the one of another connection: establish one for each');
    this.adopted = true;
  }

  /** Whether a message of this many bytes is worth compressing. Not asked for messages sent in fragments. */
  shouldCompress(byteLength: number): boolean {
    return byteLength >= this.options.threshold;
  }

  /** Whether a message of this many bytes is better compressed with `compressLater`. */
  shouldCompressLater(byteLength: number): boolean {
    if (byteLength < this.options.asyncAbove || this.codec.deflateLater === undefined) return false;
    return this.shouldCompress(byteLength);
  }

  /**
   * The payload of a frame of a compressed message, RFC 7692 §7.2.1. `payload` is the next part of the message, and
   * `fin` says that it is the last; the frames of a message come one after the other, all of them through here. The
   * result is lent, until the codec is called again, for this connection or another.
   */
  compress(payload: Uint8Array, fin: boolean): Uint8Array {
    this.assertUsable();
    const deflated = payload.length === 0 ? emptyPayload(fin) : this.deflate(payload, fin);
    // §7.1.1: without context takeover the next message starts afresh. Reset now, so that a shared context is free.
    if (fin && !this.deflaterParams.contextTakeover) this.deflater?.reset();
    return deflated;
  }

  /**
   * Compresses a whole message off the thread, in a context of its own. `done` is called later, once, with the payload
   * of the one frame to send it in, or with undefined when that failed (`compress` it then). When it is sent, call
   * `restart` at its place among the messages. `message`, at least one byte, must not change until `done`.
   */
  compressLater(message: Uint8Array, done: (payload: Uint8Array | undefined) => void): void {
    this.codec.deflateLater!(message, this.deflaterParams, (deflated) => {
      done(deflated?.subarray(0, deflated.length - TAIL_LENGTH));
    });
  }

  /**
   * A message is sent that was compressed elsewhere, in a context of its own: the peer's window moves on without our
   * deflater's knowing, so the next message refers to nothing before it.
   */
  restart(): void {
    this.deflater?.reset();
  }

  /**
   * The payload of a whole message for the one frame to send it in, compressed in a context of its own: it suits every
   * connection with the same `params`, each of which calls `restart` at its place among the messages. Lent likewise.
   */
  compressAlone(message: Uint8Array): Uint8Array {
    if (message.length === 0) return emptyPayload(true);
    const deflater = this.codec.createDeflater({ ...this.deflaterParams, contextTakeover: false });
    try {
      const deflated = deflater.deflate(message);
      return deflated.subarray(0, deflated.length - TAIL_LENGTH);
    } finally {
      deflater.release();
    }
  }

  /** What `compressLater` and any other compressor must keep to, for `restart`: the window agreed on, and our level. */
  get params(): DeflaterParams {
    return this.deflaterParams;
  }

  /**
   * The payload of a whole message with RSV1 set, its fragments joined (RFC 7692 §7.2.2). Returns the message, at most
   * `maxLength` bytes, lent until the codec is called again, for this connection or another; or the code to fail the
   * connection with: 1007 when it cannot be inflated, 1009 when it is longer. After a failure the context is freed, and
   * the answer stays the same.
   */
  decompress(message: Uint8Array, maxLength: number): Uint8Array | InflateFault {
    return this.decompressPart(message, true, maxLength);
  }

  /**
   * The same for a message as it comes, in parts cut anywhere; `fin` says that this is the last of the message. Returns
   * what has come out of this part, and `maxLength` is what may come out of it. Nothing of a part is held but in the
   * inflater.
   */
  decompressPart(part: Uint8Array, fin: boolean, maxLength: number): Uint8Array | InflateFault {
    if (this.fault !== undefined) return this.fault;
    // A message without a single byte is not what §7.2.3.6 has peers send, but it can only mean one thing.
    if (part.length === 0 && !(fin && this.begun)) return new Uint8Array(0);
    this.assertUsable();
    this.inflater ??= this.codec.createInflater(this.inflaterParams);
    const inflated = this.inflater.inflate(part, fin, maxLength);
    if (typeof inflated === 'number') {
      this.fault = inflated;
      this.cause = this.inflater.error;
      this.inflater.release();
      this.inflater = undefined;
      return inflated;
    }
    this.begun = !fin;
    if (fin) this.hasInflated = true;
    if (fin && !this.inflaterParams.contextTakeover) this.inflater.reset();
    return inflated;
  }

  /**
   * Whether a message that does not inflate may be one that refers to those before it, which the peer has agreed not to do
   * (RFC 7692 §7.1.1): the first inflates all the same, and the second is the one that fails.
   */
  get mayLackContext(): boolean {
    return this.hasInflated && !this.inflaterParams.contextTakeover;
  }

  /**
   * Nothing has come for a while: gives up what the next message can do without. Of what we inflate nothing but the
   * window itself is kept; our compressor, if nothing was compressed either since the last call, starts afresh.
   */
  idle(): void {
    if (!this.compressedLately) this.deflater?.reset();
    this.compressedLately = false;
    this.inflater?.idle?.();
  }

  /** Frees both contexts. Safe to repeat; nothing may be compressed or decompressed after it. */
  release(): void {
    this.released = true;
    this.deflater?.release();
    this.deflater = undefined;
    this.inflater?.release();
    this.inflater = undefined;
  }

  private agree(agreement: Agreement): void {
    const { isServer } = this;
    this.agreed = true;
    const contextTakeover = !(isServer ? agreement.serverNoContextTakeover : agreement.clientNoContextTakeover);
    this.deflaterParams = {
      // A smaller window than the one agreed on is always right: it only means that we refer to less.
      windowBits: Math.min(
        isServer ? agreement.serverMaxWindowBits : agreement.clientMaxWindowBits,
        this.options.windowBits ?? (contextTakeover ? TAKEOVER_WINDOW_BITS : MAX_WINDOW_BITS),
      ),
      level: this.options.level,
      memLevel: this.options.memLevel,
      contextTakeover,
    };
    this.inflaterParams = {
      windowBits: isServer ? agreement.clientMaxWindowBits : agreement.serverMaxWindowBits,
      contextTakeover: !(isServer ? agreement.clientNoContextTakeover : agreement.serverNoContextTakeover),
    };
  }

  private deflate(payload: Uint8Array, fin: boolean): Uint8Array {
    this.deflater ??= this.codec.createDeflater(this.deflaterParams);
    this.compressedLately = true;
    const deflated = this.deflater.deflate(payload);
    return fin ? deflated.subarray(0, deflated.length - TAIL_LENGTH) : deflated;
  }

  /** A context made before the negotiation would be a wrong one, and one made after the release never be freed. */
  private assertUsable(): void {
    if (!this.agreed || this.released) throw new Error('permessage-deflate is used outside of its connection');
  }
}

/**
 * An empty fragment needs no byte. At the end of a message one does, wherever the stream stands: every flush leaves it
 * on a byte boundary, and this is the header of the empty stored block whose length is in the tail (§7.2.3.6).
 */
function emptyPayload(fin: boolean): Uint8Array {
  return new Uint8Array(fin ? 1 : 0);
}
