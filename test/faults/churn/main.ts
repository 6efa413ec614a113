/**
 * `npm run churn -- [--connections 100000]`
 *
 * The exit code is 1 when a connection did not come out as it must, the heap grew, or something was left behind.
 */
import { parseArgs } from 'node:util';
import { churn, type ChurnReport } from './churn.ts';

/** What the heap may grow by from the first tenth to the last, in bytes; 100,000 connections that each left 20 show. */
const SLACK = 2 * 1024 * 1024;

const { values } = parseArgs({ options: { connections: { type: 'string', default: '100000' } } });
const connections = Number(values.connections);
if (!(connections > 0) || globalThis.gc === undefined) {
  console.error('usage: npm run churn -- [--connections 100000] (under node --expose-gc)');
  process.exit(2);
}

const start = performance.now();
const report = await churn({ connections, onProgress: show });
show(report);
const [before, after] = [report.handlesBefore, report.handlesAfter].map((counts) => JSON.stringify(counts));
const grown = report.heap.at(-1)! - report.heap[0];
console.log(`heap: ${grown >= 0 ? '+' : ''}${(grown / 1024).toFixed(0)} KiB from the first tenth to the last`);
console.log(`handles: ${before} before, ${after} after; ${report.opened} opened, ${report.closed} closed`);
for (const failure of report.failures) console.error(failure);
const isGood = report.failures.length === 0 && grown < SLACK && before === after && report.opened === report.closed;
console.log(isGood ? 'flat, and nothing is left' : 'broken');
process.exitCode = isGood ? 0 : 1;

function show({ done, heap }: ChurnReport): void {
  const kinds = Object.entries(done).map(([kind, count]) => `${count} ${kind}`);
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`${seconds} s: ${kinds.join(', ')}; heap ${((heap.at(-1) ?? 0) / 1024 / 1024).toFixed(1)} MiB`);
}
