/**
 * Every case with all its messages, over TCP, against our server and client with either of their faces, and 9.* against
 * `ws` in the same run:
 *   npm run autobahn:big [-- --cases '9.*' --messages 100 --rounds 3 --only server --bufferutil --write]
 * Each implementation runs in a process of its own. The cases of 9.* are taken in turn, ours and then ws's, `--rounds`
 * times (0 is no race), and the fastest of each counts. `ws` runs as it is installed, without the native bufferutil, unless asked for.
 * `--write` puts the tables into docs/conformance.md.
 * Exit code: 0 when ours has passed strictly and is the faster one, else 1.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Case } from './case.ts';
import { selectCases, withMessages } from './catalogue.ts';
import { resultsTable, sectionOf, timesTable, writeBlock } from './conformance-page.ts';
import type { Column, TimesRow } from './conformance-page.ts';
import type { Role } from './endpoint.ts';
import { runFuzzingClient } from './fuzzing-client.ts';
import { serveFuzzing } from './fuzzing-server.ts';
import { differencesFromExpected } from './official/expected.ts';
import { Results } from './results.ts';
import type { Outcome } from './run.ts';
import { parseTarget } from './tcp.ts';

/** The event-style face, the promise API, and the one to be faster than. */
type Implementation = 'own' | 'promise' | 'ws';

/** The fastest time of each case, in milliseconds. */
type Times = Map<string, number>;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '*' },
    messages: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    bufferutil: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const selected = withMessages(selectCases(values.cases.split(',')), Number(values.messages));
const limits = selectCases(['9.*']).filter(({ id }) => selected.some((it) => it.id === id));
const roles = (['server', 'client'] as const).filter((role) => values.only === undefined || values.only === role);

let failed = false;
const columns: Column[] = [];
for (const role of roles) {
  for (const implementation of ['own', 'promise'] as const) {
    const outcomes = await judge(role, implementation);
    columns.push({ title: `${role}${implementation === 'own' ? '' : ', promise API'}`, outcomes });
    const entries = Object.fromEntries(outcomes);
    const differences = differencesFromExpected(
      role,
      selected.map(({ id }) => id),
      entries,
    );
    for (const line of differences) process.stdout.write(`${implementation}: ${line}\n`);
    process.stdout.write(
      `${implementation} ${role}: ${selected.length} cases, ${differences.length} not as expected\n`,
    );
    failed ||= differences.length > 0;
  }
}
if (values.write) {
  const when = `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${values.messages} messages a case`;
  writeBlock(
    'results',
    `Run with \`npm run autobahn:big -- --messages ${values.messages}\`: ${when} in 9.7, 9.8, 12 and 13.\n\n${resultsTable(selected, columns)}`,
  );
}
if (limits.length > 0 && Number(values.rounds) > 0) {
  for (const role of roles) {
    const rows = rowsOf(await race(role));
    const table = timesTable(rows);
    process.stdout.write(`As a ${role}:\n${table}\n`);
    if (values.write) writeBlock(`times, ${role}`, table);
    const all = rows.at(-1)!;
    failed ||= all.own >= all.ws;
  }
}
process.exitCode = failed ? 1 : 0;

/** Everything, once. */
async function judge(role: Role, implementation: Implementation): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  await run(role, implementation, selected, (outcome) => void outcomes.set(outcome.test.id, outcome));
  return outcomes;
}

/** 9.*, against both. */
async function race(role: Role): Promise<Record<'own' | 'ws', Times>> {
  const times = { own: new Map<string, number>(), ws: new Map<string, number>() };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const implementation of ['own', 'ws'] as const) {
      await run(role, implementation, limits, ({ test, duration, behavior }) => {
        const before = times[implementation].get(test.id) ?? Infinity;
        times[implementation].set(test.id, Math.min(before, behavior === 'OK' ? duration : Infinity));
      });
    }
  }
  return times;
}

/** A row for each section, and one for all of them. */
function rowsOf(times: Record<'own' | 'ws', Times>): TimesRow[] {
  const sum = (of: Times, section?: string): number =>
    [...of].reduce((total, [id, time]) => total + (section === undefined || sectionOf(id) === section ? time : 0), 0);
  const sections = [...new Set(limits.map(({ id }) => sectionOf(id)))];
  return [
    ...sections.map((section) => ({ section, own: sum(times.own, section), ws: sum(times.ws, section) })),
    { section: 'all', own: sum(times.own), ws: sum(times.ws) },
  ];
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
