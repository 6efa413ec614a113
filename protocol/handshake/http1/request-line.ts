import { parseAuthority } from '../authority.ts';
import { consistsOf, DIGIT, isToken, TARGET_CHAR } from '../grammar.ts';
import type { HeadKind } from './head-parser.ts';

/** A request line, RFC 9112 §3. */
export interface RequestLine {
  readonly method: string;
  readonly target: string;
  /** '1.1' */
  readonly version: string;
}

/** A request target that names a resource, RFC 9112 §3.2.1 and §3.2.2. */
export interface RequestTarget {
  /** The authority of an absolute-form target; undefined in origin-form. */
  readonly authority: string | undefined;
  /** The same resource in origin-form: path and query. */
  readonly originForm: string;
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
}

/** The head that a client sends, and how large a server lets it be. */
export const REQUEST_HEAD: HeadKind<RequestLine> = {
  isRequest: true,
  maxHead: 16_384,
  maxLine: 8192,
  maxFields: 100,
  parseStartLine: parseRequestLine,
};

/** Takes a request line apart: one SP between its three parts. Undefined when it is malformed. */
export function parseRequestLine(line: string): RequestLine | undefined {
  const methodEnd = line.indexOf(' ');
  const targetEnd = line.indexOf(' ', methodEnd + 1);
  if (targetEnd <= methodEnd) return undefined;
  const method = line.slice(0, methodEnd);
  const target = line.slice(methodEnd + 1, targetEnd);
  const version = parseVersion(line.slice(targetEnd + 1));
  if (version === undefined || !isToken(method) || target === '' || !consistsOf(target, TARGET_CHAR)) return undefined;
  return { method, target, version };
}

/** The digits of `HTTP/1.1`, RFC 9112 §2.3: a name in capitals, and one digit on either side of the dot. */
export function parseVersion(text: string): string | undefined {
  if (text === 'HTTP/1.1') return '1.1';
  const isVersion = text.length === 8 && text.startsWith('HTTP/') && text[6] === '.';
  return isVersion && consistsOf(text[5] + text[7], DIGIT) ? text.slice(5) : undefined;
}

/**
 * Takes a target apart that is in origin-form, or in absolute-form, which a server must accept (RFC 9112 §3.2.2,
 * RFC 6455 §4.2.1): with http or https, or with the ws or wss of the URL that the client was given. Undefined for any
 * other: a WebSocket has a resource to name.
 */
export function parseTarget(target: string): RequestTarget | undefined {
  let rest = target;
  let authority: string | undefined;
  if (target.charCodeAt(0) !== 0x2f) {
    const match = /^(?:https?|wss?):\/\/([^/?]*)/i.exec(target);
    if (match === null) return undefined;
    authority = match[1];
    if (parseAuthority(authority) === undefined) return undefined;
    rest = target.slice(match[0].length);
  }
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const query = mark < 0 ? '' : rest.slice(mark + 1);
  return { authority, originForm: path === '' ? `/${rest}` : rest, path: path === '' ? '/' : path, query };
}

/**
 * The path that a request's target names, without the query, in origin-form and in absolute-form alike (RFC 9112 §3.2):
 * what requests are told apart by before they are answered. Undefined when it names none.
 */
export function pathOfTarget(target: string): string | undefined {
  return parseTarget(target)?.path;
}
