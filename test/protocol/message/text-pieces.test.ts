import { expect, test } from 'vitest';
import { portableText } from '../../../protocol/text/text-codec.ts';
import { TextPieces } from '../../../protocol/message/text-pieces.ts';
import { utf8 } from '../../support/frames.ts';

const TEXT = 'aé€😀!';
const bytes = utf8(TEXT);

test('a text, cut anywhere twice, comes in pieces that end between code points', () => {
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const pieces = new TextPieces(portableText);
      const got = [
        [0, first],
        [first, second],
        [second, bytes.length],
      ].map(([start, end]) => pieces.next(bytes.slice(), start, end));
      expect(got.join('')).toBe(TEXT);
      // All that is whole has come.
      expect(got[0]).toBe(new TextDecoder().decode(bytes.subarray(0, first)).replace(/\uFFFD$/, ''));
      for (const piece of got) expect(piece).not.toContain('\uFFFD');
    }
  }
});
