/** Short runs of `npm run topics:chaos`. */
import { expect, test } from 'vitest';
import { has } from '../../drivers/topics/servers.ts';
import { type BrokerName, PROGRAMS } from './brokers.ts';
import { chaos } from './chaos.ts';

// A cluster of JetStream takes minutes to show anything, and does not keep the promise yet: that is what the script is for.
const BY_HAND: BrokerName = 'jetstream-cluster';

for (const engine of Object.keys(PROGRAMS) as BrokerName[]) {
  test.skipIf(engine === BY_HAND || !has(PROGRAMS[engine]))(
    `ten nodes on ${engine}: every acknowledged message is delivered or told, none twice, in one order`,
    { timeout: 60_000 },
    async () => {
      const result = await chaos({ engine, nodes: 10, faults: 8, milliseconds: 5000, seed: 1 });
      expect(result.broken).toEqual([]);
    },
  );
}
