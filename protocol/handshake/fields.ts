import { isFieldValue, isToken, trimWhitespace } from './grammar.ts';
import type { HeaderFields, HeaderInit } from './types.ts';

/** Fields of a request and of a 101 that are the handshake's own, in lower case: nobody else may set them. */
export const HANDSHAKE_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Field values by lower-case name, from names and values in turn. The object has no prototype, so that `__proto__` and
 * `constructor` are ordinary names. Repeated fields are joined with ", " (RFC 9110 §5.3), Cookie with "; " (RFC 9113
 * §8.2.3), for that is how its pairs are told apart.
 */
export function collectFields(rawHeaders: readonly string[]): HeaderFields {
  const fields = Object.create(null) as Record<string, string>;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    const value = rawHeaders[i + 1];
    const known = fields[name];
    fields[name] = known === undefined ? value : known + (name === 'cookie' ? '; ' : ', ') + value;
  }
  return fields;
}

/** How many fields have this lower-case name. */
export function countField(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i].toLowerCase() === name) count++;
  return count;
}

/** Whether a list has this token, which is given in lower case, in any case. RFC 9110 §5.6.1 */
export function hasToken(list: string | undefined, token: string): boolean {
  if (list === undefined) return false;
  const lower = list.toLowerCase();
  if (lower === token) return true;
  return lower.includes(',') && lower.split(',').some((element) => trimWhitespace(element) === token);
}

/**
 * Checks fields that the caller wants to send and lists them as names and values in turn.
 * Throws a TypeError for what is no list of fields, a name that is not a token, a value that is not a string or has a
 * CR, LF, NUL or another control character in it or anything above U+00FF, and a name in `owned` (in lower case).
 */
export function listFields(init: HeaderInit | undefined, owned: ReadonlySet<string>): string[] {
  const rawHeaders: string[] = [];
  if (init === undefined) return rawHeaders;
  if (typeof init !== 'object' || init === null) throw new TypeError('headers must be a record or pairs');
  if (Symbol.iterator in init) {
    for (const pair of init) {
      if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError('headers must be pairs of a name and a value');
      addField(rawHeaders, pair[0], pair[1], owned);
    }
    return rawHeaders;
  }
  for (const name of Object.keys(init)) {
    const value = init[name];
    if (Array.isArray(value)) {
      for (const each of value) addField(rawHeaders, name, each, owned);
    } else {
      addField(rawHeaders, name, value, owned);
    }
  }
  return rawHeaders;
}

/** The lines of fields, each with its CRLF. */
export function formatFields(rawHeaders: readonly string[]): string {
  let lines = '';
  for (let i = 0; i < rawHeaders.length; i += 2) lines += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return lines;
}

function addField(rawHeaders: string[], name: unknown, value: unknown, owned: ReadonlySet<string>): void {
  if (typeof name !== 'string' || !isToken(name)) throw new TypeError('a header name must be a token');
  if (typeof value !== 'string') throw new TypeError(`the value of the header ${name} must be a string`);
  if (!isFieldValue(value))
    throw new TypeError(`the value of the header ${name} has a character that may not stand there`);
  if (owned.has(name.toLowerCase())) throw new TypeError(`the header ${name} is the handshake's own`);
  rawHeaders.push(name, value);
}
