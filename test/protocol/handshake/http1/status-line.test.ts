import { expect, test } from 'vitest';
import { isTemporaryStatus, parseStatusLine } from '../../../../protocol/handshake/http1/status-line.ts';

test.each([
  ['HTTP/1.1 101 Switching Protocols', '1.1', 101, 'Switching Protocols'],
  ['HTTP/1.0 200 OK', '1.0', 200, 'OK'],
  ['HTTP/1.1 999 ', '1.1', 999, ''],
  ['HTTP/1.1 404', '1.1', 404, ''],
  ['HTTP/1.1 200  \xe9', '1.1', 200, ' \xe9'],
])('%j is a status line (RFC 9112 §4)', (line, version, status, statusText) => {
  expect(parseStatusLine(line)).toEqual({ version, status, statusText });
});

test.each([
  '',
  'HTTP/1.1',
  'HTTP/1.1 ',
  'HTTP/1.1  101',
  'HTTP/1.1 10',
  'HTTP/1.1 1010',
  'HTTP/1.1 099 x',
  'HTTP/1.1 +10 x',
  'HTTP/1.1 1e2 x',
  'HTTP/1.1\t101 x',
  'HTTP/1.1 101\tx',
  'HTTP/2.0 101 x',
  'HTTP/0.9 101 x',
  'ICY 200 OK',
  '220 mail ESMTP',
])('%j is none', (line) => {
  expect(parseStatusLine(line)).toBeUndefined();
});

test.each([408, 429, 500, 502, 503, 504, 599])('a %i may pass', (status) => {
  expect(isTemporaryStatus(status)).toBe(true);
});

test.each([200, 302, 400, 401, 403, 404, 426, 501, 505, 511, 600])('a %i stays', (status) => {
  expect(isTemporaryStatus(status)).toBe(false);
});
