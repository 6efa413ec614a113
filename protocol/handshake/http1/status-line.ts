import { consistsOf, DIGIT } from '../grammar.ts';
import type { HeadKind } from './head-parser.ts';
import { parseVersion } from './request-line.ts';

/** A status line, RFC 9112 §4. */
export interface StatusLine {
  /** '1.1' */
  readonly version: string;
  readonly status: number;
  readonly statusText: string;
}

/** The head that a server answers with, and how large a client lets it be. */
export const RESPONSE_HEAD: HeadKind<StatusLine> = {
  isRequest: false,
  maxHead: 65_536,
  maxLine: 65_536,
  maxFields: 1000,
  parseStartLine: parseStatusLine,
};

/**
 * Takes a status line apart. The SP before an empty reason phrase may be missing, as it often is.
 * Undefined when it is malformed: anything but HTTP/1, and a status that is not 100–999.
 */
export function parseStatusLine(line: string): StatusLine | undefined {
  const version = parseVersion(line.slice(0, 8));
  if (version === undefined || !version.startsWith('1.') || line[8] !== ' ') return undefined;
  const digits = line.slice(9, 12);
  if (digits.length !== 3 || !consistsOf(digits, DIGIT) || digits.startsWith('0')) return undefined;
  if (line.length > 12 && line[12] !== ' ') return undefined;
  return { version, status: Number(digits), statusText: line.slice(13) };
}

/** Whether the same request may have another answer a little later: RFC 9110 §15.5.9, §15.6, RFC 6585 §4. */
export function isTemporaryStatus(status: number): boolean {
  if (status < 500) return status === 408 || status === 429;
  return status !== 501 && status !== 505 && status !== 511 && status < 600;
}
