/** The suite judges itself by `ws` 8.23, over TCP and in both roles: it must say what the official suite says. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Case } from '../../autobahn/case.ts';
import { selectCases, withMessages } from '../../autobahn/catalogue.ts';
import { runFuzzingClient } from '../../autobahn/fuzzing-client.ts';
import { serveFuzzing } from '../../autobahn/fuzzing-server.ts';
import type { FuzzingServer } from '../../autobahn/fuzzing-server.ts';
import { Results, summarize } from '../../autobahn/results.ts';
import type { Outcome } from '../../autobahn/run.ts';
import { parseTarget } from '../../autobahn/tcp.ts';
import { walkThrough } from '../../autobahn/testees/testee.ts';
import type { EchoServer } from '../../autobahn/testees/testee.ts';
import { ws } from '../../autobahn/testees/ws.ts';

const protocol = selectCases(['*'], ['9.*', '12.*', '13.*']);
/** Of 9, 12 and 13 some of each kind, with few messages; `npm run autobahn:big` runs them all. */
const limits = withMessages(
  selectCases([
    '9.1.4',
    '9.2.3',
    '9.3.1',
    '9.3.2',
    '9.3.6',
    '9.4.1',
    '9.4.2',
    '9.4.8',
    '9.5.4',
    '9.6.5',
    '9.7.*',
    '9.8.*',
  ]),
  10,
);
const compression = withMessages(
  selectCases(['12.*', '13.*']).filter(({ id }) => /\.(?:1|4|7|12)$/.test(id)),
  5,
);
const selected = [...protocol, ...limits, ...compression];
/** Nothing here is about deadlines, and other tests want the machine as well. */
const patience = 30;

/** What isn't OK, as the official suite has it. */
const VERDICTS = {
  'NON-STRICT / OK': ['6.4.1', '6.4.2', '6.4.3', '6.4.4'],
  INFORMATIONAL: ['7.1.6', '7.13.1', '7.13.2'],
};

function exceptions(results: Results, agent: string): Record<string, string[]> {
  const { groups } = summarize(results.of(agent));
  const byNumber = new Intl.Collator('en', { numeric: true }).compare;
  return Object.fromEntries(
    [...groups].filter(([key]) => key !== 'OK').map(([key, ids]) => [key, [...ids].sort(byNumber)]),
  );
}

test('this is the version that the verdicts are of', () => {
  const { version } = JSON.parse(readFileSync('node_modules/ws/package.json', 'utf8')) as { version: string };
  expect(version).toMatch(/^8\.23\./);
});

describe('as a server', () => {
  const servers: EchoServer[] = [];
  beforeAll(async () => {
    servers.push(await ws(16384).serve(0), await ws(0).serve(0));
  });
  afterAll(() => Promise.all(servers.map((server) => server.close())));

  /** Those that take the time of the machine run one by one, those that only wait run together. */
  async function judge(server: EchoServer, together: readonly Case[], single: readonly Case[]): Promise<Results> {
    const results = new Results();
    const onOutcome = (outcome: Outcome): void => results.add('ws', outcome);
    const target = parseTarget(server.url);
    await runFuzzingClient({ target, cases: together, parallel: 16, patience, onOutcome });
    await runFuzzingClient({ target, cases: single, patience, onOutcome });
    return results;
  }

  test('without a limit of fragments it passes all but strictness', { timeout: 60_000 }, async () => {
    const results = await judge(servers[1]!, protocol, [...limits, ...compression]);
    expect(results.of('ws')).toHaveLength(selected.length);
    expect(exceptions(results, 'ws')).toEqual(VERDICTS);
  });

  test('with its default limit, 16384 fragments, it fails four cases of 9', { timeout: 60_000 }, async () => {
    const results = await judge(servers[0]!, [], selectCases(['9.3.1', '9.3.2', '9.3.3', '9.4.1', '9.4.2', '9.4.3']));
    expect(exceptions(results, 'ws')).toEqual({ FAILED: ['9.3.1', '9.3.2', '9.4.1', '9.4.2'] });
  });
});

describe('as a client', () => {
  const results = new Results();
  const reports: string[] = [];
  let server: FuzzingServer;
  beforeAll(async () => {
    server = await serveFuzzing({
      port: 0,
      cases: selected,
      results,
      patience,
      onOutcome: () => {},
      onUpdateReports: (agent) => void reports.push(agent),
      renderReport: () => '<p>the report</p>',
    });
  });
  afterAll(() => server.close());

  test('without a limit of fragments it passes all but strictness', { timeout: 60_000 }, async () => {
    expect(await walkThrough(ws(0), server.url, 'ws & co', 4)).toBe(selected.length);
    expect(results.agents).toEqual(['ws & co']);
    expect(results.of('ws & co')).toHaveLength(selected.length);
    expect(exceptions(results, 'ws & co')).toEqual(VERDICTS);
    expect(reports).toEqual(['ws & co']);
  });

  test('without compression it is told that 12 and 13 are not implemented', async () => {
    const client = ws(0, false);
    await client.converse(`${server.url}/runCase?casetuple=12.1.1&agent=plain`, true);
    expect(exceptions(results, 'plain')).toEqual({ 'UNIMPLEMENTED / OK': ['12.1.1'] });
  });

  test('it can ask what a case is and how it went', async () => {
    const client = ws();
    const info = JSON.parse((await client.converse(`${server.url}/getCaseInfo?case=1`, false))!) as object;
    expect(info).toEqual({ id: '1.1.1', description: 'A text message of 0 octets.' });
    const waiting = client.converse(`${server.url}/getCaseStatus?case=1&agent=curious`, false);
    await client.converse(`${server.url}/runCase?case=1&agent=curious`, true);
    expect(JSON.parse((await waiting)!)).toEqual({ behavior: 'OK' });
  });

  test('a request that lacks a case or an agent is refused, one without an upgrade gets the report', async () => {
    await expect(ws().converse(`${server.url}/runCase?case=1`, true)).rejects.toThrow('400');
    await expect(ws().converse(`${server.url}/runCase?agent=x&case=9999`, true)).rejects.toThrow('400');
    const response = await fetch(server.url.replace('ws:', 'http:'));
    expect(await response.text()).toBe('<p>the report</p>');
  });
});
