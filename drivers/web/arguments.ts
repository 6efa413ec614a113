import { isToken, MAX_REASON } from '../../protocol/internal.ts';

/** What a constructor and `close` of the standard are given, checked and brought into shape as it and WebIDL say. */

/** WebIDL: too few arguments are a TypeError. */
export function needArgument(given: number, of: string): void {
  if (given === 0) throw new TypeError(`${of} needs an argument`);
}

/** "Get a URL record". Throws a SyntaxError DOMException. There is no document whose URL a relative one could be to. */
export function parseUrl(input: string | URL): URL {
  const text = toWellFormed(`${input}`);
  const url = tryUrl(text);
  if (url === undefined) throw new DOMException('the URL is not valid', 'SyntaxError');
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new DOMException('the scheme of the URL is not ws or wss', 'SyntaxError');
  }
  if (url.hash !== '' || url.href.endsWith('#')) throw new DOMException('the URL has a fragment', 'SyntaxError');
  return url;
}

/** `URL.canParse` is not in every environment. */
function tryUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** `(DOMString or sequence<DOMString>)`, and the constructor's steps about them. Throws a SyntaxError DOMException. */
export function parseProtocols(protocols: string | readonly string[]): string[] {
  return checkProtocols(isSequence(protocols) ? [...protocols] : [protocols]);
}

/** `sequence<USVString>`: a TypeError for what is none, a string included. */
export function parseProtocolList(protocols: readonly string[] | undefined): string[] {
  if (protocols === undefined) return [];
  if (!isSequence(protocols)) throw new TypeError('protocols must be a list');
  return checkProtocols([...protocols]);
}

/** A WebIDL dictionary: any object, or nothing. */
export function toDictionary<T extends object>(value: T | null | undefined, name: string): Partial<T> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' && typeof value !== 'function') throw new TypeError(`${name} must be an object`);
  return value;
}

/**
 * The first steps of `close(code, reason)`. Throws an InvalidAccessError or SyntaxError DOMException. A code left out is
 * a Close frame without a body, as 1005 is to our own `close`.
 */
export function parseClose(code: number | undefined, reason: string | undefined): [code: number, reason: string] {
  return checkClose(code === undefined ? undefined : clamp(code), reason);
}

/** A WebSocketCloseInfo, whose code is null when it has none. Throws as `parseClose` does, or a TypeError. */
export function parseCloseInfo(info: CloseInfoInit | undefined): [closeCode: number | null, reason: string] {
  const { closeCode, reason } = toDictionary(info, 'closeInfo');
  const [code, text] = checkClose(closeCode === undefined ? undefined : enforceRange(closeCode), reason);
  return [code === NO_CODE ? null : code, text];
}

/** A close code and a reason, where there are any. */
export interface CloseInfoInit {
  /** 1000, or 3000 to 4999. */
  closeCode?: number | undefined;
  /** At most 123 bytes of UTF-8. */
  reason?: string | undefined;
}

/** What stands for a Close frame without a code: RFC 6455 §7.1.5. */
export const NO_CODE = 1005;

/** WebIDL's USVString: a lone surrogate becomes U+FFFD. `String.prototype.toWellFormed` is not in every Node. */
export function toWellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** "Validate close code and reason"; a reason without a code gets 1000. */
function checkClose(code: number | undefined, reason: string | undefined): [code: number, reason: string] {
  if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) {
    throw new DOMException('the close code is neither 1000 nor between 3000 and 4999', 'InvalidAccessError');
  }
  const text = reason === undefined ? '' : toWellFormed(`${reason}`);
  if (new TextEncoder().encode(text).length > MAX_REASON) {
    throw new DOMException(`the close reason is longer than ${MAX_REASON} bytes`, 'SyntaxError');
  }
  return [code ?? (text === '' ? NO_CODE : 1000), text];
}

function checkProtocols(values: readonly unknown[]): string[] {
  const list = values.map((one) => `${one}`);
  if (new Set(list.map((one) => one.toLowerCase())).size < list.length) {
    throw new DOMException('a subprotocol is repeated', 'SyntaxError');
  }
  for (const one of list) if (!isToken(one)) throw new DOMException('a subprotocol is not a token', 'SyntaxError');
  return list;
}

function isSequence(value: unknown): value is Iterable<string> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
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

/** WebIDL's [EnforceRange] unsigned short. */
function enforceRange(value: number): number {
  const number = Math.trunc(Number(value));
  if (!(number >= 0 && number <= 65535)) throw new TypeError('closeCode is not an unsigned short');
  return number;
}
