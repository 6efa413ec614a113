import type { Workspace } from './workspace.ts';

/** Several chunks of up to this many bytes altogether are taken as one. */
const JOIN_UP_TO = 4096;
/** The same for frames that many connections send: they are joined once for all of them. */
const JOIN_PREPARED_UP_TO = 64 * 1024;

const NO_SLAB = new Uint8Array(0);
const NOTHING: readonly Uint8Array[] = Object.freeze([]);

/**
 * What a connection has to write, in order: small frames in slabs, large payloads by reference.
 *
 * The part in the slab stays open, so that frames that follow each other are one chunk, until it is taken, something is
 * pushed behind it, or another connection wants to write there.
 */
export class Outbox {
  readonly #workspace: Workspace;
  /** Undefined while there are none, as in an idle connection. */
  #chunks: Uint8Array[] | undefined;
  /** What the open part lies in. Without one it is let go: an idle connection would keep a slab that others are done with. */
  #slab: Uint8Array;
  #start: number;
  #end: number;
  #size: number;
  /** Whether everything that waits was encoded before, for many connections. */
  #prepared: boolean;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#chunks = undefined;
    this.#slab = NO_SLAB;
    this.#start = 0;
    this.#end = 0;
    this.#size = 0;
    this.#prepared = false;
  }

  /** How many bytes wait here. */
  get size(): number {
    return this.#size;
  }

  /** Makes room for at most `length` bytes. Returns the offset in `slab` to write at; `commit` says how many it were. */
  reserve(length: number): number {
    const at = this.#workspace.reserve(length, this);
    if (this.#start === this.#end) {
      this.#slab = this.#workspace.slab;
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
    this.#workspace.commit(this.#end);
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
      this.#add(this.#slab.subarray(this.#start, this.#end));
      this.#workspace.lend();
      this.#start = this.#end;
    }
    this.#slab = NO_SLAB;
    this.#workspace.leave(this);
  }

  /** Everything there is; the chunks are the taker's. */
  take(): readonly Uint8Array[] {
    if (this.#size === 0) return NOTHING;
    this.seal();
    let chunks = this.#chunks!;
    this.#chunks = undefined;
    if (chunks.length > 1) {
      if (!this.#prepared) chunks = this.#size > JOIN_UP_TO ? chunks : this.#join(chunks);
      else if (this.#size <= JOIN_PREPARED_UP_TO) chunks = [this.#workspace.joinPrepared(chunks, this.#size)];
    }
    this.#size = 0;
    return chunks;
  }

  /** Drops everything. */
  clear(): void {
    this.seal();
    for (const chunk of this.#chunks ?? NOTHING) this.#workspace.reclaim(chunk);
    this.#chunks = undefined;
    this.#size = 0;
  }

  #add(chunk: Uint8Array): void {
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
  }

  /** Small chunks that others' writing has set apart become one again: a copy is cheaper than a longer write. */
  #join(chunks: Uint8Array[]): Uint8Array[] {
    let at = this.reserve(this.#size);
    for (const chunk of chunks) {
      this.#slab.set(chunk, at);
      at += chunk.length;
    }
    this.#end = at;
    this.#workspace.commit(at);
    this.seal();
    for (const chunk of chunks) this.#workspace.reclaim(chunk);
    const joined = this.#chunks!;
    this.#chunks = undefined;
    return joined;
  }
}
