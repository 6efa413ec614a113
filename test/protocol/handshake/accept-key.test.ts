import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Connection, Phase, Resources } from '../../../protocol/index.ts';
import { acceptKey, makeKey } from '../../../protocol/handshake/accept-key.ts';
import { isBase64Of16Bytes } from '../../../protocol/handshake/base64.ts';
import { ACCEPT, KEY } from './support.ts';

test('Sec-WebSocket-Accept is that of the example in RFC 6455 §1.3', () => {
  expect(acceptKey(KEY)).toBe(ACCEPT);
});

test('Sec-WebSocket-Accept is what node:crypto gives', () => {
  for (let i = 0; i < 100; i++) {
    const key = Buffer.from(Uint8Array.from({ length: 16 }, (_, j) => i * 31 + j * 7)).toString('base64');
    const hash = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    expect(acceptKey(key)).toBe(hash.digest('base64'));
  }
});

test('a key is made of 16 random bytes, others each time (RFC 6455 §4.1, item 7)', () => {
  let calls = 0;
  const random = (bytes: Uint8Array) => {
    expect(bytes.length).toBe(16);
    bytes.fill(++calls);
  };
  const keys = [makeKey(random), makeKey(random)];
  expect(keys.every(isBase64Of16Bytes)).toBe(true);
  expect(keys).toEqual([1, 2].map((byte) => Buffer.alloc(16, byte).toString('base64')));
});

describe('a runtime’s own SHA-1', () => {
  const hashed: string[] = [];
  const sha1 = (ascii: string): string => {
    hashed.push(ascii);
    return createHash('sha1').update(ascii).digest('base64');
  };
  const resources = new Resources({ sha1, random: (bytes) => bytes.fill(7) });
  const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

  test('makes the accept field of a server, and what a client compares it with', () => {
    const ends = { now: 0, resources };
    const client = Connection.client({ url: 'ws://example.com/' }, { sink: {}, ...ends });
    const server = Connection.server({ sink: {}, ...ends });
    for (const chunk of client.takeOutput()) server.receive(chunk, 0);
    expect(hashed).toEqual([Buffer.alloc(16, 7).toString('base64') + GUID]);
    for (const chunk of server.takeOutput()) client.receive(chunk, 0);
    expect(hashed).toEqual([hashed[0], hashed[0]]);
    expect([client.phase, server.phase]).toEqual([Phase.OPEN, Phase.OPEN]);
  });

  test('makes that of a 200 to a CONNECT with a key', () => {
    hashed.length = 0;
    const server = Connection.server({ now: 0, resources, sink: {} });
    const fields = [
      ':method',
      'CONNECT',
      ':protocol',
      'websocket',
      ':scheme',
      'https',
      ':path',
      '/',
      ':authority',
      'a',
    ];
    server.receiveFields([...fields, 'sec-websocket-version', '13', 'sec-websocket-key', KEY], false, 0);
    expect(hashed).toEqual([KEY + GUID]);
    expect(server.takeFields()).toContain(ACCEPT);
  });
});
