/** `npm run explore -- [--depth 7] [--opening | --patient | --frugal | --later | --slow]`: prints states explored, depth and time; a broken law prints the shortest trace. */
import { parseArgs } from 'node:util';
import { explore } from './explore.ts';
import { STARTS } from './side.ts';

const { values } = parseArgs({
  options: {
    depth: { type: 'string', default: '6' },
    opening: { type: 'boolean', default: false },
    patient: { type: 'boolean', default: false },
    frugal: { type: 'boolean', default: false },
    later: { type: 'boolean', default: false },
    slow: { type: 'boolean', default: false },
  },
});
const depth = Number(values.depth);
if (!Number.isInteger(depth) || depth < 1) {
  console.error('usage: npm run explore -- [--depth 6] [--opening | --patient | --frugal | --later | --slow]');
  process.exit(2);
}

// Most ways end with errors, as they should, and a long stack takes longer than the way itself.
Error.stackTraceLimit = 3;

const start = performance.now();
const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
const result = explore(
  depth,
  STARTS.find((start) => start !== 'open' && values[start]) ?? 'open',
  (level, states, moves) => {
    console.log(
      `depth ${level}: ${states.toLocaleString('en')} states, ${moves.toLocaleString('en')} moves, ${seconds()}`,
    );
    return true;
  },
);
if (result.broken === undefined) {
  const end = result.isComplete ? 'there are no more' : 'every law holds';
  console.log(`${result.states.toLocaleString('en')} states to depth ${result.depth} in ${seconds()}: ${end}`);
  console.log(`${result.taken.size} changes of the tables in protocol/states.ts were made`);
} else {
  console.log(
    `\nbroken after ${result.states} states, ${seconds()}: ${result.broken.error.stack}\n\nthe shortest trace:`,
  );
  for (const { side, deed } of result.broken.trace) console.log(`  ${side}: ${deed}`);
  process.exitCode = 1;
}
