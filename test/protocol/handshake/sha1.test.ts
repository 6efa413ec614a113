import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sha1 } from '../../../protocol/handshake/sha1.ts';

function hex(text: string): string {
  return Array.from(sha1(text), (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

describe('SHA-1', () => {
  test.each([
    ['abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
    ['', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['01234567'.repeat(80), 'dea356a2cddd90c7a7ecedc5ebb563934f460452'],
  ])('of %j is that of RFC 3174 §7.3', (text, digest) => {
    expect(hex(text)).toBe(digest);
  });

  test('of every length up to three blocks is what node:crypto gives', () => {
    for (let length = 0; length <= 192; length++) {
      const text = Array.from({ length }, (_, i) => String.fromCharCode((i * 37 + length) & 0xff)).join('');
      expect(hex(text)).toBe(createHash('sha1').update(text, 'latin1').digest('hex'));
    }
  });
});
