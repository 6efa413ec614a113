import { parseAuthority } from '../authority.ts';
import { collectFields } from '../fields.ts';
import { consistsOf, DIGIT, isFieldValue } from '../grammar.ts';
import { lowerFields, REQUEST_PSEUDO, RESPONSE_PSEUDO, splitFields } from './fields.ts';
import { refuse } from '../rejection.ts';
import { isRejection, type ValidRequest, validateHead, validateOffers } from '../request.ts';
import { parseTarget } from '../http1/request-line.ts';
import { RESPONSE_HEAD } from '../http1/status-line.ts';
import type { PlainRequest, Rejection, ResponseHead, UpgradeRequest } from '../types.ts';

/**
 * WebSockets over HTTP/2, RFC 8441: a request with the method CONNECT and `:protocol` websocket opens a stream, which is
 * the transport from then on. HTTP/3 has the same (RFC 9220).
 *
 * To END a transport is to send END_STREAM, and an END_STREAM that comes is its end. To ABORT it is RST_STREAM with
 * CANCEL, and a RST_STREAM that comes, or the loss of the connection below, is its loss (RFC 8441 §5).
 */

/** The parameter of SETTINGS by which a server says, with 1, that it takes extended CONNECTs. RFC 8441 §3 */
export const SETTINGS_ENABLE_CONNECT_PROTOCOL = 0x8;
/** The error code of the RST_STREAM that aborts. RFC 9113 §7 */
export const CANCEL = 0x8;
/** How a client begins that speaks HTTP/2 without having asked for it. RFC 9113 §3.4 */
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Whether bytes that open a connection are HTTP/2's preface; undefined while they may become it. */
export function isHttp2Preface(bytes: Uint8Array): boolean | undefined {
  const length = Math.min(bytes.length, PREFACE.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== PREFACE.charCodeAt(i)) return false;
  return length === PREFACE.length ? true : undefined;
}

/** Whether the fields of a request are those of an extended CONNECT for a WebSocket, be it valid or not. */
export function isExtendedConnect(fields: readonly string[]): boolean {
  const pseudo = splitFields(fields, REQUEST_PSEUDO)?.pseudo;
  return pseudo !== undefined && pseudo[':method'] === 'CONNECT' && isWebSocket(pseudo[':protocol']);
}

/** What a request over HTTP/2 is found to be: an opening handshake, or how to refuse it. */
export interface Judgement {
  readonly method: string;
  readonly verdict: ValidRequest | Rejection;
  /** The request that is refused, when it asks for no WebSocket: it may be answered with any response. */
  readonly plain: PlainRequest | undefined;
}

/**
 * Checks the fields of a request over HTTP/2: what HTTP says first, then what RFC 8441 and RFC 6455 say. `isEnd` tells
 * whether END_STREAM stood on them. Throws a TypeError for what is no list of fields.
 */
export function judgeRequest(fields: readonly string[], isEnd: boolean): Judgement {
  const section = splitFields(fields, REQUEST_PSEUDO);
  if (section === undefined) return refused(refuse(400, 'the fields are malformed'));
  const { pseudo } = section;
  const method = pseudo[':method'] ?? '';
  const protocol = pseudo[':protocol'];
  // RFC 9220 §3: 501 for a protocol that is not known. A CONNECT without one asks for a proxy.
  if (method === 'CONNECT' && !isWebSocket(protocol)) {
    return refused(refuse(501, 'a CONNECT is for the protocol websocket'), method);
  }
  if (method !== 'CONNECT' && protocol !== undefined) {
    return refused(refuse(400, ':protocol goes with CONNECT'), method);
  }
  const head = validateHead({ method, target: pseudo[':path'] ?? '', version: '2', rawHeaders: section.rawHeaders });
  if (isRejection(head)) return refused(head, method);
  const { target, version, rawHeaders } = head;
  const scheme = pseudo[':scheme'] ?? '';
  // RFC 9113 §8.3.1: `:path` is never in absolute-form.
  const resource = target.startsWith('/') ? parseTarget(target) : undefined;
  if (resource === undefined || !/^https?$/i.test(scheme)) {
    return refused(refuse(400, 'the request names no resource'), method);
  }
  const headers = collectFields(rawHeaders);
  const host = pseudo[':authority'] ?? headers.host;
  if (host === undefined || parseAuthority(host) === undefined) {
    return refused(refuse(400, ':authority is missing or invalid'), method);
  }
  // RFC 9113 §8.3.1: they must not say two different things.
  if ((headers.host ?? host).toLowerCase() !== host.toLowerCase()) {
    return refused(refuse(400, ':authority and Host differ'), method);
  }
  const { path, query } = resource;
  const request: PlainRequest = { method, target, version, rawHeaders, headers, path, query, host };
  if (method === 'CONNECT') return { method, verdict: validateConnect(request, isEnd), plain: undefined };
  if (!isEnd || (headers['content-length'] ?? '0') !== '0') {
    return refused(refuse(400, 'a request has no body here'), method);
  }
  const verdict = refuse(405, 'this is a WebSocket endpoint', { Allow: 'CONNECT' });
  return { method, verdict, plain: request };
}

/**
 * What is left of RFC 6455 §4.2.1: no Upgrade, no Connection and no Sec-WebSocket-Key, whose place `:protocol` takes. A key that
 * is there all the same is kept: whoever sends one may look for its answer.
 */
function validateConnect(request: PlainRequest, isEnd: boolean): ValidRequest | Rejection {
  const { headers } = request;
  if (isEnd || headers['content-length'] !== undefined) return refuse(400, 'an opening handshake has no body');
  const offers = validateOffers(headers);
  // RFC 9110 §15.5.22: a 426 names what to upgrade to, which HTTP/2 has no field for.
  if (isRejection(offers)) return offers.status === 426 ? WRONG_VERSION : offers;
  const { extensions, subprotocols } = offers;
  return {
    request: { ...request, origin: headers.origin, subprotocols },
    key: headers['sec-websocket-key'] ?? '',
    extensions,
  };
}

const WRONG_VERSION: Rejection = refuse(400, 'the version of the protocol is 13', { 'Sec-WebSocket-Version': '13' });

function isWebSocket(protocol: string | undefined): boolean {
  return protocol !== undefined && protocol.toLowerCase() === 'websocket';
}

function refused(verdict: Rejection, method = ''): Judgement {
  return { method, verdict, plain: undefined };
}

/** Fields of a request over HTTP/1.1 that an extended CONNECT says otherwise, or not at all. RFC 8441 §5 */
const REPLACED: ReadonlySet<string> = new Set(['host', 'sec-websocket-key', 'te']);

/** An opening handshake as it goes out over HTTP/2. */
export interface ConnectRequest {
  readonly request: UpgradeRequest;
  /** Its fields, the pseudo-header fields first: names and values in turn. */
  readonly fields: readonly string[];
}

/** Makes an extended CONNECT of the same request over HTTP/1.1. RFC 8441 §5: the scheme is https for wss, http for ws. */
export function makeConnect(request: UpgradeRequest, secure: boolean): ConnectRequest {
  const rawHeaders = lowerFields(request.rawHeaders, REPLACED);
  const pseudo = [':method', 'CONNECT', ':protocol', 'websocket', ':scheme', secure ? 'https' : 'http'];
  pseudo.push(':path', request.target, ':authority', request.host);
  return {
    request: { ...request, method: 'CONNECT', version: '2', rawHeaders, headers: collectFields(rawHeaders) },
    fields: [...pseudo, ...rawHeaders],
  };
}

/** Reads the fields of a response. Undefined when it is malformed; there is no 101 (RFC 9113 §8.6). */
export function readResponse(fields: readonly string[]): ResponseHead | undefined {
  const section = splitFields(fields, RESPONSE_PSEUDO);
  if (section === undefined) return undefined;
  const digits = section.pseudo[':status'] ?? '';
  if (digits.length !== 3 || !consistsOf(digits, DIGIT) || digits.startsWith('0') || digits === '101') return undefined;
  const { rawHeaders } = section;
  if (rawHeaders.length > 2 * RESPONSE_HEAD.maxFields || !rawHeaders.every(isFieldValue)) return undefined;
  return { status: Number(digits), statusText: '', version: '2', headers: collectFields(rawHeaders), rawHeaders };
}
