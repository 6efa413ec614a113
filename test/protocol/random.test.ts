import { afterEach, describe, expect, test, vi } from 'vitest';
import { defaultRandom, KeySource } from '../../protocol/random.ts';

describe('KeySource', () => {
  test('takes four bytes of the source for each key, the first the lowest, and none of them twice', () => {
    let calls = 0;
    const keys = new KeySource((bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = calls * 8 + i;
      calls++;
    }, 8);
    expect([keys.next(), keys.next(), keys.next()]).toEqual([0x03020100, 0x07060504, 0x0b0a0908]);
    expect(calls).toBe(2);
  });

  test('asks for many bytes at once, and for none before a key is wanted', () => {
    const sizes: number[] = [];
    const keys = new KeySource((bytes) => void sizes.push(bytes.length));
    expect(sizes).toEqual([]);
    for (let i = 0; i < 1024; i++) keys.next();
    expect(sizes).toEqual([4096]);
    keys.next();
    expect(sizes).toEqual([4096, 4096]);
  });

  test('a source that fails is asked again for the next key', () => {
    let fails = true;
    const keys = new KeySource((bytes) => {
      if (fails) throw new Error('no entropy');
      bytes.fill(1);
    }, 4);
    expect(() => keys.next()).toThrow('no entropy');
    fails = false;
    expect(keys.next()).toBe(0x01010101);
  });
});

describe('the default source', () => {
  afterEach(() => vi.unstubAllGlobals());

  test('§5.3: the masking key comes from a strong source of entropy, the runtime’s own', () => {
    const [a, b] = [new Uint8Array(32), new Uint8Array(32)];
    defaultRandom(a);
    defaultRandom(b);
    expect(a).not.toEqual(b);
    expect(new Set(a).size).toBeGreaterThan(8);
  });

  test.each([undefined, {}])('a runtime without one is told what to do: crypto is %j', (crypto) => {
    vi.stubGlobal('crypto', crypto);
    expect(() => defaultRandom(new Uint8Array(4))).toThrow(/`random`/);
  });
});
