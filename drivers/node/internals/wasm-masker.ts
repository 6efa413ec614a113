import { Buffer } from 'node:buffer';
import type { Masker } from '../../../protocol/index.ts';
import { PortableMasker } from '../../../protocol/internal.ts';
import { MASKING_WASM } from './masking-wasm.ts';

const PAGE = 64 * 1024;

/** From this many bytes on it pays to copy them into the module's memory and back; measured on Node 20 to 26. */
const CARRY_FROM = 512;

/** In the module's own memory its way pays from this many bytes on. */
const DIRECT_FROM = 16;

interface MaskingModule {
  memory: { readonly buffer: ArrayBuffer };
  mask(at: number, length: number, key: number): number;
}

/**
 * Masking by SIMD instructions, ten times as fast as a loop over words. They reach only the module's own memory, so the
 * buffers through which all bytes pass lie there: `readBuffer` and `slab`. Other bytes are carried in and out, which
 * still wins when they are many.
 */
export class WasmMasker implements Masker {
  /** For sockets to read into. */
  readonly readBuffer: Uint8Array;
  /** For frames to be written to. */
  readonly slab: Uint8Array;
  readonly #module: MaskingModule;
  readonly #memory: ArrayBuffer;
  readonly #scratch: Uint8Array;
  readonly #portable: PortableMasker;
  /** What was last found to lie in the module's memory, by either method: asking a view for its buffer is a slow call. */
  #applied: Uint8Array;
  #asked: Uint8Array;

  private constructor(module: MaskingModule) {
    this.#module = module;
    this.#memory = module.memory.buffer;
    this.#scratch = new Uint8Array(this.#memory, 0, PAGE);
    this.#portable = new PortableMasker();
    this.readBuffer = new Uint8Array(this.#memory, PAGE, PAGE);
    this.slab = new Uint8Array(this.#memory, 2 * PAGE, 2 * PAGE);
    this.#applied = this.readBuffer;
    this.#asked = this.readBuffer;
  }

  /** Undefined where the runtime has no WebAssembly, or the machine no SIMD. */
  static create(): WasmMasker | undefined {
    try {
      const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
      const instance = new Instance(new Module(Buffer.from(MASKING_WASM, 'base64')));
      return new WasmMasker(instance.exports as MaskingModule);
    } catch {
      return undefined;
    }
  }

  apply(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number {
    const length = end - start;
    if (bytes === this.#applied || bytes.buffer === this.#memory) {
      this.#applied = bytes;
      if (length < DIRECT_FROM) return this.#portable.apply(bytes, start, end, key, phase);
      return this.#module.mask(bytes.byteOffset + start, length, turn(key, phase));
    }
    if (length < CARRY_FROM) return this.#portable.apply(bytes, start, end, key, phase);
    let seen = 0;
    for (let at = start; at < end; at += PAGE) {
      const stop = Math.min(at + PAGE, end);
      this.#scratch.set(at === 0 && stop === bytes.length ? bytes : bytes.subarray(at, stop));
      seen |= this.#module.mask(0, stop - at, turn(key, phase + at - start));
      bytes.set(stop - at === PAGE ? this.#scratch : this.#scratch.subarray(0, stop - at), at);
    }
    return seen;
  }

  /** Whether these bytes lie in the module's memory and are all ASCII: they are masked with nothing. */
  isAscii(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes !== this.#asked && bytes.buffer !== this.#memory) return false;
    this.#asked = bytes;
    return this.#module.mask(bytes.byteOffset + start, end - start, 0) === 0;
  }

  copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number, key: number): void {
    if (end - start < CARRY_FROM) return this.#portable.copy(source, start, end, target, at, key);
    // A page's length is a multiple of the key's, so that every piece begins with the key's first byte.
    for (let from = start; from < end; from += PAGE) {
      const stop = Math.min(from + PAGE, end);
      this.#scratch.set(source.subarray(from, stop));
      this.#module.mask(0, stop - from, key);
      target.set(stop - from === PAGE ? this.#scratch : this.#scratch.subarray(0, stop - from), at + from - start);
    }
  }
}

/** The key whose lowest byte is byte `phase` of the payload's. */
function turn(key: number, phase: number): number {
  const shift = (phase & 3) << 3;
  return (key >>> shift) | (key << (32 - shift));
}

/** What of WebAssembly is used: its types belong to the DOM's. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
}
