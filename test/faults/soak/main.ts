/**
 * `npm run soak -- [--minutes 10] [--seed 1] [--conversations 16]`
 *
 * Conversations with acknowledged sequence numbers through a faulty proxy. The exit code is 1 when the claim broke.
 */
import { parseArgs } from 'node:util';
import { soak, type SoakReport } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    conversations: { type: 'string', default: '16' },
  },
});
const [minutes, seed, conversations] = [Number(values.minutes), Number(values.seed), Number(values.conversations)];
if (!(minutes > 0) || !Number.isInteger(seed) || !(conversations > 0)) {
  console.error('usage: npm run soak -- [--minutes 10] [--seed 1] [--conversations 16]');
  process.exit(2);
}

const start = performance.now();
const report = await soak({ seed, conversations, milliseconds: minutes * 60_000, onProgress: show });
show(report);
for (const violation of report.violations) console.error(violation);
console.log(report.violations.length === 0 ? `seed ${seed}: nothing lost, doubled or reordered` : 'broken');
process.exitCode = report.violations.length === 0 ? 0 : 1;

function show({ acknowledged, connections, faults, injected }: SoakReport): void {
  const kinds = Object.entries(injected).map(([trouble, count]) => `${count} ${trouble}`);
  console.log(
    `${Math.round((performance.now() - start) / 1000)} s: ${acknowledged.toLocaleString('en')} messages acknowledged over ` +
      `${Math.floor(connections)} connections, ${faults} faults (${kinds.join(', ')}), ` +
      `${Math.round(process.memoryUsage.rss() / 1024 / 1024)} MiB`,
  );
}
