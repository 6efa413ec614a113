/** Bytes in any of their shapes. */
export type BytesLike = ArrayBuffer | ArrayBufferView | SharedArrayBuffer;

/**
 * Exactly the bytes that `data` shows, without a copy. Throws a TypeError for anything but bytes: a number, an array or
 * a Blob is not turned into something that its author did not mean.
 */
export function toBytes(data: BytesLike): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const tag = Object.prototype.toString.call(data);
  if (tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]') {
    const bytes = new Uint8Array(data);
    if (bytes.buffer === data) return bytes; // it was what it said, of whatever realm
  }
  throw new TypeError('a message must be a string, an ArrayBuffer, a typed array or a DataView');
}
