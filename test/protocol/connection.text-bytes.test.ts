/** TEXT that is sent as bytes, and frames that may not be longer than so much. */
import { describe, expect, test } from 'vitest';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { establishDeflate } from '../../protocol/permessage-deflate/established.ts';
import { PreparedMessage } from '../../protocol/prepared.ts';
import { Resources } from '../../protocol/resources.ts';
import { type Endpoint, openEndpoint, ROLES } from '../support/endpoint.ts';
import { CONTINUATION, TEXT, utf8 } from '../support/frames.ts';

const zlibCodec = createZlibCodec();

describe.each(ROLES)('TEXT as bytes: %s', (role) => {
  test('goes out as it is', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.sendText(utf8('aü'));
    endpoint.connection.sendText(utf8('ü').buffer);
    endpoint.connection.sendPrepared(new PreparedMessage(utf8('ß'), new Resources(), true));
    expect(endpoint.sent()).toEqual(['TEXT "aü"', 'TEXT "ü"', 'TEXT "ß"']);
  });

  test('is refused when it is not UTF-8, before anything is sent', () => {
    const endpoint = openEndpoint(role);
    const bad = Uint8Array.of(0x61, 0xc3);
    expect(() => endpoint.connection.sendText(bad)).toThrow(new TypeError('the text is not UTF-8'));
    expect(() => new PreparedMessage(bad, new Resources(), true)).toThrow(new TypeError('the text is not UTF-8'));
    expect(() => endpoint.connection.sendText(1 as unknown as string)).toThrow(TypeError);
    expect(endpoint.sent()).toEqual([]);
  });

  test('goes in fragments that are cut anywhere', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.sendFragment(Uint8Array.of(0x61, 0xc3), false, true, true);
    endpoint.connection.sendFragment(Uint8Array.of(0xbc), true, true, true);
    expect(endpoint.sentFrames().map(({ opcode, fin, payload }) => [opcode, fin, [...payload]])).toEqual([
      [TEXT, false, [0x61, 0xc3]],
      [CONTINUATION, true, [0xbc]],
    ]);
  });
});

describe.each(ROLES)('maxFrameSize: %s', (role) => {
  const lengths = (endpoint: Endpoint) =>
    endpoint.sentFrames().map(({ opcode, fin, rsv1, payload }) => [opcode, fin, rsv1, payload.length]);

  test('a longer message goes out in as many frames as it takes', () => {
    const { connection, ...endpoint } = pick(openEndpoint(role, { maxFrameSize: 10 }));
    connection.sendText('ü'.repeat(12));
    connection.sendBinary(new Uint8Array(20));
    connection.sendBinary(new Uint8Array(10));
    connection.sendText('abc');
    expect(lengths(endpoint.self)).toEqual([
      [1, false, false, 10],
      [0, false, false, 10],
      [0, true, false, 4],
      [2, false, false, 10],
      [0, true, false, 10],
      [2, true, false, 10],
      [1, true, false, 3],
    ]);
  });

  test('so does a fragment, and what was encoded for many', () => {
    const { connection, ...endpoint } = pick(openEndpoint(role, { maxFrameSize: 10 }));
    connection.sendFragment(new Uint8Array(11), false);
    connection.sendFragment(new Uint8Array(11), true);
    connection.sendPrepared(new PreparedMessage(new Uint8Array(15)));
    expect(lengths(endpoint.self)).toEqual([
      [2, false, false, 10],
      [0, false, false, 1],
      [0, false, false, 10],
      [0, true, false, 1],
      [2, false, false, 10],
      [0, true, false, 5],
    ]);
  });

  test.each([5000.75, 7.5, 1.5, 0.5])('%f bytes are as many whole ones as are in it, and one at least', (most) => {
    const { connection, ...endpoint } = pick(openEndpoint(role, { maxFrameSize: most }));
    const bytes = Uint8Array.from({ length: most > 5000 ? 16_000 : 16 }, (_, i) => (i * 7) & 0xff);
    connection.sendBinary(bytes);
    connection.sendText('ab');
    const frames = endpoint.self.sentFrames();
    const longest = Math.max(...frames.map(({ payload }) => payload.length));
    expect(longest).toBe(Math.max(1, Math.floor(most)));
    const sent = frames.slice(0, Math.ceil(bytes.length / longest));
    expect(Buffer.concat(sent.map(({ payload }) => payload)).equals(bytes)).toBe(true);
    expect(sent.map(({ fin }) => fin).indexOf(true)).toBe(sent.length - 1);
  });

  test('a compressed message has RSV1 on its first frame alone', () => {
    const deflate = establishDeflate(role, 'permessage-deflate', { threshold: 0 }, zlibCodec);
    const { connection, ...endpoint } = pick(openEndpoint(role, { maxFrameSize: 4, deflate }));
    connection.sendText('abcdefg');
    connection.sendPrepared(new PreparedMessage('hijklmn'));
    const frames = lengths(endpoint.self);
    expect(frames.length).toBeGreaterThan(4);
    expect(frames.filter(([, , rsv1]) => rsv1).map(([opcode]) => opcode)).toEqual([1, 1]);
    expect(frames.every(([, , , length]) => (length as number) <= 4)).toBe(true);
  });
});

function pick(endpoint: Endpoint) {
  return { connection: endpoint.connection, self: endpoint };
}
