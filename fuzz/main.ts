/**
 * `npm run fuzz -- <target>|all [--minutes 5] [--seed 1] [--runs N]`
 *
 * Tries inputs until the time is over or the runs are done, and says every few seconds how far it is. What breaks a
 * claim is shrunk, printed and kept in fuzz/regressions/, and the exit code is 1.
 */
import { parseArgs } from 'node:util';
import { keepCounterexample, keptInputs } from './support/kept.ts';
import { tryInputs } from './support/run.ts';
import type { Target } from './support/target.ts';
import { TARGETS } from './targets/index.ts';

/** Inputs between two looks at the clock. */
const BATCH = 200;
const PROGRESS_EVERY = 5_000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string' },
  },
});
const [minutes, seed, runs] = [Number(values.minutes), Number(values.seed), Number(values.runs ?? Infinity)];
const chosen = TARGETS.filter(({ name }) => positionals[0] === name || positionals[0] === 'all');
if (chosen.length === 0 || !(minutes > 0) || !Number.isInteger(seed) || !(runs > 0)) {
  console.error('usage: npm run fuzz -- <target>|all [--minutes 5] [--seed 1] [--runs N]\n\ntargets:');
  for (const { name, claim } of TARGETS) console.error(`  ${name.padEnd(14)}${claim}`);
  process.exit(2);
}

for (const target of chosen) {
  if (!(await fuzz(target, (minutes * 60_000) / chosen.length))) process.exit(1);
}

async function fuzz(target: Target, milliseconds: number): Promise<boolean> {
  const start = performance.now();
  let count = 0;
  let shown = start;
  for (const { input } of [...keptInputs(target, 'corpus'), ...keptInputs(target, 'regressions')])
    await target.check(input);
  for (let batch = 0; performance.now() - start < milliseconds && count < runs; batch++) {
    const size = Math.min(BATCH, runs - count);
    const found = await tryInputs(target, size, seed + batch);
    if (found !== undefined) {
      console.log(`\n${target.name}: broken. ${target.claim}`);
      console.log(
        `${found.error}\n\nseed ${found.seed}, path ${found.path}\nkept as ${keepCounterexample(target, found)}`,
      );
      return false;
    }
    count += size;
    if (performance.now() - shown > PROGRESS_EVERY) {
      shown = performance.now();
      console.log(progress(target, count, shown - start));
    }
  }
  console.log(`${progress(target, count, performance.now() - start)}, seed ${seed}: nothing found`);
  return true;
}

function progress({ name }: Target, count: number, milliseconds: number): string {
  const perSecond = Math.round((count / milliseconds) * 1000);
  return `${name}: ${count.toLocaleString('en')} inputs in ${Math.round(milliseconds / 1000)} s, ${perSecond} a second`;
}
