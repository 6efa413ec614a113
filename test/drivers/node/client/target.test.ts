/** What the URL of a client leads to. */
import { expect, test } from 'vitest';
import { authorityOf, parseTarget } from '../../../../drivers/node/client/target.ts';

test.each<[url: string | URL, socketPath: string | undefined, target: object]>([
  ['ws://Host.test', undefined, { href: 'ws://host.test/', secure: false, host: 'host.test', port: 80 }],
  [new URL('wss://host.test/a?b'), undefined, { url: 'wss://host.test/a?b', secure: true, port: 443 }],
  ['ws://[::1]:8080/', undefined, { href: 'ws://[::1]:8080/', host: '::1', port: 8080, socketPath: undefined }],
  ['ws://host.test/a', '/run/a', { url: 'ws://host.test/a', host: 'host.test', socketPath: '/run/a' }],
  ['ws+unix:/run/a', undefined, { href: 'ws+unix:/run/a', url: 'ws://localhost', socketPath: '/run/a' }],
  ['ws+unix:/run/a%20%3a:', undefined, { url: 'ws://localhost', host: 'localhost', socketPath: '/run/a :' }],
  ['ws+unix:/run/a:/b:c?d:e', undefined, { url: 'ws://localhost/b:c?d:e', secure: false, socketPath: '/run/a' }],
])('%s leads where it says', (url, socketPath, target) => {
  expect(parseTarget(url, socketPath)).toMatchObject(target);
});

test.each([
  ['ws://host.test/a b', 'white space'],
  ['ws://host.test/\x7f', 'white space'],
  [' ws://host.test/', 'white space'],
  ['ws://', 'not valid'],
  ['nowhere', 'begins with ws'],
  ['ws://host.test/#', 'fragment'],
  ['ftp://host.test/', 'begins with ws'],
  ['ws+unix://host.test/run/a', 'has no host'],
  ['ws+unix://me@host.test/run/a', 'has no host'],
  ['ws+unix:/run/a:/b#c', 'fragment'],
  ['ws+unix:', 'has the path of a socket'],
  ['ws+unix::/b', 'has the path of a socket'],
  ['ws+unix:/run/a:b', 'begins with a slash'],
  ['ws+unix:/run/%zz', 'path in the ws+unix: URL'],
])('%o is a SyntaxError that does not repeat it', (url, words) => {
  const parse = () => parseTarget(url);
  expect(parse).toThrow(SyntaxError);
  expect(parse).toThrow(words);
  expect(parse).not.toThrow(/run|%zz|host\.test/);
});

test('a ws+unix: URL takes no other socket', () => {
  expect(() => parseTarget('ws+unix:/run/a', '/run/b')).toThrow(TypeError);
});

test('an authority has brackets around what has colons', () => {
  expect(authorityOf({ host: '::1', port: 1 })).toBe('[::1]:1');
  expect(authorityOf({ host: 'host.test', port: 443 })).toBe('host.test:443');
});
