import { PreparedMessage, type BytesLike } from '../../protocol/index.ts';
import { nameOf, byteLengthOf, isBytes, portableText, toBytes } from '../../protocol/internal.ts';

/** A message to send: a string goes out as TEXT, bytes as BINARY. */
export type Data = string | BytesLike;

/** A message to send fragment by fragment: all strings, or all bytes. */
export type Fragments = Iterable<Data> | AsyncIterable<Data>;

/** A message as it is received: a string for TEXT, bytes for BINARY. */
export type ReceivedMessage = string | Uint8Array;

/** What a message or a chunk that waits takes besides its bytes, in bytes: an empty one counts too. */
export const ITEM_COST = 128;

/** Whether this is a message in one piece. */
export function isData(value: unknown): value is Data {
  return typeof value === 'string' || isBytes(value);
}

/** Whether this is sent in one piece. */
export function isWhole(message: Data | PreparedMessage | Fragments): message is Data | PreparedMessage {
  return message instanceof PreparedMessage || isData(message);
}

/** How much of a queue's capacity this takes: its bytes. A string counts by its length, the least it can come to. */
export function sizeOf(data: Data | PreparedMessage): number {
  if (data instanceof PreparedMessage) return data.payload.length;
  return typeof data === 'string' ? data.length : byteLengthOf(data);
}

/** The payload of a ping or a pong: a string as UTF-8. Throws a TypeError for what is neither a string nor bytes. */
export function toPayload(data: string | BytesLike): Uint8Array {
  if (typeof data !== 'string') return toBytes(data);
  const payload = new Uint8Array(portableText.byteLength(data));
  portableText.encode(data, payload, 0);
  return payload;
}

/** What to do about something that is no message. */
function remedyFor(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return ': String(it)';
  if (typeof value !== 'object' || value === null) return '';
  if (typeof (value as PromiseLike<unknown>).then === 'function') return ': await it';
  if (typeof (value as { arrayBuffer?: unknown }).arrayBuffer === 'function') return ': await its arrayBuffer()';
  return ': JSON.stringify it';
}

/** The error for what is no message. */
export function notData(value: unknown, expected: string): TypeError {
  return new TypeError(`expected ${expected}, not ${nameOf(value)}${remedyFor(value)}`);
}
