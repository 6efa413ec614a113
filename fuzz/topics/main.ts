/** `npm run explore:topics -- [--depth 8]`: prints states explored, depth and time; a broken law prints the shortest trace. */
import { parseArgs } from 'node:util';
import { exploreTopics } from './explore.ts';

const { values } = parseArgs({ options: { depth: { type: 'string', default: '7' } } });
const start = performance.now();
const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
const { broken, states, depth } = exploreTopics(Number(values.depth), undefined, (level, count) => {
  console.log(`depth ${level}: ${count.toLocaleString('en')} states, ${seconds()}`);
});
if (broken === undefined) {
  console.log(`${states.toLocaleString('en')} states to depth ${depth} in ${seconds()}: every law holds`);
} else {
  console.log(`\nbroken: ${broken.error.stack}\n\nthe shortest trace: ${broken.trace.join(' ')}`);
  process.exitCode = 1;
}
