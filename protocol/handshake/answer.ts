import { checkOptions } from '../option-check.ts';
import { latin1Bytes } from '../text/latin1.ts';
import { REFUSED } from './state.ts';
import { type AcceptOptions, ServerHandshake } from './server.ts';
import { SERVER_HANDSHAKE_OPTIONS, type ServerHandshakeOptions } from './server-policy.ts';
import type { Opening, Rejection, RequestHead } from './types.ts';

/** What is to be sent in answer to a request, and what that came to: one of `opening` and `rejection` is there. */
export interface UpgradeAnswer {
  /** The whole response. */
  readonly output: Uint8Array;
  /** What was agreed on, when the response is a 101: the rest of the connection is `Connection.established('server')`'s. */
  readonly opening: Opening | undefined;
  /** Why it isn't one: the connection ends after it. */
  readonly rejection: Rejection | undefined;
}

/**
 * Answers a request that something else has parsed, RFC 6455 §4.2: validates everything in it again and accepts it where
 * it is right. Nothing is kept; an `extension` of the options has been agreed on, or not, afterwards.
 *
 * Throws a TypeError for options that can't be right, for headers that can't be sent, and for what is no head.
 */
export function answerUpgrade(
  head: RequestHead,
  options: ServerHandshakeOptions = {},
  acceptance?: AcceptOptions,
): UpgradeAnswer {
  const handshake = new ServerHandshake(checkOptions('answerUpgrade', SERVER_HANDSHAKE_OPTIONS, options));
  handshake.receiveHead(head);
  if (handshake.state === REFUSED) {
    const rejection = handshake.refusal!;
    return { output: handshake.reject(rejection), opening: undefined, rejection };
  }
  const output = latin1Bytes(handshake.accept(acceptance));
  return { output, opening: handshake.opening, rejection: undefined };
}

/** The same over HTTP/2. */
export interface ConnectAnswer extends Omit<UpgradeAnswer, 'output'> {
  /** The fields of the response, names and values in turn, `:status` first. */
  readonly fields: readonly string[];
  /** Its body, with END_STREAM at its end, when it is no 200. */
  readonly body: Uint8Array;
}

/**
 * Answers an extended CONNECT, RFC 8441 §5, as `answerUpgrade` does an upgrade. `fields` are those of the request, the
 * pseudo-header fields included, and `isEnd` tells whether END_STREAM stood on them. The stream is the transport of
 * `Connection.established('server')` from then on. Throws as `answerUpgrade` does.
 */
export function answerConnect(
  fields: readonly string[],
  isEnd: boolean,
  options: ServerHandshakeOptions = {},
  acceptance?: AcceptOptions,
): ConnectAnswer {
  const handshake = new ServerHandshake(checkOptions('answerConnect', SERVER_HANDSHAKE_OPTIONS, options));
  handshake.receiveFields(fields, isEnd);
  const rejection = handshake.state === REFUSED ? handshake.refusal : undefined;
  if (rejection === undefined) handshake.accept(acceptance);
  const body = rejection === undefined ? new Uint8Array(0) : handshake.reject(rejection);
  return { fields: handshake.fields!, body, opening: handshake.opening, rejection };
}
