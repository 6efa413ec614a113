/** The URL that reaches what a server's `address()` says. */
import { expect, test } from 'vitest';
import { type Address, portOf, urlOf } from '../../../drivers/node/address.ts';

const at = (address: string, family = 'IPv4'): Address => ({ address, family, port: 8080 });

test.each<[Address, boolean, string, number]>([
  [at('127.0.0.1'), false, 'ws://127.0.0.1:8080', 8080],
  [at('192.0.2.1'), true, 'wss://192.0.2.1:8080', 8080],
  [at('0.0.0.0'), false, 'ws://127.0.0.1:8080', 8080],
  [at('::', 'IPv6'), false, 'ws://[::1]:8080', 8080],
  [at('2001:db8::1', 'IPv6'), true, 'wss://[2001:db8::1]:8080', 8080],
  ['/run/a b', false, 'ws+unix:/run/a%20b:', 0],
  ['//run/a', false, 'ws+unix:/%2Frun/a:', 0],
  ['/run/a', true, 'wss://localhost', 0],
  [null, false, 'ws://localhost', 0],
])('%j, with TLS: %j', (address, secure, url, port) => {
  expect([urlOf(address, secure), portOf(address)]).toEqual([url, port]);
});
