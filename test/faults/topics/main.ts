/** `npm run topics:chaos -- [--engine redis|nats|jetstream|redis-cluster|jetstream-cluster] [--minutes 10] [--faults 1000] [--nodes 10] [--seed 1]`: says how it went, and exits with 1 if a promise was broken. */
import { parseArgs } from 'node:util';
import { has } from '../../drivers/topics/servers.ts';
import { type BrokerName, PROGRAMS } from './brokers.ts';
import { chaos } from './chaos.ts';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'redis' },
    minutes: { type: 'string', default: '10' },
    faults: { type: 'string', default: '1000' },
    nodes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});
const engine = values.engine as BrokerName;
if (!(engine in PROGRAMS) || !has(PROGRAMS[engine])) {
  console.error(engine in PROGRAMS ? `${PROGRAMS[engine]} is not installed` : `no engine ${engine}`);
  process.exit(2);
}
const [minutes, faults, nodes, seed] = [values.minutes, values.faults, values.nodes, values.seed].map(Number);
const start = performance.now();
const result = await chaos({
  engine,
  nodes: nodes!,
  faults: faults!,
  milliseconds: minutes! * 60_000,
  seed: seed!,
  onFault: (kind, count) => {
    if (count % 50 === 0 || engine.endsWith('cluster'))
      console.log(`${count} faults, ${Math.round((performance.now() - start) / 1000)} s: ${kind}`);
  },
});
console.log(result);
process.exit(result.broken.length === 0 ? 0 : 1);
