/** `npm run pictures`: draws the pictures of docs/ anew. They are made of runs and of tables, and a test compares them with those. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chart, rowsOfPage } from '../../../test/bench/report/chart.ts';
import { backpressure } from './backpressure.ts';
import { embedding } from './embedding.ts';
import { lifeOfAConnection } from './life.ts';
import { gracefulShutdown } from './shutdown.ts';
import { wayOfAByte } from './way.ts';

const DOCS = join(import.meta.dirname, '../..');

/** The pictures, by their paths in docs/. */
export async function pictures(): Promise<Map<string, string>> {
  return new Map([
    ['pictures/life-of-a-connection.svg', lifeOfAConnection()],
    ['pictures/way-of-a-byte.svg', wayOfAByte()],
    ['pictures/embedding.svg', embedding()],
    ['pictures/backpressure.svg', backpressure()],
    ['pictures/graceful-shutdown.svg', await gracefulShutdown()],
    ['performance.svg', chart(rowsOfPage(readFileSync(join(DOCS, 'performance.md'), 'utf8')))],
  ]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, svg] of await pictures()) writeFileSync(join(DOCS, name), svg);
}
