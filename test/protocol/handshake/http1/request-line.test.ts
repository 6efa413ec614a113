import { describe, expect, test } from 'vitest';
import {
  parseRequestLine,
  parseTarget,
  parseVersion,
  pathOfTarget,
} from '../../../../protocol/handshake/http1/request-line.ts';

describe('a request line', () => {
  test('is a method, a target and a version (RFC 9112 §3)', () => {
    expect(parseRequestLine('GET /a?b HTTP/1.1')).toEqual({ method: 'GET', target: '/a?b', version: '1.1' });
    expect(parseRequestLine('PRI * HTTP/2.0')).toEqual({ method: 'PRI', target: '*', version: '2.0' });
  });

  test.each([
    '',
    'GET',
    'GET /',
    'GET / ',
    ' / HTTP/1.1',
    'GET  HTTP/1.1',
    'GET  / HTTP/1.1',
    'GET /  HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET / x HTTP/1.1',
    'GET\t/ HTTP/1.1',
    'G(T / HTTP/1.1',
    'GET /\t HTTP/1.1',
    'GET /#fragment HTTP/1.1',
    'GET /\xe9 HTTP/1.1',
    'GET / http/1.1',
    'GET / HTTP/1',
  ])('%j is none', (line) => {
    expect(parseRequestLine(line)).toBeUndefined();
  });
});

test.each(['HTTP/0.9', 'HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP/9.9'])('%s is a version', (text) => {
  expect(parseVersion(text)).toBe(text.slice(5));
});

test.each(['HTTP/1,1', 'HTTP/11', 'HTTP/1.11', 'HTTP/a.1', 'HTTP/1.a', 'HTTQ/1.1', 'Http/1.1', ''])(
  '%j is no version',
  (text) => {
    expect(parseVersion(text)).toBeUndefined();
  },
);

describe('a target', () => {
  test.each([
    ['/', undefined, '/', '', '/'],
    ['/a/b?c=d?e', undefined, '/a/b', 'c=d?e', '/a/b?c=d?e'],
    ['/?', undefined, '/', '', '/?'],
    ['//a', undefined, '//a', '', '//a'],
    ['http://example.com', 'example.com', '/', '', '/'],
    ['HTTPS://example.com:444/a', 'example.com:444', '/a', '', '/a'],
    ['http://[::1]?b', '[::1]', '/', 'b', '/?b'],
    ['ws://example.com/a?b', 'example.com', '/a', 'b', '/a?b'],
    ['WSS://example.com?', 'example.com', '/', '', '/?'],
  ])('%j names a resource', (target, authority, path, query, originForm) => {
    expect(parseTarget(target)).toEqual({ authority, originForm, path, query });
    expect(pathOfTarget(target)).toBe(path);
  });

  test.each([
    '*',
    'example.com:80',
    'a',
    'ftp://a/',
    'http:///a',
    'http://',
    'http://user@a/',
    'http://a:b/',
    '?a',
    'http:/a',
    'wsss://a/',
    'ws+unix://a/',
    'xhttp://a/',
  ])('%j names none', (target) => {
    expect(parseTarget(target)).toBeUndefined();
    expect(pathOfTarget(target)).toBeUndefined();
  });
});
