import { describe, expect, test } from 'vitest';
import { answerUpgrade, Connection, EventQueue, type RequestHead } from '../../../protocol/index.ts';

const HEAD: RequestHead = {
  method: 'GET',
  target: '/chat',
  version: '1.1',
  rawHeaders: [
    ...['Host', 'example.com', 'Upgrade', 'websocket', 'Connection', 'Upgrade'],
    ...['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version', '13'],
    ...['Sec-WebSocket-Protocol', 'chat'],
  ],
};

const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);

describe('a request that something else has parsed', () => {
  test('is answered with a 101 when it is right, and the connection goes on from there', () => {
    const { output, opening, rejection } = answerUpgrade(HEAD, { subprotocols: ['chat'] });
    expect(text(output)).toMatch(
      /^HTTP\/1\.1 101 [^]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n[^]*\r\n\r\n$/,
    );
    expect(rejection).toBeUndefined();
    expect(opening?.subprotocol).toBe('chat');

    const events = new EventQueue();
    const connection = Connection.established('server', { ...opening, now: 0, sink: events });
    connection.receive(new Uint8Array([0x81, 0x81, 0, 0, 0, 0, 0x61]), 0);
    expect(connection.opening).toEqual(opening);
    expect(events.take()).toEqual([{ type: 'text', text: 'a' }]);
  });

  test('is refused with a whole response when it is not', () => {
    const { output, opening, rejection } = answerUpgrade({ ...HEAD, method: 'POST' });
    expect(text(output)).toMatch(/^HTTP\/1\.1 405 /);
    expect(opening).toBeUndefined();
    expect(rejection?.status).toBe(405);
  });

  test('is accepted with more fields when they are given', () => {
    const { output } = answerUpgrade(HEAD, {}, { headers: { 'X-Shard': '7' } });
    expect(text(output)).toContain('\r\nX-Shard: 7\r\n');
  });
});
