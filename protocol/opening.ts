import { NO_BYTES } from './data.ts';
import { HandshakeError, TimeoutError } from './errors.ts';
import type { ClientHandshake } from './handshake/client.ts';
import { DECISION_FAILED, REJECTION_OPTIONS, TOO_SLOW, UNAVAILABLE } from './handshake/rejection.ts';
import type { AcceptOptions, ServerHandshake } from './handshake/server.ts';
import { DONE, FAILED, REFUSED, REQUESTED } from './handshake/state.ts';
import type { Opening, RefusalKind, Rejection, RequestHead } from './handshake/types.ts';
import type { Lifecycle } from './lifecycle.ts';
import { checkOptions } from './option-check.ts';
import type { EstablishedOptions } from './options.ts';
import { Phase } from './states.ts';
import { On, RoleNumber, State } from './transitions.ts';

// What a connection does while it is CONNECTING, by what its opening handshake (RFC 6455 §4) has come to.

/** The server's handshake has gone on: a request that has come is answered, or handed to whoever decides. */
export function goOnAsServer(life: Lifecycle, server: ServerHandshake): void {
  const { sink } = life;
  // `allowedOrigins`, which was asked, may have ended it.
  if (life.phase === Phase.CLOSED) return;
  if (server.state === REFUSED) {
    const refusal = server.refusal!;
    if (server.plain !== undefined) {
      life.take(server.isWhole ? On.endedPlainRequest : On.plainRequest);
      if (sink.answers) return sink.onPlainRequest(server.plain, refusal);
    }
    refuse(life, On.refuse, refusal, server.callbackError);
    const { refusalKind: kind, refused: request, callbackError: cause } = server;
    sink.onRefused({ kind, response: refusal, request, ...(kind === 'error' ? { cause } : undefined) });
  } else if (server.state === REQUESTED) {
    life.take(On.request);
    if (sink.decides) sink.onRequest(server.request!);
    else acceptByPolicy(life);
  }
}

function acceptByPolicy(life: Lifecycle): void {
  let opening: Opening;
  try {
    opening = answer(life);
  } catch (error) {
    // selectSubprotocol threw, or selected what was not offered; or it has answered, or ended the connection.
    if (!life.allows(On.refuse)) return;
    const { request } = life.server!;
    refuse(life, On.refuse, DECISION_FAILED, error);
    return life.sink.onRefused({ kind: 'error', response: DECISION_FAILED, request, cause: error });
  }
  open(life, On.accept, opening);
}

/** The client's handshake has gone on: the response may have come. */
export function goOnAsClient(life: Lifecycle, client: ClientHandshake): void {
  if (client.state === DONE) open(life, On.response, client.opening!);
  else if (client.state === FAILED) life.abort(On.badResponse, client.error!);
}

/** Server: the head of a request, which something else has parsed. */
export function receiveHead(life: Lifecycle, head: RequestHead): void {
  const server = life.server!;
  server.receiveHead(head);
  goOnAsServer(life, server);
}

/** Over HTTP/2: the fields of the request, or of a response. */
export function receiveFields(life: Lifecycle, fields: readonly string[], isEnd: boolean): void {
  const { server, client } = life;
  (server ?? client!).receiveFields(fields, isEnd);
  if (server !== undefined) goOnAsServer(life, server);
  else goOnAsClient(life, client!);
}

/** Writes the answer that accepts the request; `open` is to follow. Throws before anything has changed. */
export function answer(life: Lifecycle, acceptance?: AcceptOptions): Opening {
  const server = life.server!;
  const head = server.accept(acceptance);
  // The application has been asked, for headers and a subprotocol, and may have ended it.
  life.check(On.accept, 'the connection has ended meanwhile');
  life.sender.head(head, server.fields);
  return server.opening!;
}

/** The opening handshake is over: frames follow. */
export function open(life: Lifecycle, cause: number, opening: Opening): void {
  establish(life, opening);
  life.take(cause);
  life.failForLoss();
  life.sink.onOpen(opening);
}

/** Client: the request goes out as fields of HTTP/2 (RFC 8441), in place of its bytes. */
export function useHttp2(life: Lifecycle): void {
  life.sender.release();
  life.sender.raw(NO_BYTES, life.client!.useHttp2());
  life.take(On.useHttp2);
}

/** What was agreed on where nothing was: connections that were open from the start share it. */
const PLAIN: Opening = Object.freeze({ subprotocol: '', extensions: '', request: undefined, response: undefined });

/** Something else has opened it. */
export function beginOpen(life: Lifecycle, options: EstablishedOptions): void {
  const { subprotocol = '', extensions = '', request, response } = options;
  const isPlain = subprotocol === '' && extensions === '' && request === undefined && response === undefined;
  options.deflate?.adopt(life.isServer);
  life.deflate = options.deflate;
  establish(life, isPlain ? PLAIN : { subprotocol, extensions, request, response });
}

/** What was agreed on holds from here on. */
export function establish(life: Lifecycle, opening: Opening): void {
  life.useDeflate(life.deflate?.agreed === true ? life.deflate : undefined);
  life.opening = opening;
  // A 101 is HTTP/1.1's. A server's own response is not asked for: it is put together, and kept, when it is.
  if (!life.isServer && (opening.response?.status ?? 101) !== 101) life.role = RoleNumber.http2Client;
  life.server = undefined;
  life.client = undefined;
}

/** Answers the request with something else than a 101. Throws before anything has changed. */
export function refuse(life: Lifecycle, cause: number, given: Rejection, reason?: unknown): void {
  const server = life.server!;
  const rejection = checkOptions('reject', REJECTION_OPTIONS, given);
  life.sender.raw(server.reject(rejection), server.fields);
  const init = reason === undefined ? { kind: 'refused' as const } : { cause: reason, kind: 'refused' as const };
  life.closing.fail(new HandshakeError(`the request was refused with ${rejection.status}`, init));
  life.take(cause);
}

/** Closed before it was open. */
export function giveUp(life: Lifecycle): void {
  if (life.isServer) refuseLate(life, UNAVAILABLE, 'closing');
  else life.sender.release();
  life.abort(On.close, new HandshakeError('closed before the connection was open', { kind: 'gave-up' }));
}

/** The deadline has passed. */
export function timeOut(life: Lifecycle): void {
  if (life.isServer) refuseLate(life, life.state === State.AWAITING_REQUEST ? TOO_SLOW : UNAVAILABLE, 'timeout');
  const error = life.client?.takePartialResponse();
  const { handshakeTimeout: value } = life.limits;
  const text = `the opening handshake did not end within ${value} ms (handshakeTimeout)`;
  life.abort(On.timeout, error ?? new TimeoutError(text, { timer: { option: 'handshakeTimeout', value } }));
}

function refuseLate(life: Lifecycle, response: Rejection, kind: RefusalKind): void {
  const server = life.server!;
  const { request } = server;
  life.sender.raw(server.reject(response), server.fields);
  life.sink.onRefused({ kind, response, request });
}
