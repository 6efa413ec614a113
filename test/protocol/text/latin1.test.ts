import { expect, test } from 'vitest';
import { decodeLatin1, encodeLatin1, latin1Bytes } from '../../../protocol/text/latin1.ts';

test('each byte is a code unit, and back', () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i);
  const text = decodeLatin1(bytes, 3, 9999);
  expect(text.length).toBe(9996);
  expect([...text].every((character, i) => character.charCodeAt(0) === ((i + 3) & 0xff))).toBe(true);
  const again = new Uint8Array(10_000).fill(0xdb);
  expect(encodeLatin1(text, again, 3)).toBe(9999);
  expect(again.subarray(3, 9999)).toEqual(bytes.subarray(3, 9999));
  // What lies around it is somebody else's.
  expect([again[2], again[9999]]).toEqual([0xdb, 0xdb]);
  expect(latin1Bytes(text)).toEqual(bytes.subarray(3, 9999));
  expect(decodeLatin1(bytes, 5, 5)).toBe('');
});
