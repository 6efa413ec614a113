import { expect, test } from 'vitest';
import { isNamed, requirementsOf, threatsOf } from './coverage-table.ts';

const head = ['## RFC 6455', '', '| section | level | requirement | held by |', '| --- | --- | --- | --- |'];

function read(...rows: string[]): ReturnType<typeof requirementsOf> {
  return requirementsOf('table.md', [...head, ...rows].join('\n'));
}

test('a row has its section, its level, what is asked for and the tests that hold it', () => {
  expect(read('| §5.1 | MUST | mask | `test/a.test.ts` a \\| b<br>`test/b.test.ts` c > d |')).toEqual([
    {
      at: 'table.md:5',
      section: 'RFC 6455 §5.1',
      level: 'MUST',
      text: 'mask',
      tests: [
        { file: 'test/a.test.ts', name: 'a | b' },
        { file: 'test/b.test.ts', name: 'c > d' },
      ],
      reason: undefined,
    },
  ]);
});

test('a row that no test can hold says why', () => {
  expect(read('| §10.3 | SHOULD | keys | none: the randomness is the platform’s |')[0].reason).toMatch(/platform/);
});

test.each([
  ['too few cells', '| §5.1 | MUST | mask |'],
  ['no section', '| 5.1 | MUST | mask | `test/a.test.ts` a |'],
  ['no level', '| §5.1 | must | mask | `test/a.test.ts` a |'],
  ['no requirement', '| §5.1 | MUST |  | `test/a.test.ts` a |'],
  ['no test', '| §5.1 | MUST | mask |  |'],
  ['no name', '| §5.1 | MUST | mask | `test/a.test.ts` |'],
  ['no reason', '| §5.1 | MUST | mask | none: |'],
  ['no file', '| §5.1 | MUST | mask | somewhere |'],
])('a row with %s is an error', (_name, row) => {
  expect(() => read(row)).toThrow('table.md:5');
});

test('a name is that of the test, of a group, or a whole path of them', () => {
  expect(isNamed('a > b > c', 'c')).toBe(true);
  expect(isNamed('a > b > c', 'b')).toBe(true);
  expect(isNamed('a > b > c', 'a > b')).toBe(true);
  expect(isNamed('a > b > c', 'a > b > c')).toBe(true);
  expect(isNamed('a > b > c', 'a > c')).toBe(false);
  expect(isNamed('a > bee > c', 'b')).toBe(false);
  expect(isNamed('a > b > c', '')).toBe(false);
});

test('a threat has its mitigation, with the files that it names, and its tests', () => {
  const table = [
    '| threat | mitigation | test |',
    '| --- | --- | --- |',
    '| `x` | cut: `protocol/a.ts` | `test/a.test.ts` b |',
  ];
  expect(threatsOf('threats.md', table.join('\n'))).toEqual([
    {
      at: 'threats.md:3',
      text: '`x`',
      mitigation: 'cut: `protocol/a.ts`',
      sources: ['protocol/a.ts'],
      tests: [{ file: 'test/a.test.ts', name: 'b' }],
      reason: undefined,
    },
  ]);
  expect(() => threatsOf('threats.md', '| a | b |')).toThrow('threats.md:1: a row has three cells, not 2');
});
