/** What may be sent, besides strings and numbers. */
export type SendableBytes = ArrayBuffer | ArrayBufferView | SharedArrayBuffer | readonly number[];

/** The values that `binaryType` may have. */
export const BINARY_TYPES = ['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const;
export type BinaryType = (typeof BINARY_TYPES)[number];

export const NOTHING: Buffer = Buffer.alloc(0);

/** Whether it is a Blob, of whatever realm. */
export function isBlob(value: unknown): value is Blob {
  if (typeof value !== 'object' || value === null) return false;
  const { arrayBuffer, stream, type } = value as Partial<Blob>;
  if (typeof arrayBuffer !== 'function' || typeof stream !== 'function' || typeof type !== 'string') return false;
  const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return tag === 'Blob' || tag === 'File';
}

/** What is sent as bytes, without a copy where it is some; throws a TypeError for what can't be. */
export function toBuffer(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(data as ArrayBuffer);
}

/** A message that was received, as `binaryType` wants it. The bytes are nobody else's. */
export function received(bytes: Uint8Array, type: BinaryType): Buffer | ArrayBuffer | Buffer[] | Blob {
  if (type === 'nodebuffer' && bytes.length > 0 && Buffer.isBuffer(bytes)) return bytes;
  const { buffer, byteOffset, length } = bytes;
  switch (type) {
    case 'nodebuffer':
      if (length === 0) return NOTHING;
      return Buffer.from(buffer as ArrayBuffer, byteOffset, length);
    case 'arraybuffer':
      if (length === buffer.byteLength) return buffer as ArrayBuffer;
      return buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
    case 'fragments':
      return length === 0 ? [] : [received(bytes, 'nodebuffer') as Buffer];
    case 'blob':
      return new Blob([bytes as Uint8Array<ArrayBuffer>]);
  }
}
