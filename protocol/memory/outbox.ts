import { joinBytes, sizeOf } from './copies.ts';
import type { Slab } from './slab.ts';

/** Several chunks of up to this many bytes altogether are taken as one. */
const JOIN_UP_TO = 4096;
/** The same for frames that many connections send: they are joined once for all of them. */
const JOIN_PREPARED_UP_TO = 64 * 1024;

/** So many chunks of up to so many bytes, one behind the other, are made one: what holds a chunk takes as much as that. */
const MOST_LOOSE = 64;
const LOOSE_UP_TO = 128;

const NO_SLAB = new Uint8Array(0);
const NOTHING: readonly Uint8Array[] = Object.freeze([]);

/** What outboxes share. */
export interface OutboxMemory {
  readonly slab: Slab;
  readonly joined: JoinedFrames;
  /** A chunk that was taken is needed no more. */
  reclaim(chunk: Uint8Array): void;
}

/**
 * What a connection has to write, in order: small frames in slabs, large payloads by reference.
 *
 * The part in the slab stays open, so that frames that follow each other are one chunk, until it is taken, something is
 * pushed behind it, or another connection wants to write there.
 */
export class Outbox {
  readonly #memory: OutboxMemory;
  /** Undefined while there are none, as in an idle connection. */
  #chunks: Uint8Array[] | undefined;
  /** What the open part lies in. Without one it is let go: an idle connection would keep a slab that others are done with. */
  #slab: Uint8Array;
  #start: number;
  #end: number;
  #size: number;
  /** Whether everything that waits was encoded before, for many connections. */
  #prepared: boolean;
  /** How many of the last chunks are small ones. */
  #loose: number;

  constructor(memory: OutboxMemory) {
    this.#memory = memory;
    this.#chunks = undefined;
    this.#slab = NO_SLAB;
    this.#start = 0;
    this.#end = 0;
    this.#size = 0;
    this.#prepared = false;
    this.#loose = 0;
  }

  /** How many bytes wait here. */
  get size(): number {
    return this.#size;
  }

  /** Makes room for at most `length` bytes. Returns the offset in `slab` to write at; `commit` says how many it were. */
  reserve(length: number): number {
    const at = this.#memory.slab.reserve(length, this);
    if (this.#start === this.#end) {
      this.#slab = this.#memory.slab.bytes;
      this.#start = at;
      this.#end = at;
    }
    return at;
  }

  /** The memory that `reserve` spoke of. */
  get slab(): Uint8Array {
    return this.#slab;
  }

  commit(length: number): void {
    this.#end += length;
    this.#size += length;
    this.#prepared = false;
    this.#memory.slab.commit(this.#end);
  }

  /** Adds bytes by reference: they must not change until they are written. */
  push(bytes: Uint8Array): void {
    this.seal();
    this.#add(bytes);
    this.#size += bytes.length;
    this.#prepared = false;
  }

  /** Adds a frame that is there for many connections. Returns false, with nothing done, when other bytes wait already. */
  pushPrepared(frame: Uint8Array): boolean {
    if (this.#size > 0 && !this.#prepared) return false;
    this.push(frame);
    this.#prepared = true;
    return true;
  }

  /** Ends the open part: what comes next is a chunk of its own. */
  seal(): void {
    if (this.#start < this.#end) {
      this.#memory.slab.lend();
      this.#add(this.#slab.subarray(this.#start, this.#end));
      this.#start = this.#end;
    }
    this.#slab = NO_SLAB;
    this.#memory.slab.leave(this);
  }

  /** Everything there is; the chunks are the taker's. */
  take(): readonly Uint8Array[] {
    if (this.#size === 0) return NOTHING;
    this.seal();
    let chunks = this.#chunks!;
    this.#chunks = undefined;
    this.#loose = 0;
    if (this.#prepared && chunks.length > 1 && this.#size <= JOIN_PREPARED_UP_TO) {
      chunks = [this.#memory.joined.join(chunks, this.#size)];
    } else {
      checkSize(chunks, this.#size);
      if (chunks.length > 1 && !this.#prepared && this.#size <= JOIN_UP_TO) chunks = this.#join(chunks);
    }
    this.#size = 0;
    return chunks;
  }

  /** Drops everything. */
  clear(): void {
    this.seal();
    for (const chunk of this.#chunks ?? NOTHING) this.#memory.reclaim(chunk);
    this.#chunks = undefined;
    this.#loose = 0;
    this.#size = 0;
  }

  #add(chunk: Uint8Array): void {
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    if (chunk.length > LOOSE_UP_TO) this.#loose = 0;
    else if (++this.#loose === MOST_LOOSE) this.#gather(this.#chunks);
  }

  /** Many small chunks wait, each of which takes more than its bytes: the last of them become one. */
  #gather(chunks: Uint8Array[]): void {
    const loose = chunks.splice(chunks.length - MOST_LOOSE);
    chunks.push(joinBytes(loose));
    for (const chunk of loose) this.#memory.reclaim(chunk);
    this.#loose = 0;
  }

  /** Small chunks that others' writing has set apart become one again: a copy is cheaper than a longer write. */
  #join(chunks: Uint8Array[]): Uint8Array[] {
    const at = this.reserve(this.#size);
    joinBytes(chunks, this.#slab, at);
    this.#end = at + this.#size;
    this.#memory.slab.commit(this.#end);
    this.seal();
    for (const chunk of chunks) this.#memory.reclaim(chunk);
    const joined = this.#chunks!;
    this.#chunks = undefined;
    return joined;
  }
}

/** How many outboxes are kept for the next connections. */
const MOST_SPARE = 1024;

/** Outboxes for connections that have something to write: an idle one has none. */
export class OutboxPool {
  readonly #memory: OutboxMemory;
  readonly #spare: Outbox[];

  constructor(memory: OutboxMemory) {
    this.#memory = memory;
    this.#spare = [];
  }

  lend(): Outbox {
    return this.#spare.pop() ?? new Outbox(this.#memory);
  }

  /** It is empty, and nobody else writes to it. */
  giveBack(outbox: Outbox): void {
    outbox.seal();
    if (this.#spare.length < MOST_SPARE) this.#spare.push(outbox);
  }
}

/** Prepared frames as one chunk. A broadcast leaves the same ones with every connection: they are joined once. */
export class JoinedFrames {
  readonly #allocate: (size: number) => Uint8Array;
  /** The frames that were joined last, and what they came to. */
  #frames: readonly Uint8Array[];
  #joined: Uint8Array;

  constructor(allocate: (size: number) => Uint8Array) {
    this.#allocate = allocate;
    this.#frames = NOTHING;
    this.#joined = NO_SLAB;
  }

  /** `size` is what they come to, in bytes. */
  join(frames: readonly Uint8Array[], size: number): Uint8Array {
    if (this.#isLast(frames)) return this.#joined;
    checkSize(frames, size);
    const joined = joinBytes(frames, this.#allocate(size));
    this.#frames = frames;
    this.#joined = joined;
    return joined;
  }

  #isLast(frames: readonly Uint8Array[]): boolean {
    const last = this.#frames;
    if (frames.length !== last.length) return false;
    for (let i = 0; i < frames.length; i++) if (frames[i] !== last[i]) return false;
    return true;
  }
}

/** Throws where somebody has taken the memory of what was sent by reference. */
function checkSize(chunks: readonly Uint8Array[], size: number): void {
  if (sizeOf(chunks) !== size) throw new TypeError('bytes were detached from their memory before they were sent');
}
