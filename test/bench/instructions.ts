/**
 * How many instructions a peer executes for a message, by valgrind's callgrind: on a machine that others use, too, where times
 * say little, this is the same to about one per cent. The kernel's are not counted, and memory that is slow to reach isn't seen.
 *
 *     npx tsx test/bench/instructions.ts ROW PEER [DIST] [--after 300000] [--count 30000] [--seconds 30]
 *
 * ROW is one of `npm run bench -- --list`, PEER one of the files under `peers/` that Node runs, DIST another build of this
 * package. `--count` messages are counted `--after` so many, or fewer where either takes longer than `--seconds`; after
 * none, V8's compiling is counted too. What callgrind found is left in reports/bench/ROW.PEER.callgrind, for callgrind_annotate.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCertificate } from '../support/certificates.ts';
import { Child } from './child.ts';
import { compileChildren, REPORTS } from './compile.ts';
import { environmentOf } from './peers.ts';
import { ROWS } from './rows.ts';
import type { Job, Run } from './wire/job.ts';

/** Under valgrind everything takes forty times as long. */
const PATIENCE = 120_000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    after: { type: 'string', default: '300000' },
    count: { type: 'string', default: '30000' },
    seconds: { type: 'string', default: '30' },
  },
});
const [id, peer, dist] = positionals;
const row = ROWS.find((one) => one.id === id);
if (row === undefined || peer === undefined) throw new RangeError('instructions.ts ROW PEER [DIST]');
const children = compileChildren('children-of-instructions');
const out = join(REPORTS, `${id}.${peer}.callgrind`);
const target = new Child({
  command: 'valgrind',
  arguments: [
    ...['--quiet', '--tool=callgrind', '--instr-atstart=no', '--smc-check=all-non-file', `--callgrind-out-file=${out}`],
    // Whatever V8 does on other threads would be counted when it happens to happen.
    ...[process.execPath, '--single-threaded', '--expose-gc', join(children, 'peers', `${peer}.js`)],
  ],
  environment: {
    NODE_ENV: 'production',
    ...(dist === undefined ? {} : environmentOf(dist)),
  },
  core: 0,
});
const load = new Child({ command: process.execPath, arguments: [join(children, 'load', 'main.js')], core: 1 });
const isSecure = row.job.over === 'tls' || row.job.over === 'http2';
const certificate = isSecure ? { certificate: makeCertificate('IP:127.0.0.1') } : {};
const job: Job = { ...row.job, raw: peer === 'raw', ...certificate };

try {
  if (job.role === 'server') {
    await load.call('prepare', { job, port: await target.call<number>('start', { job }, PATIENCE) });
  } else {
    const port = await load.call<number>('prepare', { job });
    await Promise.all([target.call('start', { job, port }, PATIENCE), load.call('connected', undefined, PATIENCE)]);
  }
  await atLeast(Number(values.after));
  instrument('on');
  const messages = await atLeast(Number(values.count));
  instrument('off');
  await Promise.all([target.end(), load.end()]);
  const [, total] = /^totals: (\d+)/m.exec(readFileSync(out, 'utf8'))!;
  console.log(`${row.id}, ${peer}: ${Math.round(Number(total) / messages)} instructions a message, of ${messages}`);
} finally {
  await Promise.all([target.end(), load.end()]);
}

async function atLeast(count: number): Promise<number> {
  let messages = 0;
  const until = performance.now() + Number(values.seconds) * 1000;
  while (messages < count && performance.now() < until)
    messages += (await load.call<Run>('run', 200, PATIENCE)).messages;
  return messages;
}

function instrument(state: 'on' | 'off'): void {
  const { status, stderr } = spawnSync('callgrind_control', ['-i', state, String(target.pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`callgrind_control: ${stderr}`);
}
