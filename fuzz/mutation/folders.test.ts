/** What `npm run mutation` goes through is the whole core. */
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';
import { filesOf, FOLDERS, testsOf } from './folders.ts';

test('every file of protocol/ is mutated, and belongs to one folder', () => {
  const mutated = FOLDERS.flatMap(filesOf).map((file) => `protocol/${file}.ts`);
  expect(mutated.sort()).toEqual(globSync('protocol/**/*.ts').sort());
  expect(mutated).toContain('protocol/deadlines.ts');
  expect(mutated).toContain('protocol/handshake/http1/head-parser.ts');
});

test('every test of test/protocol is tried on some folder', () => {
  const tried = new Set(FOLDERS.flatMap(testsOf));
  expect([...tried].sort()).toEqual(globSync('test/protocol/**/*.test.ts').sort());
});
