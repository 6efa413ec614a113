import { latin1Bytes } from '../text/latin1.ts';
import { parseAuthority } from './authority.ts';
import { collectFields, countField, formatFields, HANDSHAKE_FIELDS, listFields } from './fields.ts';
import { consistsOf, isFieldValue, TARGET_CHAR } from './grammar.ts';
import { parseTarget } from './http1/request-line.ts';
import { checkSubprotocols } from './subprotocols.ts';
import type { HeaderInit, UpgradeRequest } from './types.ts';
import { parseWebSocketUrl } from './url.ts';

/** The most redirects that a client may be asked to follow. */
export const MAX_REDIRECTS = 10;

/** What a client asks for. */
export type ClientRequest = ClientResource & ClientRequestOptions;

/** Which resource: a URL, or the Host field and the resource name that one would give. */
export type ClientResource =
  | { readonly url: string }
  | {
      readonly host: string;
      readonly path: string;
      /** Whether it is one of `wss:`; asked for over HTTP/2 only. Default false. */
      readonly secure?: boolean;
    };

/** What a client's request asks for, beside the URL. */
export interface ClientRequestOptions {
  /** The Origin field. */
  readonly origin?: string | undefined;
  /** The subprotocols to offer, in order of preference. */
  readonly subprotocols?: readonly string[] | undefined;
  /** Whether the handshake fails when some are offered and the server selects none, as in browsers. Default true. */
  readonly requireSubprotocol?: boolean | undefined;
  /** More fields. A Host takes the place of the URL's, an Authorization that of its user info. */
  readonly headers?: HeaderInit | undefined;
  /** How many redirects may be followed, 0 to 10, one after another; see `Connection.redirect`. Default 0. */
  readonly maxRedirects?: number | undefined;
  /** How many have been followed. Default 0. */
  readonly redirected?: number | undefined;
  /** Follow none to another origin: the transport leads to one server only (a Unix socket, say). Default false. */
  readonly sameOrigin?: boolean | undefined;
}

/**
 * The request of an opening handshake, RFC 6455 §4.1. `offer` is the value of Sec-WebSocket-Extensions, or empty.
 * Throws a SyntaxError for a URL that isn't valid, a RangeError for `maxRedirects` out of range, and a TypeError for
 * anything else that can't be sent.
 */
export function makeRequest(options: ClientRequest, key: string, offer: string): UpgradeRequest {
  const resource = readResource(options);
  const { origin, subprotocols = [], maxRedirects = 0 } = options;
  if (!Number.isInteger(maxRedirects) || maxRedirects < 0 || maxRedirects > MAX_REDIRECTS) {
    throw new RangeError(`maxRedirects must be an integer from 0 to ${MAX_REDIRECTS}`);
  }
  if (origin !== undefined && (typeof origin !== 'string' || !isFieldValue(origin))) {
    throw new TypeError('origin must be a string that can stand in a header');
  }
  checkSubprotocols(subprotocols);
  const more = listFields(options.headers, HANDSHAKE_FIELDS);
  if (countField(more, 'origin') + (origin === undefined ? 0 : 1) > 1)
    throw new TypeError('Origin may stand only once');
  if (countField(more, 'host') > 1) throw new TypeError('Host may stand only once');
  const host = takeField(more, 'host') ?? resource.host;
  if (parseAuthority(host) === undefined) throw new TypeError('the host is not valid');

  // RFC 9110 §7.2: Host comes first, for good practice.
  const rawHeaders = ['Host', host, 'Upgrade', 'websocket', 'Connection', 'Upgrade'];
  rawHeaders.push('Sec-WebSocket-Key', key, 'Sec-WebSocket-Version', '13');
  if (origin !== undefined) rawHeaders.push('Origin', origin);
  if (subprotocols.length > 0) rawHeaders.push('Sec-WebSocket-Protocol', subprotocols.join(', '));
  if (offer !== '') rawHeaders.push('Sec-WebSocket-Extensions', offer);
  if (resource.authorization !== undefined && countField(more, 'authorization') === 0) {
    rawHeaders.push('Authorization', resource.authorization);
  }
  rawHeaders.push(...more);
  const headers = collectFields(rawHeaders);
  const { path, query } = parseTarget(resource.path)!;
  return {
    method: 'GET',
    target: resource.path,
    version: '1.1',
    rawHeaders,
    headers,
    path,
    query,
    host,
    origin: headers.origin,
    subprotocols: [...subprotocols],
  };
}

/** Whether the resource is one of `wss:`. */
export function isSecure(resource: ClientResource): boolean {
  return 'url' in resource ? parseWebSocketUrl(String(resource.url)).secure : resource.secure === true;
}

/** The bytes of a request without a body. */
export function formatRequest(request: UpgradeRequest): Uint8Array {
  const head = `${request.method} ${request.target} HTTP/${request.version}\r\n${formatFields(request.rawHeaders)}\r\n`;
  return latin1Bytes(head);
}

function readResource(options: ClientRequest): { host: string; path: string; authorization: string | undefined } {
  if ('url' in options) return parseWebSocketUrl(String(options.url));
  const { host, path } = options;
  if (typeof host !== 'string') throw new TypeError('host must be a string');
  if (typeof path !== 'string' || !path.startsWith('/') || !consistsOf(path, TARGET_CHAR)) {
    throw new TypeError('path must begin with a slash and consist of visible ASCII characters but #');
  }
  return { host, path, authorization: undefined };
}

/** Removes the field of this name, if there is one, and returns its value. */
function takeField(rawHeaders: string[], name: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i].toLowerCase() === name) return rawHeaders.splice(i, 2)[1];
  }
  return undefined;
}
