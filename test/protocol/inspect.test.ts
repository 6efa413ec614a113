/** What logs show of a connection of the core. */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Connection } from '../../protocol/index.ts';

test('console.log and JSON.stringify show how a connection stands, and how it has ended', () => {
  const connection = Connection.established('server', { now: 0, sink: {} });
  connection.sendText('hello');
  expect(inspect(connection)).toBe("Connection { isServer: true, state: 'OPEN', bufferedAmount: 7 }");
  expect(JSON.stringify({ connection })).toBe('{"connection":{"isServer":true,"state":"OPEN","bufferedAmount":7}}');
  connection.terminate(1);
  expect(inspect(connection)).toMatch(
    /^Connection \{[^]*state: 'ABORTED'[^]*closeInfo: \{[^]*code: 1006[^]*terminated/,
  );
  expect(JSON.parse(JSON.stringify(connection))).toMatchObject({ state: 'ABORTED', closeInfo: { code: 1006 } });
});
