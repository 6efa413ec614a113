import { createHook } from 'node:async_hooks';
import * as zlib from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createZlibCodec, zlibCodec } from '../../../../drivers/node/zlib/codec.ts';
import { OneShotCodec } from '../../../../drivers/node/zlib/oneshot-codec.ts';
import { PooledCodec } from '../../../../drivers/node/zlib/pooled-codec.ts';
import type { DeflaterParams } from '../../../../protocol/permessage-deflate/codec.ts';
import { describeDeflateCodec, equal, randomBytes, words } from '../../../support/deflate-codec-suite.ts';
import { runNode } from '../../../support/run.ts';

const PARAMS: DeflaterParams = { windowBits: 13, contextTakeover: true, level: undefined, memLevel: undefined };

/** A message as a peer sends it. */
function flushed(message: Uint8Array): Uint8Array {
  return zlib.deflateRawSync(message, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

describe('on handles', () => describeDeflateCodec(createZlibCodec()));
describe('on one handle', () => describeDeflateCodec(createZlibCodec({ maxContexts: 1 })));
describe('on the public API', () => describeDeflateCodec(createZlibCodec({ publicApiOnly: true })));

describe('createZlibCodec', () => {
  test('refuses limits that are none', () => {
    for (const maxContexts of [0, -1, NaN]) expect(() => createZlibCodec({ maxContexts })).toThrow(RangeError);
  });

  test('zlibCodec is always the same one', () => {
    expect(zlibCodec()).toBe(zlibCodec());
  });
});

describe('contexts', () => {
  test('are made when first used, stay within the limit and are freed with their connections', () => {
    const codec = new PooledCodec(10);
    const peers = Array.from({ length: 50 }, () => ({
      deflater: codec.createDeflater(PARAMS),
      inflater: codec.createInflater({ windowBits: 15, contextTakeover: true }),
    }));
    expect([codec.deflaters.size, codec.inflaters.size]).toEqual([0, 0]);
    for (const { deflater, inflater } of peers)
      inflater.inflate(deflater.deflate(words(100, 1)).subarray(0, -4), true, 100);
    expect([codec.deflaters.size, codec.inflaters.size]).toEqual([10, 10]);
    for (const { deflater, inflater } of peers) {
      deflater.release();
      inflater.release();
    }
    expect(codec.deflaters.size).toBeLessThanOrEqual(2);
    expect(codec.inflaters.size).toBeLessThanOrEqual(2);
  });

  test('are freed when a message cannot be inflated', () => {
    const codec = new PooledCodec(10);
    const inflaters = Array.from({ length: 10 }, () => codec.createInflater({ windowBits: 15, contextTakeover: true }));
    const [message, invalid] = [flushed(words(100, 1)), Uint8Array.of(0x07)];
    for (const one of inflaters) one.inflate(message, true, 100);
    expect(codec.inflaters.size).toBe(10);
    for (const [i, one] of inflaters.entries()) expect(one.inflate(invalid, i % 2 === 0, 100)).toBe(1007);
    expect(codec.inflaters.size).toBeLessThanOrEqual(2);
  });

  test('are one where none is taken over', () => {
    const codec = new PooledCodec(10);
    for (let i = 0; i < 20; i++) {
      const deflater = codec.createDeflater({ ...PARAMS, contextTakeover: false });
      deflater.deflate(words(100, i));
      deflater.reset();
    }
    expect(codec.deflaters.size).toBe(1);
  });

  test('are given back by an idle inflater, which keeps its window', () => {
    const codec = new PooledCodec(10);
    const deflaters = Array.from({ length: 5 }, () => codec.createDeflater(PARAMS));
    const inflaters = Array.from({ length: 5 }, () => codec.createInflater({ windowBits: 13, contextTakeover: true }));
    const message = randomBytes(1000, 1);
    for (let round = 0; round < 3; round++) {
      for (const [i, one] of inflaters.entries()) {
        const deflated = deflaters[i].deflate(message);
        expect(deflated.length < 100).toBe(round > 0);
        expect(equal(one.inflate(deflated.subarray(0, -4), true, 1000) as Uint8Array, message)).toBe(true);
        one.idle!();
      }
      expect(codec.inflaters.size).toBe(1);
    }
  });

  test('stay with an inflater that is idle in the middle of a message', () => {
    const codec = new PooledCodec(1);
    const [one, two] = [0, 1].map(() => codec.createInflater({ windowBits: 15, contextTakeover: true }));
    const message = flushed(words(2000, 1));
    const begun = (one.inflate(message.subarray(0, 100), false, 2000) as Uint8Array).slice();
    one.idle!();
    expect(equal(two.inflate(message, true, 2000) as Uint8Array, words(2000, 1))).toBe(true);
    const rest = one.inflate(message.subarray(100), true, 2000) as Uint8Array;
    expect(equal(Buffer.concat([begun, rest]), words(2000, 1))).toBe(true);
  });
});

describe('a flood of blocks with BFINAL set', () => {
  // Two bytes each, and each of them costs much more than it does to send.
  const flood = (count: number): Uint8Array => new Uint8Array(Buffer.alloc(2 * count, '0300', 'hex'));

  test.each([
    ['on handles', new PooledCodec(1)],
    ['on the public API', new OneShotCodec()],
  ])('is 1007 %s', (_, codec) => {
    const one = codec.createInflater({ windowBits: 15, contextTakeover: true });
    expect((one.inflate(flood(50), true, 100) as Uint8Array).length).toBe(0);
    // More of them than that are fine where each brings something.
    const blocks = Buffer.concat(Array.from({ length: 200 }, () => Buffer.from(`014000bfff${'61'.repeat(64)}`, 'hex')));
    expect((one.inflate(blocks, true, 20_000) as Uint8Array).length).toBe(200 * 64);
    expect(one.inflate(flood(1000), true, 100)).toBe(1007);
    expect(one.error).toBeUndefined();
    // What zlib finds is told.
    expect(one.inflate(Uint8Array.of(0x07), true, 100)).toBe(1007);
    expect(one.error).toMatchObject({ code: 'Z_DATA_ERROR' });
    one.release();
  });
});

describe('on the public API', () => {
  test('what is held of a message that comes in parts is limited', () => {
    const one = new OneShotCodec().createInflater({ windowBits: 15, contextTakeover: true });
    const part = new Uint8Array(1000);
    let parts = 0;
    while (typeof one.inflate(part, false, 1000) !== 'number') expect(parts++).toBeLessThan(100);
    expect(one.inflate(part, false, 1000)).toBe(1009);
  });
});

describe('deflateLater', () => {
  const later = (bytes: Uint8Array, params = PARAMS): Promise<Uint8Array | undefined> =>
    new Promise((resolve) => zlibCodec().deflateLater!(bytes, params, resolve));

  test.each([1, 1000, 100_000, 3_000_000])('deflates %i bytes as a deflater without a past does', async (length) => {
    const input = words(length, 1);
    const deflated = (await later(input))!;
    expect([...deflated.subarray(-4)]).toEqual([0x00, 0x00, 0xff, 0xff]);
    const output = zlib.inflateRawSync(deflated, { windowBits: 13, finishFlush: zlib.constants.Z_SYNC_FLUSH });
    expect(equal(output, input)).toBe(true);
    expect(deflated.buffer.byteLength).toBe(deflated.byteLength);
  });

  test('says when it failed, later too, and goes on with the others', async () => {
    let now = true;
    const failing = Array.from({ length: 10 }, () =>
      later(words(100, 1), { ...PARAMS, level: 99 }).then((result) =>
        expect([now, result]).toEqual([false, undefined]),
      ),
    );
    now = false;
    await Promise.all(failing);
    expect(await later(words(100, 1))).toBeInstanceOf(Uint8Array);
  });

  test('deflates four messages at a time, and all in the end', async () => {
    const lengths = Array.from({ length: 40 }, (_, i) => 10_000 + i);
    const ends: number[] = [];
    let started = 0;
    const hook = createHook({ init: (_id, type) => void (type === 'ZLIB' && started++) }).enable();
    const all = lengths.map((length) => later(words(length, 1)));
    hook.disable();
    expect(started).toBe(4);
    await Promise.all(all.map((one, i) => one.then(() => ends.push(lengths[i]!))));
    expect(ends.toSorted((a, b) => a - b)).toEqual(lengths);
  });

  test('keeps to the window, 2^8 bytes included', async () => {
    const input = new Uint8Array(Buffer.concat([randomBytes(300, 1), randomBytes(300, 1)]));
    expect((await later(input, { ...PARAMS, windowBits: 8 }))!.length).toBeGreaterThan(600);
    expect((await later(input))!.length).toBeLessThan(400);
  });
});

describe('a bomb', () => {
  test('of 1 GiB in 1 MiB against a limit of 1 MiB takes less than 8 MiB', async () => {
    const script = fileURLToPath(new URL('bomb.ts', import.meta.url));
    const { exit, stdout, stderr } = await runNode(['--import', 'tsx', script], process.cwd());
    expect([exit, stderr]).toEqual([0, '']);
    const results = JSON.parse(stdout) as { name: string; length: number; result: number; kib: number }[];
    expect(results.map(({ name }) => name)).toEqual(['whole', 'in parts', 'grown through the window']);
    for (const { length, result, kib } of results) {
      expect(length).toBeLessThan(1.2 * 1024 * 1024);
      expect(result).toBe(1009);
      expect(kib).toBeLessThan(8 * 1024);
    }
  });
});
