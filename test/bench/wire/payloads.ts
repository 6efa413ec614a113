import type { Job } from './job.ts';

/**
 * `count` different payloads of exactly `size` bytes each: the same ones in every process and every run.
 * They differ from each other, so that a reply out of order is a wrong reply.
 */
export function payloads(kind: Job['kind'], size: number, count: number): Buffer[] {
  const random = randomFrom(size * 31 + count);
  return Array.from({ length: count }, (_, index) => makers[kind](size, random, index));
}

const makers: Record<Job['kind'], (size: number, random: () => number, index: number) => Buffer> = {
  text(size, random) {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i++) bytes[i] = 0x20 + random() * 95;
    return bytes;
  },
  cjk(size, random) {
    let text = '';
    for (let left = size; left >= 3; left -= 3) text += String.fromCharCode(0x4e00 + random() * 0x5000);
    return Buffer.from(text + '.'.repeat(size % 3));
  },
  binary(size, random) {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i++) bytes[i] = random() * 256;
    return bytes;
  },
  /** What services send each other: records with the same keys, some repeating values and some that never repeat. */
  json(size, random, index) {
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const records: object[] = [];
    const message = (note: string) => JSON.stringify({ type: 'update', sequence: 100000 + index, records, note });
    for (;;) {
      records.push({
        id: Math.floor(random() * 0x100000000)
          .toString(16)
          .padStart(8, '0'),
        user: `${pick(['anna', 'boris', 'chen', 'dana', 'emil', 'fatou'])}.${pick(['ito', 'kaya', 'lopez', 'meier'])}`,
        status: pick(['active', 'away', 'blocked', 'new']),
        balance: Math.floor(random() * 1e7) / 100,
        at: new Date(1.7e12 + Math.floor(random() * 1e10)).toISOString(),
      });
      if (message('').length > size) break;
    }
    records.pop();
    return Buffer.from(message('-'.repeat(size - message('').length)));
  },
};

/** A small generator of numbers in [0, 1) that is the same everywhere (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}
