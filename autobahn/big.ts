/**
 * Every case with all its messages, over TCP, against our server and client, and 9.* against `ws` in the same run:
 *   npm run autobahn:big [-- --cases '9.*' --rounds 3 --only server --bufferutil]
 * Each implementation runs in a process of its own. The cases of 9.* are taken in turn, ours and then ws's, `--rounds`
 * times, and the fastest of each counts. `ws` runs as it is installed, without the native bufferutil, unless asked for.
 * Exit code: 0 when ours has passed strictly and is the faster one, else 1.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { Case } from './case.ts';
import { selectCases } from './catalogue.ts';
import type { Role } from './endpoint.ts';
import { runFuzzingClient } from './fuzzing-client.ts';
import { serveFuzzing } from './fuzzing-server.ts';
import { differencesFromExpected } from './official/expected.ts';
import { Results } from './results.ts';
import type { Outcome } from './run.ts';
import { parseTarget } from './tcp.ts';

const IMPLEMENTATIONS = ['own', 'ws'] as const;
type Implementation = (typeof IMPLEMENTATIONS)[number];

/** The fastest time of each case, in milliseconds. */
type Times = Map<string, number>;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '*' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    bufferutil: { type: 'boolean', default: false },
  },
});
const selected = selectCases(values.cases.split(','));
const limits = selected.filter(({ id }) => id.startsWith('9.'));
const rounds = Number(values.rounds);
const roles = (['server', 'client'] as const).filter((role) => values.only === undefined || values.only === role);

let failed = false;
for (const role of roles) {
  const differences = await judge(role);
  for (const line of differences) process.stdout.write(`${line}\n`);
  process.stdout.write(`our ${role}: ${selected.length} cases, ${differences.length} not as expected\n`);
  const slower = limits.length === 0 ? false : report(role, await race(role));
  failed ||= differences.length > 0 || slower;
}
process.exitCode = failed ? 1 : 0;

/** Everything, once, against ours. */
async function judge(role: Role): Promise<string[]> {
  const entries: Record<string, Outcome> = {};
  await run(role, 'own', selected, (outcome) => (entries[outcome.test.id] = outcome));
  const ids = selected.map(({ id }) => id);
  return differencesFromExpected(role, ids, entries);
}

/** 9.*, against both. */
async function race(role: Role): Promise<Record<Implementation, Times>> {
  const times = { own: new Map<string, number>(), ws: new Map<string, number>() };
  for (let round = 0; round < rounds; round++) {
    for (const implementation of IMPLEMENTATIONS) {
      await run(role, implementation, limits, ({ test, duration, behavior }) => {
        const before = times[implementation].get(test.id) ?? Infinity;
        times[implementation].set(test.id, Math.min(before, behavior === 'OK' ? duration : Infinity));
      });
    }
  }
  return times;
}

/** Prints the times by section. Returns whether ours is the slower one altogether. */
function report(role: Role, times: Record<Implementation, Times>): boolean {
  const sum = (implementation: Implementation, prefix: string): number =>
    [...times[implementation]].reduce((total, [id, time]) => total + (id.startsWith(prefix) ? time : 0), 0);
  const sections = [...new Set(limits.map(({ id }) => id.split('.').slice(0, 2).join('.') + '.'))];
  process.stdout.write(`9.* as a ${role}, milliseconds: own, ws, own ÷ ws\n`);
  for (const prefix of [...sections, '9.']) {
    const [own, ws] = [sum('own', prefix), sum('ws', prefix)];
    process.stdout.write(
      `  ${`${prefix}*`.padEnd(6)} ${String(own).padStart(7)} ${String(ws).padStart(7)}   ${(own / ws).toFixed(2)}\n`,
    );
  }
  return sum('own', '9.') >= sum('ws', '9.');
}

async function run(
  role: Role,
  implementation: Implementation,
  cases: readonly Case[],
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  if (role === 'server') await runServer(implementation, cases, onOutcome);
  else await runClient(implementation, cases, onOutcome);
}

async function runServer(
  implementation: Implementation,
  cases: readonly Case[],
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  const child = start('server.ts', ['--port', '0', '--implementation', implementation]);
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  await runFuzzingClient({ target: parseTarget(url), cases, onOutcome });
  const closed = once(child, 'close');
  child.stdin.end();
  await closed;
}

async function runClient(
  implementation: Implementation,
  cases: readonly Case[],
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  const server = await serveFuzzing({
    port: 0,
    cases,
    results: new Results(),
    onOutcome: (_, outcome) => onOutcome(outcome),
    onUpdateReports: () => {},
    renderReport: () => '',
  });
  const child = start('client.ts', ['--server', server.url, '--implementation', implementation]);
  child.stdout.resume();
  await once(child, 'close');
  await server.close();
}

function start(file: string, args: readonly string[]) {
  const path = new URL(`./testees/${file}`, import.meta.url).pathname;
  const env = values.bufferutil ? process.env : { ...process.env, WS_NO_BUFFER_UTIL: '1' };
  return spawn(process.execPath, ['--import', 'tsx', path, ...args], { env, stdio: ['pipe', 'pipe', 'inherit'] });
}
