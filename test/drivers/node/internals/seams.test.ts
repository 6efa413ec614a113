/** `npm run test:nodes` runs this on every line of Node that is supported. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { describeSeams } from '../../../../drivers/node/internals/seams.ts';

test('this Node has all that is used of it and not documented: nothing runs on what takes its place', () => {
  expect(Object.entries(describeSeams()).filter(([, works]) => !works)).toEqual([]);
});

/** Runs a program, which prints JSON, with what is to be had of it besides. */
function run(script: string, env: NodeJS.ProcessEnv = {}): { printed: unknown; stderr: string } {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    },
  );
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  return { printed: JSON.parse(stdout), stderr };
}

const TOLD = `
  import { subscribe } from 'node:diagnostics_channel';
  const told = [];
  subscribe('sansocket:start', (message) => told.push(message));
  process.on('exit', () => console.log(JSON.stringify(told)));
`;

test.each([
  [
    'a server',
    `import { serve } from './drivers/node/index.ts'; for (const _ of [1, 2]) (await serve({ host: '127.0.0.1', port: 0 }, {})).stopListening();`,
  ],
  [
    'a client',
    `import { connect } from './drivers/node/index.ts'; for (const _ of [1, 2]) connect('ws://127.0.0.1:1', {}, {}).terminate();`,
  ],
  [
    'a taken stream',
    `import { duplexPair } from 'node:stream'; import { adopt } from './drivers/node/index.ts'; for (const one of duplexPair()) adopt(one, new Uint8Array(), { role: 'server' }, {}, {}).terminate();`,
  ],
])('sansocket:start tells of it once: %s', (_, script) => {
  expect(run(TOLD + script).printed).toEqual([{ node: process.versions.node, internals: describeSeams() }]);
});

test('NODE_DEBUG=sansocket tells of it, too', () => {
  const script = `import { connect } from './drivers/node/index.ts'; connect('ws://127.0.0.1:1', {}, {}).terminate(); console.log(0);`;
  expect(run(script, { NODE_DEBUG: 'sansocket' }).stderr).toContain(
    `Node ${process.versions.node}: ${JSON.stringify(describeSeams())}`,
  );
});
