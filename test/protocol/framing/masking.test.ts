import { describe, expect, test } from 'vitest';
import { PortableMasker, seenBits } from '../../../protocol/framing/masking.ts';
import { noise } from '../../support/frames.ts';

const KEY_BYTES = [0x37, 0xfa, 0x21, 0xbd];
/** The first byte of a key is the lowest of its number. */
const KEY = (0xbd << 24) | (0x21 << 16) | (0xfa << 8) | 0x37;
const LENGTHS = Array.from({ length: 201 }, (_, i) => i);
const MARGIN = 16;

/** RFC 6455 §5.3: octet i of the transformed data is octet i of the original XOR octet i MOD 4 of the key. */
function masked(payload: Uint8Array, phase = 0): Uint8Array {
  return payload.map((byte, i) => byte ^ KEY_BYTES[(i + phase) % 4]);
}

/** `payload` at some offset of the memory, with noise around it. */
function placed(payload: Uint8Array, offset: number): Uint8Array {
  const memory = noise(MARGIN + offset + payload.length + MARGIN, 99);
  memory.set(payload, MARGIN + offset);
  return memory;
}

function expectSame(got: Uint8Array, expected: Uint8Array, where: object): void {
  if (Buffer.compare(got, expected) !== 0) expect({ ...where, bytes: got }).toEqual({ ...where, bytes: expected });
}

describe('apply', () => {
  const masker = new PortableMasker();

  test('§5.3: octet i is XORed with octet i MOD 4 of the key, at every length, alignment and phase', () => {
    for (const length of LENGTHS) {
      for (let offset = 0; offset < 8; offset++) {
        for (const phase of [0, 1, 2, 3, 5]) {
          const payload = noise(length, length + 1);
          const memory = placed(payload, offset);
          const start = MARGIN + offset;
          const seen = masker.apply(memory, start, start + length, KEY, phase);
          expectSame(memory, placed(masked(payload, phase), offset), { length, offset, phase });
          const isAscii = masked(payload, phase).every((byte) => byte < 0x80);
          if (((seen & 0x80) === 0) !== isAscii) expect({ length, offset, phase, seen }).toEqual({ isAscii });
        }
      }
    }
  });

  test('at every alignment of the view in its buffer', () => {
    for (const length of [3, 47, 48, 49, 50, 51, 63, 64, 65, 200]) {
      for (let byteOffset = 0; byteOffset < 8; byteOffset++) {
        const whole = noise(256, 5);
        whole.set(noise(length), byteOffset);
        const expected = whole.slice();
        expected.set(masked(noise(length)), byteOffset);
        masker.apply(new Uint8Array(whole.buffer, byteOffset, length), 0, length, KEY, 0);
        expectSame(whole, expected, { length, byteOffset });
      }
    }
  });

  test('twice is not at all', () => {
    const bytes = noise(1000);
    masker.apply(bytes, 0, 1000, KEY, 0);
    masker.apply(bytes, 0, 1000, KEY, 0);
    expect(bytes).toEqual(noise(1000));
  });

  test('a payload masked in pieces is the same as masked whole', () => {
    for (let cut = 0; cut <= 130; cut++) {
      const bytes = noise(130);
      masker.apply(bytes, 0, cut, KEY, 0);
      masker.apply(bytes, cut, 130, KEY, cut);
      expectSame(bytes, masked(noise(130)), { cut });
    }
  });

  test('tells of every byte whether it has its top bit', () => {
    for (const length of [1, 47, 48, 61, 64, 67, 200]) {
      for (let at = 0; at <= length; at++) {
        const bytes = masked(new Uint8Array(length).fill(0x7f));
        if (at < length) bytes[at] ^= 0x80;
        expect((masker.apply(bytes, 0, length, KEY, 0) & 0x80) !== 0).toBe(at < length);
      }
    }
  });

  test('one masker serves memory after memory', () => {
    const [a, b] = [noise(100, 1), noise(100, 2)];
    for (let i = 0; i < 2; i++) {
      masker.apply(a, 0, 100, KEY, 0);
      masker.apply(b, 0, 100, KEY, 0);
    }
    expect(a).toEqual(noise(100, 1));
    expect(b).toEqual(noise(100, 2));
  });

  test('memory whose size is no multiple of a word', () => {
    for (let size = 48; size < 64; size++) {
      const bytes = noise(size);
      masker.apply(bytes, 0, size, KEY, 0);
      expect(bytes).toEqual(masked(noise(size)));
    }
  });
});

describe('copy', () => {
  const masker = new PortableMasker();

  test('§5.3: writes what apply would leave, at every length and alignment of either side', () => {
    for (const length of LENGTHS) {
      for (let from = 0; from < 4; from++) {
        for (let to = 0; to < 4; to++) {
          const payload = noise(length, length + 1);
          const source = placed(payload, from);
          const target = noise(MARGIN + to + length + MARGIN, 7);
          const expected = target.slice();
          expected.set(masked(payload), MARGIN + to);
          masker.copy(source, MARGIN + from, MARGIN + from + length, target, MARGIN + to, KEY);
          expectSame(target, expected, { length, from, to });
          expectSame(source, placed(payload, from), { length, from, to });
        }
      }
    }
  });

  test('at every alignment of the views in their buffers', () => {
    for (let from = 0; from < 4; from++) {
      for (let to = 0; to < 4; to++) {
        const source = new Uint8Array(new ArrayBuffer(128), from, 101);
        source.set(noise(101));
        const target = new Uint8Array(new ArrayBuffer(128), to, 101);
        masker.copy(source, 0, 101, target, 0, KEY);
        expectSame(target, masked(noise(101)), { from, to });
      }
    }
  });
});

test('seenBits tells whether short memory has a top bit set, and leaves long memory open', () => {
  for (let length = 0; length <= 48; length++) {
    for (let at = 0; at <= length; at++) {
      const bytes = new Uint8Array(2 + length + 2).fill(0xff);
      bytes.fill(0x7f, 2, 2 + length);
      if (at < length) bytes[2 + at] = 0x80;
      expect((seenBits(bytes, 2, 2 + length) & 0x80) !== 0).toBe(at < length);
    }
  }
  expect(seenBits(new Uint8Array(49), 0, 49) & 0x80).toBe(0x80);
});
