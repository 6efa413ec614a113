/** Bytes that say of themselves what isn't so, and bytes of every kind that is rare. */
import { runInNewContext } from 'node:vm';
import type { BytesLike } from '../../protocol/index.ts';

export interface Liar {
  readonly name: string;
  /** Makes one that shows so many bytes, each of them `OWN`. */
  make(size: number): BytesLike;
  /** Whether it shows none, and may be refused only. */
  readonly isNone?: boolean;
}

/** What every byte of a liar's own is. */
export const OWN = 0x5a;

function own(size: number): Uint8Array<ArrayBuffer> {
  // In the middle of larger memory, so that what is read beyond it is seen.
  const memory = new Uint8Array(size + 64).fill(0xee);
  return memory.subarray(16, 16 + size).fill(OWN);
}

const OTHERS = new Uint8Array(100_000).fill(0xbb);

/** A property of its own that says something else, for each name that bytes are asked by. */
const lies = {
  length: 90_000,
  byteLength: 90_000,
  byteOffset: 8,
  buffer: OTHERS.buffer,
  subarray: () => OTHERS,
  slice: () => OTHERS,
  constructor: { [Symbol.species]: Array },
  [Symbol.toStringTag]: 'ArrayBuffer',
};

class LongArray extends Uint8Array<ArrayBuffer> {
  override get length(): number {
    return 90_000;
  }
}

class OtherArray extends Uint8Array<ArrayBuffer> {
  override get buffer(): ArrayBuffer {
    return OTHERS.buffer;
  }
  override get byteLength(): number {
    return 90_000;
  }
  override get byteOffset(): number {
    return 0;
  }
  override subarray(): Uint8Array<ArrayBuffer> {
    return OTHERS;
  }
}

/** One that tells the truth the first time. */
class FickleArray extends Uint8Array<ArrayBuffer> {
  #asked = 0;
  override get length(): number {
    return this.#asked++ === 0 ? this.byteLength : 90_000;
  }
}

class ThrowingArray extends Uint8Array<ArrayBuffer> {
  override get length(): number {
    throw new Error('thrown by the bytes');
  }
}

class LongView extends DataView<ArrayBuffer> {
  override get byteLength(): number {
    return 90_000;
  }
}

class LongBuffer extends ArrayBuffer {
  override get byteLength(): number {
    return 90_000;
  }
}

function over<T>(Class: new (buffer: ArrayBuffer, offset: number, size: number) => T, size: number): T {
  const { buffer, byteOffset } = own(size);
  return new Class(buffer, byteOffset, size);
}

function liar(name: string, make: (size: number) => unknown, isNone = false): Liar {
  return { name, make: make as Liar['make'], isNone };
}

export const LIARS: readonly Liar[] = [
  ...Reflect.ownKeys(lies).map((name) =>
    liar(`a Uint8Array with a ${String(name)} of its own`, (size) =>
      Object.defineProperty(own(size), name, { value: lies[name as keyof typeof lies] }),
    ),
  ),
  liar('a Buffer with a length of its own', (size) =>
    Object.defineProperty(Buffer.alloc(size, OWN), 'length', { value: 90_000 }),
  ),
  liar('a Uint8Array with a length of its own that is less', (size) =>
    Object.defineProperty(own(size), 'length', { value: 1 }),
  ),
  liar('a subclass with another length', (size) => over(LongArray, size)),
  liar('a subclass with other memory', (size) => over(OtherArray, size)),
  liar('a subclass whose length changes', (size) => over(FickleArray, size)),
  liar('a subclass whose length throws', (size) => over(ThrowingArray, size)),
  liar('a Float32Array', (size) => {
    const bytes = over(Uint8Array, size - (size % 4));
    return size % 4 === 0 ? new Float32Array(bytes.slice().buffer) : bytes;
  }),
  liar('a DataView with another length', (size) => over(LongView, size)),
  liar('an ArrayBuffer with another length', (size) => {
    const buffer = new LongBuffer(size);
    new Uint8Array(buffer).fill(OWN);
    return buffer;
  }),
  liar('an ArrayBuffer that can be resized', (size) => {
    const buffer = new (ArrayBuffer as any)(size, { maxByteLength: 2 * size }) as ArrayBuffer;
    new Uint8Array(buffer).fill(OWN);
    return buffer;
  }),
  liar('a view that tracks the length of its memory', (size) => {
    const buffer = new (ArrayBuffer as any)(2 * size, { maxByteLength: 4 * size }) as ArrayBuffer;
    const bytes = new Uint8Array(buffer).fill(OWN);
    (buffer as unknown as { resize(size: number): void }).resize(size);
    return bytes;
  }),
  liar('shared memory', (size) => new Uint8Array(new SharedArrayBuffer(size)).fill(OWN)),
  liar('a Uint8Array of another realm', (size) => runInNewContext(`new Uint8Array(${size}).fill(${OWN})`)),
  liar('a lying Uint8Array of another realm', (size) =>
    runInNewContext(
      `new (class extends Uint8Array { get length() { return 90000; } get buffer() { return new ArrayBuffer(9); } })(${size}).fill(${OWN})`,
    ),
  ),
  liar('an ArrayBuffer of another realm', (size) => runInNewContext(`new Uint8Array(${size}).fill(${OWN}).buffer`)),
  liar('a DataView of another realm', (size) =>
    runInNewContext(`new DataView(new Uint8Array(${size}).fill(${OWN}).buffer)`),
  ),
  liar('a Proxy of a Uint8Array', (size) => new Proxy(own(size), {}), true),
  liar('a Proxy of a Buffer', (size) => new Proxy(Buffer.alloc(size, OWN), {}), true),
  liar('a Proxy of an ArrayBuffer', (size) => new Proxy(own(size).buffer, {}), true),
  liar('what inherits from Uint8Array', () => Object.create(Uint8Array.prototype, { length: { value: 900 } }), true),
  liar('what inherits from a Uint8Array', (size) => Object.create(own(size)), true),
  liar('what inherits from Buffer', () => Object.create(Buffer.prototype, { length: { value: 900 } }), true),
  liar(
    'what inherits from ArrayBuffer',
    () => Object.create(ArrayBuffer.prototype, { byteLength: { value: 9 } }),
    true,
  ),
  liar('what says that it is an ArrayBuffer', () => ({ [Symbol.toStringTag]: 'ArrayBuffer', length: 900 }), true),
  liar('what says that it is a Uint8Array', () => ({ [Symbol.toStringTag]: 'Uint8Array', length: 900 }), true),
  liar(
    'a view whose memory is detached',
    (size) => {
      const bytes = new Uint8Array(size).fill(OWN);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      return bytes;
    },
    true,
  ),
  liar(
    'memory that is detached',
    (size) => {
      const { buffer } = new Uint8Array(size);
      structuredClone(buffer, { transfer: [buffer] });
      return buffer;
    },
    true,
  ),
];

/** Throws unless these are as many bytes as a liar was made with, all of its own. */
export function isOwn(bytes: Uint8Array, size: number): boolean {
  return bytes.length === size && bytes.every((byte) => byte === OWN);
}
