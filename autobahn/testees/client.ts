/**
 * A client to put under test:
 *   node --import tsx autobahn/testees/client.ts [--server ws://127.0.0.1:9001] [--agent NAME] [--implementation own|promise|ws] [--parallel 1]
 */
import { parseArgs } from 'node:util';
import { pickTestee } from './pick.ts';
import { walkThrough } from './testee.ts';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'ws://127.0.0.1:9001' },
    agent: { type: 'string', default: 'sansocket' },
    implementation: { type: 'string', default: 'own' },
    parallel: { type: 'string', default: '1' },
  },
});
const { implementation, server, agent, parallel } = values;
const count = await walkThrough(pickTestee(implementation), server, agent, Number(parallel));
process.stdout.write(`${count} cases\n`);
