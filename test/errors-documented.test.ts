/** docs/errors.md lists every `kind` that there is, each with its cause. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { ROOT } from './support/source.ts';

/** The strings of a union type. */
function wordsOf(path: string, type: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const declaration = file.statements.filter(ts.isTypeAliasDeclaration).find(({ name }) => name.text === type);
  return [...declaration!.type.getText().matchAll(/'([^']+)'/g)].map(([, word]) => word!);
}

const table = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
const rows = table.split('\n').filter((line) => line.startsWith('| `'));
const documented = new Map<string, string[]>();
for (const row of rows) {
  const [kinds, ...cells] = row.slice(2, -2).split(' | ');
  for (const [, kind] of kinds!.matchAll(/`([a-z0-9-]+)`/g)) documented.set(kind!, cells);
}

const errors = [...wordsOf('protocol/errors.ts', 'ErrorKind'), ...wordsOf('protocol/errors.ts', 'FaultKind')];
const refusals = wordsOf('protocol/handshake/types.ts', 'RefusalKind');

test('every kind of error is listed, with its cause', () => {
  expect(errors.length).toBeGreaterThan(30);
  expect(errors.filter((kind) => !/\w/.test(documented.get(kind)?.[0] ?? ''))).toEqual([]);
});

test('every kind of refusal is listed, with its cause', () => {
  expect(refusals.length).toBeGreaterThan(5);
  expect(refusals.filter((kind) => !/\w/.test(documented.get(kind)?.[0] ?? ''))).toEqual([]);
});

test('nothing is listed that is none', () => {
  const others = ['wait-timeout', 'invalid-state'];
  expect([...documented.keys()].filter((kind) => ![...errors, ...refusals, ...others].includes(kind))).toEqual([]);
});
