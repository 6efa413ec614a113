/**
 * `npm run floods -- [--seconds 15] [--only WORDS] [--without-ws] [--heap MIB]`
 *
 * Each flood against a server of this package, and against ws beside it, in a new process each. The exit code is 1 when
 * this package's server grew beyond its limits, or the witness was not served.
 */
import { parseArgs } from 'node:util';
import { FLOODS } from './floods.ts';
import { boundOf, type FloodReport, Victim } from './run.ts';
import type { Library } from './server.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
    'without-ws': { type: 'boolean', default: false },
    heap: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const floods = FLOODS.filter(({ name }) => name.includes(values.only));
if (!(seconds > 0) || floods.length === 0) {
  console.error('usage: npm run floods -- [--seconds 15] [--only WORDS] [--without-ws] [--heap MIB]\n\nfloods:');
  for (const { name } of FLOODS) console.error(`  ${name}`);
  process.exit(2);
}

const rows: string[] = [];
let failed = false;
for (const flood of floods) {
  const bound = boundOf(flood);
  const cells = [flood.name, String(flood.peers), mib(bound)];
  for (const library of values['without-ws'] ? (['sansocket'] as const) : (['sansocket', 'ws'] as const)) {
    if (library === 'ws' && flood.service === 'http2') {
      cells.push('none');
      continue;
    }
    const report = await tryOne(library);
    console.log(`${flood.name}, ${library}: ${describe(report)}`);
    cells.push(`${report.stopped ? 'over ' : ''}${mib(report.grown)}`);
    if (library !== 'sansocket') continue;
    cells.push(`${report.pings} / ${report.opened}`);
    const isGood = report.grown <= bound && report.failures.length === 0 && report.pings > 0 && report.opened > 0;
    if (!isGood) console.log(`  broken: at most ${mib(bound)} MiB, and a witness that is served`);
    if (!isGood) failed = true;
  }
  rows.push(`| ${cells.join(' | ')} |`);

  async function tryOne(library: Library): Promise<FloodReport> {
    const heap = values.heap === undefined ? flood.heap : Number(values.heap) || undefined;
    const victim = await new Victim(library, library === 'sansocket' ? heap : undefined).ready();
    try {
      return await victim.flood(flood, seconds * 1000);
    } finally {
      await victim.end();
    }
  }
}
console.log(
  `\n| flood, ${seconds} s | peers | allowed, MiB | grown, MiB | witness: round trips / connections | ws: grown, MiB |`,
);
console.log('| --- | --- | --- | --- | --- | --- |');
for (const row of rows) console.log(row);
process.exitCode = failed ? 1 : 0;

function describe({ grown, stopped, ended, refused, pings, opened, longest, failures }: FloodReport): string {
  const witness =
    failures.length > 0 ? `witness FAILED (${String(failures[0])})` : `witness ${pings} pings, ${opened} opened`;
  return (
    `+${mib(grown)} MiB${stopped ? ', stopped' : ''}, ${ended} ended, ${refused} refused, ${witness}, ` +
    `longest wait ${Math.round(longest)} ms`
  );
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}
