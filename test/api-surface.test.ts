/** The public surface is what test/api/ says: a change of it is made on purpose, in the same commit as the report. */
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ENTRIES, apiReports, reportPath } from './support/api-report.ts';
import { freshBuild } from './support/source.ts';

let dist: string;
let reports: Map<string, string>;

beforeAll(() => {
  dist = freshBuild();
  reports = apiReports(dist);
}, 60_000);

describe.each(ENTRIES)('%s', (entry) => {
  test('exports what its report says (after a change on purpose: npm run api:update)', () => {
    const path = reportPath(entry);
    expect(existsSync(path), `${path} is missing`).toBe(true);
    expect(reports.get(entry)).toBe(readFileSync(path, 'utf8'));
  });

  test('exports at run time the values that its types declare', async () => {
    const declared = [
      ...reports
        .get(entry)!
        .split('\n# Named above')[0]
        .matchAll(/^## (\S+)\n\n```ts\n([^]*?)\n```$/gm),
    ]
      .filter(([, , text]) => /^(export )?declare (abstract )?(class|const|function|let|var)\b/m.test(text))
      .map(([, name]) => name);
    const module: object = await import(pathToFileURL(join(dist, `${entry}.js`)).href);
    expect(Object.keys(module).sort()).toEqual(declared.sort());
  });
});
