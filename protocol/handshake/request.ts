import { parseAuthority } from './authority.ts';
import { isBase64Of16Bytes } from './base64.ts';
import { parseExtensions } from './extensions.ts';
import { collectFields, hasToken } from './fields.ts';
import { consistsOf, isFieldValue, isToken, TARGET_CHAR, trimWhitespace } from './grammar.ts';
import { refuse, refuseUpgrade } from './rejection.ts';
import { parseTarget, REQUEST_HEAD } from './http1/request-line.ts';
import { parseSubprotocols } from './subprotocols.ts';
import type { ExtensionElement, HeaderFields, PlainRequest, Rejection, RequestHead, UpgradeRequest } from './types.ts';

/** What a client asks for beyond the connection itself: the same over HTTP/1.1 and HTTP/2. */
export interface Offers {
  readonly extensions: readonly ExtensionElement[];
  readonly subprotocols: readonly string[];
}

/** A valid opening handshake over HTTP/1.1, with what is needed to answer it. */
export interface ValidRequest {
  readonly request: UpgradeRequest;
  /** The Sec-WebSocket-Key. */
  readonly key: string;
  /** The extensions that were offered, in order. */
  readonly extensions: readonly ExtensionElement[];
}

/** The only version of the protocol that there is, RFC 6455 §4.1. */
const VERSION = '13';

/** Tells the two results of these functions apart. */
export function isRejection(result: object): result is Rejection {
  return 'status' in result;
}

/**
 * Checks the opening handshake in a request (RFC 6455 §4.2.1) whose head is well-formed: what HTTP says first, then
 * what WebSocket says. Whether its Origin may connect is another question, for `isOriginAllowed`.
 */
export function validateRequest(head: RequestHead): ValidRequest | Rejection {
  const { method, target, version, rawHeaders } = head;
  if (method !== 'GET') return refuse(405, 'the method of an opening handshake is GET', { Allow: 'GET' });
  if (version !== '1.1') return refuse(505, 'an opening handshake needs HTTP/1.1');
  const resource = parseTarget(target);
  if (resource === undefined) return refuse(400, 'the request target names no resource');
  const headers = collectFields(rawHeaders);
  // A repeated Host has become a list, which is no authority. RFC 9112 §3.2
  const host = headers.host;
  if (host === undefined || parseAuthority(host) === undefined) return refuse(400, 'Host is missing or invalid');
  // A body would be taken for frames by one and not by another: there is none. RFC 9112 §6, §11.2
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
    return refuse(400, 'an opening handshake has no body');
  }
  if (!hasToken(headers.upgrade, 'websocket')) return refuseUpgrade('this is a WebSocket endpoint');
  if (!hasToken(headers.connection, 'upgrade')) return refuse(400, 'Connection lacks the token upgrade');
  const key = headers['sec-websocket-key'];
  if (key === undefined || !isBase64Of16Bytes(key)) {
    return refuse(400, 'Sec-WebSocket-Key is not the base64 of 16 bytes');
  }
  const offers = validateOffers(headers);
  if (isRejection(offers)) return offers;
  const { extensions, subprotocols } = offers;
  const request: UpgradeRequest = {
    method,
    target: resource.originForm,
    version,
    rawHeaders,
    headers,
    path: resource.path,
    query: resource.query,
    // RFC 9112 §3.2.2: the authority of an absolute-form target takes the place of the Host field.
    host: resource.authority ?? host,
    origin: headers.origin,
    subprotocols,
  };
  return { request, key, extensions };
}

/** The same request when it asks for no WebSocket at all, whatever its method, and could be answered as plain HTTP. */
export function plainRequest(head: RequestHead): PlainRequest | undefined {
  // But for its method and the one token, it is held to what an opening handshake is.
  const headers = collectFields(head.rawHeaders);
  if (hasToken(headers.upgrade, 'websocket')) return undefined;
  const verdict = validateRequest({ ...head, method: 'GET' });
  if (!isRejection(verdict) || verdict.status !== 426) return undefined;
  const { path, query, authority, originForm } = parseTarget(head.target)!;
  return { ...head, target: originForm, headers, path, query, host: authority ?? headers.host };
}

/** Checks the fields that an extended CONNECT (RFC 8441 §5) has in common with an HTTP/1.1 request. */
export function validateOffers(headers: HeaderFields): Offers | Rejection {
  if (headers['sec-websocket-version'] !== VERSION) return refuseUpgrade('the version of the protocol is 13');
  const extensionField = headers['sec-websocket-extensions'];
  const extensions = extensionField === undefined ? [] : parseExtensions(extensionField);
  if (extensions === undefined) return refuse(400, 'Sec-WebSocket-Extensions is malformed');
  const subprotocolField = headers['sec-websocket-protocol'];
  const subprotocols = subprotocolField === undefined ? [] : parseSubprotocols(subprotocolField);
  if (subprotocols === undefined) return refuse(400, 'Sec-WebSocket-Protocol is not a list of different tokens');
  return { extensions, subprotocols };
}

/**
 * Checks a head that something else has parsed by the rules and limits of our own parser, for what another lets pass we
 * need not. Returns it with the white space around its values gone, or how to refuse it.
 * Throws a TypeError when it is not a head at all, which is the caller's mistake.
 */
export function validateHead(head: RequestHead): RequestHead | Rejection {
  const { method, target, version, rawHeaders } = (head as RequestHead | undefined) ?? ({} as Partial<RequestHead>);
  if (typeof method !== 'string' || typeof target !== 'string' || typeof version !== 'string') {
    throw new TypeError('a request head has a method, a target and a version');
  }
  if (!Array.isArray(rawHeaders) || rawHeaders.length % 2 !== 0 || !rawHeaders.every((it) => typeof it === 'string')) {
    throw new TypeError('rawHeaders must be names and values in turn');
  }
  if (!isToken(method) || target === '' || !consistsOf(target, TARGET_CHAR)) {
    return refuse(400, 'the start line is malformed');
  }
  let size = method.length + target.length + ' HTTP/1.1 \r\n\r\n'.length;
  if (size - 4 > REQUEST_HEAD.maxLine) return refuse(414, 'a line is too long');
  if (rawHeaders.length > 2 * REQUEST_HEAD.maxFields) return refuse(431, 'there are too many fields');
  const trimmed: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    const value = trimWhitespace(rawHeaders[i + 1]);
    if (!isToken(name)) return refuse(400, 'a field name is not a token');
    if (!isFieldValue(value)) return refuse(400, 'a control character stands in the head');
    const line = name.length + ': '.length + value.length;
    if (line > REQUEST_HEAD.maxLine) return refuse(431, 'a line is too long');
    size += line + 2;
    trimmed.push(name, value);
  }
  if (size > REQUEST_HEAD.maxHead) return refuse(431, 'the head is too large');
  return { method, target, version, rawHeaders: trimmed };
}
