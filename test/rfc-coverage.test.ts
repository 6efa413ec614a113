/** docs/rfc-coverage.md tells the truth: the tests that it names exist and are run. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNamed, requirementsOf } from './support/coverage-table.ts';
import { runNode } from './support/run.ts';
import { ROOT } from './support/source.ts';

const TABLE = 'docs/rfc-coverage.md';
const requirements = requirementsOf(TABLE, readFileSync(join(ROOT, TABLE), 'utf8'));
const files = [...new Set(requirements.flatMap(({ tests }) => tests.map(({ file }) => file)))].sort();

const folder = mkdtempSync(join(tmpdir(), 'sansocket-names-'));
let names: Map<string, string[]>;

// vitest tells the names, so that those made in loops are known too; what is skipped is not among them.
beforeAll(async () => {
  names = new Map(files.map((file) => [file, []]));
  const present = files.filter((file) => existsSync(join(ROOT, file)));
  if (present.length === 0) return;
  const list = join(folder, 'names.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const { exit, stderr } = await runNode([vitest, 'list', '--json', list, ...present], ROOT, 200_000);
  if (exit !== 0) throw new Error(`vitest list failed: ${stderr}`);
  for (const { file, name } of JSON.parse(readFileSync(list, 'utf8')) as { file: string; name: string }[]) {
    names.get(relative(ROOT, file))?.push(name);
  }
}, 220_000);

afterAll(() => rmSync(folder, { recursive: true }));

test('both RFCs have their table', () => {
  expect(readFileSync(join(ROOT, TABLE), 'utf8').match(/^## RFC \d+$/gm)).toEqual(['## RFC 6455', '## RFC 7692']);
});

describe.each(files)('%s', (file) => {
  test('has every test that the table names', () => {
    const wanted = requirements.flatMap(({ at, tests }) =>
      tests.filter((one) => one.file === file).map(({ name }) => ({ at, name })),
    );
    const missing = wanted.filter(({ name }) => !names.get(file)!.some((full) => isNamed(full, name)));
    expect(missing).toEqual([]);
  });
});
