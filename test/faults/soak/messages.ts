/** The messages of the soak: what the n-th one of a way is depends on nothing but the two, so that both ends know it. */
import { SeededRandom } from '../../../drivers/pipe/random.ts';

const HEAD = 8;

/** Message `number` (from 1 on) of the way `way`, which is any whole number below 2^20. */
export function messageOf(way: number, number: number): string | Uint8Array {
  const random = new SeededRandom(way * 0x1_0000_0000 + number);
  const most = [100, 100, 100, 1000, 1000, 70_000][random.uint32() % 6];
  const size = random.uint32() % most;
  if (random.fraction() < 0.5) {
    const alphabet = random.fraction() < 0.7 ? 'abcdefghij' : 'aé€😀';
    const letters = [...alphabet];
    const word = Array.from({ length: 16 }, () => letters[random.uint32() % letters.length]).join('');
    return `m${number} ${word.repeat(Math.ceil(size / word.length))}`;
  }
  const bytes = new Uint8Array(HEAD + size);
  new DataView(bytes.buffer).setUint32(0, number);
  random.fill(bytes.subarray(HEAD, HEAD + Math.min(size, 256)));
  for (let i = HEAD + 256; i < bytes.length; i++) bytes[i] = bytes[i - 251] ^ i;
  return bytes;
}

/** The number that a message says it has. */
export function numberOf(message: string | Uint8Array): number {
  if (typeof message === 'string') return Number(/^m(\d+) /.exec(message)?.[1]);
  return new DataView(message.buffer, message.byteOffset).getUint32(0);
}

export function isSame(a: string | Uint8Array, b: string | Uint8Array): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return Buffer.from(a.buffer, a.byteOffset, a.length).equals(b);
}
