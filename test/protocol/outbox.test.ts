import { describe, expect, test } from 'vitest';
import { Outbox } from '../../protocol/outbox.ts';
import { Workspace } from '../../protocol/workspace.ts';
import { join } from '../support/cuts.ts';

function write(outbox: Outbox, ...bytes: number[]): void {
  const at = outbox.reserve(bytes.length);
  outbox.slab.set(bytes, at);
  outbox.commit(bytes.length);
}

describe('Outbox', () => {
  test('what is written to the slab one after the other leaves as one chunk', () => {
    const outbox = new Outbox(new Workspace());
    write(outbox, 1, 2);
    write(outbox, 3);
    expect(outbox.size).toBe(3);
    expect(outbox.take()).toEqual([Uint8Array.of(1, 2, 3)]);
    expect(outbox.size).toBe(0);
    expect(outbox.take()).toEqual([]);
  });

  test('less may be written than was reserved', () => {
    const outbox = new Outbox(new Workspace());
    const at = outbox.reserve(100);
    outbox.slab[at] = 7;
    outbox.commit(1);
    write(outbox, 8);
    expect(outbox.take()).toEqual([Uint8Array.of(7, 8)]);
  });

  test('bytes pushed by reference keep their place, and are not copied', () => {
    const outbox = new Outbox(new Workspace());
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
    const outbox = new Outbox(new Workspace());
    write(outbox, 1, 2);
    const [first] = outbox.take();
    write(outbox, 3, 4);
    const [second] = outbox.take();
    expect(first).toEqual(Uint8Array.of(1, 2));
    expect(second).toEqual(Uint8Array.of(3, 4));
  });

  test('a slab that is full is followed by another', () => {
    const outbox = new Outbox(new Workspace({ slabSize: 8 }));
    write(outbox, 1, 2, 3, 4, 5);
    write(outbox, 6, 7, 8, 9);
    write(outbox, 10, 11, 12, 13);
    write(outbox, 14);
    expect(join(...outbox.take())).toEqual(Uint8Array.from({ length: 14 }, (_, i) => i + 1));
  });

  test('what is larger than a slab gets one of its own', () => {
    const outbox = new Outbox(new Workspace({ slabSize: 4 }));
    write(outbox, 1, 2, 3, 4, 5, 6);
    write(outbox, 7);
    expect(join(...outbox.take())).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
  });

  test('clear drops everything', () => {
    const outbox = new Outbox(new Workspace());
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
    const workspace = new Workspace();
    const [a, b, c] = [new Outbox(workspace), new Outbox(workspace), new Outbox(workspace)];
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
    const outbox = new Outbox(new Workspace());
    write(outbox, 7);
    expect(outbox.pushPrepared(frames[0])).toBe(false);
    expect(outbox.take()).toEqual([Uint8Array.of(7)]);
    outbox.pushPrepared(frames[0]);
    write(outbox, 8);
    expect(outbox.pushPrepared(frames[1])).toBe(false);
    expect(join(...outbox.take())).toEqual(Uint8Array.of(1, 2, 8));
  });

  test('are not joined when they are large', () => {
    const outbox = new Outbox(new Workspace());
    const large = new Uint8Array(40_000);
    outbox.pushPrepared(large);
    outbox.pushPrepared(large);
    expect(outbox.take()).toEqual([large, large]);
  });
});
