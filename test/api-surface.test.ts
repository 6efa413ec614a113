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

/** What an entry names and does not export, and why. */
const NAMED_ONLY: Record<string, readonly string[]> = {
  // Optional where it is named: for whoever embeds the core, and so has it of `sansocket/protocol`.
  node: ['Workspace'],
  pipe: [
    'Workspace',
    // Exported under their names, as aliases of what the bundler calls so.
    'LinkDirection$1',
    'PipeListener$1',
  ],
  web: [
    // A class of `sansocket`, for its option `http2`.
    'Http2Pool',
    // What `defineInterface` takes out of the prototype chains: nobody meets them at run time.
    'WebSocketFace',
    'WebSocketStreamFace',
  ],
};

describe.each(ENTRIES)('%s', (entry) => {
  test('exports each type that a declaration of it names', () => {
    const [, ...named] = reports.get(entry)!.split(/^# Named above, .*$/m);
    const names = named.flatMap((part) => [...part.matchAll(/^(?:## |- `)([\w$]+)/gm)].map(([, name]) => name));
    expect(names.sort()).toEqual([...(NAMED_ONLY[entry] ?? [])].sort());
  });

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
