import { describe, expect, test } from 'vitest';
import { checkAllowedOrigins, isOriginAllowed, isSameHost } from '../../../protocol/handshake/origin.ts';
import type { AllowedOrigins } from '../../../protocol/handshake/origin.ts';
import type { UpgradeRequest } from '../../../protocol/handshake/types.ts';

function judge(allowed: AllowedOrigins | undefined, origin: string | undefined, host = 'example.com', secure = false) {
  return isOriginAllowed(allowed, { origin, host } as UpgradeRequest, secure);
}

describe('the same host', () => {
  test.each([
    ['http://example.com', 'example.com'],
    ['https://example.com', 'example.com'],
    ['http://example.com', 'example.com:80'],
    ['https://example.com', 'example.com:443'],
    ['http://example.com:8080', 'example.com:8080'],
    ['https://example.com:8443', 'example.com:8443'],
    ['http://example.com', 'EXAMPLE.com'],
    ['http://example.com', 'example.com:'],
    ['http://[::1]:8080', '[::1]:8080'],
    ['http://example.com.', 'example.com.'],
    // No page has these, but programs send them: ws4py.
    ['ws://example.com', 'example.com'],
    ['wss://example.com', 'example.com:443'],
    ['ws://example.com:8080', 'example.com:8080'],
  ])('%s is that of %s', (origin, host) => {
    expect(isSameHost(origin, host, false)).toBe(true);
  });

  test.each([
    ['http://example.com.evil.example', 'example.com'],
    ['http://evil.example', 'example.com'],
    ['http://sub.example.com', 'example.com'],
    ['http://notexample.com', 'example.com'],
    ['http://example.com', 'example.com:8080'],
    ['http://example.com:8080', 'example.com'],
    ['http://example.com', 'example.com:443'],
    ['https://example.com', 'example.com:80'],
    ['http://example.com:80', 'example.com'],
    ['http://EXAMPLE.com', 'example.com'],
    ['HTTP://example.com', 'example.com'],
    ['http://example.com.', 'example.com'],
    ['http://example.com/', 'example.com'],
    ['http://user@example.com', 'example.com'],
    ['ftp://example.com', 'example.com'],
    ['ws://evil.example', 'example.com'],
    ['ws://example.com', 'example.com:443'],
    ['example.com', 'example.com'],
    ['http://a:b', 'a'],
    ['http://a:b', 'a:b'],
    ['null', 'null'],
    ['', 'example.com'],
  ])('%s is not that of %s', (origin, host) => {
    expect(isSameHost(origin, host, false)).toBe(false);
  });

  test('has port 443 by default when TLS ends here', () => {
    expect(isSameHost('https://example.com', 'example.com', true)).toBe(true);
    expect(isSameHost('http://example.com', 'example.com', true)).toBe(false);
    expect(isSameHost('https://example.com:8443', 'example.com:8443', true)).toBe(true);
  });
});

describe('by default', () => {
  test('the same host may connect, and who sends no Origin', () => {
    expect(judge(undefined, 'http://example.com')).toBe(true);
    expect(judge(undefined, undefined)).toBe(true);
    expect(judge(undefined, 'http://evil.example')).toBe(false);
    expect(judge(undefined, 'null')).toBe(false);
  });
});

describe('a list', () => {
  const list = ['https://a.example', 'https://b.example:8443', 'null'];

  test('holds whole serialised origins', () => {
    for (const origin of list) expect(judge(list, origin)).toBe(true);
  });

  test.each([
    'https://a.example.evil.example',
    'https://evil-a.example',
    'https://a.example:443',
    'https://A.example',
    'https://a.example.',
    'https://a.example/',
    'http://a.example',
    'https://b.example',
    'http://example.com',
    'http://a:b',
    '',
    'undefined',
  ])('does not let in %j', (origin) => {
    expect(judge(list, origin)).toBe(false);
  });

  test('lets nobody in who sends no Origin', () => {
    expect(judge(list, undefined)).toBe(false);
  });
});

test("'*' lets everyone in", () => {
  for (const origin of ['https://a.example', 'null', undefined]) expect(judge('*', origin)).toBe(true);
});

test('two Origin fields are never let in (RFC 6454 §7.3)', () => {
  for (const allowed of ['*' as const, () => true, undefined]) {
    expect(judge(allowed, 'http://example.com, http://example.com')).toBe(false);
  }
});

describe('a function', () => {
  test('decides, with the request', () => {
    const seen: unknown[] = [];
    const decide = (origin: string | undefined, { host }: UpgradeRequest) => {
      seen.push(origin, host);
      return origin === undefined;
    };
    expect(judge(decide, undefined)).toBe(true);
    expect(judge(decide, 'https://a')).toBe(false);
    expect(seen).toEqual([undefined, 'example.com', 'https://a', 'example.com']);
  });

  test('that returns no boolean throws: a promise would let everyone in', () => {
    const later = (async () => false) as unknown as AllowedOrigins;
    expect(() => judge(later, undefined)).toThrow(TypeError);
  });
});

describe('options', () => {
  test.each([
    [undefined],
    ['*'],
    [() => true],
    [[]],
    [['https://a', 'http://b:1', 'null', 'chrome-extension://abc', 'http://[::1]:1']],
  ])('%j are right', (allowed) => {
    expect(() => checkAllowedOrigins(allowed as AllowedOrigins)).not.toThrow();
  });

  test.each([
    ['https://a'],
    [null],
    [new Set(['https://a'])],
    [['a']],
    [['*']],
    [['https://a/']],
    [['https://A']],
    [['https://a, https://b']],
    [['https://user@a']],
    [[undefined]],
    [[/a/]],
  ])('%j are a TypeError', (allowed) => {
    expect(() => checkAllowedOrigins(allowed as AllowedOrigins)).toThrow(TypeError);
  });
});

test.each([
  ['*', ": for all, it is '*' by itself"],
  [5, ''],
  ['a.example', ': did you mean https://a.example?'],
  ['HTTPS://A.example:8443/path', ': did you mean https://a.example:8443?'],
  ['no host/', ''],
  ['a'.repeat(300), ''],
])('a list with %j says what may be meant', (origin, hint) => {
  const text = `allowedOrigins must list serialised origins, such as https://example.com or null${hint}`;
  expect(() => checkAllowedOrigins([origin as string])).toThrow(new TypeError(text));
});
