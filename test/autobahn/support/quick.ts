/** The conformance cases but the slow ones, of which there are a few: for a server or a client that has its own tests beside it. */
import { expect } from 'vitest';
import { selectCases, withMessages } from '../../../autobahn/catalogue.ts';
import { runFuzzingClient } from '../../../autobahn/fuzzing-client.ts';
import { serveFuzzing } from '../../../autobahn/fuzzing-server.ts';
import { Results, summarize } from '../../../autobahn/results.ts';
import { parseTarget } from '../../../autobahn/tcp.ts';

const cases = [
  ...selectCases(['*'], ['9.*', '12.*', '13.*']),
  ...withMessages(selectCases(['9.1.4', '9.2.3', '9.3.1', '9.4.1', '9.7.1', '9.8.1', '12.1.1', '12.3.7', '13.3.4']), 5),
];
/** Nothing here is about deadlines, and other tests want the machine as well. */
const patience = 30;
const AGENT = 'it';

/** Expects that an echo server at this URL fails no case. */
export async function passesAsServer(url: string): Promise<void> {
  const results = new Results();
  const onOutcome = (outcome: Parameters<Results['add']>[1]) => results.add(AGENT, outcome);
  await runFuzzingClient({ target: parseTarget(url), cases, parallel: 4, patience, onOutcome });
  expect(results.of(AGENT)).toHaveLength(cases.length);
  expect(exceptions(results)).toEqual([]);
}

/** Expects that a client that `walk` leads through all cases of a server, under this name, fails none; `walk` resolves to how many there were. */
export async function passesAsClient(walk: (server: string, agent: string) => Promise<number>): Promise<void> {
  const results = new Results();
  const server = await serveFuzzing({
    ...{ port: 0, cases, results, patience },
    ...{ onOutcome: () => {}, onUpdateReports: () => {}, renderReport: () => '' },
  });
  try {
    expect(await walk(server.url, AGENT)).toBe(cases.length);
    expect(exceptions(results)).toEqual([]);
  } finally {
    server.close();
  }
}

function exceptions(results: Results): string[] {
  const { groups } = summarize(results.of(AGENT));
  return [...groups].filter(([key]) => key !== 'OK' && key !== 'INFORMATIONAL').flatMap(([key, ids]) => [key, ...ids]);
}
