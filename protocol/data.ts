import { nameOf } from './option-check.ts';

/** Bytes in any of their shapes. */
export type BytesLike = ArrayBuffer | ArrayBufferView | SharedArrayBuffer;

/*
 * What bytes say of themselves is not to be believed: a subclass, a property of their own or a Proxy can put any length
 * and any memory in place of theirs, other connections' included. These getters read what V8 or whoever else runs this
 * has, of whatever realm, run no code of the application, and throw a TypeError for what is no bytes.
 */
const TypedArray = Object.getPrototypeOf(Uint8Array) as { readonly prototype: Uint8Array };
const kindOf = getter<string | undefined>(TypedArray.prototype, Symbol.toStringTag);
const lengthOf = getter<number>(TypedArray.prototype, 'length');
const arrayBytes = spanGetters(TypedArray.prototype);
const viewBytes = spanGetters(DataView.prototype);
const bufferLength = getter<number>(ArrayBuffer.prototype, 'byteLength');
const isResizable = getter<boolean>(ArrayBuffer.prototype, 'resizable');
// Browsers have none on pages that are not isolated.
const shared = (globalThis as { SharedArrayBuffer?: { readonly prototype: object } }).SharedArrayBuffer;
const sharedLength = getter<number>(Object(shared?.prototype) as object, 'byteLength');

/**
 * Exactly the bytes that `data` shows, as a plain Uint8Array of which everything may be believed. Nothing is copied, but
 * from memory that may change its size or that threads share. Throws a TypeError for anything but bytes (a number, an
 * array or a Blob is not turned into something that its author did not mean) and for bytes whose memory is detached.
 * `isMessage` is for its text: whether a string would do for a message.
 */
export function toBytes(data: BytesLike, isMessage = true): Uint8Array {
  if (!ArrayBuffer.isView(data)) return wholeOf(data, isMessage);
  const { buffer, byteOffset, byteLength } = kindOf.call(data) === undefined ? viewBytes : arrayBytes;
  const memory = buffer.call(data);
  const bytes = new Uint8Array(memory, byteOffset.call(data), byteLength.call(data));
  return isFixed(memory) ? bytes : bytes.slice();
}

/** How many bytes `data` shows. Throws a TypeError for anything but bytes. */
export function byteLengthOf(data: BytesLike): number {
  if (ArrayBuffer.isView(data)) return (kindOf.call(data) === undefined ? viewBytes : arrayBytes).byteLength.call(data);
  return wholeOf(data).length;
}

/** Throws a TypeError for what doesn't say whether it is the last fragment: left out, the message would never end. */
export function checkFin(fin: boolean): void {
  if (typeof fin !== 'boolean') throw new TypeError(`fin must be true or false, not ${nameOf(fin)}`);
}

/** Whether this is bytes of any kind. */
export function isBytes(value: unknown): value is BytesLike {
  if (typeof value !== 'object' || value === null) return false;
  return ArrayBuffer.isView(value) || isBuffer(value);
}

/**
 * How many bytes a Uint8Array shows, if they are at most so many: they may be copied from where they are, by index or by
 * `set`, which ask it nothing either. 0 for whatever else is given: that is for `toBytes`, whose view would cost more
 * than a copy of a few bytes.
 */
export function readableLength(data: BytesLike, most: number): number {
  if (kindOf.call(data) !== 'Uint8Array') return 0;
  const length = lengthOf.call(data);
  return length <= most ? length : 0;
}

/** All of an ArrayBuffer or a SharedArrayBuffer. */
function wholeOf(data: unknown, isMessage = true): Uint8Array {
  if (!isBuffer(data)) {
    const what = isMessage && typeof data !== 'string' ? 'a message must be a string,' : 'bytes must be';
    throw new TypeError(`${what} an ArrayBuffer, a typed array or a DataView, not ${nameOf(data)}`);
  }
  const bytes = new Uint8Array(data);
  return isFixed(data) ? bytes : bytes.slice();
}

function isBuffer(value: unknown): value is ArrayBuffer | SharedArrayBuffer {
  return holds(bufferLength, value) || holds(sharedLength, value);
}

/** Whether memory stays what and where it is, as long as it is not detached. */
function isFixed(memory: ArrayBufferLike): boolean {
  return holds(bufferLength, memory) && isResizable?.call(memory) !== true;
}

/** Whether there is this getter, and it takes that. */
function holds(get: Getter<number> | undefined, value: unknown): boolean {
  try {
    get!.call(value);
    return true;
  } catch {
    return false;
  }
}

type Getter<T> = (this: unknown) => T;

function getter<T>(prototype: object, name: PropertyKey): Getter<T> {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as Getter<T>;
}

function spanGetters(prototype: object) {
  return {
    buffer: getter<ArrayBufferLike>(prototype, 'buffer'),
    byteOffset: getter<number>(prototype, 'byteOffset'),
    byteLength: getter<number>(prototype, 'byteLength'),
  };
}

/** Nothing. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);
