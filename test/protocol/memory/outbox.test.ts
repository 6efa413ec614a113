import { describe, expect, test } from 'vitest';
import { JoinedFrames, Outbox, OutboxPool } from '../../../protocol/memory/outbox.ts';
import { Resources } from '../../../protocol/resources.ts';
import { join } from '../../support/cuts.ts';

function write(outbox: Outbox, ...bytes: number[]): void {
  const at = outbox.reserve(bytes.length);
  outbox.slab.set(bytes, at);
  outbox.commit(bytes.length);
}

describe('Outbox', () => {
  test('what is written to the slab one after the other leaves as one chunk', () => {
    const outbox = new Outbox(new Resources());
    write(outbox, 1, 2);
    write(outbox, 3);
    expect(outbox.size).toBe(3);
    expect(outbox.take()).toEqual([Uint8Array.of(1, 2, 3)]);
    expect(outbox.size).toBe(0);
    expect(outbox.take()).toEqual([]);
  });

  test('less may be written than was reserved', () => {
    const outbox = new Outbox(new Resources());
    const at = outbox.reserve(100);
    outbox.slab[at] = 7;
    outbox.commit(1);
    write(outbox, 8);
    expect(outbox.take()).toEqual([Uint8Array.of(7, 8)]);
  });

  test('bytes pushed by reference keep their place, and are not copied', () => {
    const outbox = new Outbox(new Resources());
    const large = new Uint8Array(5000).fill(5);
    write(outbox, 1);
    outbox.push(large);
    outbox.push(large);
    write(outbox, 2);
    expect(outbox.size).toBe(10_002);
    const chunks = outbox.take();
    expect(chunks.map((chunk) => chunk.length)).toEqual([1, 5000, 5000, 1]);
    expect(chunks[1]).toBe(large);
  });

  test('what was taken is the taker’s: what comes later is not written there', () => {
    const outbox = new Outbox(new Resources());
    write(outbox, 1, 2);
    const [first] = outbox.take();
    write(outbox, 3, 4);
    const [second] = outbox.take();
    expect(first).toEqual(Uint8Array.of(1, 2));
    expect(second).toEqual(Uint8Array.of(3, 4));
  });

  test('a slab that is full is followed by another', () => {
    const outbox = new Outbox(new Resources({ slabSize: 8 }));
    write(outbox, 1, 2, 3, 4, 5);
    write(outbox, 6, 7, 8, 9);
    write(outbox, 10, 11, 12, 13);
    write(outbox, 14);
    expect(join(...outbox.take())).toEqual(Uint8Array.from({ length: 14 }, (_, i) => i + 1));
  });

  test('what is larger than a slab gets one of its own', () => {
    const outbox = new Outbox(new Resources({ slabSize: 4 }));
    write(outbox, 1, 2, 3, 4, 5, 6);
    write(outbox, 7);
    expect(join(...outbox.take())).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
  });

  test('clear drops everything', () => {
    const outbox = new Outbox(new Resources());
    write(outbox, 1);
    outbox.push(Uint8Array.of(2));
    write(outbox, 3);
    outbox.clear();
    expect(outbox.size).toBe(0);
    expect(outbox.take()).toEqual([]);
    write(outbox, 4);
    expect(outbox.take()).toEqual([Uint8Array.of(4)]);
  });
});

describe('frames that were encoded for many connections', () => {
  const frames = [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4, 5, 6)];

  test('go by reference, and are joined once for all who send the same ones', () => {
    const resources = new Resources();
    const [a, b, c] = [new Outbox(resources), new Outbox(resources), new Outbox(resources)];
    for (const frame of frames) for (const outbox of [a, b]) expect(outbox.pushPrepared(frame)).toBe(true);
    for (const frame of frames.slice(1)) c.pushPrepared(frame);
    const taken = a.take();
    expect(taken).toEqual([Uint8Array.of(1, 2, 3, 4, 5, 6)]);
    expect(b.take()[0]).toBe(taken[0]);
    expect(c.take()).toEqual([Uint8Array.of(3, 4, 5, 6)]);
    a.pushPrepared(frames[0]);
    expect(a.take()[0]).toBe(frames[0]);
  });

  test('don’t go by reference behind other bytes, and others go behind them', () => {
    const outbox = new Outbox(new Resources());
    write(outbox, 7);
    expect(outbox.pushPrepared(frames[0])).toBe(false);
    expect(outbox.take()).toEqual([Uint8Array.of(7)]);
    outbox.pushPrepared(frames[0]);
    write(outbox, 8);
    expect(outbox.pushPrepared(frames[1])).toBe(false);
    expect(join(...outbox.take())).toEqual(Uint8Array.of(1, 2, 8));
  });

  test('nor behind bytes that go by reference themselves, which may be others the next time', () => {
    const outbox = new Outbox(new Resources());
    const own = Uint8Array.of(7);
    for (const byte of [7, 8]) {
      own[0] = byte;
      outbox.pushPrepared(frames[0]);
      outbox.push(own);
      expect(outbox.pushPrepared(frames[1])).toBe(false);
      expect(join(...outbox.take())).toEqual(Uint8Array.of(1, 2, byte));
    }
  });

  test('are not joined when they are large', () => {
    const outbox = new Outbox(new Resources());
    const large = new Uint8Array(40_000);
    outbox.pushPrepared(large);
    outbox.pushPrepared(large);
    expect(outbox.take()).toEqual([large, large]);
  });
});

test('bytes that were detached since they were pushed are not taken, and are dropped by clear', () => {
  const resources = new Resources();
  const outbox = new Outbox(resources);
  const bytes = new Uint8Array(8);
  outbox.push(bytes);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  expect(() => outbox.take()).toThrow('detached');
  outbox.clear();
  expect(outbox.size).toBe(0);
  expect(outbox.take()).toEqual([]);
});

test('many small chunks that others’ writing has set apart take no more than a few times their bytes', () => {
  const resources = new Resources({ slabSize: 1024 });
  const [one, other] = [new Outbox(resources), new Outbox(resources)];
  for (let i = 0; i < 10_000; i++) {
    write(one, 1, i & 0xff);
    write(other, 2);
    other.take();
  }
  const chunks = one.take();
  expect(chunks.length).toBeLessThan(10_000 / 64 + 64);
  const bytes = join(...chunks);
  expect(bytes.length).toBe(20_000);
  for (let i = 0; i < 10_000; i++) expect([bytes[2 * i], bytes[2 * i + 1]]).toEqual([1, i & 0xff]);
});

test('a few of them leave as one, and once it is written all of their memory is used again', () => {
  const resources = new Resources();
  const [one, other] = [new Outbox(resources), new Outbox(resources)];
  const takeBoth = () => {
    for (let i = 0; i < 3; i++) for (const outbox of [one, other]) write(outbox, i);
    return [one, other].flatMap((outbox) => outbox.take());
  };
  const chunks = takeBoth();
  expect(chunks).toEqual([Uint8Array.of(0, 1, 2), Uint8Array.of(0, 1, 2)]);
  for (const chunk of chunks) resources.reclaim(chunk);
  write(one, 7);
  const [again] = one.take();
  expect([again.buffer === chunks[0].buffer, again.byteOffset]).toEqual([true, 0]);
});

test('many of them become one in memory of its own, and theirs is used again', () => {
  const resources = new Resources();
  const [one, other] = [new Outbox(resources), new Outbox(resources)];
  const first: Uint8Array[] = [];
  for (let i = 0; i < 64; i++) {
    write(other, 2);
    first.push(...other.take());
    write(one, 1);
  }
  const [joined] = one.take();
  expect(joined.length).toBe(64);
  for (const chunk of [...first, joined]) resources.reclaim(chunk);
  write(one, 7);
  expect(one.take()[0].byteOffset).toBe(first[0].byteOffset);
});

test('larger chunks among small ones stay where and what they are', () => {
  const outbox = new Outbox(new Resources());
  const large = new Uint8Array(5000).fill(7);
  for (let i = 0; i < 130; i++) {
    outbox.push(Uint8Array.of(i));
    if (i === 50) outbox.push(large);
  }
  const chunks = outbox.take();
  expect(chunks).toContain(large);
  expect(join(...chunks).length).toBe(5130);
  expect([...join(...chunks)].filter((_, at) => at < 51 || at >= 5051)).toEqual(
    Array.from({ length: 130 }, (_, i) => i),
  );
});

test('frames are joined anew unless they are the very same ones', () => {
  const joined = new JoinedFrames((size) => new Uint8Array(size));
  const [a, b, c] = [1, 2, 3].map((byte) => Uint8Array.of(byte));
  const first = joined.join([a, b], 2);
  expect(first).toEqual(Uint8Array.of(1, 2));
  expect(joined.join([a, b], 2)).toBe(first);
  expect(joined.join([a, c], 2)).toEqual(Uint8Array.of(1, 3));
  expect(joined.join([a], 1)).toEqual(Uint8Array.of(1));
  expect(joined.join([b, a], 2)).toEqual(Uint8Array.of(2, 1));
  const last = joined.join([c, a], 2);
  expect(last).toEqual(Uint8Array.of(3, 1));
  expect(joined.join([Uint8Array.of(3), a], 2)).not.toBe(last);
});

test('frames that were detached before they were joined are not taken', () => {
  const outbox = new Outbox(new Resources());
  const frames = [new Uint8Array(10), new Uint8Array(20)];
  for (const frame of frames) outbox.pushPrepared(frame);
  structuredClone(frames[1], { transfer: [frames[1].buffer] });
  expect(() => outbox.take()).toThrow('bytes were detached');
});

test('an outbox that comes back leaves what it had asked for to others', () => {
  const resources = new Resources();
  const outbox = new Outbox(resources);
  write(outbox, 1);
  const [chunk] = outbox.take();
  const idle = resources.outboxes.lend();
  idle.reserve(4);
  resources.outboxes.giveBack(idle);
  resources.reclaim(chunk);
  write(outbox, 2);
  expect(outbox.take()[0].byteOffset).toBe(chunk.byteOffset);
});

test('a pool lends outboxes again, and keeps 1,024 of them at most', () => {
  const pool = new OutboxPool(new Resources());
  const lent = Array.from({ length: 1025 }, () => pool.lend());
  for (const outbox of lent) pool.giveBack(outbox);
  const again = Array.from({ length: 1025 }, () => pool.lend());
  expect(again.filter((outbox) => lent.includes(outbox))).toHaveLength(1024);
});
