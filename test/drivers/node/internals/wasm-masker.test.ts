/** Masking by SIMD beside the core's own, at the lengths about which another way is taken. */
import { describe, expect, test, vi } from 'vitest';
import { WasmMasker } from '../../../../drivers/node/internals/wasm-masker.ts';
import { PortableMasker } from '../../../../protocol/internal.ts';

const KEY = 0x8f_31_77_c4 | 0;
const LENGTHS = [0, 1, 3, 4, 15, 16, 17, 31, 63, 64, 65, 511, 512, 513, 1000];
const LONG = [65_535, 65_536, 65_537, 140_001];

/** Bytes that are ASCII when they are masked with the key, but for one at this place. */
function fill(bytes: Uint8Array, start: number, length: number, phase: number, at: number): void {
  for (let i = 0; i < length; i++) {
    const masked = i === at ? 0xe9 : (i * 7) & 0x7f;
    bytes[start + i] = masked ^ (KEY >>> (8 * ((phase + i) & 3)));
  }
}

test('there is none where there is no WebAssembly', () => {
  vi.stubGlobal('WebAssembly', undefined);
  expect(WasmMasker.create()).toBeUndefined();
  vi.unstubAllGlobals();
});

const masker = WasmMasker.create();

describe.skipIf(masker === undefined)('the masker', () => {
  const portable = new PortableMasker();
  const { readBuffer, slab } = masker!;
  const places: [name: string, bytes: Uint8Array][] = [
    ['in its own memory, to be read into', readBuffer],
    ['in its own memory, to be written from', slab],
    ['in a view of its memory', readBuffer.subarray(1000)],
    ['elsewhere', new Uint8Array(150_000)],
    ['in a view elsewhere', new Uint8Array(160_000).subarray(7)],
  ];

  test.each(places)('masks %s, and tells what is not ASCII', (_, bytes) => {
    for (const length of [...LENGTHS, ...LONG]) {
      for (const start of [0, 5]) {
        if (start + length + 1 > bytes.length) continue;
        for (const phase of length > 1000 ? [1] : [0, 1, 2, 3]) {
          for (const at of new Set([-1, 0, length >> 1, length - 1])) {
            bytes.fill(0xee, 0, start + length + 1);
            fill(bytes, start, length, phase, at);
            const expected = bytes.slice(0, start + length + 1);
            const seen = portable.apply(expected, start, start + length, KEY, phase);
            expect(masker!.apply(bytes, start, start + length, KEY, phase) & 0x80).toBe(seen & 0x80);
            expect(Buffer.compare(bytes.subarray(0, start + length + 1), expected)).toBe(0);
          }
        }
      }
    }
  });

  test('masks one memory after the other', () => {
    const [inside, outside] = [readBuffer.subarray(0, 700), new Uint8Array(700)];
    for (const bytes of [inside, outside, inside, readBuffer, outside]) {
      bytes.fill(1, 0, 700);
      const expected = bytes.slice(0, 700);
      portable.apply(expected, 0, 700, KEY, 0);
      masker!.apply(bytes, 0, 700, KEY, 0);
      expect(Buffer.compare(bytes.subarray(0, 700), expected)).toBe(0);
    }
  });

  test('copies what it masks', () => {
    const source = Uint8Array.from({ length: 150_000 }, (_, i) => (i * 31) >> 3);
    for (const length of [...LENGTHS, ...LONG]) {
      const [target, expected] = [0, 1].map(() => new Uint8Array(length + 20).fill(0xee)) as [Uint8Array, Uint8Array];
      portable.copy(source, 3, 3 + length, expected, 9, KEY);
      masker!.copy(source, 3, 3 + length, target, 9, KEY);
      expect(Buffer.compare(target, expected)).toBe(0);
    }
  });

  test('looks for what is not ASCII in its own memory only, and leaves it as it is', () => {
    const outside = new Uint8Array(100);
    // What was carried last was ASCII.
    masker!.copy(new Uint8Array(1000), 0, 1000, new Uint8Array(1000), 0, 0);
    for (const bytes of [readBuffer, outside, slab, readBuffer.subarray(50, 150), outside, readBuffer]) {
      bytes.fill(0x61, 0, 100);
      expect(masker!.isAscii(bytes, 3, 90)).toBe(bytes !== outside);
      for (const at of [2, 3, 89, 90]) {
        bytes[at] = 0xc3;
        expect(masker!.isAscii(bytes, 3, 90)).toBe(bytes !== outside && (at < 3 || at >= 90));
        expect([...bytes.subarray(0, 100)].filter((byte) => byte !== 0x61)).toEqual([0xc3]);
        bytes[at] = 0x61;
      }
    }
  });
});
