/**
 * Runs the official Autobahn Testsuite against our server and our client, and compares what it says with
 * expected-results.json:
 *   npm run autobahn:official [-- --cases '1.*,7.*' --exclude '12.*']
 * It takes a local `wstest`, or Docker. Exit code: 0 when all is as expected, 1 when not, 69 where there is neither.
 */
import { readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { selectCases } from '../catalogue.ts';
import type { Index } from '../report/json.ts';
import { own } from '../testees/own.ts';
import { walkThrough } from '../testees/testee.ts';
import { differencesFromExpected } from './expected.ts';
import { findOfficialSuite, seenBy, writeSpec } from './suite.ts';
import type { OfficialSuite, Run, Selection } from './suite.ts';

const AGENT = 'sansocket';
/** The ports in fuzzingclient.json and fuzzingserver.json. */
const OUR_PORT = 9002;
const SUITE_PORT = 9001;
/** How long the suite's server may take to listen; Docker may have to fetch the image first. */
const START_SECONDS = 600;

const DIFFERENT = 1;
const UNAVAILABLE = 69;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '*' },
      exclude: { type: 'string', default: '' },
      report: { type: 'string', default: 'reports/autobahn/official' },
    },
  });
  const split = (text: string): string[] => text.split(',').filter((part) => part !== '');
  const selection = { cases: split(values.cases), exclude: split(values.exclude) };
  const ids = selectCases(selection.cases, selection.exclude).map(({ id }) => id);
  const suite = findOfficialSuite();
  if (suite === undefined) {
    process.stderr.write('The official suite needs Docker or a local wstest, and neither is here.\n');
    return UNAVAILABLE;
  }
  await rm(values.report, { recursive: true, force: true });
  process.stdout.write(`${ids.length} cases in each role, with ${suite.name}; reports go to ${values.report}\n`);
  const server = await judgeServer(suite, values.report, selection);
  const client = await judgeClient(suite, values.report, selection);
  const differences = [
    ...differencesFromExpected('server', ids, server[AGENT] ?? {}),
    ...differencesFromExpected('client', ids, client[AGENT] ?? {}),
  ];
  for (const line of differences) process.stdout.write(`${line}\n`);
  process.stdout.write(differences.length === 0 ? 'All as expected.\n' : `${differences.length} differences.\n`);
  return differences.length === 0 ? 0 : DIFFERENT;
}

async function judgeServer(suite: OfficialSuite, folder: string, selection: Selection): Promise<Index> {
  await writeSpec('fuzzingclient', folder, selection, seenBy(suite, folder));
  const server = await own.serve(OUR_PORT);
  const code = await suite.start('fuzzingclient', folder).ended;
  await server.close();
  if (code !== 0) process.stderr.write(`${suite.name} ended with ${code}.\n`);
  return readIndex(join(folder, 'servers'));
}

async function judgeClient(suite: OfficialSuite, folder: string, selection: Selection): Promise<Index> {
  await writeSpec('fuzzingserver', folder, selection, seenBy(suite, folder));
  const run = suite.start('fuzzingserver', folder);
  if (await listens(run)) await walkThrough(own, `ws://127.0.0.1:${SUITE_PORT}`, AGENT);
  else process.stderr.write(`${suite.name} does not listen.\n`);
  run.stop();
  await run.ended;
  return readIndex(join(folder, 'clients'));
}

/** Resolves to whether the suite's server listens, once it does or has ended. */
async function listens(run: Run): Promise<boolean> {
  const ended = run.ended.then(() => 'ended' as const);
  for (let seconds = 0; seconds < START_SECONDS; seconds++) {
    if (await canConnect(SUITE_PORT)) return true;
    if ((await Promise.race([ended, sleep(1000)])) === 'ended') return false;
  }
  return false;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** The suite's index.json; empty when there is none. */
async function readIndex(folder: string): Promise<Index> {
  try {
    return JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as Index;
  } catch {
    return {};
  }
}
