import { expect, test } from 'vitest';
import { ServerPolicy } from '../../../protocol/handshake/server-policy.ts';
import type { ServerHandshakeOptions } from '../../../protocol/handshake/server-policy.ts';

test('a policy has its defaults', () => {
  expect({ ...new ServerPolicy({}) }).toEqual({
    subprotocols: [],
    selectSubprotocol: undefined,
    allowedOrigins: undefined,
    secure: false,
    rawHeaders: [],
  });
});

test('a policy has what the options say', () => {
  const selectSubprotocol = () => undefined;
  const options: ServerHandshakeOptions = {
    subprotocols: ['a'],
    selectSubprotocol,
    allowedOrigins: ['https://a'],
    secure: true,
    headers: { Server: 'x' },
  };
  expect({ ...new ServerPolicy(options) }).toEqual({ ...options, headers: undefined, rawHeaders: ['Server', 'x'] });
});

test.each<[string, unknown]>([
  ['subprotocols that are no array', { subprotocols: 'a' }],
  ['a subprotocol that is no token', { subprotocols: ['a b'] }],
  ['a repeated subprotocol', { subprotocols: ['a', 'a'] }],
  ['a selectSubprotocol that is no function', { selectSubprotocol: 'a' }],
  ['an origin that could never match', { allowedOrigins: ['https://a/'] }],
  ['a header with a line end', { headers: { a: 'b\r\nc' } }],
  ["a header that is the handshake's own", { headers: { 'Sec-WebSocket-Accept': 'x' } }],
])('%s is a TypeError', (_, options) => {
  expect(() => new ServerPolicy(options as ServerHandshakeOptions)).toThrow(TypeError);
});
