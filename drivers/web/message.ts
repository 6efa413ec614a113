import { toBytes } from '../../protocol/internal.ts';
import { toWellFormed } from './arguments.ts';

/** What `send` and a writable take: text, or bytes that nothing shares and nothing resizes. */
export type MessageData = string | ArrayBuffer | ArrayBufferView;

/**
 * WebIDL's (BufferSource or USVString): a copy of the bytes, or text without lone surrogates; what is neither is turned
 * into text. Throws a TypeError for bytes that are shared or resizable, and for what is no text either.
 */
export function toMessage(data: unknown): string | Uint8Array {
  if (typeof data === 'string') return toWellFormed(data);
  if (ArrayBuffer.isView(data)) checkBuffer(data.buffer);
  else if (tagOf(data) !== '[object ArrayBuffer]') return toWellFormed(`${data}`);
  else checkBuffer(data as ArrayBuffer);
  return toBytes(data as ArrayBufferView | ArrayBuffer).slice();
}

/** Bytes of a message on the wire, before compression. */
export function sizeOf(message: string | Uint8Array): number {
  return typeof message === 'string' ? new TextEncoder().encode(message).length : message.length;
}

/** WebIDL without [AllowShared] and [AllowResizable]. */
function checkBuffer(buffer: ArrayBufferLike): void {
  if (tagOf(buffer) === '[object SharedArrayBuffer]') throw new TypeError('shared memory cannot be sent');
  if ((buffer as { resizable?: boolean }).resizable === true) throw new TypeError('a resizable buffer cannot be sent');
}

/** In place of `instanceof`, for buffers of another realm. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}
