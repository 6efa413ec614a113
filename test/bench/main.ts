/**
 * `npm run bench`: all peers in turn, on the workloads of rows.ts. Prints what it measures, writes reports/bench.json,
 * and after a whole run the generated part of docs/performance.md with its chart.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, compileChildren } from './compile.ts';
import { canPin } from './child.ts';
import { describeMachine } from './machine.ts';
import { availablePeers, otherBuild } from './peers.ts';
import { chart, rowsOfPage } from './report/chart.ts';
import { replaceSection, section, shortSection } from './report/markdown.ts';
import { rowLines } from './report/terminal.ts';
import { measureRow, type RowResult } from './results.ts';
import { ROWS } from './rows.ts';
import { measureTopics, topicsLine, TOPICS_ROWS, type TopicsResult } from './topics/rows.ts';

const USAGE = `npm run bench -- [options]
  --quick             a few rows, one short round: about a minute
  --rows PATTERN      only rows whose name, as --list prints it, matches this regular expression
  --peers A,B         only these of: raw, ws, ws+bufferutil, ws face, undici, web, bun, event, promise
  --rounds N          rounds (default 5; quick: 1)
  --window MS         measured milliseconds a round (default 1000; quick: 300)
  --node PATH         the Node that runs the peers (default: this one)
  --against DIST      also measure another build of this package, with the faces that take part
  --profile FOLDER    write CPU profiles of the peers that run on Node there, of the last round
  --docs              write docs/performance.md, also after a run of some rows; with --node, that Node's table in it
  --list              print the rows' names
`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string' },
    window: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    against: { type: 'string' },
    profile: { type: 'string' },
    docs: { type: 'boolean' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  process.stdout.write(USAGE);
} else if (options.list) {
  for (const { id, title } of [...ROWS, ...TOPICS_ROWS]) process.stdout.write(`${id.padEnd(24)}${title}\n`);
} else {
  await bench();
}

async function bench(): Promise<void> {
  const pattern = options.rows === undefined ? undefined : new RegExp(options.rows);
  const rows = ROWS.filter((row) => (pattern ? pattern.test(row.id) : row.quick || !options.quick));
  const topicsRows = TOPICS_ROWS.filter(({ id }) => (pattern ? pattern.test(id) : !options.quick && !options.peers));
  if (rows.length + topicsRows.length === 0)
    throw new RangeError(`no row's name matches ${options.rows}; --list prints them`);
  const whole = rows.length === ROWS.length && options.peers === undefined;
  const rounds = count(options.rounds, options.quick ? 1 : 5);
  const window = count(options.window, options.quick ? 300 : 1000);
  const peers = await availablePeers(options.peers?.split(','), (text) => print(text));
  if (options.against !== undefined) {
    const others = otherBuild(options.against, peers);
    if (others.length === 0)
      throw new RangeError('--against compares the event driver and the promise API: neither takes part');
    peers.push(...others);
  }
  const settings = {
    children: compileChildren(),
    node: options.node,
    warmUp: options.quick ? 200 : 500,
    window,
    rounds,
    profile: options.profile && resolve(options.profile),
  };
  if (settings.profile) mkdirSync(settings.profile, { recursive: true });
  const machine = describeMachine(options.node, peers);
  print(
    `Node ${machine.node.slice(1)}, ${machine.processor}, ${machine.cores} cores; ` +
      (canPin ? 'peer on core 0, load on core 1' : 'not pinned: taskset or a second core is missing'),
  );

  const report = join(ROOT, 'reports', 'bench.json');
  mkdirSync(dirname(report), { recursive: true });
  const results: RowResult[] = [];
  const topics: TopicsResult[] = [];
  // After every row: a run that is broken off leaves what it has.
  const save = (): void => {
    writeFileSync(report, `${JSON.stringify({ machine, rounds, window, results, topics }, null, 1)}\n`);
  };
  for (const row of rows) {
    const result = await measureRow(row, peers, settings, progress);
    progress('');
    results.push(result);
    for (const line of rowLines(result)) print(line);
    save();
  }
  for (const row of topicsRows) {
    progress(row.title);
    const result = await measureTopics(row);
    progress('');
    if (result === undefined) {
      print(`${row.id} is skipped: redis-server is not installed`);
      continue;
    }
    topics.push(result);
    print(topicsLine(result));
    save();
  }
  print(`\nWritten: ${report}`);
  const page = join(ROOT, 'docs', 'performance.md');
  if (options.docs && options.node !== process.execPath) {
    const [major] = machine.node.slice(1).split('.');
    const text = shortSection(results, machine, rounds, window);
    writeFileSync(page, replaceSection(readFileSync(page, 'utf8'), text, `bench -- --node ${major}`));
    print(`Written: ${page}`);
  } else if (options.docs ?? (whole && !options.quick)) {
    const text = replaceSection(readFileSync(page, 'utf8'), section(results, machine, rounds, window));
    writeFileSync(page, text);
    writeFileSync(join(ROOT, 'docs', 'performance.svg'), chart(rowsOfPage(text)));
    print(`Written: ${page}`);
  }
  if (results.some(({ cells }) => cells.some(({ error }) => error !== undefined))) process.exitCode = 1;
}

function count(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`not a count: ${text}`);
  return value;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line that is written over, where somebody watches. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
