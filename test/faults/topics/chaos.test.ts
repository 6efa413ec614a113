/** Short runs of `npm run topics:chaos`. */
import { expect, test } from 'vitest';
import { has } from '../../drivers/topics/servers.ts';
import { type BrokerName, PROGRAMS } from './brokers.ts';
import { chaos } from './chaos.ts';

// A cluster of JetStream takes minutes to show anything, and loses messages of its own: that is what the script is for.
const ENGINES = (Object.keys(PROGRAMS) as BrokerName[]).filter((engine) => engine !== 'jetstream-cluster');

for (const engine of ENGINES) {
  test.skipIf(!has(PROGRAMS[engine]))(
    `ten nodes on ${engine}: every acknowledged message is delivered or told, none twice, in one order`,
    { timeout: 60_000 },
    async () => {
      const result = await chaos({ engine, nodes: 10, faults: 8, milliseconds: 5000, seed: 1 });
      expect(result.broken).toEqual([]);
      expect(result.acknowledged).toBeGreaterThan(10);
    },
  );
}
