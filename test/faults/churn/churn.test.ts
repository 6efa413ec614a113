import { expect, test } from 'vitest';
import { churn } from './churn.ts';

test('connections that come and go in six ways leave no socket behind', async () => {
  const report = await churn({ connections: 240 });
  expect(report.failures).toEqual([]);
  expect(report.done).toEqual({ clean: 40, reset: 40, badKey: 40, refused: 40, aborted: 40, tlsFailure: 40 });
  // 40 clean ones, and 40 that were reset, on the servers' side.
  expect([report.opened, report.closed]).toEqual([80, 80]);
  expect(sockets(report.handlesAfter)).toEqual(sockets(report.handlesBefore));
}, 60_000);

/** Without the handles of vitest, which come and go. */
function sockets(handles: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(handles).filter(([name]) => /^(TCP|TLS)/.test(name));
}
