import { describe, expect, test } from 'vitest';
import { HandshakeError } from '../../../../protocol/errors.ts';
import { TunnelHandshake } from '../../../../protocol/handshake/http1/tunnel.ts';
import type { TunnelOptions } from '../../../../protocol/handshake/http1/tunnel.ts';
import { bytes, cuts, text } from '../support.ts';

const authority = 'example.com:443';

function answered(wire: string, options: Partial<TunnelOptions> = {}): TunnelHandshake {
  const tunnel = new TunnelHandshake({ authority, ...options });
  tunnel.receive(bytes(wire));
  return tunnel;
}

describe('the request', () => {
  test('is a CONNECT, RFC 9110 §9.3.6', () => {
    expect(text(new TunnelHandshake({ authority }).output)).toBe(
      'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n',
    );
  });

  test('has the proxy’s own fields and credentials', () => {
    const credentials = { user: 'é', password: 'p:w' };
    expect(text(new TunnelHandshake({ authority: '[::1]:80', credentials, headers: { 'X-A': 'b' } }).output)).toBe(
      `CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\nX-A: b\r\nProxy-Authorization: Basic w6k6cDp3\r\n\r\n`,
    );
  });

  test.each<[string, Partial<TunnelOptions>]>([
    ['no port', { authority: 'example.com' }],
    ['a line end', { authority: 'example.com\r\nX: y:80' }],
    ['no authority', { authority: '' }],
    ['Host, which is its own', { headers: { Host: 'other' } }],
    ['Connection, which is its own', { headers: { Connection: 'close' } }],
    ['Content-Length, which is its own', { headers: { 'Content-Length': '1' } }],
    ['Transfer-Encoding, which is its own', { headers: { 'Transfer-Encoding': 'chunked' } }],
    ['a value with a line end', { headers: { a: 'b\r\nc: d' } }],
  ])('can not have %s', (_, options) => {
    expect(() => new TunnelHandshake({ authority, ...options })).toThrow(TypeError);
  });
});

describe('an answer', () => {
  test.each([
    'HTTP/1.1 200 Connection established\r\n\r\n',
    'HTTP/1.0 200\r\n\r\n',
    'HTTP/1.1 204 x\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n',
    `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(8)}HTTP/1.1 200 OK\r\n\r\n`,
  ])('of 2xx opens the tunnel, which begins after its head, however it is cut: %j', (head) => {
    for (const chunks of cuts(bytes(`${head}xyz`))) {
      const tunnel = new TunnelHandshake({ authority });
      let consumed = 0;
      for (const chunk of chunks) if (!tunnel.isOpen) consumed += tunnel.receive(chunk);
      expect({ isOpen: tunnel.isOpen, error: tunnel.error, consumed }).toEqual({
        isOpen: true,
        error: undefined,
        consumed: head.length,
      });
      tunnel.receiveEof();
      expect(tunnel.error).toBeUndefined();
    }
  });

  test('of another status is told with its body, however it is cut', () => {
    const wire = 'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nbody and more';
    for (const chunks of cuts(bytes(wire))) {
      const tunnel = new TunnelHandshake({ authority });
      for (const chunk of chunks) expect(tunnel.receive(chunk)).toBe(chunk.length);
      expect(tunnel.isOpen).toBe(false);
      expect(tunnel.error).toBeInstanceOf(HandshakeError);
      expect(tunnel.error).toMatchObject({
        message: 'the proxy refused the tunnel with status 407',
        isTemporary: false,
      });
      expect(tunnel.error!.response).toMatchObject({ status: 407, statusText: 'Who', body: bytes('body') });
    }
  });

  test('without a body fails at once', () => {
    expect(answered('HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n').error).toMatchObject({ isTemporary: true });
  });

  test('whose body is cut off by the end is told with what there is', () => {
    const tunnel = answered('HTTP/1.1 403 x\r\nContent-Length: 9\r\n\r\nbo');
    expect(tunnel.error).toBeUndefined();
    tunnel.receiveEof();
    expect(tunnel.error!.response!.body).toEqual(bytes('bo'));
    const { error } = tunnel;
    tunnel.receiveEof();
    expect(tunnel.error).toBe(error);
  });

  test.each([
    [
      'of TLS',
      '\x15\x03\x01\0\x02\x02\x46',
      'the proxy’s answer is not valid: it speaks TLS: its URL should begin with https:',
    ],
    ['that is no HTTP', 'SSH-2.0-x\r\n', 'the proxy’s answer is not valid: the start line is malformed'],
    ['that switches protocols', 'HTTP/1.1 101 x\r\n\r\n', 'the proxy never came to an answer'],
    ['that is cut off', 'HTTP/1.1 2', 'the proxy ended the connection before it had answered'],
  ])('%s is told why', (_, wire, why) => {
    const tunnel = answered(wire);
    tunnel.receiveEof();
    expect(tunnel.error!.message).toBe(why);
  });

  test('that never comes is a failure that may pass', () => {
    const tunnel = answered('HTTP/1.1 2');
    tunnel.receiveEof();
    expect(tunnel.error).toMatchObject({ isTemporary: true, response: undefined, kind: 'proxy' });
  });

  test.each([
    ['that is no HTTP', 'SSH-2.0-x\r\n'],
    ['with a bare LF', 'HTTP/1.1 200 OK\n\n'],
    ['with an endless head', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(2000)}`],
    ['with more than 64 KiB of head', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(65_536)}`],
    ['that switches protocols', 'HTTP/1.1 101 x\r\n\r\n'],
    ['after nine 1xx', 'HTTP/1.1 100 x\r\n\r\n'.repeat(9)],
    ['that is a redirect', 'HTTP/1.1 300 x\r\nContent-Length: 0\r\n\r\n'],
  ])('%s fails', (_, wire) => {
    const tunnel = answered(wire);
    expect(tunnel.isOpen).toBe(false);
    expect(tunnel.error).toBeInstanceOf(HandshakeError);
    expect(tunnel.error!.isTemporary).toBe(false);
  });
});
