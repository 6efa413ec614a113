import { Blocks } from './blocks.ts';
import { FrameEncoder } from './framing/encoder.ts';
import { type Masker, PortableMasker } from './framing/masking.ts';
import type { Outbox } from './outbox.ts';
import { Receiver, type Receiving } from './receiver.ts';
import { defaultRandom, KeySource, type RandomSource } from './random.ts';
import { portableText, type TextCodec } from './text.ts';

export interface WorkspaceOptions {
  /** Where masking keys and handshake keys come from. Default: the runtime's `crypto.getRandomValues`. */
  random?: RandomSource;
  /** UTF-8 to strings and back. Default: plain JavaScript. */
  text?: TextCodec;
  /** The XOR of masking. Default: plain JavaScript. */
  masker?: Masker | undefined;
  /** Makes memory of just this many bytes; what is in it does not matter. Default: `new Uint8Array`. */
  allocate?: (size: number) => Uint8Array;
  /** The first slab, where its memory matters to the masker. It stays in use for as long as it can be reclaimed. */
  slab?: Uint8Array | undefined;
  /** The size of a slab in bytes. Default 16 KiB. */
  slabSize?: number;
}

const SLAB_SIZE = 16 * 1024;

/** Copies of up to this many bytes share a block; each keeps a whole block alive. */
const POOLED_UP_TO = 2 * 1024;
const BLOCK_SIZE = 8 * 1024;

/** The most receivers that are kept for the next connection. */
const MOST_RECEIVERS = 16;

/**
 * What the connections of one thread may share, since only one of them runs at a time: the slab that small frames are
 * written to, the masker, the random pool, the text codec. A driver makes one for all its connections, so that an idle
 * connection holds none of it; a connection without one makes its own.
 */
export class Workspace {
  readonly random: RandomSource;
  /** @internal The masking keys. */
  readonly keys: KeySource;
  readonly text: TextCodec;
  readonly masker: Masker;
  readonly allocate: (size: number) => Uint8Array;
  /** @internal Memory that is used again. */
  readonly blocks: Blocks;
  readonly #slabSize: number;
  #slab: Uint8Array;
  /** The slab that was given, which is come back to when everything in it was reclaimed. */
  readonly #home: Uint8Array;
  /** The buffers of both: asking a view for its buffer is a slow call. */
  readonly #homeBuffer: ArrayBufferLike;
  #slabBuffer: ArrayBufferLike;
  /** Where the slab's free part begins. */
  #used: number;
  /** How many chunks of the slab, and of the home slab when it is another, were handed out and not reclaimed. */
  #lent: number;
  #lentAtHome: number;
  /** The outbox whose bytes end at `#used` and may go on there. */
  #writer: Outbox | undefined;
  /** The block that small copies are put in. */
  #block: Uint8Array;
  #blockUsed: number;
  /** The prepared frames that were joined last, and what they came to. */
  #parts: readonly Uint8Array[];
  #joined: Uint8Array;
  /** A server's and a client's. */
  readonly #encoders: readonly [FrameEncoder, FrameEncoder];
  /** Those that nobody uses. */
  readonly #receivers: Receiver[];

  constructor(options: WorkspaceOptions = {}) {
    this.random = options.random ?? defaultRandom;
    this.keys = new KeySource(this.random);
    this.text = options.text ?? portableText;
    this.masker = options.masker ?? new PortableMasker();
    this.allocate = options.allocate ?? ((size) => new Uint8Array(size));
    this.blocks = new Blocks(this.allocate);
    this.#slabSize = options.slabSize ?? SLAB_SIZE;
    this.#home = options.slab ?? NOTHING;
    this.#slab = this.#home;
    this.#homeBuffer = this.#home.buffer;
    this.#slabBuffer = this.#homeBuffer;
    this.#used = 0;
    this.#lent = 0;
    this.#lentAtHome = 0;
    this.#writer = undefined;
    this.#block = NOTHING;
    this.#blockUsed = 0;
    this.#parts = [];
    this.#joined = NOTHING;
    this.#encoders = [new FrameEncoder(this, false), new FrameEncoder(this, true)];
    this.#receivers = [];
  }

  /** The slab that is written to now. Bytes of it that were handed out are never written again, unless reclaimed. */
  get slab(): Uint8Array {
    return this.#slab;
  }

  /**
   * @internal Makes room for `length` bytes in the slab, for this outbox alone until another asks. Returns where it is.
   * Whoever wrote before, this outbox included when a new slab is begun, is told to `seal` what it has.
   */
  reserve(length: number, writer: Outbox): number {
    if (this.#used + length > this.#slab.length) {
      writer.seal();
      this.#writer?.seal();
      this.#turnOver(length);
    }
    if (this.#writer !== writer) {
      this.#writer?.seal();
      this.#writer = writer;
    }
    return this.#used;
  }

  /** The reserved room is taken up to `end`. */
  commit(end: number): void {
    this.#used = end;
  }

  /** A chunk of the slab was handed out. */
  lend(): void {
    this.#lent++;
  }

  /** @internal The writer has sealed what it had. */
  leave(writer: Outbox): void {
    if (this.#writer === writer) this.#writer = undefined;
  }

  /**
   * A chunk of output was written, and nobody holds it: call it once for each, in any order. The slab is used again once
   * that is true of all its chunks, the memory of a long payload at once. What the caller sent by reference stays his.
   */
  reclaim(chunk: Uint8Array): void {
    const { buffer } = chunk;
    if (buffer === this.#slabBuffer && isWithin(chunk, this.#slab)) {
      if (--this.#lent === 0 && this.#writer === undefined) this.#used = 0;
    } else if (buffer === this.#homeBuffer && isWithin(chunk, this.#home)) {
      this.#lentAtHome--;
    } else {
      this.blocks.reclaim(chunk);
    }
  }

  /**
   * @internal Prepared frames as one chunk, of `size` bytes. A broadcast leaves the same ones with every connection: they are
   * joined once.
   */
  joinPrepared(frames: readonly Uint8Array[], size: number): Uint8Array {
    const parts = this.#parts;
    if (frames.length === parts.length && frames.every((frame, i) => frame === parts[i])) return this.#joined;
    const joined = this.allocate(size);
    let at = 0;
    for (const frame of frames) {
      joined.set(frame, at);
      at += frame.length;
    }
    this.#parts = frames;
    this.#joined = joined;
    return joined;
  }

  /** @internal What all connections of a role encode with. */
  encoder(mask: boolean): FrameEncoder {
    return this.#encoders[mask ? 1 : 0];
  }

  /** @internal A receiver for a connection that has something to decode. */
  lendReceiver(side: Receiving): Receiver {
    const receiver = this.#receivers.pop() ?? new Receiver(this);
    receiver.begin(side);
    return receiver;
  }

  /** @internal It is idle, and its connection has let go of it. */
  returnReceiver(receiver: Receiver): void {
    receiver.end();
    if (this.#receivers.length < MOST_RECEIVERS) this.#receivers.push(receiver);
  }

  /** The slab is full: back to the home slab when that is free, or on to a new one. */
  #turnOver(length: number): void {
    const isHome = this.#slab === this.#home;
    if (isHome) this.#lentAtHome = this.#lent;
    const canReturn = !isHome && this.#lentAtHome === 0 && this.#home.length >= length;
    this.#slab = canReturn ? this.#home : new Uint8Array(Math.max(this.#slabSize, length));
    this.#slabBuffer = this.#slab.buffer;
    this.#used = 0;
    this.#lent = 0;
  }

  /** A copy of lent bytes, to keep. Small ones share their memory with others, at most 8 KiB of it. */
  own(bytes: Uint8Array): Uint8Array {
    const length = bytes.length;
    if (length > POOLED_UP_TO) {
      const copy = this.allocate(length);
      copy.set(bytes);
      return copy;
    }
    if (this.#blockUsed + length > this.#block.length) {
      this.#block = this.allocate(BLOCK_SIZE);
      this.#blockUsed = 0;
    }
    const at = this.#blockUsed;
    // The next one begins on a word, as typed arrays over it would want.
    this.#blockUsed = (at + length + 7) & ~7;
    this.#block.set(bytes, at);
    return this.#block.subarray(at, at + length);
  }
}

const NOTHING = new Uint8Array(0);

/** Whether a chunk of the slab's buffer is one of the slab. */
function isWithin(chunk: Uint8Array, slab: Uint8Array): boolean {
  const from = chunk.byteOffset - slab.byteOffset;
  return from >= 0 && from < slab.length;
}
