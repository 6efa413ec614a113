import { describe, expect, test } from 'vitest';
import { parseWebSocketUrl } from '../../../protocol/handshake/url.ts';

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

describe('a WebSocket URL (RFC 6455 §3)', () => {
  test('tells where to connect and what to ask for', () => {
    expect(parseWebSocketUrl('ws://example.com:8080/chat?id=1')).toEqual({
      secure: false,
      hostname: 'example.com',
      port: 8080,
      host: 'example.com:8080',
      path: '/chat?id=1',
      authorization: undefined,
    });
  });

  test.each([
    ['ws://example.com', 80, 'example.com'],
    ['ws://example.com:80', 80, 'example.com'],
    ['ws://example.com:443', 443, 'example.com:443'],
    ['wss://example.com', 443, 'example.com'],
    ['wss://example.com:443', 443, 'example.com'],
    ['wss://example.com:80', 80, 'example.com:80'],
    ['WSS://EXAMPLE.com:', 443, 'example.com'],
  ])('%s has port %i and the Host %s', (url, port, host) => {
    expect(parseWebSocketUrl(url)).toMatchObject({ port, host, secure: /^wss/i.test(url) });
  });

  test('may have an IPv6 address', () => {
    const url = parseWebSocketUrl('ws://[2001:DB8::1]:8080/');
    expect(url).toMatchObject({ hostname: '[2001:db8::1]', port: 8080, host: '[2001:db8::1]:8080' });
  });

  test.each([
    ['ws://a', '/'],
    ['ws://a/', '/'],
    ['ws://a?', '/'],
    ['ws://a/?', '/'],
    ['ws://a?b=c', '/?b=c'],
    ['ws://a?b/c', '/?b/c'],
    ['ws://a//b', '//b'],
    ['ws://a/b?c?d', '/b?c?d'],
    ['ws://a/%20%zz', '/%20%zz'],
    ['ws://a/"<>\\^`{|}', '/%22%3C%3E%5C%5E%60%7B%7C%7D'],
    ["ws://a/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"],
    ['ws://a/@b', '/@b'],
  ])('%s has the resource name %s', (url, path) => {
    expect(parseWebSocketUrl(url).path).toBe(path);
  });

  test('has what it may not hold percent-encoded as UTF-8 (§11.1.1)', () => {
    expect(parseWebSocketUrl('ws://a/ü/漢?😀').path).toBe('/%C3%BC/%E6%BC%A2?%F0%9F%98%80');
    expect(parseWebSocketUrl('ws://a/\u2028?\u2029').path).toBe('/%E2%80%A8?%E2%80%A9');
  });

  test.each([
    ['ws://user:pass@a', 'user:pass'],
    ['ws://user@a', 'user:'],
    ['ws://:pass@a', ':pass'],
    ['ws://us%65r:p%3Aass%40@a', 'user:p:ass@'],
    ['ws://user:p:a@ss@a', 'user:p:a@ss'],
    ['ws://%C3%BC:ü@a', 'ü:ü'],
  ])('%s has user info for Basic authorization, percent-decoded', (url, credentials) => {
    expect(parseWebSocketUrl(url)).toMatchObject({ host: 'a', authorization: basic(credentials) });
  });

  test.each(['ws://@a', 'ws://:@a'])('%s has no user info', (url) => {
    expect(parseWebSocketUrl(url).authorization).toBeUndefined();
  });
});

describe('a URL is a SyntaxError', () => {
  test.each([
    ['with a fragment', 'ws://a/#b'],
    ['with an empty fragment', 'ws://a/#'],
    ['with a fragment in place of a path', 'ws://a#b'],
    ['with the scheme http', 'http://a/'],
    ['with the scheme https', 'https://a/'],
    ['with the scheme wsss', 'wsss://a/'],
    ['without a scheme', '//a/'],
    ['without slashes', 'ws:a'],
    ['with its scheme behind another', 'http://ws://a'],
    ['that is relative', '/a'],
    ['that is empty', ''],
    ['with CR', 'ws://a/\rb'],
    ['with LF', 'ws://a/\nb'],
    ['with CRLF and a header', 'ws://a/ HTTP/1.1\r\nX: y'],
    ['with LF in the scheme', 'w\ns://a'],
    ['with HTAB', 'ws://a/\tb'],
    ['with NUL', 'ws://a/\0'],
    ['with DEL', 'ws://a/\x7f'],
    ['with a space', 'ws://a/b c'],
    ['with space around it', ' ws://a/ '],
    ['without a host', 'ws://'],
    ['with a path alone', 'ws:///a'],
    ['with a port alone', 'ws://:80'],
    ['with user info alone', 'ws://user@'],
    ['with a port that is no number', 'ws://a:b'],
    ['with a port out of range', 'ws://a:65536'],
    ['with an IPv6 address without brackets', 'ws://::1/'],
    ['with a bad IPv6 address', 'ws://[::g]/'],
    ['with a backslash in its authority', 'ws://a\\@b/'],
    ['with a host that is not ASCII', 'ws://bücher.example/'],
    ['with a percent-encoded host', 'ws://%61/'],
    ['with malformed percent-encoding in its user info', 'ws://%zz@a'],
    ['with malformed percent-encoding in its password', 'ws://user:%@a'],
    ['with user info that is not UTF-8', 'ws://%ff@a'],
    ['with a colon in its user name', 'ws://us%3Aer:pass@a'],
    ['with CR or LF in its user info', 'ws://user:%0d%0a@a'],
    ['with a lone surrogate', 'ws://a/\ud800'],
    ['with a zone in its IPv6 address', 'ws://[fe80::1%eth0]/'],
  ])('%s', (_, url) => {
    expect(() => parseWebSocketUrl(url)).toThrow(SyntaxError);
  });

  test.each(['ws://[fe80::1%eth0]/', 'ws://[fe80::1%25eth0]:80', 'wss://a:b%40@[fe80::1%251]/x'])(
    'that says so where an IPv6 address has a zone: %s',
    (url) => {
      expect(() => parseWebSocketUrl(url)).toThrow(/the zone of an IPv6 address/);
    },
  );

  test.each(['ws://a%b@[::g]/', 'ws://[::1/%]'])('and not elsewhere: %s', (url) => {
    expect(() => parseWebSocketUrl(url)).not.toThrow(/the zone/);
    expect(() => parseWebSocketUrl(url)).toThrow(SyntaxError);
  });

  test.each([
    ['ws://a b', 'a WebSocket URL has no white space and no control characters'],
    ['http://a', 'a WebSocket URL begins with ws:// or wss://'],
    ['ws://a#b', 'a WebSocket URL has no fragment'],
    ['ws://a:b', 'the host or the port of the WebSocket URL is not valid'],
    ['ws://us%3Aer@a', 'the user name in the WebSocket URL has a colon'],
    ['ws://us%00er@a', 'the user info of the WebSocket URL is not valid'],
    ['ws://%ff@a', 'the user info of the WebSocket URL is not valid'],
    ['ws://a/\ud800', 'the WebSocket URL has a lone surrogate'],
  ])('and %j is told why: %s', (url, why) => {
    expect(() => parseWebSocketUrl(url)).toThrow(new SyntaxError(why));
  });

  test('whose text does not repeat it', () => {
    for (const url of ['ws://user:secret@a b', 'ws://user:secret@a#', 'x://user:secret@a', 'ws://user:secret%@a']) {
      expect(() => parseWebSocketUrl(url)).toThrow(expect.not.stringContaining('secret'));
    }
  });
});
