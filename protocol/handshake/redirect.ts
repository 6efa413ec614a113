import type { ClientRequest } from './client-request.ts';
import { HANDSHAKE_FIELDS } from './fields.ts';
import type { ResponseHead, UpgradeRequest } from './types.ts';
import { parseWebSocketUrl } from './url.ts';
import type { WebSocketUrl } from './url.ts';

/** RFC 9110 §15.4: those that name another place for the same thing; all of them mean another GET here. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What is for the origin that it was meant for, and for no other; in lower case. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'host', 'proxy-authorization']);

/** Schemes of a Location. Most servers and proxies know no other names for themselves than those of HTTP. */
const SECURE: Readonly<Record<string, boolean>> = { 'ws:': false, 'http:': false, 'wss:': true, 'https:': true };

/** Where in a Location the authority, the path and the query are: RFC 3986 appendix B, without the fragment. */
const PARTS = /^([A-Za-z][A-Za-z0-9+.-]*:)?(\/\/[^/?]*)?([^?]*)(\?.*)?$/s;

/**
 * Where a response leads, RFC 6455 §4.1 and RFC 9110 §15.4: the request to make next, on another transport and with a
 * key of its own. `sent` is the request that was answered, and `request` is what it was made of.
 *
 * From `wss` it never leads to `ws`. Another origin (scheme, host and port) gets no Authorization, Cookie or
 * Proxy-Authorization, no Host that was chosen for the first one, and nothing of the URL's user info; what is left out
 * stays left out, even on the way back.
 *
 * Returns undefined for a response that is no redirect or when none is to be followed, and a text that says why one is
 * not followed, which repeats nothing of what the server sent.
 */
export function followRedirect(
  request: ClientRequest,
  sent: UpgradeRequest,
  { status, headers }: ResponseHead,
): ClientRequest | string | undefined {
  const { maxRedirects = 0, redirected = 0, sameOrigin = false } = request;
  const { location } = headers;
  if (!('url' in request) || !REDIRECTS.has(status) || location === undefined) return undefined;
  const base = parseWebSocketUrl(request.url);
  const target = resolveLocation(base, sent, location);
  if (maxRedirects === 0) return `maxRedirects is 0${target === undefined ? '' : placeOf(target)}`;
  if (redirected >= maxRedirects) return `there were ${redirected} redirects before it`;
  if (target === undefined) return 'its Location is no URL of a WebSocket';
  if (target.authorization !== undefined) return 'its Location has user info';
  if (base.secure && !target.secure) return 'it leads from wss to ws';
  const isSameOrigin = target.secure === base.secure && target.host === base.host;
  if (sameOrigin && !isSameOrigin) return 'it leads to another origin';

  const more: [string, string][] = [];
  for (let i = 0; i < sent.rawHeaders.length; i += 2) {
    const name = sent.rawHeaders[i].toLowerCase();
    if (HANDSHAKE_FIELDS.has(name) || (name === 'origin' && request.origin !== undefined)) continue;
    if (isSameOrigin || !CREDENTIALS.has(name)) more.push([sent.rawHeaders[i], sent.rawHeaders[i + 1]]);
  }
  const url = `${target.secure ? 'wss' : 'ws'}://${target.host}${target.path}`;
  // Those that were asked for: the caller's own list may be another by now.
  const { subprotocols } = sent;
  return { ...request, url, subprotocols, headers: more, redirected: redirected + 1 };
}

/** Where it leads, without what may be a secret: it has been taken apart, and consists of visible characters. */
function placeOf({ secure, host, path }: WebSocketUrl): string {
  const place = `${secure ? 'wss' : 'ws'}://${host}${path.split('?', 1)[0]}`;
  return `, and its Location is ${place.length > MOST_SHOWN ? `${place.slice(0, MOST_SHOWN)}…` : place}`;
}

const MOST_SHOWN = 200;

/** RFC 3986 §5.2. A fragment is for whoever displays things: it is left out. Undefined for what leads nowhere. */
function resolveLocation(base: WebSocketUrl, sent: UpgradeRequest, location: string): WebSocketUrl | undefined {
  // The parser of heads has made each byte a code unit.
  const reference = location.split('#', 1)[0].replace(/[\x80-\xff]/g, percentEncodeByte);
  const [, scheme, authority, path, query] = PARTS.exec(reference)!;
  const secure = scheme === undefined ? base.secure : SECURE[scheme.toLowerCase()];
  if (secure === undefined || (scheme !== undefined && authority === undefined)) return undefined;

  const place = `${secure ? 'wss' : 'ws'}:${authority ?? `//${base.host}`}`;
  try {
    return parseWebSocketUrl(place + resolvePath(sent, authority, path, query));
  } catch {
    return undefined;
  }
}

function resolvePath(sent: UpgradeRequest, authority: string | undefined, path: string, query = ''): string {
  if (authority !== undefined || path.startsWith('/')) return removeDotSegments(path) + query;
  if (path !== '') return removeDotSegments(sent.path.slice(0, sent.path.lastIndexOf('/') + 1) + path) + query;
  return query === '' ? sent.target : sent.path + query;
}

/** RFC 3986 §5.2.4, for a path that is empty or begins with a slash. */
function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (let i = 0; i < segments.length; i++) {
    const isLast = i === segments.length - 1;
    if (segments[i] === '..') kept.pop();
    else if (segments[i] !== '.') kept.push(segments[i]);
    if (isLast && (segments[i] === '.' || segments[i] === '..')) kept.push('');
  }
  return segments.length === 0 ? '' : `/${kept.join('/')}`;
}

function percentEncodeByte(unit: string): string {
  return `%${unit.charCodeAt(0).toString(16).toUpperCase()}`;
}
