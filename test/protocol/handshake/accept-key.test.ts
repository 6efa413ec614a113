import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
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
