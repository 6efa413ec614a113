import * as fc from 'fast-check';
import { assertSplits, type Manner } from '../support/splits.ts';
import type { Target } from '../support/target.ts';
import { anyManner, anyStream, encode, type Stream } from '../support/wire.ts';

interface Input extends Manner {
  readonly stream: Stream;
  /** Where to cut, in thousandths. */
  readonly cuts: readonly number[];
}

/** Whatever the bytes are, and wherever they are cut: the same events, output, close, action and timer. */
export const split: Target<Input> = {
  name: 'split',
  claim: 'a stream, cut anywhere, gives the same events, output and close',
  runs: 1000,
  arbitrary: fc.record({
    ...anyManner,
    stream: anyStream,
    cuts: fc.array(fc.nat(1000), { maxLength: 12 }),
  }),
  check(input) {
    const wire = encode(input.stream, input.role, input.deflate);
    assertSplits(input, wire, offsets(input.cuts, wire.length));
  },
};

function offsets(cuts: readonly number[], length: number): number[] {
  return cuts.map((cut) => Math.floor((cut * length) / 1000)).sort((a, b) => a - b);
}
