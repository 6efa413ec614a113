/**
 * `npm run fuzz:guided -- [bytes|head|all] [--minutes 5]`
 *
 * Coverage-guided fuzzing of the core with jsfuzz, which is installed on demand, in reports/guided. What it finds is kept
 * in fuzz/regressions/, where `npm test` replays it, and the exit code is 1. It has no seed: no two runs are the same.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import * as fc from 'fast-check';
import { keep, keptInputs } from '../support/kept.ts';
import type { Target } from '../support/target.ts';
import { bytes, head } from '../targets/guided.ts';
import { installJsfuzz } from './install-jsfuzz.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../reports/guided/', import.meta.url));
const SEEDS = 200;
const PROGRESS_EVERY = 5_000;
/** The exit code where there is no jsfuzz to be had. */
const UNAVAILABLE = 69;

/** The targets, and which check of target.ts is theirs. Requests are text, which jsfuzz has a way to change of its own. */
const TARGETS = [
  { target: bytes, check: 'checkBytes', flags: ['--no-versifier'] },
  { target: head, check: 'checkHead', flags: [] },
];

/** What jsfuzz tells of itself, every three seconds and whenever an input reaches something new. */
const PROGRESS = /^#(\d+) \w+ +cov: (\d+) corp: (\d+) /;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '5' } },
});
const [name = 'all'] = positionals;
const minutes = Number(values.minutes);
const chosen = TARGETS.filter(({ target }) => name === 'all' || name === target.name);
if (chosen.length === 0 || !(minutes > 0)) {
  console.error('usage: npm run fuzz:guided -- [bytes|head|all] [--minutes 5]');
  process.exit(2);
}

const jsfuzz = install();
for (const one of chosen) {
  if (!(await fuzz(one, (minutes * 60_000) / chosen.length))) process.exitCode = 1;
}

function install(): string {
  try {
    return installJsfuzz(FOLDER);
  } catch (error) {
    process.stderr.write(`skipped: ${(error as Error).message}\n`);
    process.exit(UNAVAILABLE);
  }
}

async function fuzz({ target, check, flags }: (typeof TARGETS)[number], milliseconds: number): Promise<boolean> {
  const [bundle, crash] = [`${target.name}.cjs`, join(FOLDER, `${target.name}.crash`)];
  await bundleTarget(check, join(FOLDER, bundle));
  const corpus = plantSeeds(target);
  rmSync(crash, { force: true });
  const args = [jsfuzz, bundle, corpus, '--exact-artifact-path', crash, '--timeout', '120', ...flags];
  // A process group of its own, so that jsfuzz's worker ends with it.
  const child = spawn(process.execPath, args, { cwd: FOLDER, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const last = await follow(child, target.name, milliseconds);
  if (existsSync(crash)) {
    const input = { bytes: new Uint8Array(readFileSync(crash)) };
    const note = `found by coverage-guided fuzzing: ${last.said.slice(0, 300)}`;
    console.log(`${target.name}: broken. ${target.claim}\n${last.said}`);
    console.log(`kept as ${keep(target, 'regressions', { note, input })}`);
    return false;
  }
  const isTried = last.isOver && last.executions > 0;
  console.log(
    isTried ? `${last.progress}: nothing found` : `${last.progress}: jsfuzz tried nothing, or ended by itself`,
  );
  if (!isTried) console.log(last.said);
  return isTried;
}

/** All of a check in one CommonJS file, since jsfuzz instruments what is loaded by `require`. */
async function bundleTarget(check: string, outfile: string): Promise<void> {
  const contents = `export { ${check} as fuzz } from './target.ts';`;
  const stdin = { contents, resolveDir: HERE, loader: 'ts' as const };
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node20', logLevel: 'error' });
}

/** The inputs that it begins with: those that were kept, and samples, always the same ones. Returns their folder. */
function plantSeeds(target: Target<{ bytes: Uint8Array }>): string {
  const folder = join(FOLDER, `corpus-${target.name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const kept = [...keptInputs(target, 'corpus'), ...keptInputs(target, 'regressions')].map(({ input }) => input);
  const samples = fc.sample(target.arbitrary, { numRuns: SEEDS, seed: 1 });
  [...(kept as typeof samples), ...samples].forEach(({ bytes: seed }, i) => writeFileSync(join(folder, `${i}`), seed));
  return folder;
}

interface Last {
  /** Executions, coverage and the size of the corpus. */
  progress: string;
  executions: number;
  /** The lines that are not progress. */
  said: string;
  /** Whether its time was over. */
  isOver: boolean;
}

/** Says how far it is, and ends it when its time is over or ours is. */
async function follow(child: ChildProcess, name: string, milliseconds: number): Promise<Last> {
  const last: Last = { progress: `${name}: not begun`, executions: 0, said: '', isOver: false };
  const start = performance.now();
  let shown = start;
  const end = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  const timer = setTimeout(() => {
    last.isOver = true;
    end();
  }, milliseconds);
  process.once('exit', end);
  process.once('SIGINT', () => process.exit(130));
  const exited = new Promise((resolve) => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout! })) {
    const match = PROGRESS.exec(line);
    if (match === null) {
      last.said = `${last.said}${line}\n`.slice(-4000);
      continue;
    }
    const [count, coverage, size] = match.slice(1).map((it) => Number(it).toLocaleString('en'));
    last.executions = Number(match[1]);
    const now = performance.now();
    const seconds = Math.round((now - start) / 1000);
    last.progress = `${name}: ${count} executions in ${seconds} s, ${coverage} points covered, a corpus of ${size} inputs`;
    if (now - shown < PROGRESS_EVERY) continue;
    shown = now;
    console.log(last.progress);
  }
  await exited;
  clearTimeout(timer);
  end();
  process.off('exit', end);
  return last;
}
