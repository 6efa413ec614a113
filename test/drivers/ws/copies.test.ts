import { expect, test } from 'vitest';
import { copierOver } from '../../../drivers/ws/copies.ts';

const { own } = copierOver(Buffer.allocUnsafeSlow);

test('a copy stays what it was, whatever is copied after it', () => {
  const sizes = [0, 1, 7, 8, 125, 4096, 4097, 20_000];
  const lent = new Uint8Array(20_000);
  const kept = [];
  for (let round = 0; round < 20; round++) {
    for (const size of sizes) {
      lent.fill(round + 1);
      kept.push({ copy: own(lent.subarray(0, size)), size, round });
    }
  }
  lent.fill(0);
  for (const { copy, size, round } of kept) {
    expect(Buffer.isBuffer(copy)).toBe(true);
    expect(copy.equals(Buffer.alloc(size, round + 1))).toBe(true);
  }
});
