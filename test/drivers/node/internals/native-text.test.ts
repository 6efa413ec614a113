/** Node's natives beside the core's own codec, on whichever Node this runs: which of them is taken depends on the release. */
import { describe, expect, test } from 'vitest';
import { text, textBeside } from '../../../../drivers/node/internals/native-text.ts';
import { WasmMasker } from '../../../../drivers/node/internals/wasm-masker.ts';
import { ASCII_SLACK, portableText } from '../../../../protocol/text/text-codec.ts';

/** Code points of every length, at the bounds of those, and what UTF-8 has no bytes for. */
const KINDS = [
  'a',
  '\u007f',
  '\u0080',
  'é',
  '\u07ff',
  '\u0800',
  '中',
  '\uffff',
  '\ufeff',
  '😀',
  '\u{10ffff}',
  '\ud800',
  '\udfff',
];

/** About the lengths at which another way is taken. */
const LENGTHS = [0, 1, 2, 3, 7, 8, 9, 24, 31, 95, 96, 97, 1499, 1500, 1501, 16_384, 65_535, 65_536, 65_537, 200_000];

describe('text that may be ASCII', () => {
  test.each(KINDS)('%j anywhere is noticed, however the room ends, and nothing is written beyond it', (kind) => {
    for (const length of LENGTHS) {
      for (const at of new Set([0, 1, length >> 1, length - 2, length - 1, length])) {
        if (at < 0 || at > length) continue;
        const all = 'x'.repeat(at) + kind + 'y'.repeat(length - at);
        const room = all.length + ASCII_SLACK;
        const bytes = new Uint8Array(room + 2).fill(0xee);
        const isAscii = kind <= '\u007f';
        expect(text.encodeAscii!(all, bytes, 1)).toBe(isAscii);
        if (isAscii) expect(Buffer.compare(bytes.subarray(1, 1 + all.length), Buffer.from(all, 'latin1'))).toBe(0);
        expect([bytes[0], bytes[room + 1]]).toEqual([0xee, 0xee]);
      }
    }
  });

  test.each(KINDS)('nothing but %j is told from ASCII, of every length, with the slack that there is', (kind) => {
    for (let count = 1; count < 200; count++) {
      const all = kind.repeat(count);
      const bytes = new Uint8Array(all.length + ASCII_SLACK);
      expect(text.encodeAscii!(all, bytes, 0)).toBe(kind <= '\u007f');
    }
    const long = kind.repeat(70_000);
    expect(text.encodeAscii!(long, new Uint8Array(long.length + ASCII_SLACK), 0)).toBe(kind <= '\u007f');
  });
});

test.each(KINDS)('%j among others is encoded, and decoded, as by the core’s own codec', (kind) => {
  for (const length of LENGTHS) {
    const all = `${'ab'.repeat(length >> 2)}${kind}${'ç中'.repeat(length >> 2)}`;
    const size = portableText.byteLength(all);
    const [own, expected] = [new Uint8Array(size + 2), new Uint8Array(size + 2)];
    portableText.encode(all, expected, 1);
    expect(text.byteLength(all)).toBe(size);
    expect(text.encode(all, own, 1)).toBe(size);
    expect(Buffer.compare(own, expected)).toBe(0);
    own.fill(0);
    expect(text.encode(all, own, 1, size)).toBe(size);
    expect(Buffer.compare(own, expected)).toBe(0);
    expect(text.decode(own, 1, size + 1)).toBe(portableText.decode(own, 1, size + 1));
  }
});

test('what is not UTF-8 is undefined at every length, and a byte order mark stays', () => {
  for (const length of LENGTHS) {
    for (const bad of [[0xff], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
      const bytes = new Uint8Array(length + bad.length).fill(0x61);
      bytes.set(bad, length);
      expect(text.decode(bytes, 0, bytes.length)).toBeUndefined();
      expect(text.isValid(bytes, 0, bytes.length)).toBe(false);
    }
    const marked = `\ufeff${'é'.repeat(length)}`;
    const bytes = new TextEncoder().encode(marked);
    expect(text.decode(bytes, 0, bytes.length)).toBe(marked);
  }
});

const masker = WasmMasker.create();

test.skipIf(masker === undefined)('text in the memory of a masker is what it is anywhere else', () => {
  const beside = textBeside(masker!);
  const samples = ['', 'a', 'x'.repeat(1000), 'ü', `${'x'.repeat(100)}ü`, '日本', '🎉'].map((one) => Buffer.from(one));
  const broken = [[0xff], [0xc3], [...Buffer.from('x'.repeat(100)), 0x80], [0xed, 0xa0, 0x80]].map((one) =>
    Buffer.from(one),
  );
  for (const sample of [...samples, ...broken]) {
    masker!.readBuffer.set(sample, 3);
    const { length } = sample;
    const decoded = text.decode(sample, 0, length);
    expect(beside.decode(masker!.readBuffer, 3, 3 + length)).toBe(decoded);
    expect(beside.isValid(masker!.readBuffer, 3, 3 + length)).toBe(decoded !== undefined);
    expect(beside.isValid(sample, 0, length)).toBe(decoded !== undefined);
  }
});
