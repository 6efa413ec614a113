/**
 * Frames for the load generator, built once before the clock runs. It shares no code with what it measures.
 */
export const TEXT = 0x1;
export const BINARY = 0x2;
export const FIN = 0x80;
export const RSV1 = 0x40;

/** Bytes of a frame around a payload of this size (RFC 6455 §5.2). */
export function overhead(size: number, masked: boolean): number {
  return (size < 126 ? 2 : size < 65536 ? 4 : 10) + (masked ? 4 : 0);
}

/** One frame. `first` is its first byte whole; with a key the payload is masked, in a copy. */
export function frame(first: number, payload: Buffer, key?: number): Buffer {
  const head = overhead(payload.length, key !== undefined);
  const bytes = Buffer.alloc(head + payload.length);
  const mask = key === undefined ? 0 : 0x80;
  bytes[0] = first;
  if (payload.length < 126) {
    bytes[1] = mask | payload.length;
  } else if (payload.length < 65536) {
    bytes[1] = mask | 126;
    bytes.writeUInt16BE(payload.length, 2);
  } else {
    bytes[1] = mask | 127;
    bytes.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  payload.copy(bytes, head);
  if (key !== undefined) {
    bytes.writeUInt32BE(key, head - 4);
    for (let i = 0; i < payload.length; i++) bytes[head + i]! ^= bytes[head - 4 + (i & 3)]!;
  }
  return bytes;
}

/** One message in so many frames of about the same size, the last with FIN. */
export function fragmented(opcode: number, payload: Buffer, fragments: number, key?: number): Buffer {
  const step = Math.ceil(payload.length / fragments);
  return Buffer.concat(
    Array.from({ length: fragments }, (_, i) =>
      frame(
        (i === 0 ? opcode : 0) | (i === fragments - 1 ? FIN : 0),
        payload.subarray(i * step, (i + 1) * step),
        key === undefined ? undefined : (key + i) >>> 0,
      ),
    ),
  );
}

/** Any masking key: what matters is that each byte of it has bits set. */
export function maskingKey(index: number): number {
  return (0x9d35c7e1 + index * 0x01030507) >>> 0;
}
