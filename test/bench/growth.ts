/**
 * `npm run bench:growth`: what a message costs by its size, from 16 B to 16 MiB, and by how many connections there are, from 1 to 10,000; how
 * much of it the kernel takes; and beside it the raw echo and `ws`. Writes the table and the chart of docs/performance.md.
 * `-- --rounds N`, `-- --window MS`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileChildren, ROOT } from './compile.ts';
import { describeMachine } from './machine.ts';
import { availablePeers, type PeerId } from './peers.ts';
import { number } from './report/format.ts';
import { growthChart, type Line } from './report/growth-chart.ts';
import { replaceSection, table } from './report/markdown.ts';
import { figure, measureRow, type RowResult } from './results.ts';
import { row, type Row } from './rows.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, window: { type: 'string', default: '500' } },
});

const KIB = 1024;
const SIZES = [16, 256, 4 * KIB, 64 * KIB, KIB * KIB, 16 * KIB * KIB];
const CONNECTIONS = [1, 10, 100, 1000, 10_000];
const PEERS: readonly PeerId[] = ['raw', 'ws', 'event'];

const bySize = SIZES.map((size) => row(`size-${size}`, nameOf(size), { kind: 'binary', size }, {}));
const byConnections = CONNECTIONS.map((connections) =>
  row(`connections-${connections}`, connections.toLocaleString('en-US'), { size: 125, connections }, {}),
);

const peers = await availablePeers(PEERS, (text) => process.stdout.write(`${text}\n`));
const rounds = Number(options.rounds);
const settings = {
  children: compileChildren(),
  node: process.execPath,
  warmUp: 500,
  window: Number(options.window),
  rounds,
};

const sizes = await measured(bySize);
const connections = await measured(byConnections);

const { date, processor, node } = describeMachine(process.execPath, peers);
const page = join(ROOT, 'docs', 'performance.md');
const text = [
  `Measured ${date} on ${processor}, Node ${node.slice(1)}: medians of ${rounds} rounds of ${settings.window} ms, in µs of the server's CPU time a message. ` +
    'One binary message at a time on one connection:',
  tableOf('size', sizes),
  'One text message of 125 B at a time on each of so many connections:',
  tableOf('connections', connections),
  '![CPU time per message, by size and by the number of connections](growth.svg)',
].join('\n\n');
writeFileSync(page, replaceSection(readFileSync(page, 'utf8'), text, 'bench:growth'));
writeFileSync(
  join(ROOT, 'docs', 'growth.svg'),
  growthChart([
    { title: 'by size, one message at a time', labels: SIZES.map(nameOf), lines: linesOf(sizes) },
    { title: 'by connections, 125 B', labels: byConnections.map(({ title }) => title), lines: linesOf(connections) },
  ]),
);
process.stdout.write(`Written: ${page}\n`);

async function measured(rows: readonly Row[]): Promise<RowResult[]> {
  const results: RowResult[] = [];
  for (const one of rows) {
    const result = await measureRow(one, peers, settings, () => {});
    const failed = result.cells.find(({ error }) => error !== undefined);
    if (failed !== undefined) throw new Error(`${one.id}, ${failed.peer}: ${failed.error}`);
    results.push(result);
    const told = PEERS.map((peer) => `${peer} ${valueOf(result, peer)}`).join(', ');
    process.stdout.write(`${one.title}: ${told}; of event the kernel ${valueOf(result, 'event', 'kernel')}\n`);
  }
  return results;
}

function tableOf(of: string, results: readonly RowResult[]): string {
  return table(
    [of, 'raw', '`ws`', 'event driver', 'of that the kernel', 'event ÷ raw', 'event ÷ `ws`'],
    results.map((result) => [
      result.row.title,
      ...PEERS.map((peer) => valueOf(result, peer)),
      valueOf(result, 'event', 'kernel'),
      ...(['raw', 'ws'] as const).map((peer) => (median(result, 'event') / median(result, peer)).toFixed(2)),
    ]),
  );
}

function linesOf(results: readonly RowResult[]): Line[] {
  return PEERS.map((peer) => ({ peer, values: results.map((result) => median(result, peer)) }));
}

function valueOf(result: RowResult, peer: PeerId, name: 'cpu' | 'kernel' = 'cpu'): string {
  return number(median(result, peer, name));
}

function median(result: RowResult, peer: PeerId, name: 'cpu' | 'kernel' = 'cpu'): number {
  return figure(result, peer, name)!.median;
}

function nameOf(size: number): string {
  if (size < KIB) return `${size} B`;
  return size < KIB * KIB ? `${size / KIB} KiB` : `${size / KIB / KIB} MiB`;
}
