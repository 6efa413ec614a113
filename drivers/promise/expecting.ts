import { WebSocketError } from '../../protocol/index.ts';
import { isError } from '../../protocol/internal.ts';
import type { ReceivedMessage } from './data.ts';

// What a handler expected and did not get. Thrown on, it closes the connection with the code that says so.

/** The message as TEXT, or a WebSocketError with 1003 (unsupported data). */
export function expectText(message: ReceivedMessage): string {
  if (typeof message === 'string') return message;
  throw new WebSocketError(1003, 'expected text', { kind: 'unexpected', message: 'expected TEXT, and bytes came' });
}

/** The message as BINARY, likewise. */
export function expectBytes(message: ReceivedMessage): Uint8Array {
  if (typeof message !== 'string') return message;
  throw new WebSocketError(1003, 'expected bytes', { kind: 'unexpected', message: 'expected bytes, and TEXT came' });
}

/** The TEXT as the JSON that it is, or a WebSocketError with 1007 (invalid data); or with 1008 where `validate` throws. */
export function expectJson<T>(message: ReceivedMessage, validate: ((value: unknown) => T) | undefined): T {
  const text = expectText(message);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WebSocketError(1007, 'expected JSON', { kind: 'unexpected', message: 'expected JSON', cause });
  }
  if (validate === undefined) return value as T;
  try {
    return validate(value);
  } catch (cause) {
    if (cause instanceof WebSocketError) throw cause;
    const why = isError(cause) ? `: ${cause.message}` : '';
    const text = `a message that is not valid${why}`;
    throw new WebSocketError(1008, 'message not valid', { kind: 'unexpected', message: text, cause });
  }
}
