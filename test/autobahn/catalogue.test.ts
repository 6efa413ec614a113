import { describe, expect, test } from 'vitest';
import { cut, repeated } from '../../autobahn/case.ts';
import { cases, findCase, selectCases, titles, withMessages } from '../../autobahn/catalogue.ts';
import { sequences } from '../../autobahn/cases/6-sequences.ts';
import { documents } from '../../autobahn/testdata.ts';

const ids = (patterns: string[], excluded?: string[]): string[] => selectCases(patterns, excluded).map(({ id }) => id);

describe('the catalogue', () => {
  test('has every case of Autobahn Testsuite 25.10.1, once', () => {
    const chapters = new Map<string, number>();
    for (const { id } of cases) {
      const [chapter] = id.split('.') as [string];
      chapters.set(chapter, (chapters.get(chapter) ?? 0) + 1);
    }
    expect(Object.fromEntries(chapters)).toEqual({
      ...{ 1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 37, 9: 54, 10: 1, 12: 90, 13: 126 },
    });
    expect(new Set(cases.map(({ id }) => id)).size).toBe(517);
  });

  test('is in the order of the numbers', () => {
    const byNumber = (a: string, b: string): number => {
      const [x, y] = [a, b].map((id) => id.split('.').map(Number)) as [number[], number[]];
      const i = x.findIndex((part, k) => part !== y[k]);
      return (x[i] ?? 0) - (y[i] ?? 0);
    };
    const all = cases.map(({ id }) => id);
    expect([...all].sort(byNumber)).toEqual(all);
  });

  test('has a title for every chapter and section', () => {
    for (const { id } of cases) {
      const [chapter, section] = id.split('.');
      expect(titles.has(chapter!)).toBe(true);
      // 2, 3 and 5 have no sections; what stands second there is the case.
      if (id.split('.').length > 2 && chapter !== '10') expect(titles.has(`${chapter}.${section}`), id).toBe(true);
    }
  });

  test('selects by number, by a beginning, and without others', () => {
    expect(ids(['7.1.6'])).toEqual(['7.1.6']);
    expect(ids(['4.*'])).toHaveLength(10);
    expect(ids(['1.*'])).not.toContain('10.1.1');
    expect(ids(['*'], ['6.*', '9.*', '1*'])).toHaveLength(11 + 7 + 10 + 20 + 37);
    expect(() => ids(['8.*'])).toThrow(RangeError);
    expect(() => ids(['1.1.1; rm'])).toThrow(RangeError);
  });

  test('can be run with fewer messages', () => {
    const [short] = withMessages([findCase('12.1.1')!], 3);
    expect(short!.conduct).toMatchObject({ kind: 'round-trips', count: 3 });
    expect(findCase('12.1.1')!.conduct).toMatchObject({ count: 1000 });
  });
});

test('the UTF-8 sequences are valid where a decoder of its own says so', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const isValid = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const members = sequences.flatMap((group) => group.members);
  expect(members).toHaveLength(145 - 13);
  for (const { payload, valid } of members) expect([payload, isValid(payload)]).toEqual([payload, valid]);
});

test('a message is cut as the official suite cuts it: evenly, an empty fragment comes last', () => {
  const sizes = (length: number, size: number): number[] => cut(length, size).map(({ start, end }) => end - start);
  expect(sizes(5, 2)).toEqual([2, 2, 1]);
  expect(sizes(4, 2)).toEqual([2, 2, 0]);
  expect(sizes(2, 2)).toEqual([2]);
  expect(sizes(0, 2)).toEqual([0]);
  expect(sizes(9, 0)).toEqual([9]);
  expect(cut(4, 2).map(({ first, last }) => [first, last])).toEqual([
    [true, false],
    [false, false],
    [false, true],
  ]);
});

test('a payload is a pattern, over and over', () => {
  expect(Buffer.from(repeated('abc', 8)).toString()).toBe('abcabcab');
  expect(Buffer.from(repeated('abc', 2)).toString()).toBe('ab');
  expect(repeated('abc', 0)).toHaveLength(0);
});

test.each(Object.values(documents))('$name: a document that repeats itself', (document) => {
  const { size } = document;
  const text = (from: number, length: number): string => Buffer.from(document.slice(from, length)).toString('latin1');
  expect(text(size - 10, 20)).toBe(text(size - 10, 10) + text(0, 10));
  expect(text(3, 5)).toBe(text(0, 8).slice(3));
  if (document.binary) return;
  expect(new TextDecoder('utf-8', { fatal: true }).decode(document.slice(0, size))).toHaveLength(size);
});
