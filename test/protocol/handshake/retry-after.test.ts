import { expect, test } from 'vitest';
import { retryAfter } from '../../../protocol/handshake/retry-after.ts';

const NOW = 'Sun, 06 Nov 1994 08:49:37 GMT';

test.each<[string, string | undefined, number | undefined]>([
  ['120', undefined, 120_000],
  ['0', undefined, 0],
  ['Sun, 06 Nov 1994 08:50:00 GMT', NOW, 23_000],
  [NOW, NOW, 0],
  ['Mon, 07 Nov 1994 08:49:37 GMT', NOW, 86_400_000],
  ['Wed, 01 Mar 2000 00:00:00 GMT', 'Mon, 28 Feb 2000 23:59:59 GMT', 86_401_000],
  ['Thu, 01 Mar 1900 00:00:00 GMT', 'Wed, 28 Feb 1900 23:59:59 GMT', 1000],
  ['Fri, 01 Mar 2024 00:00:00 GMT', 'Wed, 28 Feb 2024 23:59:59 GMT', 86_401_000],
  ['Sat, 01 Jan 2000 00:00:00 GMT', 'Fri, 31 Dec 1999 23:59:59 GMT', 1000],
  ['Sun, 06 Nov 1994 08:49:36 GMT', NOW, undefined],
  [NOW, undefined, undefined],
  ['Sun, 06 Foo 1994 08:50:00 GMT', NOW, undefined],
  ['-1', NOW, undefined],
  ['1.5', NOW, undefined],
  ['', NOW, undefined],
])('Retry-After %j with Date %j', (value, date, expected) => {
  expect(retryAfter({ 'retry-after': value, ...(date === undefined ? {} : { date }) })).toBe(expected);
});

test('no Retry-After', () => {
  expect(retryAfter({})).toBeUndefined();
});

test('dates agree with the language’s own', () => {
  for (let day = 0; day < 800; day += 1) {
    const date = new Date(Date.UTC(1999, 10, 1) + day * 86_400_000).toUTCString();
    expect(retryAfter({ 'retry-after': date, date: 'Mon, 01 Nov 1999 00:00:00 GMT' })).toBe(day * 86_400_000);
  }
});
