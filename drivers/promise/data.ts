import { portableText, PreparedMessage, toBytes, type BytesLike } from '../../protocol/index.ts';

/** A message to send: a string goes out as TEXT, bytes as BINARY. */
export type Data = string | BytesLike;

/** A message to send fragment by fragment: all strings, or all bytes. */
export type Fragments = Iterable<Data> | AsyncIterable<Data>;

/** A message as it is received: a string for TEXT, bytes for BINARY. */
export type ReceivedMessage = string | Uint8Array;

/** Whether this is a message in one piece. */
export function isData(value: unknown): value is Data {
  return typeof value === 'string' || ArrayBuffer.isView(value) || isBuffer(value);
}

/** Whether this is sent in one piece. */
export function isWhole(message: Data | PreparedMessage | Fragments): message is Data | PreparedMessage {
  return message instanceof PreparedMessage || isData(message);
}

/** How much of a queue's capacity this takes: its bytes. A string counts by its length, the least it can come to. */
export function sizeOf(data: Data | PreparedMessage): number {
  if (data instanceof PreparedMessage) return data.payload.length;
  return typeof data === 'string' ? data.length : data.byteLength;
}

/** The payload of a ping or a pong: a string as UTF-8. Throws a TypeError for what is neither a string nor bytes. */
export function toPayload(data: string | BytesLike): Uint8Array {
  if (typeof data !== 'string') return toBytes(data);
  const payload = new Uint8Array(portableText.byteLength(data));
  portableText.encode(data, payload, 0);
  return payload;
}

/** The error for what is no message. */
export function notData(value: unknown, expected: string): TypeError {
  const found = value === null ? 'null' : typeof value === 'object' ? 'an object of another kind' : `a ${typeof value}`;
  return new TypeError(`expected ${expected}, not ${found}`);
}

function isBuffer(value: unknown): value is ArrayBuffer | SharedArrayBuffer {
  // The tag stands in for `instanceof` with buffers of another realm, such as a vm context's.
  const tag = Object.prototype.toString.call(value);
  return tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]';
}
