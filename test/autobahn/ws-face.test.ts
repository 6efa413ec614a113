/** The face of `ws` in both roles, as `ws` has it and with `safe`: all but strictness passes, as with our own drivers. */
import { describe, expect, test } from 'vitest';
import { selectCases, withMessages } from '../../autobahn/catalogue.ts';
import { runFuzzingClient } from '../../autobahn/fuzzing-client.ts';
import { serveFuzzing } from '../../autobahn/fuzzing-server.ts';
import { Results, summarize } from '../../autobahn/results.ts';
import { parseTarget } from '../../autobahn/tcp.ts';
import { walkThrough } from '../../autobahn/testees/testee.ts';
import { face } from '../../autobahn/testees/ws.ts';

const cases = [
  ...selectCases(['*'], ['9.*', '12.*', '13.*']),
  ...withMessages(selectCases(['9.1.4', '9.2.3', '9.3.1', '9.4.1', '9.7.1', '9.8.1', '12.1.1', '12.3.7', '13.3.4']), 5),
];
/** Nothing here is about deadlines, and other tests want the machine as well. */
const patience = 30;

function exceptions(results: Results): string[] {
  const { groups } = summarize(results.of('face'));
  return [...groups].filter(([key]) => key !== 'OK' && key !== 'INFORMATIONAL').flatMap(([key, ids]) => [key, ...ids]);
}

describe.each([
  ['with the defaults of ws', false],
  ['with ours', true],
])('%s', (_, safe) => {
  test('as a server it fails no case', { timeout: 120_000 }, async () => {
    const server = await face(safe).serve(0);
    const results = new Results();
    const onOutcome = (outcome: Parameters<Results['add']>[1]) => results.add('face', outcome);
    await runFuzzingClient({ target: parseTarget(server.url), cases, parallel: 4, patience, onOutcome });
    await server.close();
    expect(results.of('face')).toHaveLength(cases.length);
    expect(exceptions(results)).toEqual([]);
  });

  test('as a client it fails no case', { timeout: 120_000 }, async () => {
    const results = new Results();
    const server = await serveFuzzing({
      port: 0,
      cases,
      results,
      patience,
      onOutcome: () => {},
      onUpdateReports: () => {},
      renderReport: () => '',
    });
    expect(await walkThrough(face(safe), server.url, 'face', 4)).toBe(cases.length);
    server.close();
    expect(exceptions(results)).toEqual([]);
  });
});
