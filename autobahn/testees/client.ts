/**
 * A client to put under test:
 *   node --import tsx autobahn/testees/client.ts [--server ws://127.0.0.1:9001] [--agent NAME] [--implementation own|promise|ws]
 */
import { parseArgs } from 'node:util';
import { pickTestee } from './pick.ts';
import { walkThrough } from './testee.ts';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'ws://127.0.0.1:9001' },
    agent: { type: 'string', default: 'sansocket' },
    implementation: { type: 'string', default: 'own' },
  },
});
const count = await walkThrough(pickTestee(values.implementation), values.server, values.agent);
process.stdout.write(`${count} cases\n`);
