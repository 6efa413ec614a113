/** docs/rfc-coverage.md and the threat model tell the truth: the tests that they name exist and are run. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNamed, requirementsOf, threatsOf } from './support/coverage-table.ts';
import { runNode } from './support/run.ts';
import { ROOT } from './support/source.ts';

const TABLE = 'docs/rfc-coverage.md';
const THREATS = 'docs/design/threat-model.md';
const threats = threatsOf(THREATS, readFileSync(join(ROOT, THREATS), 'utf8'));
const claims = [...requirementsOf(TABLE, readFileSync(join(ROOT, TABLE), 'utf8')), ...threats];
const files = [...new Set(claims.flatMap(({ tests }) => tests.map(({ file }) => file)))].sort();

const folder = mkdtempSync(join(tmpdir(), 'sansocket-names-'));
let names: Map<string, string[]>;

// vitest tells the names, so that those made in loops are known too; what is skipped is not among them.
beforeAll(async () => {
  names = new Map(files.map((file) => [file, []]));
  const present = files.filter((file) => existsSync(join(ROOT, file)));
  if (present.length === 0) return;
  const list = join(folder, 'names.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  // Nothing is run, so that the files may share what they import: it takes a third of the time.
  const { exit, stderr } = await runNode(
    [vitest, 'list', '--isolate=false', '--json', list, ...present],
    ROOT,
    200_000,
  );
  if (exit !== 0) throw new Error(`vitest list failed: ${stderr}`);
  for (const { file, name } of JSON.parse(readFileSync(list, 'utf8')) as { file: string; name: string }[]) {
    names.get(relative(ROOT, file))?.push(name);
  }
}, 220_000);

afterAll(() => rmSync(folder, { recursive: true }));

test('both RFCs have their table', () => {
  expect(readFileSync(join(ROOT, TABLE), 'utf8').match(/^## RFC \d+$/gm)).toEqual(['## RFC 6455', '## RFC 7692']);
});

test('every threat but those that a reason is given for has a test, and a mitigation in files that exist', () => {
  const vague = threats.filter(({ sources, reason }) => reason === undefined && sources.length === 0);
  expect(vague.map(({ at }) => at)).toEqual([]);
  const missing = threats.flatMap(({ at, sources }) =>
    sources.filter((source) => !existsSync(join(ROOT, source))).map((source) => ({ at, source })),
  );
  expect(missing).toEqual([]);
});

describe.each(files)('%s', (file) => {
  test('has every test that the tables name', () => {
    const wanted = claims.flatMap(({ at, tests }) =>
      tests.filter((one) => one.file === file).map(({ name }) => ({ at, name })),
    );
    const missing = wanted.filter(({ name }) => !names.get(file)!.some((full) => isNamed(full, name)));
    expect(missing).toEqual([]);
  });
});
