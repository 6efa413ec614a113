/**
 * Tries every scenario with every stack, in each role that it has. Writes what it saw into results.json and the table of
 * docs/interop.md, and exits with 1 where anything is not as results.json had it.
 *
 *     npm run interop [-- NAME…]
 *
 * Names are parts of the stacks' names: these alone are tried, and their rows renewed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePage } from './page.ts';
import { differences, find, readResults, type Row, writeResults } from './results.ts';
import { STACKS } from './stacks/index.ts';
import { prepare } from './stacks/stack.ts';
import { tryAll } from './try-all.ts';

const wanted = process.argv.slice(2).map((name) => name.toLowerCase());
const chosen = STACKS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part)),
);
const folder = mkdtempSync(join(tmpdir(), 'sansocket-interop-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

let isAsBefore = chosen.length > 0;
for (const stack of chosen) {
  try {
    const work = prepare(stack, folder);
    for (const role of stack.roles) record(await tryAll(stack, work, role));
  } catch (error) {
    isAsBefore = false;
    console.log(`skipped: ${stack.name} (${(error as Error).message.trim().slice(-400)})`);
  }
}
process.exit(isAsBefore ? 0 : 1);

/** After each, so that a run which is cut short leaves what it has seen. */
function record(row: Row): void {
  const rows = readResults();
  const then = find(rows, row);
  const news = differences(then, row);
  if (news.length > 0) isAsBefore = false;
  console.log(`${row.stack} ${row.version} as ${row.role}: ${news.length === 0 ? 'as before' : 'not as before'}`);
  for (const line of news) console.log(`  ${line}`);
  save([...rows.filter((other) => other !== then), row]);
}

function save(rows: readonly Row[]): void {
  const place = ({ stack }: Row): number => STACKS.findIndex(({ name }) => name === stack);
  const sorted = rows.filter((row) => place(row) >= 0).toSorted((a, b) => place(a) - place(b));
  writeResults(sorted);
  writePage(sorted);
}
