/** What the tests with made-up connections have in common. */
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import * as original from 'ws';
import * as face from '../../../drivers/ws/index.ts';
import type { Library } from './scripts.ts';

/** One of these, the first of them mostly. */
export const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

/** What it comes to within some turns. */
export async function settled(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** What is taken for a socket. */
export function streamOf(write: (chunk: Buffer, stream: Duplex) => void): Duplex {
  const stream: Duplex = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      write(chunk, stream);
      done();
    },
  });
  const itself = () => stream;
  return Object.assign(stream, {
    setTimeout: itself,
    setNoDelay: itself,
    setKeepAlive: itself,
    ref: itself,
    unref: itself,
  });
}

/** The face and the `ws` package note the same. */
export async function compare(one: (library: Library) => Promise<readonly string[]>): Promise<void> {
  const [expected, seen] = await Promise.all([one(original), one(face)]);
  const [theirs, ours] = [expected, seen].map((notes) => notes.join('\n'));
  if (ours !== theirs) throw new Error(`ws:\n${theirs}\n\nthe face:\n${ours}`);
}
