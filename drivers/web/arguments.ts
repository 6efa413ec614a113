/** What a constructor and `close` of the standard are given, checked and brought into shape as it says. */

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The longest reason, in bytes of UTF-8. */
const MAX_REASON = 123;

/** Steps 1 to 8 of the constructor: the URL record. Throws a SyntaxError DOMException. */
export function parseUrl(input: string | URL): URL {
  const text = String(input);
  if (!URL.canParse(text)) throw new DOMException('the URL is not valid', 'SyntaxError');
  const url = new URL(text);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new DOMException('the scheme of the URL is not ws or wss', 'SyntaxError');
  }
  if (url.hash !== '' || url.href.endsWith('#')) throw new DOMException('the URL has a fragment', 'SyntaxError');
  return url;
}

/** Steps 9 and 10: the subprotocols. Throws a SyntaxError DOMException. */
export function parseProtocols(protocols: string | readonly string[]): string[] {
  const list = typeof protocols === 'string' ? [protocols] : [...protocols].map(String);
  if (new Set(list.map((one) => one.toLowerCase())).size < list.length) {
    throw new DOMException('a subprotocol is repeated', 'SyntaxError');
  }
  for (const one of list) if (!TOKEN.test(one)) throw new DOMException('a subprotocol is not a token', 'SyntaxError');
  return list;
}

/**
 * The first steps of `close(code, reason)`. Throws an InvalidAccessError or SyntaxError DOMException. A code left out is
 * a Close frame without a body, as 1005 is to our own `close`.
 */
export function parseClose(code: number | undefined, reason: string | undefined): [code: number, reason: string] {
  const number = code === undefined ? undefined : clamp(code);
  if (number !== undefined && number !== 1000 && (number < 3000 || number > 4999)) {
    throw new DOMException('the close code is neither 1000 nor between 3000 and 4999', 'InvalidAccessError');
  }
  const text = reason === undefined ? '' : toWellFormed(String(reason));
  if (new TextEncoder().encode(text).length > MAX_REASON) {
    throw new DOMException(`the close reason is longer than ${MAX_REASON} bytes`, 'SyntaxError');
  }
  // A reason needs a code: RFC 6455 §5.5.1.
  return [number ?? (text === '' ? 1005 : 1000), text];
}

/** WebIDL's USVString: a lone surrogate becomes U+FFFD. `String.prototype.toWellFormed` is not in every Node. */
export function toWellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** WebIDL's [Clamp] unsigned short. */
function clamp(value: number): number {
  const number = Number(value);
  if (Number.isNaN(number)) return 0;
  const bounded = Math.min(Math.max(number, 0), 65535);
  const floor = Math.floor(bounded);
  const rest = bounded - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
