import { FrameEncoder } from './framing/encoder.ts';
import { type Masker, PortableMasker } from './framing/masking.ts';
import type { Sha1 } from './handshake/accept-key.ts';
import { BlockPool } from './memory/block-pool.ts';
import { Copies } from './memory/copies.ts';
import { JoinedFrames, OutboxPool } from './memory/outbox.ts';
import { Slab } from './memory/slab.ts';
import {
  always,
  checkOptions,
  FUNCTION,
  nameOf,
  NUMBER,
  type OptionKind,
  type OptionTable,
  withMethods,
} from './option-check.ts';
import { defaultRandom, KeySource, type RandomSource } from './random.ts';
import { ReceiverPool } from './receiver.ts';
import { portableText, type TextCodec } from './text/text-codec.ts';

/** What the core has of the runtime that it runs on, where that has something better than plain JavaScript. */
export interface Runtime {
  /** Where masking keys and handshake keys come from. Default: the runtime's `crypto.getRandomValues`. */
  readonly random: RandomSource;
  /** UTF-8 to strings and back. Default: plain JavaScript. */
  readonly text: TextCodec;
  /** The XOR of masking. Default: plain JavaScript. */
  readonly masker: Masker;
  /** SHA-1 of an ASCII text, in base64, for Sec-WebSocket-Accept (RFC 6455 §4.2.2). Default: plain JavaScript. */
  readonly sha1?: Sha1 | undefined;
  /** Makes memory of just this many bytes; what is in it does not matter. Default: `new Uint8Array`. */
  readonly allocate: (size: number) => Uint8Array;
}

/** What a `Resources` is made of. */
export interface ResourcesOptions extends Partial<Omit<Runtime, 'masker'>> {
  /** The XOR of masking. Default: plain JavaScript. */
  masker?: Masker | undefined;
  /** The first slab, where its memory matters to the masker. It stays in use for as long as it can be reclaimed. */
  slab?: Uint8Array | undefined;
  /** The size of a slab in bytes. Default 16 KiB. */
  slabSize?: number | undefined;
}

const BYTES: OptionKind = { expected: 'a Uint8Array', fits: (value) => nameOf(value) === 'a Uint8Array' };
const RESOURCES_OPTIONS: OptionTable<ResourcesOptions> = {
  random: FUNCTION,
  text: withMethods('a TextCodec', 'decode', 'decodeAscii', 'isValid', 'byteLength', 'encode'),
  masker: withMethods('a Masker', 'apply', 'copy'),
  sha1: FUNCTION,
  allocate: FUNCTION,
  slab: BYTES,
  slabSize: always(NUMBER),
};

const SLAB_SIZE = 16 * 1024;

/**
 * What the connections of one thread may share, since only one of them runs at a time: the slab that small frames are
 * written to, the masker, the random pool, the text codec. A driver makes one for all its connections, so that an idle
 * connection holds none of it; a connection without one makes its own.
 */
export class Resources implements Runtime {
  /** Fills bytes for masking keys and for Sec-WebSocket-Key. */
  readonly random: RandomSource;
  /** What decodes and encodes UTF-8. */
  readonly text: TextCodec;
  /** What masks and unmasks (RFC 6455 §5.3). */
  readonly masker: Masker;
  /** What answers a Sec-WebSocket-Key, where it is not plain JavaScript. */
  readonly sha1: Sha1 | undefined;
  /** Makes memory of so many bytes. */
  readonly allocate: (size: number) => Uint8Array;
  /** @internal The masking keys. */
  readonly keys: KeySource;
  /** @internal Memory that is used again. */
  readonly blocks: BlockPool;
  /** @internal Where small frames are written. */
  readonly slab: Slab;
  /** @internal Frames that many connections send together. */
  readonly joined: JoinedFrames;
  /** @internal What holds what is to be written, for connections that have something. */
  readonly outboxes: OutboxPool;
  /** @internal What decodes, for connections in the middle of a message. */
  readonly receivers: ReceiverPool;
  /** @internal What servers encode with, and clients. */
  readonly serverEncoder: FrameEncoder;
  /** @internal */
  readonly clientEncoder: FrameEncoder;
  readonly #copies: Copies;

  /** Throws a TypeError for an option that is none, or that is something else than it may be. */
  constructor(given: ResourcesOptions = {}) {
    const options = checkOptions('Resources', RESOURCES_OPTIONS, given);
    this.random = options.random ?? defaultRandom;
    this.text = options.text ?? portableText;
    this.masker = options.masker ?? new PortableMasker();
    this.sha1 = options.sha1;
    this.allocate = options.allocate ?? ((size) => new Uint8Array(size));
    this.keys = new KeySource(this.random);
    this.blocks = new BlockPool(this.allocate);
    this.slab = new Slab(options.slabSize ?? SLAB_SIZE, options.slab);
    this.joined = new JoinedFrames(this.allocate);
    this.outboxes = new OutboxPool(this);
    this.receivers = new ReceiverPool(this);
    this.serverEncoder = new FrameEncoder(this, false);
    this.clientEncoder = new FrameEncoder(this, true);
    this.#copies = new Copies(this.allocate);
  }

  /**
   * A chunk of output was written, and nobody holds it: call it once for each, in any order. Its memory is used again once
   * that is true of all chunks of a slab, that of a long payload at once. What the caller sent by reference stays his.
   */
  reclaim(chunk: Uint8Array): void {
    if (!this.slab.reclaim(chunk)) this.blocks.reclaim(chunk);
  }

  /** A copy of lent bytes, to keep. Small ones share their memory with others, at most 8 KiB of it. */
  own(bytes: Uint8Array): Uint8Array {
    return this.#copies.copyOf(bytes);
  }
}
