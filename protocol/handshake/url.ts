import { parseAuthority } from './authority.ts';
import { encodeBase64 } from './base64.ts';
import { encodeUtf8 } from './grammar.ts';

/** Where a WebSocket URL leads, RFC 6455 §3. */
export interface WebSocketUrl {
  /** Whether its scheme is wss. */
  readonly secure: boolean;
  /** The host, in lower case; an IPv6 address in its brackets. */
  readonly hostname: string;
  /** The port, the scheme's default where none is given. */
  readonly port: number;
  /** The Host field: host, and port if it is not the scheme's default. */
  readonly host: string;
  /** The resource name: the path, "/" when it is empty, and "?" and the query when that is not. */
  readonly path: string;
  /** The value of Authorization that the user info stands for, if there is user info. */
  readonly authorization: string | undefined;
}

/** Control characters and white space: a URL has none, and removing them would hide what is being asked for. */
const FORBIDDEN = /[\0-\x20\x7f]/;
/** What a path or a query may not hold as it is, RFC 3986 §3.3, §3.4; a `%` is left alone. */
const TO_ENCODE = /[^\x21-\x7e]+|["<>\\^`{|}]/g;
/** An IPv6 address with a zone, `[fe80::1%eth0]`: RFC 6874 had it in URLs, and the URL Standard leaves it out on purpose. */
const ZONED = /^(?:.*@)?\[[^\]]*%/;

/**
 * Takes a `ws:` or `wss:` URL apart, without the runtime's URL. A host is taken as it stands (in ASCII: an
 * internationalised name in its xn-- form), and so is a path, in which only what no URL may hold is percent-encoded.
 *
 * Throws a SyntaxError for another scheme, a fragment, a control character or white space, a host or port that isn't
 * valid, and user info that Basic authentication can't carry (RFC 7617 §2). Its text does not repeat the URL, which may
 * hold a password.
 */
export function parseWebSocketUrl(given: string | { readonly href: string }): WebSocketUrl {
  const url = typeof given === 'object' ? String((given as { readonly href?: unknown } | null)?.href) : given;
  if (FORBIDDEN.test(url)) throw new SyntaxError('a WebSocket URL has no white space and no control characters');
  const scheme = /^wss?:\/\//i.exec(url);
  if (scheme === null) throw new SyntaxError('a WebSocket URL begins with ws:// or wss://');
  // RFC 6455 §3: a fragment has no meaning, and must not be there.
  if (url.includes('#')) throw new SyntaxError('a WebSocket URL has no fragment');
  const secure = scheme[0].length === 'wss://'.length;
  const rest = url.slice(scheme[0].length);
  const [, authority, path, query] = /^([^/?]*)([^?]*)\??(.*)$/s.exec(rest)!;

  const userEnd = authority.lastIndexOf('@');
  const server = parseAuthority(authority.slice(userEnd + 1));
  if (server === undefined && ZONED.test(authority)) {
    throw new SyntaxError(
      'a URL has no place for the zone of an IPv6 address, which only means something on this machine',
    );
  }
  // To a browser a backslash is a slash, so that `a\@b` leads to a: whoever checked the URL may have thought so too.
  if (server === undefined || authority.includes('\\')) {
    throw new SyntaxError('the host or the port of the WebSocket URL is not valid');
  }
  const defaultPort = secure ? 443 : 80;
  const port = server.port ?? defaultPort;
  return {
    secure,
    hostname: server.host,
    port,
    host: port === defaultPort ? server.host : `${server.host}:${port}`,
    path: resourceName(path, query),
    authorization: userEnd < 0 ? undefined : basicAuthorization(authority.slice(0, userEnd)),
  };
}

/** RFC 6455 §3. What a URL may not hold is percent-encoded as UTF-8 (§11.1.1). */
function resourceName(path: string, query: string): string {
  const name = query === '' ? path : `${path}?${query}`;
  return (path === '' ? `/${name}` : name).replace(TO_ENCODE, percentEncode);
}

/** RFC 7617 §2: Basic, and the base64 of "user:password" in UTF-8. Undefined for user info that is empty. */
function basicAuthorization(userInfo: string): string | undefined {
  const colon = userInfo.indexOf(':');
  const user = percentDecode(colon < 0 ? userInfo : userInfo.slice(0, colon));
  const password = percentDecode(colon < 0 ? '' : userInfo.slice(colon + 1));
  if (user === '' && password === '') return undefined;
  if (user.includes(':')) throw new SyntaxError('the user name in the WebSocket URL has a colon');
  const credentials = `${user}:${password}`;
  if (/[\0-\x1f\x7f]/.test(credentials)) throw new SyntaxError('the user info of the WebSocket URL is not valid');
  return `Basic ${encodeBase64(encodeUtf8(credentials))}`;
}

function percentEncode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw new SyntaxError('the WebSocket URL has a lone surrogate');
  }
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SyntaxError('the user info of the WebSocket URL is not valid');
  }
}
