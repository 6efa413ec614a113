import type { Duplex } from 'node:stream';
import { type ErrorKind, HandshakeError } from '../../../protocol/index.ts';
import { guard, NOBODY } from '../../socket/guard.ts';

/** Throws a HandshakeError for a stream that is gone, with what took it, or that its peer has ended. */
export function checkAlive(stream: Duplex): void {
  if (stream.destroyed || stream.readableEnded)
    throw failure({ text: 'the connection was lost at once', kind: 'lost' }, stream.errored ?? undefined);
}

/** Ends a stream that is not wanted. What others have given may throw at that, which keeps nobody from going on. */
export function discard(stream: Duplex, error?: Error): void {
  guard(NOBODY, () => void stream.destroy(error));
}

/** Throws a TypeError for what others have given as a stream, and is none. */
export function checkDuplex(stream: Duplex): Duplex {
  const isDuplex = typeof stream?.pipe === 'function' && typeof stream.write === 'function';
  if (!isDuplex) throw new TypeError('it is no Duplex');
  return stream;
}

/** What was attempted, for the error when it fails. */
export interface Attempt {
  readonly text: string;
  readonly kind: ErrorKind;
}

/** The codes of system errors are safe to repeat; the texts may have what the peer sent in them. */
export function failure({ text, kind: attempted }: Attempt, cause: unknown): HandshakeError {
  const code = codeOf(cause);
  const isDns = attempted === 'connect' && (cause as { syscall?: unknown } | undefined)?.syscall === 'getaddrinfo';
  const kind = isDns ? 'dns' : attempted;
  const noTls = code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG';
  const what = noTls ? `${text}: no TLS is spoken there, and a URL with ws: leads to a server without it` : text;
  const init = cause === undefined ? {} : { cause };
  const isTemporary = cause === undefined || isPassing(cause);
  return new HandshakeError(code === undefined ? what : `${what} (${code})`, { ...init, isTemporary, kind });
}

/**
 * A network that fails today may work tomorrow. Not so a certificate, a protocol that the other side doesn't speak, or
 * options that make no sense: their codes are other words than an errno's.
 */
export function isPassing(cause: unknown): boolean {
  const code = codeOf(cause);
  return code !== undefined && /^E[A-Z0-9]+$/.test(code) && code !== 'EPROTO' && code !== 'EACCES';
}

/** An alert of the peer's (RFC 8446 §6.2) that another attempt would get as well: it is about who we are or what we speak. */
export function isRefusal(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return /^ERR_SSL_.*ALERT/.test(code) && !/BAD_RECORD_MAC|DECRYPT|INTERNAL_ERROR|USER_CANCEL/.test(code);
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
